package life_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
)

var start = time.Date(2026, time.August, 3, 9, 0, 0, 0, time.UTC)

// trading is a drive with an open shift.
func trading(t *testing.T, p life.Plan) *life.Drive {
	t.Helper()
	d := life.New(p)
	do(t, d, life.Registration, start)
	do(t, d, life.OpenShift, start)
	return d
}

func plan() life.Plan {
	return life.Plan{FFD: 2, KeyDays: 410, Capacity: 1000, Registrations: 2}
}

// do makes a document that must be allowed.
func do(t *testing.T, d *life.Drive, k life.Kind, at time.Time) life.Document {
	t.Helper()
	r := d.Whole(k, at)
	require.False(t, r.Refused(), "%s: %s", k, r)
	if k == life.Registration {
		d.Register("0000000001012345", "7702203276")
	}
	d.Hear(at, life.Done)
	d.Start(k, at)
	return d.Make(at, life.Sale{Operation: 1, Kopecks: 100})
}

func TestDrive_Limits(t *testing.T) {
	t.Parallel()
	confirmed := func(d *life.Drive) { d.Confirmed = d.LastFD() }
	for _, c := range []struct {
		name    string
		prepare func(*life.Drive)
		kind    life.Kind
		after   time.Duration
		allow   []life.Code
		deny    []life.Code
	}{
		{name: "24 h sharp (FN-033)", kind: life.Receipt, after: 24 * time.Hour, allow: []life.Code{life.Done}, deny: []life.Code{life.ShiftTooLong}},
		{name: "24 h and a minute (FN-031)", kind: life.Receipt, after: 24*time.Hour + time.Minute, allow: []life.Code{life.ShiftTooLong}, deny: []life.Code{life.Done}},
		{name: "a long shift can be closed (fn.md 5.4)", kind: life.CloseShift, after: 25 * time.Hour, allow: []life.Code{life.Done}, deny: []life.Code{life.ShiftTooLong}},
		{name: "a minute below 30 days", kind: life.CloseShift, after: 30*life.Day - time.Minute, allow: []life.Code{life.Done}, deny: []life.Code{life.WaitedTooLong}},
		{name: "30 days sharp is not clear", kind: life.CloseShift, after: 30 * life.Day, allow: []life.Code{life.Done, life.WaitedTooLong}},
		{name: "30 days and a minute", kind: life.CloseShift, after: 30*life.Day + time.Minute, allow: []life.Code{life.WaitedTooLong}, deny: []life.Code{life.Done}},
		{name: "state reports are not blocked", kind: life.StateReport, after: 40 * life.Day, allow: []life.Code{life.Done}, deny: []life.Code{life.WaitedTooLong}},
		{name: "nothing waits, nothing blocks", prepare: confirmed, kind: life.CloseShift, after: 40 * life.Day, allow: []life.Code{life.Done}, deny: []life.Code{life.WaitedTooLong}},
		{name: "keys of 410 days, day 409", prepare: confirmed, kind: life.StateReport, after: 409 * life.Day, allow: []life.Code{life.Done}, deny: []life.Code{life.KeysOver}},
		{name: "the last day is not clear", prepare: confirmed, kind: life.StateReport, after: 410 * life.Day, allow: []life.Code{life.Done, life.KeysOver}},
		{name: "keys are over", prepare: confirmed, kind: life.StateReport, after: 411 * life.Day, allow: []life.Code{life.KeysOver, life.LifeOver}, deny: []life.Code{life.Done}},
		{name: "a shift can be closed without keys", prepare: confirmed, kind: life.CloseShift, after: 500 * life.Day, allow: []life.Code{life.Done}},
		{name: "time goes back (FN-030)", kind: life.Receipt, after: -time.Minute, allow: []life.Code{life.WrongTime}, deny: []life.Code{life.Done}},
		{name: "closing of the drive in a shift (K-050)", prepare: confirmed, kind: life.CloseArchive, allow: []life.Code{life.WrongState}, deny: []life.Code{life.Done}},
		{name: "a second opening", kind: life.OpenShift, allow: []life.Code{life.WrongState}, deny: []life.Code{life.Done}},
		{name: "a second registration", kind: life.Registration, allow: []life.Code{life.WrongState}, deny: []life.Code{life.Done}},
		{name: "a full archive (fn.md 5.4)", prepare: func(d *life.Drive) { d.Capacity = 2 }, kind: life.Receipt, allow: []life.Code{life.ArchiveFull, life.QueueFull}, deny: []life.Code{life.Done}},
		{name: "closing with a full archive", prepare: func(d *life.Drive) { d.Capacity = 2 }, kind: life.CloseShift, allow: []life.Code{life.Done}, deny: []life.Code{life.ArchiveFull}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := trading(t, plan())
			if c.prepare != nil {
				c.prepare(d)
			}
			r := d.Whole(c.kind, start.Add(c.after))
			for _, code := range c.allow {
				assert.True(t, r.Allow(code), "%s must be right: %s", code, r)
			}
			for _, code := range c.deny {
				assert.False(t, r.Allow(code), "%s must be wrong: %s", code, r)
			}
		})
	}
}

// FN-030: an opening may lie an hour before the closing of the shift before it.
func TestDrive_OpensAnHourBeforeTheClosing(t *testing.T) {
	t.Parallel()
	d := trading(t, plan())
	do(t, d, life.CloseShift, start.Add(5*time.Hour))
	assert.True(t, d.Whole(life.OpenShift, start.Add(4*time.Hour)).Allow(life.Done))
	assert.False(t, d.Whole(life.OpenShift, start.Add(4*time.Hour-time.Minute)).Allow(life.Done))
	do(t, d, life.StateReport, start.Add(5*time.Hour))
	between := d.Whole(life.OpenShift, start.Add(5*time.Hour-time.Minute))
	assert.True(t, between.Allow(life.Done) && between.Allow(life.WrongTime), "a report stands between")
}

// A life by hand: numbers, queue, phases.
func TestDrive_CountsALife(t *testing.T) {
	t.Parallel()
	d := trading(t, plan())
	do(t, d, life.Receipt, start)
	last := do(t, d, life.Correction, start)
	assert.Equal(t, life.Document{FD: 4, Kind: life.Correction, At: start, Shift: 1, Number: 2, Operation: 1, Kopecks: 100, Unsent: 3, First: 1}, last)
	closing := do(t, d, life.CloseShift, start)
	assert.Equal(t, 2, closing.Receipts)
	assert.Equal(t, 4, closing.Documents) // opening, two receipts, closing
	r := d.Whole(life.CloseArchive, start)
	assert.True(t, r.Refused(), "FN-010")

	d.SetLink(true)
	for range 5 {
		require.False(t, d.Read(0).Refused())
		d.WasRead(0)
		again := d.Read(299 * time.Second)
		assert.True(t, again.Refused(), "FN-042")
		old := d.Take(d.First().FD+1, 0)
		assert.True(t, old.Allow(life.AckRefused) && !old.Allow(life.Done), "FN-041")
		d.Took()
	}
	assert.Zero(t, d.Queue())
	do(t, d, life.CloseArchive, start)
	assert.Equal(t, life.PostFiscal, d.Phase, "form 6 waits for its confirmation")
	do(t, d, life.StateReport, start) // FN-002
	d.Took()
	assert.Equal(t, life.PostFiscal, d.Phase)
	d.Took()
	assert.Equal(t, life.Archive, d.Phase)
	r = d.Link()
	assert.True(t, r.Refused())
}

func TestDrive_Warnings(t *testing.T) {
	t.Parallel()
	d := trading(t, plan())
	at := func(after time.Duration) [2]byte {
		d.Hear(start.Add(after), life.Done)
		must, may := d.Warnings()
		return [2]byte{must, may}
	}
	assert.Equal(t, [2]byte{0, 0}, at(2*life.Day-time.Minute))
	assert.Equal(t, [2]byte{0, 8}, at(2*life.Day))
	assert.Equal(t, [2]byte{8, 0}, at(2*life.Day+time.Minute))
	d.Confirmed = d.LastFD()
	assert.Equal(t, [2]byte{0, 0}, at(379*life.Day)) // 31 days left
	assert.Equal(t, [2]byte{2, 0}, at(380*life.Day))
	assert.Equal(t, [2]byte{3, 0}, at(407*life.Day))
	d.Capacity = 2
	assert.Equal(t, [2]byte{7, 0}, at(407*life.Day))
	d.Hear(start, life.WrongState)
	must, _ := d.Warnings()
	assert.Equal(t, byte(7), must, "a command refused for the state alone is not heard")
}

// fn.md 5.1.
func TestTerms_KeyDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		terms life.Terms
		days  int
	}{
		{life.Terms{Months: 36}, 1110},
		{life.Terms{Months: 15}, 470},
		{life.Terms{Months: 13}, 410},
		{life.Terms{Months: 15, Autonomous: true}, 410},
		{life.Terms{Months: 36, Autonomous: true}, 560},
		{life.Terms{Months: 36, Autonomous: true, FFD12: true, Goods: true, General: true}, 410},
		{life.Terms{Months: 36, Goods: true, General: true}, 560},
		{life.Terms{Months: 36, Excise: true}, 410},
		{life.Terms{Months: 15, Excise: true}, 470},
		{life.Terms{Months: 15, Excise: true, FFD12: true}, 410},
	} {
		assert.Equal(t, c.days, c.terms.KeyDays(), "%+v", c.terms)
	}
}

func TestFile_Arrive(t *testing.T) {
	t.Parallel()
	paper := func(fd uint32, form int, shift uint32) life.Paper {
		return life.Paper{FD: fd, Form: form, Shift: shift, RNM: "1", INN: "2", Bytes: string(rune(fd)) + string(rune(form))}
	}
	var f life.File
	assert.True(t, f.Arrive(paper(5, 3, 1)).Flagged, "E-24")
	f.Keep(paper(1, 1, 0), "first")
	f.Keep(paper(2, 2, 1), "second")

	assert.Equal(t, life.Verdict{Again: true, Repeat: "first", Why: "E-20"}, f.Arrive(paper(1, 1, 0)))
	changed := paper(1, 1, 0)
	changed.Bytes = "other"
	assert.Equal(t, life.Verdict{Silent: true, Why: "E-21"}, f.Arrive(changed))
	assert.Equal(t, life.Verdict{}, f.Arrive(paper(3, 3, 1)))
	assert.Equal(t, life.Verdict{Flagged: true, Why: "Q-05"}, f.Arrive(paper(3, 3, 2)))
	assert.Equal(t, life.Verdict{Flagged: true, Why: "Q-01"}, f.Arrive(paper(3, 1, 0)))
	assert.Equal(t, life.Verdict{Flagged: true, Why: "Q-07"}, f.Arrive(paper(3, 5, 2)))
	wrong := paper(3, 5, 1)
	wrong.Count = 1
	assert.Equal(t, life.Verdict{Flagged: true, Why: "Q-08"}, f.Arrive(wrong))
	user := paper(3, 21, 1)
	user.INN = "3"
	assert.Equal(t, life.Verdict{Flagged: true, Why: "I-04"}, f.Arrive(user))
	assert.True(t, f.Arrive(paper(4, 3, 2)).Unclear, "document 3 is missing")

	f.Keep(paper(6, 5, 1), "")
	assert.Equal(t, []uint32{3, 4, 5}, f.Missing())
	f.Keep(paper(4, 3, 1), "")
	assert.Equal(t, []uint32{3, 5}, f.Missing())
	f.Keep(paper(7, 6, 1), "")
	assert.True(t, f.Arrive(paper(8, 2, 2)).Flagged, "E-25")
	assert.False(t, f.Arrive(paper(8, 21, 0)).Flagged)
	assert.Equal(t, 5, f.Count())
	assert.EqualValues(t, 7, f.High())
}
