package link

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// pipeDialer gives one end of a pipe and runs the operator on the other.
func pipeDialer(operator func(net.Conn)) Dialer {
	return func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		go func() { defer far.Close(); operator(far) }()
		return near, nil
	}
}

func readMessage(c net.Conn) *wire.Message {
	var d wire.Decoder
	m, _ := d.Read(c)
	return m
}

// K-097: an answer after 299 s is taken, after 301 s it is a new attempt.
func TestTimers_Answer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		delay time.Duration
		sent  int
	}{{299 * time.Second, 1}, {301 * time.Second, 0}} {
		t.Run(c.delay.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDrive(1)
				l := newLink(t, d, Options{Dial: pipeDialer(func(far net.Conn) {
					if m := readMessage(far); m != nil {
						time.Sleep(c.delay)
						_, _ = far.Write(receipt(1, 0))
					}
				})})
				begin := time.Now()
				sent, err := l.Drain(t.Context())
				assert.Equal(t, c.sent, sent)
				if c.sent == 0 {
					require.ErrorIs(t, err, ErrNoReceipt)
					assert.Equal(t, 300*time.Second, time.Since(begin))
				} else {
					require.NoError(t, err)
				}
				synctest.Wait()
				time.Sleep(10 * time.Second) // the operator's goroutine ends
			})
		})
	}
}

// K-060, K-061: after a failure the retry timer runs, then the exchange goes on;
// between messages the drive is polled.
func TestTimers_RunRetriesAndPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDrive(1)
		var attempts []time.Duration
		begin := time.Now()
		good := pipeDialer(func(far net.Conn) {
			for m := readMessage(far); m != nil; m = readMessage(far) {
				if _, err := far.Write(receipt(fdOf(m), 0)); err != nil {
					return
				}
			}
		})
		l := newLink(t, d, Options{
			Dial: func(ctx context.Context) (net.Conn, error) {
				attempts = append(attempts, time.Since(begin))
				if len(attempts) < 3 {
					return nil, errors.New("refused")
				}
				return good(ctx)
			},
			KeepAlive: true,
			Timers:    Timers{Poll: 5 * time.Second, Retry: 600 * time.Second},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()

		time.Sleep(1201 * time.Second)
		synctest.Wait()
		assert.Equal(t, []time.Duration{0, 600 * time.Second, 1200 * time.Second}, attempts)
		assert.Zero(t, d.left())

		d.mu.Lock()
		d.queue = append(d.queue, []byte{2, 2})
		d.mu.Unlock()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		assert.Zero(t, d.left(), "the poll timer found it")
		assert.Len(t, attempts, 3, "on the connection still open")

		time.Sleep(60 * time.Second)
		synctest.Wait()
		d.mu.Lock()
		assert.False(t, d.connected, "an idle connection is closed by the register")
		d.queue = append(d.queue, []byte{3, 3})
		d.mu.Unlock()
		l.Wake()
		synctest.Wait()
		assert.Zero(t, d.left(), "woken, not polled")

		cancel()
		require.NoError(t, <-done)
		d.mu.Lock()
		assert.False(t, d.connected)
		d.mu.Unlock()
	})
}

// An operator that does not read holds the register for the write timer only.
func TestTimers_Write(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDrive(1)
		l := newLink(t, d, Options{Dial: pipeDialer(func(far net.Conn) { time.Sleep(time.Minute) })})
		begin := time.Now()
		_, err := l.Drain(t.Context())
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, StageSend, e.Stage)
		assert.Equal(t, 30*time.Second, time.Since(begin))
		time.Sleep(time.Minute)
	})
}

func TestTimers_Scale(t *testing.T) {
	t.Parallel()
	r := Timers{Poll: 10 * time.Second, Scale: 0.1}.resolved()
	assert.Equal(t, time.Second, r.Poll)
	assert.Equal(t, 30*time.Second, r.Answer)
	assert.Equal(t, DefaultAnswer, Timers{}.resolved().Answer)
}
