package load_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/emulator/emulatortest"
	"github.com/fiscalbench/fiscalbench/emulator/load"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func operator(t *testing.T) *emulatortest.OFD {
	t.Helper()
	o, err := emulatortest.Start()
	require.NoError(t, err)
	t.Cleanup(o.Close)
	return o
}

// long is a time for sending that the documents end before.
const long = 5 * time.Minute

// Every document is a right one and comes in the order of its register (TRN-060),
// registration first, then a shift (FN-010, Q-04).
func TestRun_SendsLivesInOrder(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]load.Options{
		"on the way":               {Documents: 330},
		"at a rate":                {Documents: 40, Rate: 400},
		"prebuilt":                 {Documents: 330, Prebuilt: true},
		"prebuilt, signs checked":  {Documents: 40, Prebuilt: true, CheckSigns: true, FFD: fiscal.FFD11},
		"a connection each":        {Documents: 40, OneConnection: true, FFD: fiscal.FFD105},
		"a connection each, built": {Documents: 40, OneConnection: true, Prebuilt: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ofd := operator(t)
			o.Addr, o.Registers, o.Duration = ofd.Addr(), 3, long
			r, err := load.Run(t.Context(), o)
			require.NoError(t, err)
			require.NoError(t, ofd.Err())
			assert.True(t, r.Clean(), "%s", &r)
			assert.EqualValues(t, o.Documents, r.Confirmed)
			assert.EqualValues(t, 6, r.Enrolled)
			assert.Positive(t, r.PerSecond)
			assert.Greater(t, r.MeanMessage, 200.0)
			if o.OneConnection {
				assert.EqualValues(t, o.Documents+6, r.Connections)
			} else {
				assert.EqualValues(t, 3, r.Connections)
			}
			last, closed := map[string]fiscal.FDNumber{}, 0
			for _, d := range ofd.Documents() {
				fn := d.Text(1041)
				require.Equal(t, last[fn]+1, d.FDNumber(), "order of %s", fn)
				last[fn]++
				switch d.FDNumber() {
				case 1:
					assert.Equal(t, fiscal.FormFiscalReport, d.Form)
				case 2:
					assert.Equal(t, fiscal.FormOpenShift, d.Form)
				}
				if d.Form == fiscal.FormCloseShift {
					closed++
				}
			}
			assert.Len(t, last, 3)
			if o.Documents > 300 {
				assert.Equal(t, 3, closed, "shifts end after a hundred receipts")
			}
		})
	}
}

// One seed, the same bytes; another, other drives.
func TestRun_SameSeedSameBytes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 8, 1, 9, 2, 0, 0, time.UTC)
	sent := func(seed uint64) map[string]bool {
		ofd := operator(t)
		_, err := load.Run(t.Context(), load.Options{Addr: ofd.Addr(), Registers: 4, Documents: 20, Duration: long, Prebuilt: true, Seed: seed, Now: func() time.Time { return at }})
		require.NoError(t, err)
		all := map[string]bool{}
		for _, m := range ofd.Messages() {
			all[string(m)] = true
		}
		require.Len(t, all, 28)
		return all
	}
	first := sent(5)
	assert.Equal(t, first, sent(5))
	assert.NotEqual(t, first, sent(6))
}

// tampered is a connection whose answers are changed or held.
type tampered struct {
	net.Conn
	read func(b []byte, n int) (int, error)
}

func (c tampered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		return n, err
	}
	return c.read(b, n)
}

// through dials the operator and lets read change the nth answer of all, from 1.
func through(addr string, read func(nth int64, b []byte, n int) (int, error)) func(context.Context) (net.Conn, error) {
	var nth atomic.Int64
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		return tampered{c, func(b []byte, n int) (int, error) { return read(nth.Add(1), b, n) }}, nil
	}
}

// A slow answer makes the documents behind it late, though each of them is answered
// at once: coordinated omission would hide that.
func TestRun_CountsFromWhenDocumentsWereDue(t *testing.T) {
	t.Parallel()
	ofd := operator(t)
	var once sync.Once
	stall := 400 * time.Millisecond
	dial := through(ofd.Addr(), func(nth int64, _ []byte, n int) (int, error) {
		if nth > 2 {
			once.Do(func() { time.Sleep(stall) }) // the operator's delay, not the test's
		}
		return n, nil
	})
	r, err := load.Run(t.Context(), load.Options{Dial: dial, Registers: 1, Rate: 100, Documents: 30, Duration: long, Prebuilt: true})
	require.NoError(t, err)
	require.True(t, r.Clean(), "%s", &r)
	// The first document is late by 400 ms, the last, due after 290 ms, by 110 at least.
	assert.GreaterOrEqual(t, r.Latency.Max, 399.0)
	assert.GreaterOrEqual(t, r.Latency.Min, 100.0)
	assert.GreaterOrEqual(t, r.Latency.P50, 200.0)
	assert.Less(t, r.Service.P50, r.Latency.P50)
}

// A broken connection is opened anew and the same bytes are sent again.
func TestRun_RepeatsWhatWasNotAnswered(t *testing.T) {
	t.Parallel()
	ofd := operator(t)
	dial := through(ofd.Addr(), func(nth int64, _ []byte, n int) (int, error) {
		if nth == 5 {
			return 0, errors.New("lost")
		}
		return n, nil
	})
	r, err := load.Run(t.Context(), load.Options{Dial: dial, Registers: 1, Documents: 10, Duration: long})
	require.NoError(t, err)
	assert.True(t, r.Clean(), "%s", &r)
	assert.EqualValues(t, 1, r.Repeats)
	assert.EqualValues(t, 2, r.Connections)
	assert.Equal(t, map[string]int64{"lost": 1}, r.Errors)
	messages := ofd.Messages()
	require.Len(t, messages, 13)
	assert.Equal(t, messages[4], messages[5], "the same bytes")
}

// An answer that does not confirm the document is told, never counted as one.
func TestRun_TellsWrongAnswers(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b []byte){
		"check code": func(b []byte) { b[wire.HeaderLen+wire.OffCRC] ^= 1 },
		"number":     func(b []byte) { b[wire.HeaderLen+wire.OffFD+2]++; wire.FinishContainer(b[wire.HeaderLen:]) },
		"drive":      func(b []byte) { b[wire.HeaderLen+wire.OffFN] ^= 1; wire.FinishContainer(b[wire.HeaderLen:]) },
		"form":       func(b []byte) { b[wire.HeaderLen+wire.OffForm] = 3; wire.FinishContainer(b[wire.HeaderLen:]) },
		"sign":       func(b []byte) { b[len(b)-4] ^= 1; wire.FinishContainer(b[wire.HeaderLen:]) },
		"session":    func(b []byte) { b[10] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ofd := operator(t)
			dial := through(ofd.Addr(), func(nth int64, b []byte, n int) (int, error) {
				if nth == 4 {
					spoil(b[:n])
				}
				return n, nil
			})
			r, err := load.Run(t.Context(), load.Options{Dial: dial, Registers: 1, Documents: 5, Duration: long, Prebuilt: true, CheckSigns: true})
			require.NoError(t, err)
			assert.EqualValues(t, 1, r.Wrong, "%s", &r)
			assert.False(t, r.Clean())
			assert.EqualValues(t, 5, r.Confirmed, "the repeat was answered well")
		})
	}
}

func TestRun_TellsNobodyThere(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	_, err = load.Run(t.Context(), load.Options{Addr: ln.Addr().String(), Answer: 100 * time.Millisecond})
	require.ErrorIs(t, err, load.ErrUnreachable)
	assert.ErrorContains(t, err, "connection refused")
}

// An end from outside gives the result so far; a document that was sent and not
// answered is counted.
func TestRun_EndsWithContext(t *testing.T) {
	t.Parallel()
	ofd := operator(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dial := through(ofd.Addr(), func(nth int64, _ []byte, n int) (int, error) {
		if nth == 6 {
			cancel()
			return 0, errors.New("lost")
		}
		return n, nil
	})
	r, err := load.Run(ctx, load.Options{Dial: dial, Registers: 1, Duration: long})
	require.NoError(t, err)
	assert.True(t, r.Interrupted)
	assert.EqualValues(t, 1, r.Repeats+r.Unconfirmed, "%s", &r)

	r, err = load.Run(ctx, load.Options{Addr: ofd.Addr()})
	require.NoError(t, err)
	assert.True(t, r.Interrupted)
	assert.Zero(t, r.Confirmed)
}

func TestRun_TellsProgress(t *testing.T) {
	t.Parallel()
	ofd := operator(t)
	last := map[load.Stage]load.Progress{}
	_, err := load.Run(t.Context(), load.Options{Addr: ofd.Addr(), Registers: 2, Documents: 10, Duration: long, Prebuilt: true,
		Progress: func(p load.Progress) { last[p.Stage] = p }})
	require.NoError(t, err)
	assert.Equal(t, 14, last[load.Building].Done)
	assert.Equal(t, 14, last[load.Building].Of)
	assert.Equal(t, 2, last[load.Enrolling].Done)
	assert.Equal(t, 10, last[load.Sending].Done)
	assert.Equal(t, 10, last[load.Sending].Of)
}

func TestOptions_Check(t *testing.T) {
	t.Parallel()
	require.NoError(t, load.Options{Addr: "x:1"}.Check())
	for want, o := range map[string]load.Options{
		"no address":       {},
		"-1 registers":     {Addr: "x:1", Registers: -1},
		"rate -1":          {Addr: "x:1", Rate: -1},
		"duration -1s":     {Addr: "x:1", Duration: -time.Second},
		"-5 documents":     {Addr: "x:1", Documents: -5},
		"answer limit -1s": {Addr: "x:1", Answer: -time.Second},
		"FFD 1.0":          {Addr: "x:1", FFD: fiscal.FFD10},
		"must be counted":  {Addr: "x:1", Prebuilt: true},
		"do not fit":       {Addr: "x:1", Prebuilt: true, Documents: 1e9},
	} {
		assert.ErrorContains(t, o.Check(), want)
	}
}

// The names of the JSON are those that scripts rely on.
func TestResult_JSON(t *testing.T) {
	t.Parallel()
	ofd := operator(t)
	r, err := load.Run(t.Context(), load.Options{Addr: ofd.Addr(), Registers: 1, Documents: 3, Duration: long, Seed: 9})
	require.NoError(t, err)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	assert.Equal(t, "fiscalbench.load/1", got["format"])
	assert.EqualValues(t, 3, got["confirmed"])
	for _, name := range []string{"settings", "enrolled", "refused", "wrong", "unconfirmed", "repeats", "connections", "seconds", "documentsPerSecond", "meanMessageBytes"} {
		assert.Contains(t, got, name)
	}
	for _, of := range []string{"latency", "service"} {
		for _, name := range []string{"min", "mean", "p50", "p90", "p99", "p99_9", "max"} {
			assert.Contains(t, got[of], name)
		}
	}
}
