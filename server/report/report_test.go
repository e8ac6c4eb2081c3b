package report_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// shop is a bench with two tills of a shift each; the departments of both come with it.
func shop(t *testing.T) (b *bench, tills [2]*till, depts [2]fleet.Node) {
	b = newBench(t)
	for i := range tills {
		tills[i] = newTill(i+1, fiscal.FFD12)
		tills[i].docs = append(tills[i].docs, tills[i].OpenShift(), tills[i].Receipt(10000), tills[i].Receipt(20050), tills[i].CloseShift())
		depts[i] = b.connect(tills[i], fmt.Sprint(i+1))
	}
	b.send(tills[:]...)
	return b, tills, depts
}

func (b *bench) job(user, id string) report.Job {
	j, err := b.Job(b.ctx, b.as(user), id)
	require.NoError(b.t, err)
	return j
}

// letters about a job, whole.
func (b *bench) letters(id string) (all []notify.Message) {
	found, err := b.mail.Messages(b.ctx, notify.Filter{About: "report/" + id})
	require.NoError(b.t, err)
	for _, m := range found {
		whole, err := b.mail.Message(b.ctx, m.ID)
		require.NoError(b.t, err)
		all = append(all, whole)
	}
	return all
}

// STM-08, NTF-08, CAB-120, CAB-122, CAB-124: queued, ready and mailed with the same file as the
// download; its file goes after its time, its line stays.
func TestJob_Life(t *testing.T) {
	b, _, _ := shop(t)
	p := whole()
	p.Emails = []string{" Buh@shop.example", "masha@shop.example", "buh@shop.example"}
	j, err := b.Order(b.ctx, b.as("masha"), report.Documents, p)
	require.NoError(t, err)
	assert.Equal(t, report.Queued, j.State)
	_, _, err = b.File(b.ctx, b.as("masha"), j.ID)
	require.ErrorIs(t, err, report.ErrNotFound, "not made yet")
	b.work()
	j, file, err := b.File(b.ctx, b.as("masha"), j.ID)
	require.NoError(t, err)
	assert.Equal(t, report.Mailed, j.State)
	assert.Equal(t, 10, j.Rows)
	letters := b.letters(j.ID)
	require.Len(t, letters, 2, "each recipient once")
	for _, m := range letters {
		assert.Contains(t, p.Emails[:3], m.To)
		assert.Equal(t, "NTF-08", m.Kind)
		for _, want := range []string{"https://ofd.example/lk/reports/" + j.ID, "Отчет по чекам", "Ромашка", "Имя masha", "01.07.2026 00:00 – 31.05.2027 23:59"} {
			assert.Contains(t, m.Text, want)
		}
		require.Len(t, m.Files, 1)
		assert.Equal(t, file, m.Files[0].Data, "download and letter give the same file")
		assert.True(t, strings.HasSuffix(m.Files[0].Name, ".xlsx"))
	}
	b.now = b.now.Add(31 * 24 * time.Hour)
	b.work()
	j = b.job("masha", j.ID)
	assert.Equal(t, report.Expired, j.State)
	_, _, err = b.File(b.ctx, b.as("masha"), j.ID)
	require.ErrorIs(t, err, report.ErrGone)
	without, err := b.Order(b.ctx, b.as("masha"), report.Usage, whole())
	require.NoError(t, err)
	b.work()
	assert.Equal(t, report.Ready, b.job("masha", without.ID).State, "nobody to write to")
}

// CAB-123: the orderer and the owner see a report, a third user neither line nor file.
func TestJobs_WhoSeesThem(t *testing.T) {
	b, _, _ := shop(t)
	b.role("petya", access.Admin)
	j, err := b.Order(b.ctx, b.as("masha"), report.Shifts, whole())
	require.NoError(t, err)
	b.work()
	for user, want := range map[string]int{"masha": 1, "boss": 1, "petya": 0} {
		jobs, err := b.Jobs(b.ctx, b.as(user), "", 10)
		require.NoError(t, err)
		assert.Len(t, jobs, want, user)
		_, _, err = b.File(b.ctx, b.as(user), j.ID)
		if want == 0 {
			require.ErrorIs(t, err, report.ErrNotFound)
			require.ErrorIs(t, b.Retry(b.ctx, b.as(user), j.ID), report.ErrNotFound)
		} else {
			require.NoError(t, err)
		}
	}
	stranger := access.View(access.Grant{Org: "x", User: "masha", Rights: access.Owner.Rights()})
	_, err = b.Job(b.ctx, stranger, j.ID)
	require.ErrorIs(t, err, report.ErrNotFound, "another organisation's")
	_, err = b.Jobs(b.ctx, access.Viewer{}, "", 10)
	require.Error(t, err)
}

// CAB-009, CAB-123, STM-08: a job sees what its orderer may see when it runs, and never
// more than when it was ordered; a file is kept from those who lost a register in it.
func TestJob_RightsAreAskedAgain(t *testing.T) {
	b, tills, depts := shop(t)
	registers := func(j report.Job) []fiscal.RegNumber { return b.job("boss", j.ID).Registers }
	order := func(user string) report.Job {
		j, err := b.Order(b.ctx, b.as(user), report.Shifts, whole())
		require.NoError(t, err)
		return j
	}
	all := order("masha")
	b.work()
	assert.Len(t, registers(all), 2)

	narrowed := order("masha")
	b.role("masha", access.Manager, depts[0].ID)
	b.work()
	assert.Equal(t, []fiscal.RegNumber{tills[0].RegID}, registers(narrowed), "cut after the order")
	_, _, err := b.File(b.ctx, b.as("masha"), all.ID)
	require.ErrorIs(t, err, report.ErrNotFound, "another department is in it")
	_, _, err = b.File(b.ctx, b.as("masha"), narrowed.ID)
	require.NoError(t, err)

	widened := order("masha")
	b.role("masha", access.Manager)
	b.work()
	assert.Equal(t, []fiscal.RegNumber{tills[0].RegID}, registers(widened), "never more than when ordered")
	moved := func() report.Job {
		b.role("masha", access.Manager, depts[0].ID)
		j := order("masha")
		b.role("masha", access.Manager, depts[1].ID)
		b.work()
		return j
	}()
	assert.Empty(t, registers(moved), "nothing of what was seen then is seen now")

	b.role("masha", access.Manager)
	taken := order("masha")
	b.role("masha", access.Cashier)
	b.work()
	j := b.job("boss", taken.ID)
	assert.Equal(t, report.Failed, j.State)
	assert.Contains(t, j.Reason, "больше нет прав")
	assert.True(t, j.Due.IsZero(), "trying again is of no use")
	b.role("masha", access.Manager)
	require.NoError(t, b.Retry(b.ctx, b.as("masha"), taken.ID))
	b.work()
	assert.Equal(t, report.Ready, b.job("masha", taken.ID).State)

	gone := order("masha")
	require.NoError(t, b.base.Accounts().RemoveMember(b.ctx, "o", "masha"))
	b.work()
	assert.Equal(t, report.Failed, b.job("boss", gone.ID).State)

	for _, kind := range []report.Kind{report.Documents, report.Shifts, report.Goods} {
		b.role("petya", access.IT)
		_, err := b.Order(b.ctx, b.as("petya"), kind, whole())
		var refusal *access.Refusal
		require.ErrorAs(t, err, &refusal, "no revenue for %s", access.IT.Title())
	}
}

// CAB-120: what is wrong with an order is said at the field.
func TestOrder_ChecksWhatIsTyped(t *testing.T) {
	b, tills, _ := shop(t)
	for field, change := range map[string]func(*report.Params){
		"from":      func(p *report.Params) { p.From = time.Time{} },
		"to":        func(p *report.Params) { p.To = p.From },
		"emails":    func(p *report.Params) { p.Emails = []string{"a@b.example", "not an address"} },
		"registers": func(p *report.Params) { p.Registers = []fiscal.RegNumber{tills[0].RegID, "0000000000000001"} },
		"branch":    func(p *report.Params) { p.Branch = "elsewhere" },
	} {
		p := whole()
		change(&p)
		_, err := b.Order(b.ctx, b.as("masha"), report.Shifts, p)
		var bad invalid.Fields
		require.ErrorAs(t, err, &bad, field)
		assert.NotEmpty(t, bad[field], field)
	}
	_, err := b.Order(b.ctx, b.as("masha"), "everything", whole())
	var bad invalid.Fields
	require.ErrorAs(t, err, &bad)
	assert.NotEmpty(t, bad["kind"])
}

// STM-08, CAB-129: what fails is marked and tried again by itself, and by a person.
func TestJob_FailsAndIsTriedAgain(t *testing.T) {
	b, _, _ := shop(t)
	j, err := b.Order(b.ctx, b.as("masha"), report.Shifts, whole())
	require.NoError(t, err)
	require.NoError(t, b.docs.Close()) // the base of documents is down
	for try := 1; try <= 4; try++ {
		_, err := b.Step(b.ctx)
		require.NoError(t, err)
		j = b.job("masha", j.ID)
		assert.Equal(t, report.Failed, j.State)
		assert.Equal(t, "Внутренняя ошибка.", j.Reason)
		assert.Equal(t, try, j.Tries)
		if try < 4 {
			require.True(t, j.Due.After(b.now), "the next try waits")
			b.now = j.Due
		}
	}
	assert.True(t, j.Due.IsZero(), "given up")
	n, err := b.Step(b.ctx)
	require.NoError(t, err)
	assert.Zero(t, n)
	require.NoError(t, b.Retry(b.ctx, b.as("masha"), j.ID))
	j = b.job("masha", j.ID)
	assert.Equal(t, report.Queued, j.State)
	var bad invalid.Fields
	require.ErrorAs(t, b.Retry(b.ctx, b.as("masha"), j.ID), &bad, "only what failed")
}

// STM-08: a worker that died leaves its job to another.
func TestJob_IsTakenOverOnce(t *testing.T) {
	b, _, _ := shop(t)
	p := whole()
	p.Emails = []string{"a@b.example", "c@d.example"}
	j, err := b.Order(b.ctx, b.as("masha"), report.Usage, p)
	require.NoError(t, err)
	jobs := b.base.Reports()
	dead := j
	dead.State, dead.Due = report.Running, b.now.Add(10*time.Minute)
	require.NoError(t, jobs.UpdateJob(b.ctx, dead, nil))
	b.work()
	assert.Equal(t, report.Running, b.job("masha", j.ID).State)
	b.now = b.now.Add(11 * time.Minute)
	b.work()
	ready := b.job("masha", j.ID)
	require.Equal(t, report.Mailed, ready.State)
	require.Len(t, b.letters(j.ID), 2)
	assert.Equal(t, b.now, ready.Made)
}

// STM-08: a report that was taken back is not made; one that is there loses its file,
// its line stays.
func TestJob_IsTakenBack(t *testing.T) {
	b, _, _ := shop(t)
	p := whole()
	p.Emails = []string{"a@b.example"}
	j, err := b.Order(b.ctx, b.as("masha"), report.Usage, p)
	require.NoError(t, err)
	b.role("petya", access.Manager)
	require.ErrorIs(t, b.Remove(b.ctx, b.as("petya"), j.ID), report.ErrNotFound, "another's")
	require.NoError(t, b.Remove(b.ctx, b.as("masha"), j.ID))
	b.work()
	assert.Equal(t, report.Expired, b.job("masha", j.ID).State)
	assert.Empty(t, b.letters(j.ID))
	j, err = b.Order(b.ctx, b.as("masha"), report.Usage, whole())
	require.NoError(t, err)
	b.work()
	_, _, err = b.File(b.ctx, b.as("masha"), j.ID)
	require.NoError(t, err)
	require.NoError(t, b.Remove(b.ctx, b.as("boss"), j.ID))
	require.NoError(t, b.Remove(b.ctx, b.as("boss"), j.ID), "twice is once")
	_, _, err = b.File(b.ctx, b.as("masha"), j.ID)
	require.ErrorIs(t, err, report.ErrGone)
}

// API-02, CAB-009: a key's report holds what the key shows, whatever its maker sees;
// a key that shows less knows of its own reports only, and has none without a period
// when it is of some dates.
func TestJob_OfAKeyStaysInItsLimits(t *testing.T) {
	b, tills, depts := shop(t)
	rights := report.Documents.Right() | report.Usage.Right()
	key := func(id string, l access.Limits) access.Viewer {
		l.Rights = rights
		return b.as("masha").Through(id, l)
	}
	first := b.firstDocument()
	viewers := map[string]access.Viewer{
		"register": key("r", access.Limits{Registers: []fiscal.RegNumber{tills[0].RegID}}), "branch": key("b", access.Limits{Branches: []string{depts[0].ID}}),
		"dates": key("d", access.Limits{To: first}), "none": key("n", access.Limits{Registers: []fiscal.RegNumber{tills[0].RegID}, Branches: []string{depts[1].ID}}), "whole": key("w", access.Limits{}),
	}
	want := map[string]int{"register": 1, "branch": 1, "dates": 2, "none": 0, "whole": 2}
	jobs := map[string]report.Job{}
	for name, v := range viewers {
		j, err := b.Order(b.ctx, v, report.Documents, whole())
		require.NoError(t, err, name)
		jobs[name] = j
	}
	b.work()
	for name, v := range viewers {
		j, _, err := b.File(b.ctx, v, jobs[name].ID)
		require.NoError(t, err, name)
		assert.Len(t, j.Registers, want[name], name)
		if name == "dates" || name == "none" {
			assert.Zero(t, j.Rows, name)
		} else {
			assert.Equal(t, 5*want[name], j.Rows, name)
		}
		list, err := b.Jobs(b.ctx, v, "", 2)
		require.NoError(t, err)
		if name == "whole" {
			assert.Len(t, list, 2, "as its maker")
			continue
		}
		require.Len(t, list, 1, name)
		assert.Equal(t, jobs[name].ID, list[0].ID)
		made, err := b.Made(b.ctx, v, time.Time{})
		require.NoError(t, err)
		assert.Len(t, made, 1, name)
		for other, j := range jobs {
			if other != name {
				_, _, err := b.File(b.ctx, v, j.ID)
				require.ErrorIs(t, err, report.ErrNotFound, name+" of "+other)
				require.ErrorIs(t, b.Remove(b.ctx, v, j.ID), report.ErrNotFound)
			}
		}
	}
	_, err := b.Order(b.ctx, viewers["dates"], report.Usage, whole())
	require.ErrorIs(t, err, report.ErrUndated)
	assert.NotContains(t, report.Kinds(viewers["dates"]), report.Usage)

	c, err := b.AddSchedule(b.ctx, viewers["register"], report.Schedule{Kind: report.Documents, Params: report.Params{Emails: []string{"a@b.example"}}, Every: report.Monthly, Day: 1, Zone: "Europe/Moscow"})
	require.NoError(t, err)
	for name, v := range viewers {
		_, err := b.Schedule(b.ctx, v, c.ID)
		if name == "register" || name == "whole" {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, report.ErrNotFound, name)
		}
	}
	b.now = c.Next
	b.work()
	run, err := b.Job(b.ctx, viewers["register"], b.lastOf(c.ID))
	require.NoError(t, err)
	assert.Equal(t, report.Mailed, run.State)
	assert.Equal(t, []fiscal.RegNumber{tills[0].RegID}, run.Registers)
}

// firstDocument is the time of the first document by the tills' clocks.
func (b *bench) firstDocument() time.Time {
	docs, err := b.docs.Documents(b.ctx, store.DocumentFilter{}, store.Page{})
	require.NoError(b.t, err)
	first := docs[0].DateTime
	for _, d := range docs {
		if d.DateTime.Before(first) {
			first = d.DateTime
		}
	}
	return first
}

// lastOf is the id of a schedule's last run.
func (b *bench) lastOf(id string) string {
	c, err := b.Schedule(b.ctx, b.as("boss"), id)
	require.NoError(b.t, err)
	return c.LastJob
}

// CAB-127, REP-03: ranked by revenue, with share, average price and returns.
func TestGoods_Ranked(t *testing.T) {
	b := newBench(t)
	r := newTill(1, fiscal.FFD12)
	receipt := func(kind uint8, name string, quantity, sum uint64, rate uint8) {
		r.Number++
		r.docs = append(r.docs, r.Build(fiscal.FormReceipt, func(d *tlv.Builder) {
			d.Uint32(ffd.TagShiftNumber, r.Shift)
			d.Uint32(ffd.TagRequestNumber, r.Number)
			d.Byte(ffd.TagOperationType, kind)
			d.VLN(ffd.TagTotalSum, sum)
			d.VLN(ffd.TagCashTotalSum, sum)
			d.STLV(ffd.TagItem, func(d *tlv.Builder) {
				d.Text(ffd.TagItemName, name)
				d.FVLN(ffd.TagQuantity, tlv.FVLN{Decimals: 3, Magnitude: quantity})
				d.VLN(ffd.TagItemSum, sum)
				d.Byte(ffd.TagNDSRate, rate)
				d.Byte(ffd.TagQuantityMeasure, 11)
			})
		}))
	}
	r.docs = append(r.docs, r.OpenShift())
	receipt(1, "Хлеб", 1500, 15000, 2)
	receipt(1, "Хлеб", 500, 5000, 2)
	receipt(2, "Хлеб", 500, 5000, 2)
	receipt(1, "Сыр", 1000, 45000, 1)
	receipt(1, "Хлеб", 1000, 1, 1)
	b.connect(r, "1")
	b.send(r)
	s := b.made("boss", report.Goods, whole(), "Итого")
	require.Len(t, s.rows, 3)
	assert.Equal(t, []string{"1", "Сыр", "1", "кг", "450", "74.99875002083299", "1", "450", "0", "20 %"}, s.rows[0])
	assert.Equal(t, []string{"2", "Хлеб", "2", "кг", "150", "24.999583340277663", "2", "100", "50", "10 %"}, s.rows[1])
	assert.Equal(t, "3", s.rows[2][0])
	assert.EqualValues(t, 60001, s.kopecks(s.totals[0], "Выручка"))
	assert.EqualValues(t, 5000, s.kopecks(s.totals[0], "Возвраты"))
}

// REP-03: a shop with more items than are read at once loses none.
func TestGoods_MoreThanAPage(t *testing.T) {
	b := newBench(t)
	r := newPlainTill(1, fiscal.FFD12)
	r.open()
	const receipts, each = 26, 50
	var want uint64
	for n := range receipts {
		r.Number++
		r.make(fiscal.FormReceipt, func(d *tlv.Builder) {
			d.Uint32(ffd.TagShiftNumber, r.Shift)
			d.Uint32(ffd.TagRequestNumber, r.Number)
			d.Byte(ffd.TagOperationType, 1)
			d.VLN(ffd.TagTotalSum, each*100)
			for i := range each {
				want += uint64(100 + i)
				d.STLV(ffd.TagItem, func(d *tlv.Builder) {
					d.Text(ffd.TagItemName, fmt.Sprintf("Товар %d", n*each+i))
					d.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: 1})
					d.VLN(ffd.TagItemSum, uint64(100+i))
				})
			}
		})
	}
	b.connect(r, "1")
	b.keep(r)
	s := b.made("boss", report.Goods, whole(), "Итого")
	assert.Len(t, s.rows, receipts*each)
	assert.EqualValues(t, want, s.kopecks(s.totals[0], "Выручка"))
}

// CAB-128, REP-04: days, documents and service within the period.
func TestUsage_OfThePeriod(t *testing.T) {
	b, tills, _ := shop(t)
	idle := newTill(3, fiscal.FFD12)
	b.connect(idle, "3")
	tills[0].Time = tills[0].Time.AddDate(0, 0, 2)
	before := len(tills[0].docs)
	tills[0].docs = append(tills[0].docs, tills[0].OpenShift(), tills[0].CloseShift())
	b.send(&till{Register: tills[0].Register, docs: tills[0].docs[before:]})
	b.now = b.now.AddDate(0, 0, 5)
	p := report.Params{From: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 8, 4, 0, 0, 0, 0, time.UTC)}
	s := b.made("boss", report.Usage, p, "Итого")
	require.Len(t, s.rows, 3)
	for i, want := range [][3]string{{"2", "7", "да"}, {"1", "5", "да"}, {"0", "0", "нет"}} {
		row := s.rows[i]
		assert.Equal(t, want, [3]string{s.text(row, "Дней с документами"), s.text(row, "Документов"), s.text(row, "Использовалась")}, row[0])
	}
	begun := servertest.Clock.Add(3 * time.Hour) // connected then, by the clocks of Moscow
	for _, row := range s.rows {
		assert.Equal(t, begun, s.moment(row, "Подключена"))
		assert.Equal(t, begun, s.moment(row, "На обслуживании с"))
		assert.Equal(t, p.To, s.moment(row, "На обслуживании по"), "in service to the end of the period")
		assert.Equal(t, strings.Replace(row[0], "Касса", "Магазин", 1), s.text(row, "Торговая точка"))
	}
	assert.Equal(t, "2 из 3", s.text(s.totals[0], "Использовалась"))
	assert.Equal(t, "12", s.text(s.totals[0], "Документов"))
	early := report.Params{From: p.From.AddDate(-1, 0, 0), To: p.From.AddDate(-1, 0, 1)}
	s = b.made("boss", report.Usage, early, "Итого")
	assert.Empty(t, s.text(s.rows[0], "На обслуживании с"), "not connected then")
	// One that went into the archive was in service until then, and is not left out.
	b.now = servertest.Clock.Add(25 * time.Hour)
	require.NoError(t, b.fleet.Archive(b.ctx, b.as("boss"), idle.RegID))
	b.now = servertest.Clock.AddDate(0, 0, 9)
	s = b.made("boss", report.Usage, p, "Итого")
	require.Len(t, s.rows, 3)
	for _, row := range s.rows {
		want := p.To
		if s.text(row, "РНМ") == string(idle.RegID) {
			want = begun.Add(25 * time.Hour)
		}
		assert.Equal(t, want, s.moment(row, "На обслуживании по"), row[0])
	}
}

// CAB-129, CAB-123, CAB-124: a schedule runs at its hour in its zone, is paused and goes on, shows
// the next run; of missed runs the last is made up for.
func TestSchedule_Runs(t *testing.T) {
	b, _, _ := shop(t)
	b.now = time.Date(2026, 8, 1, 20, 0, 0, 0, time.UTC) // 23:00 in Moscow
	var bad invalid.Fields
	_, err := b.AddSchedule(b.ctx, b.as("masha"), report.Schedule{Kind: report.Shifts, Every: "hourly", Hour: 25, Zone: "Mars/Olympus"})
	require.ErrorAs(t, err, &bad)
	for _, field := range []string{"every", "hour", "zone", "emails"} {
		assert.NotEmpty(t, bad[field], field)
	}
	c, err := b.AddSchedule(b.ctx, b.as("masha"), report.Schedule{Kind: report.Shifts, Every: report.Daily, Hour: 8, Zone: "Europe/Moscow", Params: report.Params{Emails: []string{"a@b.example"}}})
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 8, 2, 5, 0, 0, 0, time.UTC), c.Next)
	runs := func(user string) []report.Job {
		b.work()
		jobs, err := b.Jobs(b.ctx, b.as(user), "", 10)
		require.NoError(t, err)
		return jobs
	}
	b.now = c.Next.Add(-time.Second)
	assert.Empty(t, runs("masha"))
	b.now = c.Next
	made := runs("masha")
	require.Len(t, made, 1)
	assert.Equal(t, report.Mailed, made[0].State)
	assert.Equal(t, "01.08.2026 00:00 – 01.08.2026 23:59", made[0].Params.Period(), "yesterday")
	assert.Equal(t, 2, made[0].Rows)
	assert.Len(t, b.letters(made[0].ID), 1)
	assert.Empty(t, runs("petya"))
	assert.Len(t, runs("boss"), 1)
	shown, err := b.Schedules(b.ctx, b.as("masha"))
	require.NoError(t, err)
	require.Len(t, shown, 1)
	assert.Equal(t, made[0].ID, shown[0].Last.ID)
	assert.Equal(t, time.Date(2026, 8, 3, 5, 0, 0, 0, time.UTC), shown[0].Next)
	hidden, err := b.Schedules(b.ctx, b.as("petya"))
	require.NoError(t, err)
	assert.Empty(t, hidden)
	require.ErrorIs(t, b.Pause(b.ctx, b.as("petya"), c.ID, true), report.ErrNotFound)

	require.NoError(t, b.Pause(b.ctx, b.as("masha"), c.ID, true))
	b.now = b.now.AddDate(0, 0, 3)
	assert.Len(t, runs("masha"), 1, "paused")
	require.NoError(t, b.Pause(b.ctx, b.as("masha"), c.ID, false))
	assert.Len(t, runs("masha"), 1, "goes on with the next time")
	b.now = b.now.AddDate(0, 0, 10)
	assert.Len(t, runs("masha"), 2, "ten days without a server: the last run only")
	require.NoError(t, b.RemoveSchedule(b.ctx, b.as("masha"), c.ID))
	b.now = b.now.AddDate(0, 0, 10)
	assert.Len(t, runs("masha"), 2)

	// A failed run is marked and tried again.
	_, err = b.AddSchedule(b.ctx, b.as("masha"), report.Schedule{Kind: report.Shifts, Every: report.Daily, Hour: 8, Zone: "Europe/Moscow", Params: report.Params{Emails: []string{"a@b.example"}}})
	require.NoError(t, err)
	require.NoError(t, b.docs.Close())
	b.now = b.now.AddDate(0, 0, 1)
	_, err = b.Step(b.ctx)
	require.NoError(t, err)
	shown, err = b.Schedules(b.ctx, b.as("masha"))
	require.NoError(t, err)
	assert.Equal(t, report.Failed, shown[0].Last.State)
	assert.True(t, shown[0].Last.Due.After(b.now))
}

// CAB-129: days and periods of every kind of schedule.
func TestSchedule_DaysAndPeriods(t *testing.T) {
	t.Parallel()
	utc := func(text string) time.Time {
		at, err := time.Parse("2006-01-02 15:04", text)
		require.NoError(t, err)
		return at
	}
	for name, one := range map[string]struct {
		c                     report.Schedule
		after, want, from, to string
	}{
		"daily, today":              {report.Schedule{Every: report.Daily, Hour: 8, Zone: "Asia/Kamchatka"}, "2026-03-01 19:00", "2026-03-01 20:00", "2026-03-01 00:00", "2026-03-02 00:00"},
		"daily, tomorrow":           {report.Schedule{Every: report.Daily, Hour: 8, Zone: "UTC"}, "2026-03-01 08:00", "2026-03-02 08:00", "2026-03-01 00:00", "2026-03-02 00:00"},
		"weekly":                    {report.Schedule{Every: report.Weekly, Weekday: time.Monday, Hour: 0, Zone: "UTC"}, "2026-03-03 00:00", "2026-03-09 00:00", "2026-03-02 00:00", "2026-03-09 00:00"},
		"monthly":                   {report.Schedule{Every: report.Monthly, Day: 5, Hour: 9, Zone: "UTC"}, "2026-03-05 09:00", "2026-04-05 09:00", "2026-03-01 00:00", "2026-04-01 00:00"},
		"monthly, 31st of February": {report.Schedule{Every: report.Monthly, Day: 31, Hour: 9, Zone: "UTC"}, "2026-02-01 00:00", "2026-02-28 09:00", "2026-01-01 00:00", "2026-02-01 00:00"},
	} {
		next := one.c.After(utc(one.after))
		assert.Equal(t, utc(one.want), next, name)
		from, to := one.c.Period(next)
		assert.Equal(t, [2]time.Time{utc(one.from), utc(one.to)}, [2]time.Time{from, to}, name)
	}
}

func TestRun_WorksAndEnds(t *testing.T) {
	b, _, _ := shop(t)
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	j, err := b.Order(b.ctx, b.as("masha"), report.Usage, whole())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.job("masha", j.ID).State == report.Ready }, time.Minute, 5*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
