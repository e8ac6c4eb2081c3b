package buyers_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/paper"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

// bench is a seller with one register and its documents.
type bench struct {
	*buyers.Service
	t      *testing.T
	ctx    context.Context
	now    time.Time
	base   *office.Office
	outbox *notify.Service
	sms    notify.StandIn
	till   *servertest.Register
	docs   []store.Document
	owner  access.Viewer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, ctx: context.Background(), now: servertest.Clock, till: servertest.NewRegister(1, fiscal.FFD105)}
	var err error
	b.base, err = office.Open(b.ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.base.Close()) })
	a := b.base.Accounts()
	require.NoError(t, a.CreateUser(b.ctx, account.User{ID: "u", Email: "owner@shop.example", Password: "x", CreatedAt: b.now}))
	require.NoError(t, a.CreateOrg(b.ctx, account.Org{ID: "o", Name: "Ромашка", INN: string(b.till.UserINN), Owner: "u", CreatedAt: b.now}, account.Member{Org: "o", User: "u", Role: access.Owner, Since: b.now}))
	require.NoError(t, b.base.Fleet().CreateRegister(b.ctx, fleet.Register{Org: "o", RegID: b.till.RegID, Name: "Касса", Connected: b.now, Version: 1}))
	b.outbox, err = notify.New(notify.Options{Store: b.base.Messages(), SMS: &b.sms, OFDName: "Испытательный ОФД", Site: "https://ofd.example", Now: b.clock})
	require.NoError(t, err)
	b.Service = b.server()
	b.owner = access.View(access.Grant{Org: "o", User: "u", Rights: access.Owner.Rights()})
	b.add(b.till.OpenShift())
	return b
}

func (b *bench) clock() time.Time { return b.now }

// server is another process over the same base.
func (b *bench) server() *buyers.Service {
	s, err := buyers.New(buyers.Options{Store: b.base.Buyers(), Notify: b.outbox, Site: "https://ofd.example", OFDName: "Испытательный ОФД", Contacts: "help@ofd.example", Now: b.clock})
	require.NoError(b.t, err)
	return s
}

// add puts a document into the store as if it had come now.
func (b *bench) add(d servertest.Doc) store.Document {
	doc, err := ffd.Decode(d.STLV)
	require.NoError(b.t, err)
	one := store.Document{ID: int64(len(b.docs) + 1), FN: d.FN, FD: d.FD, Form: d.Form, RegID: b.till.RegID, UserINN: b.till.UserINN, DateTime: doc.DateTime(), ReceivedAt: b.now,
		FPD: doc.FPD(), Total: doc.Sum(ffd.TagTotalSum), STLV: d.STLV}
	b.docs = append(b.docs, one)
	return one
}

func to(address string) func(*tlv.Builder) {
	return func(b *tlv.Builder) { b.Text(ffd.TagBuyerPhoneOrAddress, address) }
}

// Documents makes the bench a feed.Source.
func (b *bench) Documents(_ context.Context, _ store.DocumentFilter, page store.Page) ([]store.Document, error) {
	from := min(int(page.After), len(b.docs))
	return b.docs[from:min(from+page.Rows(), len(b.docs))], nil
}

func (b *bench) follow() { require.NoError(b.t, b.Follower(b).CatchUp(b.ctx)) }

func (b *bench) channels(change func(*buyers.Settings)) {
	s, err := b.Settings(b.ctx, b.owner)
	require.NoError(b.t, err)
	change(&s)
	require.NoError(b.t, b.SetChannels(b.ctx, b.owner, s))
}

func (b *bench) all(f notify.Filter) []notify.Message {
	f.Limit = 1000
	list, err := b.outbox.Messages(b.ctx, f)
	require.NoError(b.t, err)
	for i := range list {
		list[i], err = b.outbox.Message(b.ctx, list[i].ID)
		require.NoError(b.t, err)
	}
	return list
}

// CAB-140, NTF-10: a receipt with a phone becomes one SMS of one segment.
func TestSMS_SaysWhatItMust(t *testing.T) {
	b := newBench(t)
	b.channels(func(s *buyers.Settings) { s.SMS = true })
	require.NoError(t, b.AddPackage(b.ctx, b.owner, 100))
	d := b.add(b.till.Receipt(123_45, to("+7 (900) 111-22-33")))
	b.follow()
	list := b.all(notify.Filter{})
	require.Len(t, list, 1)
	m := list[0]
	assert.Equal(t, "+79001112233", m.To)
	assert.Equal(t, buyers.About(d.FN, d.FD), m.About)
	for _, want := range []string{string(d.RegID), "123.45", d.DateTime.Format("02.01.06 15:04"), d.FPD.Paper(), fmt.Sprintf("https://ofd.example/check/r?fn=%s&i=%d&fp=%s", d.FN, d.FD, d.FPD.QR())} {
		assert.Contains(t, m.Text, want)
	}
	assert.Equal(t, 1, m.Segments())
	assert.Equal(t, notify.Queued, m.State)
	_, err := b.outbox.Step(b.ctx)
	require.NoError(t, err)
	shown, err := b.Of(b.ctx, b.owner, d.FN, d.FD)
	require.NoError(t, err)
	require.Len(t, shown, 1)
	assert.Equal(t, notify.Delivered, shown[0].State)
	assert.NotContains(t, fmt.Sprintf("%+v", shown[0]), "1112233", "addresses are masked")
}

// CAB-140, CAB-142, CAB-170, NTF-10: a letter from the seller with the design around the whole receipt.
func TestLetter_HoldsReceiptDesignAndLinks(t *testing.T) {
	b := newBench(t)
	b.channels(func(s *buyers.Settings) { s.Letters, s.PDF, s.Sender = true, true, "Магазин Ромашка" })
	s, err := b.Settings(b.ctx, b.owner)
	require.NoError(t, err)
	s.Design = paper.Design{Accent: "#aa0033", Header: "Спасибо!", Footer: "Ждём <b>снова</b>", Links: []paper.Link{{Title: "Акции", URL: "https://shop.example/sale"}}}
	require.NoError(t, b.SetDesign(b.ctx, b.owner, s))
	d := b.add(b.till.Receipt(123_45, to("buyer@mail.example"), func(b *tlv.Builder) { b.Text(ffd.TagSellerAddress, "shop@shop.example") }))
	b.follow()
	list := b.all(notify.Filter{})
	require.Len(t, list, 1)
	m := list[0]
	assert.Equal(t, notify.Letter, m.Channel)
	assert.Equal(t, "Магазин Ромашка", m.Sender)
	assert.Equal(t, "shop@shop.example", m.ReplyTo)
	doc, err := ffd.Decode(d.STLV)
	require.NoError(t, err)
	for line := range strings.Lines(ffd.Print(doc, ffd.PrintOptions{})) {
		assert.Contains(t, m.Text, line, "every requisite")
	}
	for _, want := range []string{"Спасибо!", "https://shop.example/sale", "/check/r?fn=", m.ID, "Испытательный стенд", "по часам кассы", "help@ofd.example"} {
		assert.Contains(t, m.Text, want)
		assert.Contains(t, m.HTML, want)
	}
	assert.Contains(t, m.HTML, `src="cid:qr"`)
	assert.Contains(t, m.HTML, "#aa0033")
	assert.NotContains(t, m.HTML, "<b>снова", "what sellers write is text")
	require.Len(t, m.Files, 2)
	assert.Equal(t, "qr", m.Files[0].ID)
	assert.Equal(t, "application/pdf", m.Files[1].Type)
}

// CAB-140: what is not sent.
func TestFollow_LeavesAlone(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.AddPackage(b.ctx, b.owner, 100))
	b.add(b.till.Receipt(1, to("early@mail.example")))
	b.now = b.now.Add(time.Minute)
	b.channels(func(s *buyers.Settings) { s.Letters = true })
	b.add(b.till.Receipt(2, to("+79001112233"))) // SMS are off
	b.add(b.till.Receipt(3, to("none")))
	b.add(b.till.Receipt(4))
	b.add(b.till.Sale(fiscal.FormReceiptCorrection, 5, to("correction@mail.example")))
	b.add(b.till.CloseShift())
	other := b.add(b.till.Receipt(6, to("other@mail.example")))
	b.docs[other.ID-1].RegID = "0000000009999999" // another's register with our INN
	encrypted := b.add(b.till.Receipt(7, to("secret@mail.example")))
	b.docs[encrypted.ID-1].STLV = nil
	b.add(b.till.Receipt(8, to("late@mail.example")))
	b.add(b.till.Sale(fiscal.FormBSO, 9, to("form@mail.example")))
	b.follow()
	names := func() (all []string) {
		for _, m := range b.all(notify.Filter{}) {
			all = append(all, strings.TrimSuffix(m.To, "@mail.example"))
		}
		slices.Sort(all)
		return all
	}
	assert.Equal(t, []string{"form", "late"}, names())
	b.now = b.now.Add(time.Minute)
	b.channels(func(s *buyers.Settings) { s.Corrections = true })
	b.add(b.till.Sale(fiscal.FormBSOCorrection, 5, to("correction@mail.example")))
	b.channels(func(s *buyers.Settings) { s.Letters = false })
	b.channels(func(s *buyers.Settings) { s.Letters = true })
	b.follow()
	assert.Equal(t, []string{"correction", "form", "late"}, names())
}

// CAB-141, CAB-906: the balance goes down by segments; few are warned of; at zero SMS
// stop and e-mail goes on.
func TestPackages(t *testing.T) {
	b := newBench(t)
	b.channels(func(s *buyers.Settings) { s.SMS, s.Letters = true, true })
	require.NoError(t, b.AddPackage(b.ctx, b.owner, 100))
	require.Error(t, b.AddPackage(b.ctx, b.owner, 7))
	for i := range 69 {
		b.add(b.till.Receipt(uint64(i+1), to("+79001112233")))
	}
	b.follow()
	balance, err := b.Balance(b.ctx, b.owner)
	require.NoError(t, err)
	assert.EqualValues(t, 31, balance.Left)
	assert.False(t, balance.Few)
	assert.Empty(t, b.all(notify.Filter{Kind: "CAB-906"}))
	b.add(b.till.Receipt(1, to("+79001112233")))
	b.add(b.till.Receipt(1, to("+79001112233")))
	b.follow()
	balance, err = b.Balance(b.ctx, b.owner)
	require.NoError(t, err)
	assert.EqualValues(t, 29, balance.Left)
	assert.True(t, balance.Few)
	warned := b.all(notify.Filter{Kind: "CAB-906"})
	require.Len(t, warned, 1, "once")
	assert.Equal(t, "owner@shop.example", warned[0].To)
	assert.Contains(t, warned[0].Text, "осталось 30")
	for range 30 {
		b.add(b.till.Receipt(1, to("+79001112233")))
	}
	b.add(b.till.Receipt(1, to("a@mail.example")))
	b.follow()
	none := b.all(notify.Filter{State: notify.NoPackage})
	require.Len(t, none, 1)
	assert.NotEmpty(t, none[0].Reason)
	assert.Equal(t, notify.Queued, b.all(notify.Filter{Channel: notify.Letter, Kind: buyers.Kind})[0].State)
	state, err := b.Repeat(b.ctx, b.owner, none[0].ID)
	require.NoError(t, err)
	assert.Equal(t, notify.NoPackage, state)
	require.NoError(t, b.AddPackage(b.ctx, b.owner, 100))
	state, err = b.Repeat(b.ctx, b.owner, none[0].ID)
	require.NoError(t, err)
	assert.Equal(t, notify.Queued, state)
	b.now = b.now.Add(340 * 24 * time.Hour)
	balance, err = b.Balance(b.ctx, b.owner)
	require.NoError(t, err)
	assert.True(t, balance.Few, "the term is near its end")
	counts, err := b.Statistics(b.ctx, b.owner, time.Time{})
	require.NoError(t, err)
	assert.Contains(t, counts, buyers.Count{Channel: notify.Letter, State: notify.Queued, Messages: 1})
	assert.Contains(t, counts, buyers.Count{Channel: notify.SMS, State: notify.NoPackage, Messages: 2})
}

// CAB-140: each receipt once, though several servers follow and die in between.
func TestFollow_OncePerReceipt(t *testing.T) {
	b := newBench(t)
	b.channels(func(s *buyers.Settings) { s.Letters = true })
	const receipts = 24
	for i := range receipts {
		b.add(b.till.Receipt(uint64(i+1), to(fmt.Sprintf("b%d@mail.example", i))))
	}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			f := b.server().Follower(b)
			f.Batch = 7
			for range 3 { // dies and comes back
				ctx, die := context.WithCancel(b.ctx)
				_, _ = f.Step(ctx)
				die()
				_, _ = f.Step(ctx)
			}
			assert.NoError(t, f.CatchUp(b.ctx))
		})
	}
	wait.Wait()
	seen := map[string]int{}
	for _, m := range b.all(notify.Filter{}) {
		seen[m.About]++
	}
	assert.Len(t, seen, receipts)
	for about, n := range seen {
		assert.Equal(t, 1, n, about)
	}
}

// operator.md 7: "not my receipt" ends messages of this seller to the address.
func TestNotMine_Suppresses(t *testing.T) {
	b := newBench(t)
	b.channels(func(s *buyers.Settings) { s.Letters = true })
	b.add(b.till.Receipt(1, to("Ann@Mail.example")))
	b.follow()
	first := b.all(notify.Filter{})[0]
	require.ErrorIs(t, b.NotMine(b.ctx, "guess"), buyers.ErrNotFound)
	require.NoError(t, b.NotMine(b.ctx, first.ID))
	d := b.add(b.till.Receipt(2, to("ann@mail.example")))
	b.follow()
	second := b.all(notify.Filter{About: buyers.About(d.FN, d.FD)})
	require.Len(t, second, 1)
	assert.Equal(t, notify.Suppressed, second[0].State)
	_, err := b.Repeat(b.ctx, b.owner, second[0].ID)
	var bad invalid.Fields
	require.ErrorAs(t, err, &bad)
	list, err := b.Suppressions(b.ctx, b.owner)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "a***@mail.example", list[0].Address)
	doc, err := ffd.Decode(d.STLV)
	require.NoError(t, err)
	require.NoError(t, b.SendCopy(b.ctx, &d, doc, "ann@mail.example"))
	assert.Len(t, b.all(notify.Filter{State: notify.Suppressed}), 2)
	require.NoError(t, b.Release(b.ctx, b.owner, "ANN@mail.example"))
	require.NoError(t, b.SendCopy(b.ctx, &d, doc, "ann@mail.example"))
	var copied notify.Message
	for _, m := range b.all(notify.Filter{State: notify.Queued}) {
		if m.About == buyers.About(d.FN, d.FD) {
			copied = m
		}
	}
	require.NotEmpty(t, copied.ID)
	assert.NotContains(t, copied.HTML, "ann@mail.example", "a copy holds no personal data")
	assert.Empty(t, copied.Org, "nor is it shown to the seller")
	require.ErrorAs(t, b.SendCopy(b.ctx, &d, doc, "nobody"), &bad)
}

// Rights: another organisation, a branch and a cashier.
func TestRights(t *testing.T) {
	b := newBench(t)
	b.channels(func(s *buyers.Settings) { s.Letters = true })
	d := b.add(b.till.Receipt(1, to("ann@mail.example")))
	b.follow()
	id := b.all(notify.Filter{})[0].ID
	stranger := access.View(access.Grant{Org: "other", User: "x", Rights: access.Owner.Rights()})
	list, err := b.Messages(b.ctx, stranger, notify.Filter{})
	require.NoError(t, err)
	assert.Empty(t, list)
	_, err = b.Repeat(b.ctx, stranger, id)
	require.ErrorIs(t, err, buyers.ErrNotFound)
	list, err = b.Of(b.ctx, stranger, d.FN, d.FD)
	require.NoError(t, err)
	assert.Empty(t, list)
	for _, g := range []access.Grant{{Org: "o", Rights: access.Cashier.Rights()}, {Org: "o", Rights: access.Admin.Rights(), Branches: []string{"b"}}, {}} {
		v := access.View(g)
		var refused *access.Refusal
		_, err := b.Settings(b.ctx, v)
		require.ErrorAs(t, err, &refused)
		_, err = b.Messages(b.ctx, v, notify.Filter{})
		require.ErrorAs(t, err, &refused)
		_, err = b.Repeat(b.ctx, v, id)
		require.ErrorAs(t, err, &refused)
		require.ErrorAs(t, b.SetChannels(b.ctx, v, buyers.Settings{}), &refused)
		require.ErrorAs(t, b.SetDesign(b.ctx, v, buyers.Settings{}), &refused)
		require.ErrorAs(t, b.AddPackage(b.ctx, v, 100), &refused)
		require.ErrorAs(t, b.Suppress(b.ctx, v, "a@b.example"), &refused)
	}
	require.ErrorIs(t, b.SetChannels(b.ctx, b.owner, buyers.Settings{Version: 9}), buyers.ErrStale)
}
