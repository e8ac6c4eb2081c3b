package flk

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// life feeds documents of a register to a history. Between documents the history
// goes through its encoding, as it does in the store.
type life struct {
	t *testing.T
	*servertest.Register
	h   History
	row store.Drive
	at  time.Time
}

func newLife(t *testing.T, v fiscal.FFD) *life {
	return &life{t: t, Register: servertest.NewRegister(1, v), at: servertest.Clock}
}

// give judges a document and returns what was found.
func (l *life) give(d servertest.Doc) Result {
	l.t.Helper()
	h, err := Load(l.row)
	require.NoError(l.t, err)
	doc, err := ffd.Decode(d.STLV)
	require.NoError(l.t, err)
	next, r := h.Check(doc, Arrival{FN: d.FN, FD: d.FD, OFD: servertest.OFD, At: l.at})
	next.Save(&l.row)
	loaded, err := Load(l.row)
	require.NoError(l.t, err)
	require.Equal(l.t, next, loaded, "the encoding keeps everything")
	l.h = loaded
	return r
}

// clean wants documents without a finding.
func (l *life) clean(docs ...servertest.Doc) {
	l.t.Helper()
	for _, d := range docs {
		r := l.give(d)
		require.Empty(l.t, r.Findings, "FD %d", d.FD)
		require.Empty(l.t, r.Faults, "FD %d", d.FD)
	}
}

// found is rule and severity of each finding: "Q-05 error".
func found(r Result) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Rule+" "+f.Severity.String())
	}
	return all
}

func add(tag tlv.Tag, value ...byte) func(*tlv.Builder) { return servertest.Field(tag, value...) }

// Each case is a sound life, one odd document at its end, and what is found in it.
func TestCheck_Findings(t *testing.T) {
	t.Parallel()
	shift := func(l *life) { l.clean(l.Registration(), l.OpenShift(), l.Receipt(100), l.Receipt(200)) }
	closed := func(l *life) { shift(l); l.clean(l.CloseShift()) }
	for name, c := range map[string]struct {
		ffd    fiscal.FFD
		before func(l *life)
		odd    func(l *life) servertest.Doc
		want   []string
		faults []fiscal.Fault
		alarms int
	}{
		"Q-01 registration with another number": {before: func(l *life) { l.FD = 4 },
			odd: func(l *life) servertest.Doc { return l.Registration() }, want: []string{"Q-01 error"}},
		"Q-02 new FN with another number": {before: func(l *life) { l.FD = 4 },
			odd: func(l *life) servertest.Doc { return l.Change(1) }, want: []string{"Q-02 error"}},
		"Q-02 new FN with number 1 (O-002)": {odd: func(l *life) servertest.Doc { return l.Change(1) }},
		"Q-03 gap (E-22)": {before: shift, odd: func(l *life) servertest.Doc { l.FD += 2; l.Number += 2; return l.Receipt(1) },
			want: []string{"Q-03 warning"}, faults: []fiscal.Fault{fiscal.FDGap}},
		"Q-04 first shift not 1": {before: func(l *life) { l.clean(l.Registration()); l.Shift = 1 },
			odd: func(l *life) servertest.Doc { return l.OpenShift() }, want: []string{"Q-04 error"}},
		"Q-04 shift left out": {before: func(l *life) { closed(l); l.Shift++ },
			odd: func(l *life) servertest.Doc { return l.OpenShift() }, want: []string{"Q-04 error"}},
		"Q-04 shift goes back over a gap": {before: func(l *life) { closed(l); l.FD += 3; l.Shift-- },
			odd: func(l *life) servertest.Doc { return l.OpenShift() }, want: []string{"Q-03 warning", "Q-04 error"}, faults: []fiscal.Fault{fiscal.FDGap}},
		"Q-05 receipt before a shift": {before: func(l *life) { l.clean(l.Registration()); l.Shift = 1 },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"Q-05 error"}},
		"Q-05 receipt of shift 0": {before: func(l *life) { l.clean(l.Registration()) },
			odd: func(l *life) servertest.Doc { l.Shift = 0; return l.Receipt(1) }, want: []string{"Q-05 error"}},
		"Q-05 receipt after a shift": {before: closed, odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"Q-05 error"}},
		"Q-05 receipt of another shift": {before: shift, odd: func(l *life) servertest.Doc { l.Shift++; l.Number = 0; return l.Receipt(1) },
			want: []string{"Q-05 error"}},
		"Q-05 closed shift after a gap": {before: func(l *life) { closed(l); l.FD += 2; l.Number = 7 },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"Q-03 warning", "Q-05 error"}, faults: []fiscal.Fault{fiscal.FDGap}},
		"later shift after a gap is sound": {before: func(l *life) { closed(l); l.FD += 2; l.Shift++; l.Number = 7 },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"Q-03 warning"}, faults: []fiscal.Fault{fiscal.FDGap}},
		"Q-06 first receipt not 1": {before: func(l *life) { l.clean(l.Registration(), l.OpenShift()); l.Number = 1 },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"Q-06 warning"}},
		"Q-06 receipt repeats over a gap": {before: func(l *life) { shift(l); l.FD += 2; l.Number = 0 },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"Q-03 warning", "Q-06 warning"}, faults: []fiscal.Fault{fiscal.FDGap}},
		"Q-07 closing what is closed": {before: closed, odd: func(l *life) servertest.Doc { return l.CloseShift() }, want: []string{"Q-07 error"}},
		"Q-07 closing another shift": {before: func(l *life) { shift(l); l.Shift = 9 },
			odd: func(l *life) servertest.Doc { return l.CloseShift() }, want: []string{"Q-07 error"}},
		"Q-07 closing before a shift": {before: func(l *life) { l.clean(l.Registration()); l.Shift = 1 },
			odd: func(l *life) servertest.Doc { return l.CloseShift() }, want: []string{"Q-07 error"}},
		"Q-08 receipts miscounted (O-011)": {before: func(l *life) { shift(l); l.Number++ },
			odd: func(l *life) servertest.Doc { return l.CloseShift() }, want: []string{"Q-08 error"}},
		"Q-08 documents miscounted (O-011)": {before: func(l *life) { shift(l); l.Opened-- },
			odd: func(l *life) servertest.Doc { return l.CloseShift() }, want: []string{"Q-08 warning"}},
		"Q-09 shift number between shifts": {before: func(l *life) { closed(l); l.Open = true },
			odd: func(l *life) servertest.Doc { return l.State(0) }, want: []string{"Q-09 error"}},
		"Q-10 new format without a state report": {before: func(l *life) { closed(l); l.FFD = fiscal.FFD11 },
			odd: func(l *life) servertest.Doc { return l.Change(1 << 21) }, want: []string{"Q-10 error"}},
		"Q-10 new format with documents unsent": {before: func(l *life) { closed(l); l.clean(l.State(2)); l.FFD = fiscal.FFD11 },
			odd: func(l *life) servertest.Doc { return l.Change(1 << 21) }, want: []string{"Q-10 error"}},
		"Q-10 new format in a shift": {before: func(l *life) { shift(l); l.clean(l.State(0)); l.FFD = fiscal.FFD11 },
			odd: func(l *life) servertest.Doc { return l.Change(1 << 21) }, want: []string{"Q-10 error", "Q-12 warning"}},
		"Q-10 new format as it should be (O-034)": {before: func(l *life) { closed(l); l.clean(l.State(0)); l.FFD = fiscal.FFD11 },
			odd: func(l *life) servertest.Doc { return l.Change(1 << 21) }},
		"Q-11 closing with numbers missing (O-052)": {before: func(l *life) { closed(l); l.FD += 3 },
			odd:  func(l *life) servertest.Doc { return l.CloseArchive() },
			want: []string{"Q-03 warning", "Q-11 warning"}, faults: []fiscal.Fault{fiscal.FDGap}, alarms: 1},
		"Q-11 closing names another shift": {before: func(l *life) { closed(l); l.Shift = 7 },
			odd: func(l *life) servertest.Doc { return l.CloseArchive() }, want: []string{"Q-11 error"}},
		"Q-11 receipt after closing (O-051)": {before: func(l *life) { closed(l); l.clean(l.CloseArchive(), l.State(0)) },
			odd: func(l *life) servertest.Doc { return l.OpenShift() }, want: []string{"Q-11 error"}, faults: []fiscal.Fault{fiscal.AfterClose}},
		"Q-12 opening in a shift (O-012)":   {before: shift, odd: func(l *life) servertest.Doc { return l.OpenShift() }, want: []string{"Q-12 error"}},
		"Q-12 closing of the FN in a shift": {before: shift, odd: func(l *life) servertest.Doc { return l.CloseArchive() }, want: []string{"Q-12 warning"}},
		"Q-14 to autonomous with numbers missing (O-043)": {ffd: fiscal.FFD11, before: func(l *life) { closed(l); l.FD += 2 },
			odd:  func(l *life) servertest.Doc { return l.Change(1 << 5) },
			want: []string{"Q-03 warning", "Q-14 warning", "P-15 warning"}, faults: []fiscal.Fault{fiscal.FDGap}, alarms: 1},
		"E-24 no registration": {odd: func(l *life) servertest.Doc { return l.OpenShift() },
			want: []string{"E-24 warning"}, faults: []fiscal.Fault{fiscal.NotRegisteredFirst}},
		"E-26 another operator in form 1 (O-005)": {before: func(l *life) { l.OFD = "7841465198" },
			odd: func(l *life) servertest.Doc { return l.Registration() }, faults: []fiscal.Fault{fiscal.OFDMismatch}},
		"E-26 leaves for another operator (O-041)": {before: func(l *life) { closed(l); l.OFD = "7841465198" },
			odd: func(l *life) servertest.Doc { return l.Change(2) }, faults: []fiscal.Fault{fiscal.OFDMismatch}},
		"change of the user's name (O-040)": {before: closed, odd: func(l *life) servertest.Doc { return l.Change(3) }},
		"I-03 another registration number (O-042)": {before: func(l *life) { closed(l); l.RegID = "0000000009001234" },
			odd: func(l *life) servertest.Doc { return l.Change(3) }, want: []string{"I-03 error"}, alarms: 1},
		"I-04 another user (O-042)": {before: func(l *life) { closed(l); l.UserINN = "7825706086" },
			odd: func(l *life) servertest.Doc { return l.Change(3) }, want: []string{"I-04 error"}, alarms: 1},
		"I-03 in a receipt": {before: func(l *life) { shift(l); l.RegID = "0000000009001234" },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"I-03 error"}},
		"S-13 another version": {before: func(l *life) { shift(l); l.FFD = fiscal.FFD11 },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"S-13 error"}},
		"S-13 another version over a gap": {before: func(l *life) { shift(l); l.FFD = fiscal.FFD11; l.FD++; l.Number++ },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"Q-03 warning", "S-13 warning"}, faults: []fiscal.Fault{fiscal.FDGap}},
		"D-04 time goes back": {before: func(l *life) { shift(l); l.Time = l.Time.Add(-2 * time.Hour) },
			odd: func(l *life) servertest.Doc { return l.Receipt(1) }, want: []string{"D-04 warning"}},
		"D-04 an opening may be an hour early (FN-030)": {before: func(l *life) { closed(l); l.Time = l.Time.Add(-59 * time.Minute) },
			odd: func(l *life) servertest.Doc { return l.OpenShift() }},
		"P-07 totals missing": {ffd: fiscal.FFD11, before: closed, odd: func(l *life) servertest.Doc {
			return l.Build(fiscal.FormFiscalReportCorrection, func(b *tlv.Builder) {
				b.Uint32(ffd.TagChangeReasons, 4)
				ofd := servertest.OFD.Padded()
				b.Raw(ffd.TagOFDINN, ofd[:])
			})
		}, want: []string{"P-07 warning"}},
		"P-10 shift totals": {ffd: fiscal.FFD11, before: func(l *life) { shift(l); l.Receipt(5); l.FD--; l.Number-- },
			odd:  func(l *life) servertest.Doc { return l.CloseShift() },
			want: []string{"P-10 warning", "P-10 warning", "P-10 warning", "P-10 warning", "P-10 warning", "P-10 warning", "P-10 warning", "P-10 warning"}},
		"P-14 bits never sent": {ffd: fiscal.FFD11, before: shift,
			odd: func(l *life) servertest.Doc { return l.CloseShift(add(ffd.TagOperatorMessage, 0x80)) }, want: []string{"P-14 warning"}},
		"P-15 resource grows": {ffd: fiscal.FFD11, before: closed, odd: func(l *life) servertest.Doc { return l.Change(4) }, want: []string{"P-15 warning"}},
		"R-02 tax system not registered": {before: shift, odd: func(l *life) servertest.Doc {
			return l.Receipt(1, add(ffd.TagAppliedTaxationType, 32)) // the first one, 1, is registered
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.ffd == 0 {
				c.ffd = fiscal.FFD105
			}
			l := newLife(t, c.ffd)
			if c.before != nil {
				c.before(l)
			}
			r := l.give(c.odd(l))
			assert.Equal(t, c.want, found(r))
			assert.Equal(t, c.faults, r.Faults)
			assert.Len(t, r.Alarms, c.alarms, r.Alarms)
			for _, f := range r.Findings {
				assert.Contains(t, Rules(), f.Rule)
				assert.NotZero(t, f.Code)
				assert.NotEmpty(t, f.Text)
			}
		})
	}
}

// a receipt against its registration.
func TestCheck_ReceiptAgainstRegistration(t *testing.T) {
	t.Parallel()
	sale := func(l *life, fields ...func(*tlv.Builder)) servertest.Doc {
		return l.Build(fiscal.FormReceipt, func(b *tlv.Builder) {
			b.Uint32(ffd.TagShiftNumber, 1)
			b.Uint32(ffd.TagRequestNumber, 1)
			for _, f := range fields {
				f(b)
			}
		})
	}
	report := func(l *life, fields ...func(*tlv.Builder)) servertest.Doc {
		return l.Build(fiscal.FormFiscalReport, func(b *tlv.Builder) {
			ofd := servertest.OFD.Padded()
			b.Raw(ffd.TagOFDINN, ofd[:])
			for _, f := range fields {
				f(b)
			}
		})
	}
	excise := func(kind byte) func(*tlv.Builder) {
		return func(b *tlv.Builder) { b.STLV(ffd.TagItem, func(b *tlv.Builder) { b.Byte(ffd.TagProductType, kind) }) }
	}
	coded := func(items int, tag tlv.Tag) []func(*tlv.Builder) {
		return slices.Repeat([]func(*tlv.Builder){func(b *tlv.Builder) { b.STLV(ffd.TagItem, func(b *tlv.Builder) { b.Byte(tag, 1) }) }}, items)
	}
	full := []func(*tlv.Builder){add(ffd.TagUser, 'A'), add(ffd.TagFNSSite, 'B'), add(ffd.TagSellerAddress, 'C'), add(ffd.TagTaxationType, 3)}
	with := func(more ...func(*tlv.Builder)) []func(*tlv.Builder) {
		return append(append([]func(*tlv.Builder){}, full...), more...)
	}
	for name, c := range map[string]struct {
		ffd      fiscal.FFD
		reg, doc []func(*tlv.Builder)
		want     []string
	}{
		"sound":              {fiscal.FFD105, full, []func(*tlv.Builder){add(ffd.TagAppliedTaxationType, 2)}, nil},
		"R-02":               {fiscal.FFD105, full, []func(*tlv.Builder){add(ffd.TagAppliedTaxationType, 4)}, []string{"R-02 warning"}},
		"R-03":               {fiscal.FFD105, with(add(ffd.TagAgentType, 2)), []func(*tlv.Builder){add(ffd.TagAgentType, 4)}, []string{"R-03 warning"}},
		"R-03 registered":    {fiscal.FFD105, with(add(ffd.TagAgentType, 6)), []func(*tlv.Builder){add(ffd.TagAgentType, 4)}, nil},
		"R-07":               {fiscal.FFD105, full, []func(*tlv.Builder){excise(2)}, []string{"R-07 error"}},
		"R-07 registered":    {fiscal.FFD105, with(add(ffd.TagExciseDutyProductSign, 1)), []func(*tlv.Builder){excise(2)}, nil},
		"R-07 in 1.2":        {fiscal.FFD12, full, []func(*tlv.Builder){excise(31)}, []string{"R-07 warning"}},
		"R-07 in 1.2 by bit": {fiscal.FFD12, with(add(ffd.TagUsageConditions, 0x40, 0, 0, 0)), []func(*tlv.Builder){excise(31)}, nil},
		"R-08":               {fiscal.FFD105, with(add(ffd.TagOfflineMode, 1)), coded(11, ffd.TagProductCode), []string{"R-08 error"}},
		"R-08 of suppliers":  {fiscal.FFD11, with(add(ffd.TagOfflineMode, 1)), coded(11, ffd.TagProviderINN), []string{"R-08 error"}},
		"R-08 ten":           {fiscal.FFD105, with(add(ffd.TagOfflineMode, 1)), coded(10, ffd.TagProductCode), nil},
		"R-08 bare items":    {fiscal.FFD105, with(add(ffd.TagOfflineMode, 1)), coded(11, ffd.TagProductType), nil},
		"R-08 in 1.2":        {fiscal.FFD12, with(add(ffd.TagOfflineMode, 1)), coded(11, ffd.TagProductCode), nil},
		"R-08 connected":     {fiscal.FFD105, full, coded(11, ffd.TagProductCode), nil},
		"R-09":               {fiscal.FFD105, nil, nil, []string{"R-09 warning", "R-09 warning"}},
		"R-09 given":         {fiscal.FFD105, nil, full, nil},
		"R-10":               {fiscal.FFD105, with(add(ffd.TagAutoMode, 1), add(ffd.TagMachineNumber, '1')), nil, []string{"R-10 error"}},
		"R-15":               {fiscal.FFD105, with(add(ffd.TagBSOSign, 1)), nil, []string{"R-15 warning"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, c.ffd)
			l.clean(report(l, c.reg...), l.OpenShift())
			assert.Equal(t, c.want, found(l.give(sale(l, c.doc...))))
		})
	}
}

// O-045, O-046: documents after the end of the keys; reminders, each once.
func TestCheck_Keys(t *testing.T) {
	t.Parallel()
	l := newLife(t, fiscal.FFD11) // 1213 = 1110 days
	start := l.Time
	l.clean(l.Registration())
	end := start.AddDate(0, 0, 1110)
	l.Time = end
	var alarms []string
	for _, days := range []int{-31, -30, -29, -4, -3, -2, -1} {
		l.at = end.AddDate(0, 0, days)
		r := l.give(l.State(0))
		assert.Empty(t, r.Findings)
		alarms = append(alarms, r.Alarms...)
	}
	assert.Equal(t, []string{
		"срок действия ключей ФП заканчивается 15.08.2029: осталось не более 30 дней",
		"срок действия ключей ФП заканчивается 15.08.2029: осталось не более 3 дней",
	}, alarms)
	l.at = end.AddDate(0, 0, 1)
	l.Time = end.AddDate(0, 0, 1)
	first := l.give(l.OpenShift())
	assert.Equal(t, []string{"FN-021 warning"}, found(first))
	assert.Len(t, first.Alarms, 1)
	second := l.give(l.Receipt(1))
	assert.Equal(t, []string{"FN-021 warning"}, found(second))
	assert.Empty(t, second.Alarms, "one alarm is enough")
	assert.Empty(t, l.give(l.CloseShift()).Findings, "a shift may be closed")
}

// P-14: bits that were sent long before a live report was made must be in it.
func TestCheck_LostBits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waits time.Duration // of the report after the bits were sent
		want  []string
	}{"live": {time.Hour, []string{"P-14 warning"}}, "at once": {time.Second, nil}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, fiscal.FFD11)
			zone := 3 * time.Hour
			live := func(d servertest.Doc) Result {
				l.at = l.Time.Add(-time.Minute - zone) // the minute that Build added
				return l.give(d)
			}
			live(l.Registration())
			live(l.OpenShift())
			live(l.Receipt(1))
			l.h.Answered(0x42, l.at)
			l.h.Save(&l.row)
			l.Time = l.Time.Add(c.waits)
			assert.Equal(t, c.want, found(live(l.CloseShift())))
		})
	}
}

// E-23: whatever order documents come in, late ones get no error and the end is the
// same; a drive's memory stays small.
func TestCheck_AnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newLife(t, rapid.SampledFrom([]fiscal.FFD{fiscal.FFD105, fiscal.FFD11}).Draw(rt, "ffd"))
		docs := []servertest.Doc{l.Registration()}
		for range rapid.IntRange(1, 4).Draw(rt, "shifts") {
			docs = append(docs, l.OpenShift())
			for range rapid.IntRange(0, 4).Draw(rt, "receipts") {
				docs = append(docs, l.Receipt(100))
			}
			docs = append(docs, l.CloseShift())
		}
		docs = append(docs, l.CloseArchive())
		for _, i := range rapid.Permutation(index(docs)).Draw(rt, "order") {
			r := l.give(docs[i])
			for _, f := range r.Findings {
				if f.Severity == flk.Error {
					rt.Fatalf("FD %d: %s", docs[i].FD, f.Text)
				}
			}
			if n := len(l.row.History); n > 1024 {
				rt.Fatalf("history of %d bytes", n)
			}
		}
		if len(l.row.Gaps) != 0 || l.row.LastFD != l.FD || l.row.Status != store.DriveClosed || l.row.RegID != l.RegID {
			rt.Fatalf("end: %+v", l.row)
		}
	})
}

func index(docs []servertest.Doc) []int {
	all := make([]int, len(docs))
	for i := range all {
		all[i] = i
	}
	return all
}

// Gaps against a plain set of missing numbers; never more than MaxGaps runs.
func TestGaps_AgainstSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var h History
		seen := map[fiscal.FDNumber]bool{}
		for _, fd := range rapid.SliceOfDistinct(rapid.Uint32Range(1, 60), func(n uint32) uint32 { return n }).Draw(t, "numbers") {
			h, _ = h.Check(nil, Arrival{FD: fiscal.FDNumber(fd), At: servertest.Clock})
			seen[fiscal.FDNumber(fd)] = true
		}
		missing := map[fiscal.FDNumber]bool{}
		for _, g := range h.Gaps {
			for n := g.From; n <= g.To; n++ {
				missing[n] = true
			}
		}
		for n := h.FirstFD; n < h.LastFD; n++ {
			if missing[n] == seen[n] {
				t.Fatalf("FD %d: missing %v, seen %v, gaps %v", n, missing[n], seen[n], h.Gaps)
			}
		}
	})
}

func TestGaps_Bounded(t *testing.T) {
	t.Parallel()
	var h History
	for fd := fiscal.FDNumber(1); fd < 1000; fd += 2 {
		h, _ = h.Check(nil, Arrival{FD: fd, At: servertest.Clock})
	}
	assert.Len(t, h.Gaps, MaxGaps)
	assert.EqualValues(t, 2, h.Gaps[0].From)
	assert.EqualValues(t, 998, h.Gaps[MaxGaps-1].To)
}

// FuzzDecode: whatever bytes a store gives back, reading them is safe, and what was
// read is written back the same.
func FuzzDecode(f *testing.F) {
	r := servertest.NewRegister(1, fiscal.FFD11)
	var h History
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(5), r.Change(4)} {
		doc, err := ffd.Decode(d.STLV)
		require.NoError(f, err)
		h, _ = h.Check(doc, Arrival{FN: d.FN, FD: d.FD, OFD: servertest.OFD, At: servertest.Clock})
		f.Add(h.encode(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Load(store.Drive{History: b})
		if err != nil {
			return
		}
		var row store.Drive
		h.Save(&row)
		again, err := Load(row)
		if err != nil {
			t.Fatal(err)
		}
		again.Status = h.Status
		require.Equal(t, h, again)
	})
}

func TestLoad_RefusesUnknownVersion(t *testing.T) {
	t.Parallel()
	_, err := Load(store.Drive{History: []byte{9, 0}})
	assert.ErrorContains(t, err, "version 9")
	h, err := Load(store.Drive{})
	require.NoError(t, err)
	assert.False(t, h.Registered())
}

func BenchmarkCheckAndSave(b *testing.B) {
	r := servertest.NewRegister(1, fiscal.FFD105)
	var h History
	var docs []*ffd.Document
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(5), r.Receipt(6)} {
		doc, err := ffd.Decode(d.STLV)
		require.NoError(b, err)
		docs = append(docs, doc)
	}
	for i, d := range docs[:3] {
		h, _ = h.Check(d, Arrival{FN: r.FN, FD: fiscal.FDNumber(i + 1), OFD: servertest.OFD, At: servertest.Clock})
	}
	var row store.Drive
	b.ReportAllocs()
	for b.Loop() {
		next, _ := h.Check(docs[3], Arrival{FN: r.FN, FD: 4, OFD: servertest.OFD, At: servertest.Clock})
		next.Save(&row)
	}
	b.ReportMetric(float64(len(row.History)), "history-bytes")
}
