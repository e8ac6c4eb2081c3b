package intake

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

func ackType(t byte) ack.Format  { return ack.Format{ContainerType: t} }
func ackBits(b uint8) ack.Format { return ack.Format{ExtraBits: b} }

// One at a time for a drive, all drives at once, nothing left behind.
func TestLanes(t *testing.T) {
	t.Parallel()
	var l lanes
	var inside [3]atomic.Int32
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			n := i % 3
			leave, err := l.enter(t.Context(), fiscal.FNNumber(fmt.Sprint(n)))
			if !assert.NoError(t, err) {
				return
			}
			assert.EqualValues(t, 1, inside[n].Add(1))
			inside[n].Add(-1)
			leave()
		})
	}
	wg.Wait()
	assert.Empty(t, l.byFN)

	leave, err := l.enter(t.Context(), "1")
	require.NoError(t, err)
	other, err := l.enter(t.Context(), "2")
	require.NoError(t, err, "another drive does not wait")
	other()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.enter(ctx, "1")
	assert.ErrorIs(t, err, context.Canceled)
	leave()
	assert.Empty(t, l.byFN)
}

// The cache holds the drives used last, never more than its size.
func TestDriveCache_AgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 4).Draw(t, "size")
		c := newDriveCache(size)
		var used []fiscal.FNNumber // most recent first
		touch := func(fn fiscal.FNNumber, add bool) {
			for i, u := range used {
				if u == fn {
					used = append(used[:i:i], used[i+1:]...)
					add = true
					break
				}
			}
			if add {
				used = append([]fiscal.FNNumber{fn}, used...)
				used = used[:min(len(used), size)]
			}
		}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			fn := fiscal.FNNumber(rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6"}).Draw(t, "fn"))
			switch rapid.SampledFrom([]string{"get", "put", "forget"}).Draw(t, "step") {
			case "get":
				got := c.get(fn)
				touch(fn, false)
				if (got != nil) != (len(used) > 0 && used[0] == fn) {
					t.Fatalf("get %s: %v, used %v", fn, got, used)
				}
			case "put":
				c.put(fn, &drive{})
				touch(fn, true)
			case "forget":
				c.forget(fn)
				touch(fn, false)
				if len(used) > 0 && used[0] == fn {
					used = used[1:]
				}
			}
			if len(c.byFN) != len(used) || c.used.Len() != len(used) {
				t.Fatalf("%d cached, want %v", len(c.byFN), used)
			}
		}
	})
}

// pipeline is an intake that is handed messages without a connection.
type pipeline struct {
	*Intake
	mem *servertest.Memory
}

func newPipeline(t testing.TB, configure ...func(*Options)) pipeline {
	mem := servertest.NewMemory()
	o := options(mem)
	for _, c := range configure {
		c(&o)
	}
	in, err := New(o)
	require.NoError(t, err)
	return pipeline{in, mem}
}

func (p pipeline) give(t testing.TB, raw []byte) *exchange {
	t.Helper()
	var d wire.Decoder
	d.Feed(raw)
	m, err := d.Next()
	require.NoError(t, err)
	x := &exchange{at: servertest.Clock, message: m}
	p.document(context.Background(), x)
	return x
}

// A lone register costs the store no reading after its first document.
func TestIntake_ReadsNothingForLoneRegister(t *testing.T) {
	t.Parallel()
	p := newPipeline(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	p.give(t, r.Registration().Message)
	before := p.mem.Reads()
	p.give(t, r.OpenShift().Message)
	for range 50 {
		x := p.give(t, r.Receipt(100).Message)
		require.NotNil(t, x.reply)
	}
	assert.Equal(t, before, p.mem.Reads())
}

// Another server was faster: the drive is read again and the document decided anew;
// one that the other server stored is answered as a repeat.
func TestIntake_RedoesStaleWork(t *testing.T) {
	t.Parallel()
	mem := servertest.NewMemory()
	one, two := newPipeline(t, func(o *Options) { o.Store = mem }), newPipeline(t, func(o *Options) { o.Store = mem })
	r := servertest.NewRegister(1, fiscal.FFD105)
	docs := []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(1), r.Receipt(2), r.Receipt(3)}
	for i, d := range docs {
		first := []pipeline{one, two}[i%2].give(t, d.Message)
		again := []pipeline{two, one}[i%2].give(t, d.Message)
		assert.Equal(t, first.reply, again.reply)
		assert.Equal(t, fiscal.DuplicateSame, again.fault)
		stored, err := mem.Document(t.Context(), d.FN, d.FD)
		require.NoError(t, err)
		assert.Empty(t, stored.Findings)
	}
	row, err := mem.Drive(t.Context(), r.FN)
	require.NoError(t, err)
	assert.EqualValues(t, len(docs), row.Version)

	always := newPipeline(t, func(o *Options) {
		o.Store = mem
		mem.BeforeAccept = func(store.Acceptance) error { return store.ErrStale }
	})
	x := always.give(t, r.Receipt(4).Message)
	assert.Nil(t, x.reply, "a store that never agrees is given up")
	assert.Equal(t, thenClose, x.then)
}

// No message, however made, panics or is stored under another number.
func FuzzIntake_Document(f *testing.F) {
	r := servertest.NewRegister(1, fiscal.FFD12)
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(5), r.State(0), r.CloseShift(), r.CloseArchive()} {
		f.Add(uint8(d.Form), uint32(d.FD), d.STLV[4:])
	}
	f.Fuzz(func(t *testing.T, form uint8, fd uint32, body []byte) {
		if len(body) > wire.MaxSTLV || form == 0 {
			return
		}
		r := servertest.NewRegister(1, fiscal.FFD12)
		p := newPipeline(t)
		p.give(t, r.Registration().Message)
		fd &= 0xFFFFFF
		stlv := append([]byte{form, 0, byte(len(body)), byte(len(body) >> 8)}, body...)
		d := r.Seal(fiscal.Form(form), fiscal.FDNumber(fd), stlv)
		x := p.give(t, d.Message)
		if x.reply != nil {
			if _, err := p.mem.Document(t.Context(), d.FN, d.FD); err != nil {
				t.Fatal("answered but not stored")
			}
		}
	})
}

// The work on one document without connection and disk.
func BenchmarkIntake_Document(b *testing.B) {
	p := newPipeline(b)
	r := servertest.NewRegister(1, fiscal.FFD105)
	p.give(b, r.Registration().Message)
	p.give(b, r.OpenShift().Message)
	docs := make([][]byte, b.N)
	for i := range docs {
		docs[i] = r.Receipt(100).Message
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, m := range docs {
		p.give(b, m)
	}
}
