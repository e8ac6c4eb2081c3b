package fn

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func TestNew_RefusesBadOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"a number that could be real (FN-001)": {Number: "8710000100000001"},
		"a short number":                       {Number: "99990789"},
		"letters":                              {Number: "9999ABCD00005488"},
		"negative capacity":                    {Settings: Settings{Capacity: -1}},
		"registrations over a byte":            {Settings: Settings{Registrations: 256}},
		"marking table over a byte":            {Settings: Settings{MarkingTable: 256}},
		"sum limit over 48 bits":               {Settings: Settings{SumLimit: 1 << 48}},
		"unknown dup_tags":                     {Settings: Settings{DupTags: "sometimes"}},
		"model without months":                 {Model: Model{Name: "x"}},
		"fault with a negative call":           {Faults: Faults{Commands: []CommandFault{{Call: -1}}}},
	} {
		_, err := New(o)
		assert.ErrorContains(t, err, "fn: ", name)
	}
	d, err := New(Options{})
	require.NoError(t, err, "the zero value works")
	assert.Equal(t, DefaultNumber, d.Number())
	assert.Equal(t, PhaseReady, d.View().Phase)
}

// fn.md section 2.
func TestModelByNumber_TakesLongestPrefix(t *testing.T) {
	t.Parallel()
	for number, name := range map[fiscal.FNNumber]string{
		"9999078900005488": "МГМ ФН-1",
		"9999078902000001": "МГМ ФН-1.1М",
		"9999000000000001": "МГМ",
		"8712000100000001": "ФН-1",
		"9961440300000001": "ФН-1.1М Ин36-1",
		"7381000000000001": "ФН-1.2 исп. 4, 15 мес.",
	} {
		m, ok := ModelByNumber(number)
		require.True(t, ok, number)
		assert.Equal(t, name, m.Name)
		again, ok := ModelByName(name)
		assert.True(t, ok)
		assert.Equal(t, m, again)
	}
	_, ok := ModelByNumber("1234000000000000")
	assert.False(t, ok)
	assert.Len(t, Models(), len(models))
}

// fn.md 3.1, 3.2: what is refused before registration.
func TestDevice_RefusesBeforeRegistration(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	for _, cmd := range []byte{CmdBeginOpenShift, CmdBeginReceipt, CmdBeginCorrection, CmdBeginStateReport, CmdBeginCloseShift} {
		r.no(WrongState, cmd, r.stamp())
	}
	r.no(WrongState, CmdBeginCloseArchive)
	r.no(WrongState, CmdShiftParams)
	r.no(WrongState, CmdBeginRegistration, []byte{regChange})
	r.no(BadCommand, CmdBeginRegistration, []byte{3})
	r.no(NoData, CmdFindDocument, []byte{1, 0, 0, 0})
	r.no(WrongState, CmdRegistrationResult)
	r.no(WrongState, CmdRegistrationTag, []byte{1, 2})
	// starred "yes" of the exchange: answers, the queue is empty
	assert.Equal(t, make([]byte, 13), r.ok(CmdExchangeStatus))
	r.ok(CmdTransport, []byte{1})
	r.no(NoData, CmdBeginRead)
	r.no(WrongState, CmdData, fields(func(b *tlv.Builder) { b.Byte(1, 1) }))
	r.no(WrongState, CmdFormRegistration, r.registrationParams(regFirst, 0))
	assert.Equal(t, []byte{0, 0, 0, DefaultRegistrations, 0}, r.ok(CmdLife))
}

func TestDevice_ChecksRegistrationParameters(t *testing.T) {
	t.Parallel()
	params := func(r *testRig) []byte { return r.registrationParams(regFirst, 0) }
	for _, c := range []struct {
		name   string
		ffd    fiscal.FFD
		change func(p []byte) []byte
		want   Code
	}{
		{"wrong check digits of the RNM (K-002)", fiscal.FFD105, func(p []byte) []byte { p[offRegRNM+15] ^= 1; return p }, BadValue},
		{"RNM with letters", fiscal.FFD105, func(p []byte) []byte { p[offRegRNM] = 'A'; return p }, BadValue},
		{"INN of another user", fiscal.FFD105, func(p []byte) []byte { p[offRegINN] = '9'; return p }, BadValue},
		{"INN of eleven digits", fiscal.FFD105, func(p []byte) []byte { p[offRegINN+10] = '1'; return p }, BadValue},
		{"INN of zeros", fiscal.FFD105, func(p []byte) []byte { copy(p[offRegINN:], "000000000000"); return p }, BadValue},
		{"no tax system", fiscal.FFD105, func(p []byte) []byte { p[offRegTax] = 0; return p }, BadValue},
		{"reserved tax bits", fiscal.FFD105, func(p []byte) []byte { p[offRegTax] = 0x40; return p }, BadValue},
		{"encryption in autonomous mode", fiscal.FFD12, func(p []byte) []byte { p[offRegMode] = ModeAutonomous | ModeEncryption; return p }, BadValue},
		{"an operator in autonomous mode", fiscal.FFD12, func(p []byte) []byte { p[offRegMode] |= ModeAutonomous; return p }, BadValue},
		{"no operator in transfer mode", fiscal.FFD12, func(p []byte) []byte { copy(p[regBase+1:], "000000000000"); return p }, BadValue},
		{"operator unlike tag 1017", fiscal.FFD12, func(p []byte) []byte { p[regBase+1] = '1'; return p }, NotAsRegistered},
		{"reasons at the first registration", fiscal.FFD12, func(p []byte) []byte { return append(p, 2, 0, 0, 0) }, BadValue},
		{"half of the reasons", fiscal.FFD12, func(p []byte) []byte { return append(p, 2, 0) }, BadCommand},
		{"a reason at the first registration", fiscal.FFD105, func(p []byte) []byte { return append(p, 2) }, BadCommand},
		{"month 13", fiscal.FFD105, func(p []byte) []byte { p[1] = 13; return p }, WrongTime},
		{"30 February", fiscal.FFD105, func(p []byte) []byte { p[1], p[2] = 2, 30; return p }, WrongTime},
		{"hour 24", fiscal.FFD105, func(p []byte) []byte { p[3] = 24; return p }, WrongTime},
		{"too short", fiscal.FFD105, func(p []byte) []byte { return p[:len(p)-1] }, BadCommand},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.ffd)
			r.beginRegistration(regFirst)
			r.ok(CmdData, r.registrationData())
			r.no(c.want, r.formCmd(), c.change(params(r)))
			assert.Equal(t, PhaseReady, r.st.Phase)
			assert.Zero(t, r.lastFD())
			r.ok(r.formCmd(), params(r)) // nothing was lost
			assert.Equal(t, uint32(1), r.lastFD())
		})
	}
}

// fn.md section 2: registers that pad a ten-digit INN on the left are understood.
func TestDevice_StripsLeftPaddedINN(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.beginRegistration(regFirst)
	r.ok(CmdData, r.registrationData())
	p := r.registrationParams(regFirst, 0)
	copy(p[offRegINN:], "00"+string(testINN))
	r.ok(CmdFormRegistration, p)
	assert.Equal(t, "7702203276  ", string(r.document(1).Field(ffd.TagUserINN).Value))
}

// K-041: reasons of a change; FN-013: replacement of the drive.
func TestDevice_WritesReasonsOfChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		ffd     fiscal.FFD
		kind    byte
		reasons uint32
		tag     tlv.Tag
		want    uint64
	}{
		{"1.05 operator", fiscal.FFD105, regChange, 2, ffd.TagChangeReason, 2},
		{"1.05 user", fiscal.FFD105, regChange, 3, ffd.TagChangeReason, 3},
		{"1.05 register", fiscal.FFD105, regChange, 4, ffd.TagChangeReason, 4},
		{"1.05 FN replaced (K-058)", fiscal.FFD105, regReplace, 0, ffd.TagChangeReason, 1},
		{"1.1 two reasons", fiscal.FFD11, regChange, 1<<2 | 1<<31, ffd.TagChangeReasons, 1<<2 | 1<<31},
		{"1.2 FN replaced and another reason", fiscal.FFD12, regReplace, 1 << 3, ffd.TagChangeReasons, 1<<3 | 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.ffd)
			if c.kind == regChange {
				r.register(regFirst, 0)
			}
			r.register(c.kind, c.reasons)
			doc := r.document(r.lastFD())
			assert.Equal(t, fiscal.FormFiscalReportCorrection, doc.Form)
			assert.Equal(t, c.want, doc.Uint(c.tag))
			assert.Equal(t, c.kind == regChange && c.ffd >= fiscal.FFD11, doc.Has(ffd.TagFNCounters))
			if c.kind == regReplace {
				assert.Equal(t, fiscal.FDNumber(1), doc.FDNumber())
				assert.Equal(t, testFactory, doc.Text(ffd.TagKKTNumber))
			}
		})
	}
}

func TestDevice_RefusesWrongChanges(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD12} {
		r := newRig(t, v)
		r.register(regFirst, 0)
		r.no(WrongState, CmdBeginRegistration, []byte{regFirst})
		r.open()
		// K-040: the shift must be closed
		r.no(WrongState, CmdBeginRegistration, []byte{regChange})
		r.no(WrongState, CmdBeginRegistrationV2, []byte{regChange, byte(fiscal.FFD12)})
		r.close()
		r.beginRegistration(regChange)
		r.ok(CmdData, r.registrationData())
		for _, change := range []func(p []byte){
			func(p []byte) { // law: written once
				other := fiscal.MakeRegNumber(6, testINN, testFactory).Padded()
				copy(p[offRegRNM:], other[:])
			},
			func(p []byte) {
				inn := fiscal.WithCheckDigits("500100732")
				rnm := fiscal.MakeRegNumber(5, inn, testFactory).Padded()
				padded := inn.Padded()
				copy(p[offRegINN:], padded[:])
				copy(p[offRegRNM:], rnm[:])
			},
		} {
			p := r.registrationParams(regChange, 2)
			change(p)
			r.no(BadValue, r.formCmd(), p)
		}
		r.no(BadValue, r.formCmd(), r.registrationParams(regChange, 1)) // FN replacement is type 1
		if v == fiscal.FFD12 {
			r.no(BadValue, r.formCmd(), r.registrationParams(regChange, 0))
			r.no(BadValue, r.formCmd(), r.registrationParams(regChange, 1<<25))
		}
		r.ok(r.formCmd(), r.registrationParams(regChange, 2))
	}
}

// FN-012, K-003.
func TestDevice_LimitsRegistrations(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.Settings.Registrations = 3 })
	r.register(regFirst, 0)
	for left := byte(2); left > 0; left-- {
		life := r.ok(CmdLife)
		assert.Equal(t, []byte{left, 3 - left}, life[3:])
		r.register(regChange, 4)
	}
	assert.Equal(t, []byte{0, 3}, r.ok(CmdLife)[3:])
	r.no(WrongState, CmdBeginRegistration, []byte{regChange})
	r.open() // keeps working
	r.sell(100)
}

// FN-014: autonomy changes only with everything sent.
func TestDevice_ChangesAutonomyWithEmptyQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD12)
	r.register(regFirst, 0)
	r.mode |= ModeAutonomous
	r.beginRegistration(regChange)
	r.ok(CmdData, r.registrationData())
	r.no(WrongState, r.formCmd(), r.registrationParams(regChange, 1<<5))
	r.ok(CmdCancel)
	r.deliverAll()
	r.register(regChange, 1<<5)
	assert.Zero(t, r.unsent())
	r.mode &^= ModeAutonomous
	r.register(regChange, 1<<4)
	assert.Equal(t, 1, r.unsent())
	doc, _ := r.deliver()
	assert.Equal(t, fiscal.FDNumber(3), doc.FDNumber())
}

// fiscal-sign.md section 5: the report on change of operator is sealed for the new one.
func TestDevice_SealsForNewOperator(t *testing.T) {
	t.Parallel()
	const other fiscal.INN = "7841465198"
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	r.deliverAll()
	r.beginRegistration(regChange)
	data := r.registrationData()
	value, ok := tlv.Find(data, ffd.TagOFDINN)
	require.True(t, ok)
	padded := other.Padded()
	copy(value, padded[:])
	r.ok(CmdData, data)
	r.ok(CmdFormRegistration, r.registrationParams(regChange, 2))
	require.Equal(t, other, r.reg().OFD)
	doc, _ := r.deliver() // opened and confirmed with the new operator's keys
	assert.Equal(t, string(other), doc.Text(ffd.TagOFDINN))
}

// fn.md 9.2: which format a model takes.
func TestDevice_TakesFormatsOfModel(t *testing.T) {
	t.Parallel()
	model := func(name string) func(*Options) {
		return func(o *Options) { o.Model, _ = ModelByName(name) }
	}
	r := newRig(t, fiscal.FFD105, model("ФН-1"))
	r.no(BadCommand, CmdBeginRegistrationV2, []byte{0, 4})
	r.no(BadCommand, CmdFFD)
	r.no(BadCommand, CmdMarkingState)
	r = newRig(t, fiscal.FFD12, model("ФН-1.2 исп. 4, 36 мес."))
	r.no(NotForFFD, CmdBeginRegistration, []byte{0})
	r.no(BadValue, CmdBeginRegistrationV2, []byte{0, 3})
	r = newRig(t, fiscal.FFD11, model("ФН-1.1, 36 мес."))
	r.no(BadValue, CmdBeginRegistrationV2, []byte{0, 4})
	r.no(BadValue, CmdBeginRegistrationV2, []byte{0, 2})
	r = newRig(t, fiscal.FFD10, model("ФН-1.1, 36 мес."))
	r.beginRegistration(regFirst)
	r.ok(CmdData, r.registrationData())
	r.no(NotForFFD, CmdFormRegistration, r.registrationParams(regFirst, 0))

	// a format never goes back, and each begin has its own end
	r = newRig(t, fiscal.FFD11)
	r.register(regFirst, 0)
	assert.Equal(t, []byte{3, 4}, r.ok(CmdFFD))
	r.ver = fiscal.FFD105
	r.beginRegistration(regChange)
	r.no(WrongState, CmdFormRegistrationV2, make([]byte, regBaseV2))
	r.ok(CmdData, r.registrationData())
	r.no(BadValue, CmdFormRegistration, r.registrationParams(regChange, 4))
	r.ok(CmdCancel)
	r.ver = fiscal.FFD12
	r.beginRegistration(regChange)
	r.no(WrongState, CmdFormRegistration, make([]byte, regBase))
	r.ok(CmdData, r.registrationData())
	r.ok(r.formCmd(), r.registrationParams(regChange, 1<<21))
	assert.Equal(t, []byte{4, 4}, r.ok(CmdFFD))

	// 03h cannot register FFD 1.2 by a tag
	r = newRig(t, fiscal.FFD105)
	r.beginRegistration(regFirst)
	r.ok(CmdData, fields(func(b *tlv.Builder) { b.Byte(ffd.TagFFDVersion, 4) }))
	r.no(BadValue, CmdFormRegistration, r.registrationParams(regFirst, 0))
}

// Fields of forms 1 of FFD 1.1 and 1.2 by the parameters of A3h, or by the register.
func TestDevice_CompletesRegistrationV2(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD11)
	r.mode, r.ext = ModeBSO|ModeInternet, ExtLottery|ExtPrinter
	r.beginRegistration(regFirst)
	r.ok(CmdData, r.registrationData(), fields(func(b *tlv.Builder) { b.Byte(ffd.TagExciseDutyProductSign, 1) }))
	r.ok(r.formCmd(), r.registrationParams(regFirst, 0))
	doc := r.document(1)
	for tag, want := range map[tlv.Tag]uint64{
		ffd.TagEncryptionSign: 0, ffd.TagServiceSign: 0, ffd.TagBSOSign: 1, ffd.TagInternetSign: 1, ffd.TagLotterySign: 1,
		ffd.TagPrintInMachineSign: 1, ffd.TagGamblingSign: 0, ffd.TagExciseDutyProductSign: 1, ffd.TagFFDVersion: 3,
		ffd.TagFNFFDVersion: 4, ffd.TagTaxationType: 2, ffd.TagKeyResource: 410,
	} {
		assert.Equal(t, want, doc.Uint(tag), tag)
		assert.Len(t, doc.All(tag), 1, tag)
	}
	r.open()
	r.sell(5)
	assert.Equal(t, fiscal.FormBSO, r.document(r.lastFD()).Form)
	r.correct(1, 5)
	assert.Equal(t, fiscal.FormBSOCorrection, r.document(r.lastFD()).Form)

	r = newRig(t, fiscal.FFD12)
	r.ext = ExtMarking | ExtPawnshop
	r.register(regFirst, 0)
	doc = r.document(1)
	assert.Equal(t, uint64(1<<8|1<<9|1<<12), doc.Uint(ffd.TagUsageConditions))
	assert.False(t, doc.Has(ffd.TagServiceSign))
	assert.Equal(t, string(testOFD), doc.Text(ffd.TagOFDINN))

	r = newRig(t, fiscal.FFD12)
	r.beginRegistration(regFirst)
	r.ok(CmdData, r.registrationData(), fields(func(b *tlv.Builder) { b.Uint32(ffd.TagUsageConditions, 1<<8|1<<15) }))
	r.ok(r.formCmd(), r.registrationParams(regFirst, 0))
	doc = r.document(1)
	assert.Len(t, doc.All(ffd.TagUsageConditions), 1)
	assert.Equal(t, uint64(1<<8|1<<15), doc.Uint(ffd.TagUsageConditions))
	assert.True(t, r.reg().marking(), "the register's tag counts")
}

// 43h, 44h, 47h.
func TestDevice_ReadsRegistrations(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	first := r.register(regFirst, 0)
	r.later(time.Hour)
	second := r.register(regChange, 3)
	result := r.ok(CmdRegistrationResult)
	assert.Len(t, result, 47)
	assert.Equal(t, second, result[39:])
	at := r.ok(CmdRegistrationResult, []byte{1})
	assert.Equal(t, first, at[40:])
	assert.Equal(t, byte(3), r.ok(CmdRegistrationResult, []byte{2})[39])
	r.no(NoData, CmdRegistrationResult, []byte{3})
	r.no(NoData, CmdRegistrationResult, []byte{0})
	r.no(NoData, CmdRegistrationTag, le16(9999))
	reason := r.ok(CmdRegistrationTag, []byte{2}, le16(uint16(ffd.TagChangeReason)))
	assert.Equal(t, []byte{0x4D, 0x04, 1, 0, 3}, reason)
	r.no(NoData, CmdNextRegistration)
	r.ok(CmdRegistrationTag, []byte{1}, le16(0xFFFF))
	var all []byte
	for {
		a := r.Exec(CmdNextRegistration, nil)
		if a.Code == NoData {
			break
		}
		all = append(all, a.Data...)
	}
	assert.Equal(t, r.store.docs[1][4:], all)
	assert.Equal(t, uint32(1), binary.LittleEndian.Uint32(first))
}
