package cabinet_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// shelf keeps documents of one register in any order, with gaps and findings.
type shelf struct {
	*servertest.Register
	p       *person
	version int64
	gaps    []store.Gap
}

func (s *shelf) keep(d servertest.Doc, findings ...flk.Finding) store.Document {
	s.p.t.Helper()
	doc, err := ffd.Decode(d.STLV)
	require.NoError(s.p.t, err)
	s.version++
	one := store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: s.FFD, RegID: s.RegID, UserINN: s.UserINN, DateTime: doc.DateTime(), ReceivedAt: s.p.clock().UTC(),
		Shift: uint32(doc.Uint(ffd.TagShiftNumber)), Number: uint32(doc.Uint(ffd.TagRequestNumber)), Operation: fiscal.OperationType(doc.Uint(ffd.TagOperationType)),
		Total: doc.Sum(ffd.TagTotalSum), FPD: doc.FPD(), Message: d.Message, STLV: d.STLV, Confirmation: []byte{1}, Policy: "tb-gost-1", FPS: "ok", FPDCheck: "ok", Findings: findings}
	require.NoError(s.p.t, s.p.documents.Accept(context.Background(), store.Acceptance{Document: one,
		Drive: store.Drive{FN: d.FN, Version: s.version, RegID: s.RegID, UserINN: s.UserINN, Status: store.DriveActive, LastFD: d.FD, LastAt: s.p.clock().UTC(), Documents: s.version, Gaps: s.gaps, Policy: "tb-gost-1"}}))
	return one
}

func newShelf(t *testing.T) *shelf {
	p := newPerson(t)
	p.owner()
	p.post("/lk/registers/new", "regId", number(1), "serial", serial, "name", "Касса 1")
	s := &shelf{Register: servertest.NewRegister(1, fiscal.FFD105), p: p}
	s.keep(s.Registration())
	s.keep(s.OpenShift())
	return s
}

// found are the documents that the section lists for a question, as it lists them.
func (s *shelf) found(pairs ...string) (fds []string, body string) {
	s.p.t.Helper()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	_, _, body = s.p.get("/lk/documents?" + q.Encode())
	for _, part := range strings.Split(body, fmt.Sprintf(`href="/lk/documents/%s/`, s.FN))[1:] {
		fd, _, _ := strings.Cut(part, `"`)
		fds = append(fds, fd)
	}
	return fds, body
}

// CAB-101: the full list of a register; its count is the difference of numbers when nothing is missing, gaps are marked.
func TestDocuments_ListAndGaps(t *testing.T) {
	s := newShelf(t)
	for range 3 {
		s.keep(s.Receipt(100))
	}
	s.p.settle()
	fds, body := s.found("register", number(1))
	assert.Equal(t, []string{"5", "4", "3", "2", "1"}, fds, "newest first, none missing")
	assert.NotContains(t, body, "Не пришли документы")
	s.FD += 2 // two that have not come
	s.gaps = []store.Gap{{From: 6, To: 7, Since: s.p.clock().UTC()}}
	s.keep(s.Receipt(100))
	s.p.settle()
	fds, body = s.found("register", number(1))
	assert.Equal(t, []string{"8", "5", "4", "3", "2", "1"}, fds)
	assert.Contains(t, body, "Не пришли документы № 6–7")
	assert.Less(t, strings.Index(body, "/8\""), strings.Index(body, "Не пришли"), "where they are missing")
	assert.Less(t, strings.Index(body, "Не пришли"), strings.Index(body, "/5\""))

	// An interval has its documents and marks, and a gap between two pages is not lost.
	s.Time = s.Time.AddDate(0, 0, 1)
	for range 55 {
		s.keep(s.Receipt(100))
	}
	s.FD += 3
	s.gaps = append(s.gaps, store.Gap{From: 64, To: 66, Since: s.p.clock().UTC()})
	for range 50 {
		s.keep(s.Receipt(100))
	}
	s.p.settle()
	day := s.Time.Format("2006-01-02")
	fds, body = s.found("register", number(1), "from", day, "to", day)
	assert.Len(t, fds, 50)
	assert.Equal(t, "67", fds[49])
	assert.Contains(t, body, "Не пришли документы № 64–66")
	_, rest, _ := strings.Cut(body, `class="pager"><a class="button quiet" href="`)
	link, _, _ := strings.Cut(rest, `"`)
	_, _, body = s.p.get(link)
	assert.Equal(t, 50, strings.Count(body, fmt.Sprintf(`href="/lk/documents/%s/`, s.FN)))
	assert.NotContains(t, body, "Не пришли", "marked once")
	fds, _ = s.found("register", number(1), "to", s.Time.AddDate(0, 0, -1).Format("2006-01-02"))
	assert.Equal(t, []string{"8", "5", "4", "3", "2", "1"}, fds, "the day before")
}

// CAB-100, CAB-104: filters and search, each finds its receipt and no other.
func TestDocuments_FiltersAndSearch(t *testing.T) {
	s := newShelf(t)
	plain := s.keep(s.Receipt(10_000))
	mark := []byte{0x44, 0x4d, 0x04, 0x2f, 0x1f, 0x96, 0x81, 0x78, 'A', 'b', 'C', 'd', 'E', 'f', 'G', 'h', 'I', 'j', 'K', 'l', 'M'}
	s.Number++
	one := s.keep(s.Build(fiscal.FormReceipt, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, s.Shift)
		b.Uint32(ffd.TagRequestNumber, s.Number)
		b.Byte(ffd.TagOperationType, uint8(fiscal.SellReturn))
		b.VLN(ffd.TagTotalSum, 77_777)
		b.Text(ffd.TagCashier, "Петрова А.А.")
		b.Byte(ffd.TagAppliedTaxationType, 2)
		b.Text(ffd.TagBuyerPhoneOrAddress, buyerMail)
		b.VLN(ffd.TagEcashTotalSum, 77_777)
		b.STLV(ffd.TagItem, func(b *tlv.Builder) {
			b.Text(ffd.TagItemName, "Зонт складной")
			b.VLN(ffd.TagItemSum, 77_777)
			b.Raw(ffd.TagProductCode, mark)
		})
	}), flk.Finding{Rule: "R-08", Severity: flk.Error, Text: "Сумма не сходится."})
	s.Time = s.Time.AddDate(0, 0, 3)
	later := s.keep(s.CloseShift())
	s.p.settle()
	items, err := s.p.documents.Items(context.Background(), one.FN, one.FD)
	require.NoError(t, err)
	require.NotEmpty(t, items[0].Code)
	want := []string{fmt.Sprint(one.FD)}
	for name, q := range map[string][]string{
		"number": {"fd", fmt.Sprint(one.FD)}, "sum": {"min", "777,77", "max", "777.77"}, "ФПД": {"fpd", one.FPD.Paper()}, "contact": {"contact", buyerMail}, "item": {"item", "Зонт"},
		"code": {"code", items[0].Code}, "operation": {"operation", "2"}, "payment": {"payment", "2"}, "taxation": {"taxation", "2"}, "cashier": {"cashier", "Петрова А.А."},
		"kind and shift": {"form", "3", "shift", "1", "min", "500"},
	} {
		fds, _ := s.found(q...)
		assert.Equal(t, want, fds, name)
	}
	fds, _ := s.found("from", later.DateTime.Format("2006-01-02"), "to", later.DateTime.Format("2006-01-02"))
	assert.Equal(t, []string{fmt.Sprint(later.FD)}, fds, "date")
	fds, _ = s.found("form", "3", "sort", "old")
	assert.Equal(t, []string{fmt.Sprint(plain.FD), fmt.Sprint(one.FD)}, fds)
	// Another shift and another register: each filter by itself.
	s.keep(s.OpenShift())
	second := s.keep(s.Receipt(10_000))
	s.p.post("/lk/registers/new", "regId", number(2), "serial", serial, "name", "Касса 2")
	other := &shelf{Register: servertest.NewRegister(2, fiscal.FFD105), p: s.p}
	other.keep(other.Registration())
	s.p.settle()
	fds, _ = s.found("shift", "2", "form", "3")
	assert.Equal(t, []string{fmt.Sprint(second.FD)}, fds, "shift")
	fds, _ = s.found("form", "5")
	assert.Equal(t, []string{fmt.Sprint(later.FD)}, fds, "kind")
	fds, body := s.found("register", number(2))
	assert.Empty(t, fds, "register")
	assert.Contains(t, body, fmt.Sprintf(`href="/lk/documents/%s/1"`, other.FN))
	fds, body = s.found()
	assert.Len(t, fds, 7)
	assert.Contains(t, body, string(other.FN), "of all registers")
	fds, _ = s.found("max", "200", "form", "3")
	assert.Equal(t, []string{fmt.Sprint(second.FD), fmt.Sprint(plain.FD)}, fds, "newest first")
	fds, body = s.found("contact", "nobody@mail.example")
	assert.Empty(t, fds)
	assert.Contains(t, body, "Ничего не найдено")
	_, body = s.found("min", "много")
	assert.Contains(t, body, "Сумма в рублях")
	_, _, body = s.p.get(fmt.Sprintf("/lk/documents/%s/%d", one.FN, one.FD))
	assert.Contains(t, body, "R-08", "findings of the control")
	assert.Contains(t, body, "Сумма не сходится.")
	_, at, _ := s.p.another().get("/lk/documents")
	assert.Contains(t, at, "/lk/login")
}

// CAB-107: all operations, by date and by cashier's shift, in web and phone layouts (the walk looks at those).
func TestDocuments_ByDateAndByShift(t *testing.T) {
	s := newShelf(t)
	s.keep(s.Receipt(100))
	s.keep(s.CloseShift())
	s.Time = s.Time.AddDate(0, 0, 1)
	s.keep(s.OpenShift())
	for range 60 {
		s.keep(s.Receipt(100))
	}
	s.p.settle()
	fds, body := s.found("sort", "shift")
	assert.Len(t, fds, 50)
	assert.Equal(t, "65", fds[0], "the shift opened last comes first")
	top, _, _ := strings.Cut(body, "<table")
	assert.Regexp(t, `(?s)<form class="filters"[^>]*role="search".*<button type="submit"><svg class="icon".*</svg> Найти</button>`, top, "a magnifier above the list")
	assert.Contains(t, body, "<strong>Смена № 2</strong>")
	assert.NotContains(t, body, "<strong>Смена № 1</strong>")
	_, rest, _ := strings.Cut(body, `class="pager"><a class="button quiet" href="`)
	link, _, _ := strings.Cut(rest, `"`)
	_, _, body = s.p.get(strings.ReplaceAll(link, "&amp;", "&"))
	first, second := strings.Index(body, "<strong>Смена № 2</strong>"), strings.Index(body, "<strong>Смена № 1</strong>")
	assert.Positive(t, first, "a shift that goes on is named again")
	assert.Greater(t, second, first)
	assert.Less(t, second, strings.Index(body, fmt.Sprintf(`href="/lk/documents/%s/3"`, s.FN)), "its receipts follow")
	assert.NotContains(t, body, fmt.Sprintf(`href="/lk/documents/%s/1"`, s.FN), "the registration is of no shift")
	assert.NotContains(t, body, `class="pager"`)
	fds, _ = s.found("sort", "shift", "shift", "1")
	assert.Equal(t, []string{"4", "3", "2"}, fds)
	fds, body = s.found("sort", "shift", "operation", "4")
	assert.Empty(t, fds)
	assert.Contains(t, body, "Ничего не найдено")
}
