package fn

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// frameData is the part of a serial frame that Exec gives and takes.
func frameData(id string) (code byte, data []byte) {
	raw := fiscaltest.Protocol().Frame(id).Hex
	return raw[3], raw[4 : len(raw)-2]
}

// after is the fields of a captured document behind tag 1077 and n more.
func after(stlv []byte, n int) []byte {
	w := tlv.Walk(stlv[tlv.HeaderLen:])
	for range 6 + n {
		w.Next()
	}
	f := w.Field()
	return stlv[tlv.HeaderLen+f.Offset+tlv.HeaderLen+len(f.Value):]
}

// cap01Rig registers a drive as the one of cap-01 was: form 11, FN replaced, FD 1.
func cap01Rig(t *testing.T) *testRig {
	c := fiscaltest.Protocol().Capture("cap-01")
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.Number = "9999078900005488" })
	r.now = time.Date(2017, 3, 3, 11, 38, 0, 0, time.UTC)
	stlv := c.Body()[32 : 32+394]
	r.ok(CmdBeginRegistration, []byte{regReplace})
	r.ok(CmdData, after(stlv, 8)) // 1056 1002 1001 1109 1110 1108 1062 1101 come from 03h
	r.ok(CmdFormRegistration, r.stamp(), []byte("7702203276  0000000005008570    "), []byte{6, ModeServices})
	return r
}

// cap-01 through the drive: every byte of the document but the sign, which is the one
// of the bench's key (tb-fpd-01).
func TestDevice_BuildsCap01(t *testing.T) {
	t.Parallel()
	c := fiscaltest.Protocol().Capture("cap-01")
	r := cap01Rig(t)
	want := c.Body()[32 : 32+394]
	got := r.store.docs[1]
	at := 4 + 6*4 + 16 + 20 + 12 + 4 + 4 // the value of 1077
	assert.Equal(t, want[:at], got[:at])
	assert.Equal(t, want[at+6:], got[at+6:])
	assert.Equal(t, []byte(fiscaltest.Protocol().TBGOST1.FPD[0].Tag1077), got[at:at+6])
	assert.Equal(t, PhaseFiscal, r.st.Phase)
}

// The order of cap-02: FFD 1.0, an FN number of 15 digits. Its registration number is
// of an older kind, so another stands for it.
func TestDevice_BuildsInOrderOfCap02(t *testing.T) {
	t.Parallel()
	c := fiscaltest.Protocol().Capture("cap-02")
	r := newRig(t, fiscal.FFD10, func(o *Options) { o.Number = "999907891234567" })
	stlv := c.Body()[32 : 32+263]
	const factory = "0620000001"
	rnm := fiscal.MakeRegNumber(12, "112233445566", factory).Padded()
	r.ok(CmdBeginRegistration, []byte{regFirst})
	r.ok(CmdData, after(stlv, 4))
	r.ok(CmdFormRegistration, r.stamp(), []byte("112233445566"), rnm[:], []byte{1, 0})
	var want []tlv.Tag
	for _, f := range c.Container.Fields {
		want = append(want, tlv.Tag(f.Tag))
	}
	doc := r.document(1)
	assert.Equal(t, want, tagsOf(doc))
	assert.Equal(t, "999907891234567 ", string(doc.Field(ffd.TagFNNumber).Value)) // O-008
	assert.Equal(t, fiscal.FFD10, r.Device.ffd())
}

// tb-receipt as the drive makes it: the container byte for byte (TRN-060, fnc-18 to
// fnc-20), then the confirmation (fnc-13, fnc-14) and its record (fnc-21).
func TestDevice_MakesTBReceipt(t *testing.T) {
	t.Parallel()
	m := fiscaltest.Protocol().Message("tb-receipt")
	r := cap01Rig(t)
	r.deliverAll()
	r.now = time.Date(2026, 8, 1, 12, 2, 0, 0, time.UTC)
	r.st.LifeEnd = r.now.AddDate(1, 0, 0).Unix()
	for len(r.archive.records) < 76 {
		r.archive.records = append(r.archive.records, record{Form: formOpenShift, FFD: fiscal.FFD105, Time: r.now.Unix(), Confirmed: true})
	}
	r.st.Shift = shift{Open: true, Number: 5, Opened: r.now.Unix(), Receipts: 1}

	cmd, begin := frameData("fnc-18")
	r.ok(cmd, begin)
	r.ok(CmdData, after(m.STLV(), 4)) // 1038 1042 1054 1020 are the drive's
	cmd, form := frameData("fnc-19")
	_, formed := frameData("fnc-20")
	assert.Equal(t, formed, r.ok(cmd, form))

	container := r.readMessage()
	assert.Equal(t, m.Body(), container)

	cmd, confirmation := frameData("fnc-13")
	_, taken := frameData("fnc-14")
	assert.Equal(t, taken, r.ok(cmd, confirmation))
	_, kept := frameData("fnc-21")
	assert.Equal(t, kept, r.ok(CmdFindAck, binary.LittleEndian.AppendUint32(nil, 77)))
	assert.Zero(t, r.unsent())
}

// Answers of base commands: fnc-02 to fnc-04, fnc-06, fnc-22 to fnc-24.
func TestDevice_AnswersLikeFrames(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.Number = "9999078900005488" })
	expect := func(id string, a Answer) {
		t.Helper()
		code, data := frameData(id)
		assert.Equal(t, code, a.Byte(), id)
		assert.Equal(t, string(data), string(a.Data), id)
	}
	expect("fnc-02", r.Exec(CmdNumber, nil))
	expect("fnc-04", r.Exec(CmdStatus, nil))
	expect("fnc-22", r.Exec(0xEE, nil))

	r.register(regFirst, 0)
	r.now = time.Date(2026, 8, 1, 12, 2, 0, 0, time.UTC)
	r.deliverAll()
	for len(r.archive.records) < 76 {
		r.archive.records = append(r.archive.records, record{Form: formOpenShift, FFD: fiscal.FFD105, Confirmed: true})
	}
	r.st.Shift.Number = 4
	r.open()
	r.st.LifeEnd = r.now.AddDate(0, 0, 20).Unix()
	expect("fnc-03", r.Exec(CmdStatus, nil))
	a := r.Exec(CmdExchangeStatus, nil)
	_, data := frameData("fnc-06")
	assert.Equal(t, data, a.Data)
	expect("fnc-23", r.Exec(CmdBeginOpenShift, r.stamp())) // warning bit on a refusal (K-048)
	cmd, data := frameData("fnc-24")
	r.ok(cmd, data)
	expect("fnc-04", r.Exec(CmdStatus, nil))
}

// Payloads of real drives: fnp-01 to fnp-08.
func TestDevice_AnswersLikeCapturedPayloads(t *testing.T) {
	t.Parallel()
	vec := func(id string) []byte { return fiscaltest.Protocol().FNPayload(id).Hex.Bytes() }
	at := func(y int, mo time.Month, d, h, mi int) moment {
		return time.Date(y, mo, d, h, mi, 0, 0, time.UTC).Unix()
	}
	build := func(n fiscal.FNNumber, records int) *testRig {
		r := newRig(t, fiscal.FFD105, func(o *Options) { o.Number = n })
		r.register(regFirst, 0)
		r.deliverAll()
		for len(r.archive.records) < records {
			r.archive.records = append(r.archive.records, record{Form: formOpenShift, FFD: fiscal.FFD105, Confirmed: true})
		}
		return r
	}
	find := func(r *testRig, fd uint32) []byte {
		return r.ok(CmdFindDocument, binary.LittleEndian.AppendUint32(nil, fd))
	}

	r := build("9999078900007877", 391)
	r.st.LastDoc, r.st.Shift.Open = at(2020, 2, 18, 16, 44), true
	assert.Equal(t, vec("fnp-01"), r.ok(CmdStatus))

	r = build("9999078902000273", 15)
	r.now = time.Date(2019, 1, 13, 2, 11, 0, 0, time.UTC)
	r.st.LastDoc = 0
	r.open()
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(1))
	r.faults.OFDSilentDays = 3
	assert.Equal(t, vec("fnp-02"), r.ok(CmdStatus))

	r = build("9999078900007877", 163)
	put := func(fd int, rec record) {
		rec.FFD = fiscal.FFD105
		r.archive.records[fd-1] = rec
	}
	put(163, record{Form: fiscal.FormReceipt, Time: at(2017, 3, 24, 20, 53), FP: 776727275, Op: 1, Value: 20000})
	assert.Equal(t, vec("fnp-03"), find(r, 163))
	r.st.Regs[0] = registration{FD: 1, FFD: fiscal.FFD105, INN: "5024054445", RNM: "0000001358026131", Tax: 0x3F, Mode: 1}
	put(1, record{Form: formRegistration, Time: at(2017, 7, 6, 2, 52), FP: 1305583543})
	assert.Equal(t, vec("fnp-04"), find(r, 1))
	put(3, record{Form: formOpenShift, Time: at(2017, 7, 6, 2, 53), FP: 3501121883, Value: 1})
	assert.Equal(t, vec("fnp-05"), find(r, 3))
	put(6, record{Form: formCloseShift, Time: at(2017, 7, 6, 2, 54), FP: 3647013117, Value: 1})
	assert.Equal(t, vec("fnp-06"), find(r, 6))

	// fnp-07 has the sign of another key: the rest is compared.
	r = build("9999078900007877", 11)
	r.now = time.Date(2018, 1, 25, 10, 0, 0, 0, time.UTC)
	r.st.LastDoc = 0
	r.state()
	r.ofd.push(entry{Number: 12, Time: r.now.Unix(), Container: make([]byte, 64)})
	got, want := r.state(), vec("fnp-07")
	assert.Equal(t, want[:4], got[:4])
	assert.Equal(t, want[8:], got[8:])

	r = build("9999078900002270", 1)
	assert.Equal(t, vec("fnp-08"), r.ok(CmdRegistrationTag, le16(uint16(ffd.TagFNNumber))))
}

func TestDevice_TellsVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number fiscal.FNNumber
		serial bool
		want   string
	}{
		{"9999078900005488", false, "fn debug 1.05   \x00"},
		{"9999078902005488", false, "fn debug 1.2    \x00\x07"}, // fnf-02: a byte more
		{"9999078902005488", true, "fn debug 1.2    \x01\x07"},
	} {
		r := newRig(t, fiscal.FFD105, func(o *Options) { o.Number, o.Settings.Serial = c.number, c.serial })
		assert.Equal(t, c.want, string(r.ok(CmdVersion)))
	}
	require.Equal(t, []byte{0x66, 0x6e}, fiscaltest.Protocol().Frame("fnf-02").Hex[4:6].Bytes())
}
