package intake

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// closedAfter reads until the server ends the connection and returns when that was.
func closedAfter(t *testing.T, c net.Conn) (after time.Duration, got []byte) {
	t.Helper()
	began := time.Now()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	return time.Since(began), got
}

// O-113: an idle connection ends after 60 s and is no fault. O-033: nor are a
// hundred that are opened and closed without a byte.
func TestConn_IdleLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		after, got := closedAfter(t, s.dial())
		assert.Equal(t, 60*time.Second, after)
		assert.Empty(t, got)
		for range 100 {
			require.NoError(t, s.dial().Close())
		}
		c := s.dial()
		d := servertest.NewRegister(1, fiscal.FFD105).Registration()
		_, err := c.Write(d.Message)
		require.NoError(t, err)
		after, got = closedAfter(t, c)
		assert.Equal(t, 60*time.Second, after, "idle again after the answer")
		assert.NotEmpty(t, got)
		assert.Empty(t, refusals(t, s.mem))
		s.stop(t)
	})
}

// O-114: silence inside a message, in its header or its body, ends it after 30 s.
func TestConn_SilenceInsideMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		m := servertest.NewRegister(1, fiscal.FFD105).Registration().Message
		for _, part := range []int{1, 29, 30, 100, len(m) - 1} {
			c := s.dial()
			_, err := c.Write(m[:part])
			require.NoError(t, err)
			after, got := closedAfter(t, c)
			assert.Equal(t, 30*time.Second, after, part)
			assert.Empty(t, got)
		}
		synctest.Wait()
		refused := refusals(t, s.mem)
		require.Len(t, refused, 5)
		for _, e := range refused {
			assert.Equal(t, fiscal.IncompleteBody, e.Fault)
		}
		assert.Equal(t, m[:100], refused[3].Request, "raw bytes are kept")
		assert.Zero(t, documents(t, s.mem))
		s.stop(t)
	})
}

// O-108: a byte a second is cut off when the whole message took 120 s; a thousand
// such peers do not stop another.
func TestConn_SlowPeers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		m := servertest.NewRegister(1, fiscal.FFD105).Registration().Message
		const peers = slowPeers
		ended := make(chan time.Duration, peers)
		for range peers {
			go func() {
				c := s.dial()
				began := time.Now()
				for i := 0; ; i++ {
					if _, err := c.Write(m[i : i+1]); err != nil {
						ended <- time.Since(began)
						return
					}
					time.Sleep(time.Second)
				}
			}()
		}
		time.Sleep(10 * time.Second)
		quick := s.dial()
		r := servertest.NewRegister(2, fiscal.FFD105)
		began := time.Now()
		_, err := quick.Write(r.Registration().Message)
		require.NoError(t, err)
		_, err = quick.Read(make([]byte, 1024))
		require.NoError(t, err)
		assert.Zero(t, time.Since(began), "no waiting behind the slow ones")
		require.NoError(t, quick.Close())
		for range peers {
			took := <-ended // the peer notices with its next byte
			assert.True(t, took == 120*time.Second || took == 121*time.Second, took)
		}
		s.stop(t)
	})
}

// O-112: a client that never reads is left after 30 s; what was stored stays, and the
// next attempt gets it.
func TestConn_WriteLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		d := servertest.NewRegister(1, fiscal.FFD105).Registration()
		c := s.dial()
		_, err := c.Write(d.Message)
		require.NoError(t, err)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		_, err = c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		require.EqualValues(t, 1, documents(t, s.mem))

		c = s.dial()
		_, err = c.Write(d.Message)
		require.NoError(t, err)
		reply := make([]byte, 1024)
		n, err := c.Read(reply)
		require.NoError(t, err)
		stored, err := s.mem.Document(t.Context(), d.FN, 1)
		require.NoError(t, err)
		assert.Equal(t, stored.Confirmation, reply[30:n])
		require.NoError(t, c.Close())
		s.stop(t)
	})
}

// A fault set to hold: no byte and no close until the register's own 300 s are over.
func TestConn_Hold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, func(o *Options) {
			require.NoError(t, o.Settings.Set("E-01", "hold"))
			require.NoError(t, o.Settings.Set("bad_container_crc", "hold"))
		})
		broken := servertest.NewRegister(1, fiscal.FFD105).Registration().Message
		broken[40] ^= 1
		for _, m := range [][]byte{append([]byte("GET / HTTP/1.1\r\n"), make([]byte, 20)...), broken} {
			c := s.dial()
			_, err := c.Write(m)
			require.NoError(t, err)
			after, got := closedAfter(t, c)
			assert.Equal(t, 330*time.Second, after)
			assert.Empty(t, got)
		}
		s.stop(t)
	})
}

// Timeouts.Scale shortens every limit alike.
func TestConn_Scale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, func(o *Options) { o.Timeouts.Scale = 0.1 })
		after, _ := closedAfter(t, s.dial())
		assert.Equal(t, 6*time.Second, after)
		s.stop(t)
	})
}
