package intake

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// answered sends a message and reads its answer, however long that takes.
func answered(t *testing.T, c net.Conn, m []byte) wire.Container {
	t.Helper()
	_, err := c.Write(m)
	require.NoError(t, err)
	var dec wire.Decoder
	reply, err := dec.Read(c)
	require.NoError(t, err)
	container, _, err := wire.ParseContainer(reply.Body(), wire.Strict)
	require.NoError(t, err)
	return container
}

// Messages beyond the rate of an address wait and get their right answers; those of
// a second come through at once. Another connection does not help.
func TestLimits_MessageRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var held observed
		s := serve(t, func(o *Options) { o.Limits.MessageRate, o.Observer = 2, &held })
		r := servertest.NewRegister(1, fiscal.FFD105)
		began := time.Now()
		docs := []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(100), r.Receipt(200), r.Receipt(300)}
		wants := []time.Duration{0, 0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond}
		c := s.dial()
		for i, want := range wants {
			got := answered(t, c, docs[i].Message)
			assert.Equal(t, docs[i].FD, got.FD)
			assert.Equal(t, want, time.Since(began), "message %d", i)
		}
		another := s.dial()
		answered(t, another, r.Receipt(400).Message)
		assert.Equal(t, 2*time.Second, time.Since(began))
		assert.Positive(t, held.refused("message-rate"))
		time.Sleep(time.Minute)
		began = time.Now()
		answered(t, another, r.Receipt(500).Message)
		answered(t, another, r.Receipt(600).Message)
		assert.Zero(t, time.Since(began), "a second's worth at once")
		require.NoError(t, c.Close())
		require.NoError(t, another.Close())
		s.stop(t)
		assert.Empty(t, refusals(t, s.mem))
	})
}

// Connections beyond the rate are closed before anything is read, so nothing is
// answered wrong; later ones come in.
func TestLimits_ConnectRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen observed
		s := serve(t, func(o *Options) { o.Limits.ConnectRate, o.Observer = 3, &seen })
		for range 3 {
			require.NoError(t, s.dial().Close())
		}
		refused := s.dial()
		_, err := refused.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		_, err = refused.Write([]byte{1})
		require.ErrorIs(t, err, io.ErrClosedPipe)
		assert.EqualValues(t, 1, seen.refused("connect-rate"))
		time.Sleep(334 * time.Millisecond)
		c := s.dial()
		answered(t, c, servertest.NewRegister(1, fiscal.FFD105).Registration().Message)
		require.NoError(t, c.Close())
		s.stop(t)
	})
}

// A drain does not wait for those whose turn is not yet.
func TestLimits_MessageRateEndsWithShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, func(o *Options) { o.Limits.MessageRate = 0.001 })
		c := s.dial()
		answered(t, c, servertest.NewRegister(1, fiscal.FFD105).Registration().Message)
		synctest.Wait()
		began := time.Now()
		s.stop(t)
		assert.Zero(t, time.Since(began))
	})
}

func TestLimits_CheckRates(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, Limits{ConnectRate: -1}.Check(), "connect_rate=-1")
	assert.ErrorContains(t, Limits{MessageRate: -0.5}.Check(), "message_rate=-0.5")
	assert.NoError(t, Limits{ConnectRate: 0.1, MessageRate: 1e6}.Check())
}

// Addresses are forgotten when nothing can be held against them any more.
func TestIntake_ForgetsAddresses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, err := New(Options{Store: servertest.NewMemory(), Limits: Limits{ConnectRate: 1}})
		require.NoError(t, err)
		addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
		at := func(i int) *peer {
			in.mu.Lock()
			defer in.mu.Unlock()
			p := in.peerOf(addr(i))
			if why := in.full(p); why != "" {
				t.Fatalf("peer %d: %s", i, why)
			}
			return p
		}
		at(0).conns++
		for i := 1; i <= 3*sweepAt; i++ {
			at(i)
		}
		assert.Len(t, in.peers, 3*sweepAt+1, "all came within a second")
		time.Sleep(2 * time.Second)
		for i := 3*sweepAt + 1; i <= 5*sweepAt; i++ {
			at(i)
		}
		assert.Less(t, len(in.peers), 3*sweepAt)
		assert.NotNil(t, in.peers[addr(0)], "it has a connection")
		require.NoError(t, in.Shutdown(t.Context()))
	})
}

// While the store is slow registers wait: none is answered before its document is
// stored, none is dropped, and then each gets its own right answer.
func TestIntake_SlowStoreHoldsRegisters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const registers, delay = 300, 40 * time.Second // longer than silence inside a message may last
		var storing, stored atomic.Int64
		s := serve(t, func(o *Options) {
			o.Store.(*servertest.Memory).BeforeAccept = func(store.Acceptance) error {
				storing.Add(1)
				time.Sleep(delay)
				stored.Add(1)
				return nil
			}
		})
		var wg sync.WaitGroup
		for i := range registers {
			wg.Go(func() {
				d := servertest.NewRegister(i, fiscal.FFD105).Registration()
				c := s.dial()
				began := time.Now()
				got := answered(t, c, d.Message)
				assert.Equal(t, delay, time.Since(began))
				assert.Equal(t, fiscal.FormOperatorAck, got.Form)
				assert.Equal(t, d.FN.BCD(), got.FNBCD)
				assert.Equal(t, d.FD, got.FD)
				assert.NoError(t, c.Close())
			})
		}
		time.Sleep(delay - time.Second)
		synctest.Wait()
		assert.EqualValues(t, registers, storing.Load())
		assert.Zero(t, stored.Load())
		wg.Wait()
		assert.EqualValues(t, registers, documents(t, s.mem))
		assert.Empty(t, refusals(t, s.mem))
		s.stop(t)
	})
}

// observed counts what an observer is told.
type observed struct {
	nobody
	mu   sync.Mutex
	whys map[string]int
}

func (o *observed) Refused(why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.whys == nil {
		o.whys = map[string]int{}
	}
	o.whys[why]++
}

func (o *observed) refused(why string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.whys[why]
}
