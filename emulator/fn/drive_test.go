package fn

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const (
	testNumber  fiscal.FNNumber = "9999078902005488"
	testOFD     fiscal.INN      = "7704358518"
	testINN     fiscal.INN      = "7702203276"
	testFactory                 = "000000000002"
)

var testRNM = fiscal.MakeRegNumber(5, testINN, testFactory)

// tester is what the rig needs of a test: *testing.T, *testing.B, *rapid.T.
type tester interface {
	require.TestingT
	Helper()
}

// testRig drives one device as a register and an operator would.
type testRig struct {
	t tester
	*Device
	scheme *sign.TBGOST1
	now    time.Time // wall clock shown in UTC
	ver    fiscal.FFD
	mode   byte
	tax    byte
	ext    byte
}

func newRig(t tester, v fiscal.FFD, change ...func(*Options)) *testRig {
	scheme := sign.NewTBGOST1(sign.TBGOST1Options{})
	o := Options{Number: testNumber}
	for _, c := range change {
		c(&o)
	}
	d, err := New(o)
	require.NoError(t, err)
	return &testRig{t: t, Device: d, scheme: scheme, now: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC), ver: v, mode: ModeServices, tax: 2}
}

func (r *testRig) stamp() []byte { return appendTime(nil, r.now.Unix()) }

// ok executes a command that must be done.
func (r *testRig) ok(cmd byte, parts ...[]byte) []byte {
	r.t.Helper()
	a := r.Exec(cmd, join(parts...))
	require.Equalf(r.t, Done, a.Code, "%02Xh: %s", cmd, a.Why)
	return a.Data
}

// no executes a command that must be refused with a code and a reason in words.
func (r *testRig) no(want Code, cmd byte, parts ...[]byte) Answer {
	r.t.Helper()
	a := r.Exec(cmd, join(parts...))
	require.Equalf(r.t, want, a.Code, "%02Xh: %s", cmd, a.Why)
	require.NotEmpty(r.t, a.Why)
	return a
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func fields(write func(b *tlv.Builder)) []byte {
	var b tlv.Builder
	write(&b)
	out, err := b.Bytes()
	if err != nil {
		panic(err)
	}
	return out
}

func (r *testRig) registrationData() []byte {
	return fields(func(b *tlv.Builder) {
		b.Text(ffd.TagKKTNumber, testFactory)
		b.Text(ffd.TagUser, "ООО Ромашка")
		b.Text(ffd.TagRetailPlaceAddress, "г. Москва")
		b.Text(ffd.TagRetailPlace, "магазин")
		if r.ver > fiscal.FFD10 && r.mode&ModeAutonomous == 0 {
			b.FixedText(ffd.TagOFDINN, string(testOFD), fiscal.INNLen)
		}
		b.Text(ffd.TagKKTVersion, "2.0")
		b.Byte(ffd.TagKKTFFDVersion, byte(max(r.ver, fiscal.FFD105)))
		if r.ver > fiscal.FFD10 {
			b.Byte(ffd.TagFFDVersion, byte(r.ver))
		}
	})
}

// registrationParams are the data of 03h or A3h.
func (r *testRig) registrationParams(kind byte, reasons uint32) []byte {
	inn, rnm := testINN.Padded(), testRNM.Padded()
	p := join(r.stamp(), inn[:], rnm[:], []byte{r.tax, r.mode})
	if r.ver >= fiscal.FFD11 {
		ofd := testOFD.Padded()
		if r.mode&ModeAutonomous != 0 {
			ofd = fiscal.NoINN.Padded()
		}
		p = join(p, []byte{r.ext}, ofd[:])
		if kind != regFirst {
			p = binary.LittleEndian.AppendUint32(p, reasons)
		}
	} else if kind == regChange {
		p = append(p, byte(reasons))
	}
	return p
}

func (r *testRig) beginRegistration(kind byte) {
	r.t.Helper()
	if r.ver >= fiscal.FFD11 {
		r.ok(CmdBeginRegistrationV2, []byte{kind, byte(r.ver)})
	} else {
		r.ok(CmdBeginRegistration, []byte{kind})
	}
}

func (r *testRig) formCmd() byte {
	if r.ver >= fiscal.FFD11 {
		return CmdFormRegistrationV2
	}
	return CmdFormRegistration
}

func (r *testRig) register(kind byte, reasons uint32) []byte {
	r.t.Helper()
	r.beginRegistration(kind)
	r.ok(CmdData, r.registrationData())
	return r.ok(r.formCmd(), r.registrationParams(kind, reasons))
}

// shiftData is what the register says in an opening report.
func (r *testRig) shiftData() []byte {
	return fields(func(b *tlv.Builder) {
		b.Text(ffd.TagCashier, "Кассир")
		if r.ver >= fiscal.FFD11 {
			b.Text(ffd.TagKKTVersion, "2.0")
			b.Byte(ffd.TagKKTFFDVersion, byte(r.ver))
		}
	})
}

func (r *testRig) open() []byte {
	r.t.Helper()
	r.ok(CmdBeginOpenShift, r.stamp())
	r.ok(CmdData, r.shiftData())
	return r.ok(CmdOpenShift)
}

func (r *testRig) close() []byte {
	r.t.Helper()
	r.ok(CmdBeginCloseShift, r.stamp())
	return r.ok(CmdCloseShift)
}

func (r *testRig) receiptData(total uint64) []byte {
	return fields(func(b *tlv.Builder) {
		b.Byte(ffd.TagAppliedTaxationType, 2)
		b.STLV(ffd.TagItem, func(b *tlv.Builder) {
			b.Text(ffd.TagItemName, "Хлеб")
			b.VLN(ffd.TagPrice, total)
			b.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: 1})
			b.VLN(ffd.TagItemSum, total)
		})
		b.VLN(ffd.TagCashTotalSum, total)
		for _, tag := range []tlv.Tag{ffd.TagEcashTotalSum, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum} {
			b.VLN(tag, 0)
		}
		b.VLN(ffd.TagNDSNo, total)
	})
}

// form16 is the data of 16h.
func (r *testRig) form16(op byte, total uint64) []byte {
	return appendU40(append(r.stamp(), op), total)
}

func (r *testRig) sell(total uint64) []byte {
	r.t.Helper()
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(total))
	return r.ok(CmdFormReceipt, r.form16(1, total))
}

func (r *testRig) correct(op byte, total uint64) []byte {
	r.t.Helper()
	r.ok(CmdBeginCorrection, r.stamp())
	r.ok(CmdData, r.receiptData(total), fields(func(b *tlv.Builder) {
		b.Byte(ffd.TagCorrectionType, 0)
		b.STLV(ffd.TagCorrectionBase, func(b *tlv.Builder) {
			b.Uint32(ffd.TagCorrectionDocumentDate, uint32(startOfDay(r.now.Unix())))
		})
	}))
	return r.ok(CmdFormReceipt, r.form16(op, total))
}

func (r *testRig) state() []byte {
	r.t.Helper()
	r.ok(CmdBeginStateReport, r.stamp())
	return r.ok(CmdFormStateReport)
}

func (r *testRig) closeFN() []byte {
	r.t.Helper()
	rnm := testRNM.Padded()
	r.ok(CmdBeginCloseArchive)
	r.ok(CmdData, fields(func(b *tlv.Builder) { b.Text(ffd.TagUser, "ООО Ромашка") }))
	return r.ok(CmdCloseArchive, r.stamp(), rnm[:])
}

// read takes the oldest message out by the commands given.
func (r *testRig) read(begin, block, end byte) []byte {
	r.t.Helper()
	size := int(binary.LittleEndian.Uint16(r.ok(begin)))
	var c []byte
	for len(c) < size {
		c = append(c, r.ok(block, le16(uint16(len(c))), le16(1024))...)
	}
	r.ok(end)
	require.Len(r.t, c, size)
	return c
}

func (r *testRig) readMessage() []byte {
	r.t.Helper()
	r.ok(CmdTransport, []byte{1})
	return r.read(CmdBeginRead, CmdReadBlock, CmdEndRead)
}

// ack is the operator's confirmation of a message; more adds fields to it.
func (r *testRig) ack(container []byte, more ...func(*tlv.Builder)) []byte {
	r.t.Helper()
	c, _, err := wire.ParseContainer(container, wire.Strict)
	require.NoError(r.t, err)
	fn := r.Number().Padded()
	ofd := r.reg().OFD
	inn := ofd.Padded()
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.Raw(ffd.TagOFDINN, inn[:])
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Uint32(ffd.TagFDNumber, uint32(c.FD))
		b.Time(ffd.TagDateTime, r.now.Add(-3*time.Hour))
		for _, m := range more {
			m(b)
		}
	})
	stlv, err := b.Bytes()
	require.NoError(r.t, err)
	out, err := r.scheme.Confirm(context.Background(), sign.ConfirmRequest{FN: r.Number(), OFD: ofd, Request: c, STLV: stlv})
	require.NoError(r.t, err)
	return out
}

// deliver reads the oldest message, has it confirmed, and returns its document.
func (r *testRig) deliver(more ...func(*tlv.Builder)) (doc *ffd.Document, answer []byte) {
	r.t.Helper()
	container := r.readMessage()
	c, _, err := wire.ParseContainer(container, wire.Strict)
	require.NoError(r.t, err)
	opened, err := r.scheme.Open(context.Background(), r.Number(), r.reg().OFD, c)
	require.NoError(r.t, err)
	require.Equal(r.t, sign.OK, opened.FPS)
	v, why, err := r.scheme.CheckFPD(context.Background(), r.Number(), c.Form, opened.STLV)
	require.NoError(r.t, err)
	require.Equal(r.t, sign.OK, v, why)
	doc, err = ffd.Decode(opened.STLV)
	require.NoError(r.t, err)
	require.Equal(r.t, c.FD, doc.FDNumber())
	return doc, r.ok(CmdAck, r.ack(container, more...))
}

func (r *testRig) deliverAll() (docs []*ffd.Document) {
	r.t.Helper()
	for r.unsent() > 0 {
		doc, _ := r.deliver()
		docs = append(docs, doc)
	}
	return docs
}

func (r *testRig) unsent() int {
	r.t.Helper()
	return int(binary.LittleEndian.Uint16(r.ok(CmdUnconfirmed)))
}

func (r *testRig) later(d time.Duration) { r.now = r.now.Add(d) }

func (r *testRig) warningByte() byte {
	r.t.Helper()
	return r.ok(CmdStatus)[4]
}

// document reads a document back by 45h and 46h.
func (r *testRig) document(fd uint32) *ffd.Document {
	r.t.Helper()
	raw := append([]byte{}, r.ok(CmdDocumentTLV, binary.LittleEndian.AppendUint32(nil, fd))...)
	for {
		a := r.Exec(CmdNextTLV, nil)
		if a.Code == NoData {
			break
		}
		raw = append(raw, a.Data...)
	}
	doc, err := ffd.Decode(raw)
	require.NoError(r.t, err)
	return doc
}

func tagsOf(doc *ffd.Document) (tags []tlv.Tag) {
	for _, f := range doc.Fields {
		tags = append(tags, f.Tag)
	}
	return tags
}
