package server_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Any interleaving of documents, repeats, reconnects and cut messages on several
// registers: every confirmation is of the document sent, a repeated document has the
// same confirmation, nothing is stored twice or lost.
func TestServer_Interleavings(t *testing.T) {
	t.Parallel()
	b := start(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		registers := rapid.IntRange(1, 2).Draw(t, "registers")
		scripts := make([][]string, registers)
		for i := range scripts {
			scripts[i] = rapid.SliceOfN(rapid.SampledFrom([]string{"sell", "sell", "repeat", "reconnect", "cut", "pipeline", "late"}), 1, 5).Draw(t, "script")
		}
		failures := make(chan error, registers)
		var wg sync.WaitGroup
		for i, script := range scripts {
			wg.Go(func() {
				p := &player{addr: b.addr, r: servertest.NewRegister(run*10+i, fiscal.FFD105), replies: map[fiscal.FDNumber][]byte{}}
				failures <- p.play(script)
			})
		}
		wg.Wait()
		for range scripts {
			if err := <-failures; err != nil {
				t.Fatal(err)
			}
		}
		for i := range scripts {
			fn := servertest.NewRegister(run*10+i, fiscal.FFD105).FN
			d, err := b.store.Drive(b.t.Context(), fn)
			if err != nil {
				t.Fatal(err)
			}
			n, err := b.store.CountDocuments(b.t.Context(), store.DocumentFilter{FN: fn})
			if err != nil || n != int64(d.LastFD) || d.Documents != n || len(d.Gaps) != 0 || d.Version != n {
				t.Fatalf("FN %s: %d documents, drive %+v, %v", fn, n, d, err)
			}
		}
	})
}

// player acts a script on one register.
type player struct {
	addr    string
	r       *servertest.Register
	c       *servertest.Client
	replies map[fiscal.FDNumber][]byte
	sent    []servertest.Doc
}

func (p *player) play(script []string) (err error) {
	defer func() {
		if p.c != nil {
			p.c.Close()
		}
	}()
	if err := p.send(p.r.Registration(), p.r.OpenShift()); err != nil {
		return err
	}
	for _, step := range script {
		if err := p.step(step); err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
	}
	return p.send(p.r.CloseShift())
}

func (p *player) step(name string) error {
	switch name {
	case "sell":
		return p.send(p.r.Receipt(100))
	case "repeat":
		return p.send(p.sent[len(p.sent)/2])
	case "reconnect":
		return p.drop()
	case "cut":
		if err := p.connect(); err != nil {
			return err
		}
		d := p.sent[0]
		if _, err := p.c.Write(d.Message[:40]); err != nil {
			return err
		}
		return p.drop()
	case "pipeline":
		return p.send(p.r.Receipt(1), p.sent[0], p.r.Receipt(2))
	case "late":
		first, second := p.r.Receipt(1), p.r.Receipt(2)
		return p.send(second, first)
	}
	return nil
}

func (p *player) drop() error {
	if p.c == nil {
		return nil
	}
	err := p.c.Close()
	p.c = nil
	return err
}

func (p *player) connect() (err error) {
	if p.c == nil {
		p.c, err = servertest.Dial(p.addr)
	}
	return err
}

// send writes all messages, then reads all answers.
func (p *player) send(docs ...servertest.Doc) error {
	if err := p.connect(); err != nil {
		return err
	}
	var all []byte
	for _, d := range docs {
		all = append(all, d.Message...)
	}
	if _, err := p.c.Write(all); err != nil {
		return err
	}
	for _, d := range docs {
		m, err := p.c.Next()
		if err != nil {
			return err
		}
		if _, err := servertest.ReadAck(d, m); err != nil {
			return err
		}
		if before, ok := p.replies[d.FD]; ok && string(before) != string(m.Raw) {
			return fmt.Errorf("FD %d: another confirmation", d.FD)
		}
		p.replies[d.FD] = m.Raw
		p.sent = append(p.sent, d)
	}
	return nil
}

// One document over loopback, kept alive: TCP, signs, checks, SQLite with its flush,
// answer, and the register's own work of making it, which is measured apart.
func BenchmarkServer_Document(b *testing.B) {
	for _, registers := range []int{1, 16} {
		b.Run(fmt.Sprintf("registers=%d", registers), func(b *testing.B) {
			benchDocuments(b, registers)
		})
	}
}

func benchDocuments(b *testing.B, registers int) {
	addr := benchServer(b)
	each := b.N/registers + 1
	docs := make([][]servertest.Doc, registers)
	for i := range docs {
		r := servertest.NewRegister(i+1, fiscal.FFD105)
		docs[i] = []servertest.Doc{r.Registration(), r.OpenShift()}
		for range each {
			docs[i] = append(docs[i], r.Receipt(100))
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, list := range docs {
		wg.Go(func() {
			c, err := servertest.Dial(addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			for _, d := range list {
				if _, err := c.Exchange(d.Message); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(registers*each)/b.Elapsed().Seconds(), "docs/s")
}

func benchServer(b *testing.B) string {
	b.Helper()
	addr, stop, err := serveForBench(b.TempDir())
	require.NoError(b, err)
	b.Cleanup(stop)
	return addr
}
