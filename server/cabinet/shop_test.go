package cabinet_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// till is a register whose documents come to the cabinet's base.
type till struct {
	*servertest.Register
	p    *person
	zone *time.Location // of its clock
	sum  [2]uint64      // of receipts of приход and возврат in the shift: kopecks
	n    [2]uint32
}

// moscow is the zone of the organisation in these tests.
var moscow = time.FixedZone("MSK", 3*60*60)

// at moves the bench's clock to a moment of Moscow's wall clock.
func (p *person) at(text string) time.Time {
	p.t.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", text, moscow)
	require.NoError(p.t, err)
	p.moved.Store(int64(time.Until(now)))
	return now
}

// till number n, registered a while ago.
func (p *person) till(n int, zone *time.Location) *till {
	r := &till{Register: servertest.NewRegister(n, fiscal.FFD12), p: p, zone: zone}
	r.keep(r.Registration())
	return r
}

// clock sets the register's own clock to the bench's.
func (r *till) clock() {
	now := r.p.clock().In(r.zone)
	r.Time = time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), now.Minute(), now.Second(), 0, time.UTC)
}

// keep stores a document that comes at this moment of the bench.
func (r *till) keep(d servertest.Doc) {
	doc, err := ffd.Decode(d.STLV)
	require.NoError(r.p.t, err)
	require.NoError(r.p.t, r.p.documents.Accept(context.Background(), store.Acceptance{
		Document: store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: r.FFD, RegID: r.RegID, UserINN: r.UserINN, DateTime: doc.DateTime(), ReceivedAt: r.p.clock().UTC(),
			Shift: uint32(doc.Uint(ffd.TagShiftNumber)), Number: uint32(doc.Uint(ffd.TagRequestNumber)), Operation: fiscal.OperationType(doc.Uint(ffd.TagOperationType)),
			Total: doc.Sum(ffd.TagTotalSum), FPD: doc.FPD(), Message: d.Message, STLV: d.STLV, Confirmation: []byte{1}, Policy: "tb-gost-1", FPS: "ok", FPDCheck: "ok"},
		Drive: store.Drive{FN: d.FN, Version: int64(d.FD), RegID: r.RegID, UserINN: r.UserINN, Status: store.DriveActive, LastFD: d.FD, LastAt: r.p.clock().UTC(), Documents: int64(d.FD), Policy: "tb-gost-1"},
	}))
}

// open opens a shift by the bench's clock.
func (r *till) open() {
	r.clock()
	r.sum, r.n = [2]uint64{}, [2]uint32{}
	r.keep(r.OpenShift())
}

// receipt of приход (1) or возврат прихода (2) with lines of one thing, in kopecks.
func (r *till) receipt(kind int, item string, cash, ecash uint64, lines int) {
	r.clock()
	r.Number++
	r.sum[kind-1] += cash + ecash
	r.n[kind-1]++
	r.keep(r.Build(fiscal.FormReceipt, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, r.Shift)
		b.Uint32(ffd.TagRequestNumber, r.Number)
		b.Byte(ffd.TagOperationType, uint8(kind))
		b.VLN(ffd.TagTotalSum, cash+ecash)
		b.Text(ffd.TagCashier, "Иванов И.И.")
		b.VLN(ffd.TagCashTotalSum, cash)
		b.VLN(ffd.TagEcashTotalSum, ecash)
		for i := range lines {
			sum := (cash + ecash) / uint64(lines)
			if i == 0 {
				sum += (cash + ecash) % uint64(lines)
			}
			b.STLV(ffd.TagItem, func(b *tlv.Builder) {
				b.Text(ffd.TagItemName, item)
				b.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: 1})
				b.VLN(ffd.TagItemSum, sum)
				b.Byte(ffd.TagNDSRate, 6)
			})
		}
	}))
}

// close closes the shift; more is what the report says beyond the truth, in kopecks.
func (r *till) close(more uint64) {
	r.clock()
	r.Open = false
	r.keep(r.Build(fiscal.FormCloseShift, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, r.Shift)
		b.Text(ffd.TagCashier, "Петрова А.А.")
		b.Uint32(ffd.TagReceiptQuantity, r.n[0]+r.n[1])
		b.STLV(ffd.TagShiftCounters, func(b *tlv.Builder) {
			for i, tag := range []tlv.Tag{ffd.TagSellOper, ffd.TagSellReturnOper} {
				b.STLV(tag, func(b *tlv.Builder) {
					b.Uint32(ffd.TagReceiptCount, r.n[i])
					b.VLN(ffd.TagCounterTotalSum, r.sum[i]+more)
				})
			}
		})
	}))
}

// settle brings what people see up to the documents.
func (p *person) settle() {
	p.t.Helper()
	for {
		n, err := p.documents.Project(context.Background(), 512, projection.Decode)
		require.NoError(p.t, err)
		if n == 0 {
			break
		}
	}
	require.NoError(p.t, p.registers.Follower(p.documents).CatchUp(context.Background()))
}
