package intake

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// OPR-010: a message that has come in whole is answered, idle connections and halves
// of messages end at once, new connections are not taken.
func TestIntake_ShutdownDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storing, goOn := make(chan struct{}), make(chan struct{})
		s := serve(t, func(o *Options) {
			o.Store.(*servertest.Memory).BeforeAccept = func(store.Acceptance) error {
				close(storing)
				<-goOn
				return nil
			}
		})
		idle, half, working := s.dial(), s.dial(), s.dial()
		d := servertest.NewRegister(1, fiscal.FFD105).Registration()
		_, err := half.Write(d.Message[:50])
		require.NoError(t, err)
		_, err = working.Write(d.Message)
		require.NoError(t, err)
		<-storing

		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- s.in.Shutdown(t.Context()) }()
		for _, c := range []net.Conn{idle, half} {
			_, err := c.Read(make([]byte, 1))
			assert.ErrorIs(t, err, io.EOF)
		}
		assert.Zero(t, time.Since(began), "nobody waited for")
		close(goOn)
		reply := make([]byte, 1024)
		n, err := working.Read(reply)
		require.NoError(t, err)
		assert.Greater(t, n, 30)
		_, err = working.Read(reply)
		assert.ErrorIs(t, err, io.EOF)
		assert.NoError(t, <-done)
		assert.NoError(t, <-s.err)
		late := newPipes()
		assert.NoError(t, s.in.Serve(late))
		_, err = late.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
	})
}

// When the time is over the rest is cut off, and nothing is left behind.
func TestIntake_ShutdownCutsOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		c := s.dial()
		_, err := c.Write(servertest.NewRegister(1, fiscal.FFD105).Registration().Message)
		require.NoError(t, err) // the answer is never read
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		began := time.Now()
		assert.ErrorIs(t, s.in.Shutdown(ctx), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(began))
		assert.NoError(t, <-s.err)
	})
}

// scarce is a listener on a system without file descriptors.
type scarce struct {
	*pipes
	failures atomic.Int32
	tries    atomic.Int32
}

func (s *scarce) Accept() (net.Conn, error) {
	s.tries.Add(1)
	if s.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return s.pipes.Accept()
}

// A lack of descriptors is waited out with growing pauses, then served as before.
func TestIntake_WaitsForDescriptors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ln := &scarce{pipes: newPipes()}
		ln.failures.Store(12)
		in, err := New(options(servertest.NewMemory()))
		require.NoError(t, err)
		served := make(chan error, 1)
		began := time.Now()
		go func() { served <- in.Serve(ln) }()
		c := ln.dial()
		waited := time.Since(began)
		assert.Greater(t, waited, 4*time.Second)
		assert.Less(t, waited, 8*time.Second)
		assert.LessOrEqual(t, ln.tries.Load(), int32(14), "pauses, not a busy loop")
		_, err = c.Write(servertest.NewRegister(1, fiscal.FFD105).Registration().Message)
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1024))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.NoError(t, in.Shutdown(t.Context()))
		require.NoError(t, <-served)
	})
}

type broken struct{ *pipes }

func (broken) Accept() (net.Conn, error) { return nil, &net.OpError{Op: "accept", Err: net.ErrClosed} }

func TestIntake_ServeTellsOfClosedListener(t *testing.T) {
	t.Parallel()
	in, err := New(options(servertest.NewMemory()))
	require.NoError(t, err)
	assert.ErrorIs(t, in.Serve(broken{newPipes()}), net.ErrClosed)
	require.NoError(t, in.Shutdown(t.Context()))
}

// Connections above a limit are closed at once, without a byte.
func TestIntake_ConnectionLimits(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]Limits{"total": {Connections: 2}, "per peer": {PerPeer: 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, func(o *Options) { o.Limits = limits })
				first, second, third := s.dial(), s.dial(), s.dial()
				began := time.Now()
				_, err := third.Read(make([]byte, 1))
				assert.ErrorIs(t, err, io.EOF)
				assert.Zero(t, time.Since(began))
				require.NoError(t, first.Close())
				synctest.Wait()
				fourth := s.dial() // room again
				_, err = fourth.Write(servertest.NewRegister(1, fiscal.FFD105).Registration().Message)
				require.NoError(t, err)
				_, err = fourth.Read(make([]byte, 1024))
				require.NoError(t, err)
				require.NoError(t, errors.Join(second.Close(), fourth.Close()))
				s.stop(t)
			})
		})
	}
}

// A store that fails gives no answer and takes nothing: the register comes again.
func TestIntake_NoAnswerWithoutStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fail := true
		s := serve(t, func(o *Options) {
			o.Store.(*servertest.Memory).BeforeAccept = func(store.Acceptance) error {
				if fail {
					return errHook
				}
				return nil
			}
		})
		d := servertest.NewRegister(1, fiscal.FFD105).Registration()
		c := s.dial()
		_, err := c.Write(d.Message)
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		assert.Zero(t, documents(t, s.mem))
		fail = false
		c = s.dial()
		_, err = c.Write(d.Message)
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1024))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		s.stop(t)
	})
}
