package intake

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	history "github.com/fiscalbench/fiscalbench/server/flk"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// BenchmarkStage measures what a receipt costs on its way, one stage after another:
// what lies before the store (BenchmarkAccept of the engines) and beside the system
// calls of the connection.
func BenchmarkStage(b *testing.B) {
	ctx := context.Background()
	for _, way := range []struct {
		name    string
		encrypt bool
	}{{"plain", false}, {"encrypted", true}} {
		p := newPipeline(b)
		r := servertest.NewRegister(1, fiscal.FFD12)
		r.Encrypt = way.encrypt
		p.give(b, r.Registration().Message)
		p.give(b, r.OpenShift().Message)
		raw := r.Receipt(12345).Message
		known, err := p.drive(ctx, r.FN)
		require.NoError(b, err)

		frame := func() (*exchange, *paper) {
			var d wire.Decoder
			d.Feed(raw[:wire.HeaderLen])
			_, _ = d.Next()
			d.Feed(raw[wire.HeaderLen:])
			m, err := d.Next()
			require.NoError(b, err)
			x, doc := &exchange{at: servertest.Clock, message: m}, &paper{}
			f, detail := p.frame(x, doc)
			require.Equal(b, fiscal.FaultNone, f, detail)
			return x, doc
		}
		x, doc := frame()
		f, detail := p.open(ctx, x, doc, known)
		require.Equal(b, fiscal.FaultNone, f, detail)
		p.read(ctx, x, doc)
		require.NotNil(b, doc.document)
		require.Empty(b, doc.faults)
		arrival := history.Arrival{FN: x.fn, FD: x.fd, OFD: p.o.OFD, At: x.at}
		next, _ := known.history.Check(doc.document, arrival)
		record := p.record(x, doc, fiscal.FaultNone, nil)
		record.FFD = fiscal.FFD12

		stages := []struct {
			name string
			run  func()
		}{
			{"frame", func() { frame() }},
			{"open", func() {
				if f, _ := p.open(ctx, x, doc, known); f != fiscal.FaultNone {
					b.Fatal(f)
				}
			}},
			{"parse", func() {
				if _, err := ffd.Decode(doc.opened.STLV); err != nil {
					b.Fatal(err)
				}
			}},
			{"fpd", func() {
				if _, _, err := doc.treatment.Verifier.CheckFPD(ctx, x.fn, doc.document.Form, doc.opened.STLV); err != nil {
					b.Fatal(err)
				}
			}},
			{"flk", func() {
				flk.Check(doc.document, flk.Context{Now: x.at, OFD: p.o.OFD, Container: &flk.ContainerInfo{Form: x.form, FN: x.fn, FD: x.fd}}, nil)
			}},
			{"history", func() { known.history.Check(doc.document, arrival) }},
			{"save", func() {
				var row store.Drive
				next.Save(&row)
			}},
			{"confirm", func() {
				if err := p.confirm(ctx, x, doc, &record, ack.Answer{}); err != nil {
					b.Fatal(err)
				}
			}},
		}
		for _, s := range stages {
			if way.encrypt && s.name != "open" && s.name != "confirm" {
				continue // the same as plain
			}
			b.Run(way.name+"/"+s.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.run()
				}
			})
		}
	}
}
