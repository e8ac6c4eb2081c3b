package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

var moscow = time.FixedZone("MSK", 3*3600)

// pair is an emulated register and a server, both under one clock.
type pair struct {
	t     *testing.T
	clock *emulator.Clock
	e     *emulator.Emulator
	db    store.Store
}

func newPair(t *testing.T, oneShot bool, configure func(*server.Options)) *pair {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	clock := emulator.NewClock(time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
	o := server.Options{Store: db, Now: clock.Now}
	o.Marking.Delay = -1
	if configure != nil {
		configure(&o)
	}
	srv, err := server.New(o)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	addr := ln.Addr().String()
	e, err := emulator.New(emulator.Options{Now: clock.Now, OFD: addr, Marking: addr, OneShot: oneShot, Rand: rand.New(rand.NewPCG(1, 2))})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, e.Close())
		assert.NoError(t, srv.Shutdown(context.Background()))
		assert.NoError(t, <-served)
		assert.NoError(t, db.Close())
	})
	return &pair{t, clock, e, db}
}

// made wants a document of the register.
func (p *pair) made(_ kkt.Result, err error) {
	p.t.Helper()
	require.NoError(p.t, err)
	p.clock.Advance(time.Minute)
}

func (p *pair) send() {
	p.t.Helper()
	_, err := p.e.Exchange(p.t.Context())
	require.NoError(p.t, err)
}

// clean wants every document of the drive stored without a finding.
func (p *pair) clean(number fiscal.FNNumber, documents fiscal.FDNumber, status store.DriveStatus) {
	p.t.Helper()
	d, err := p.db.Drive(p.t.Context(), number)
	require.NoError(p.t, err)
	assert.Equal(p.t, status, d.Status)
	assert.Equal(p.t, documents, d.LastFD)
	assert.Empty(p.t, d.Gaps)
	assert.EqualValues(p.t, documents, d.Documents)
	assert.Equal(p.t, "tb-gost-1", d.Policy, "auto knows its own emulator")
	flagged, err := p.db.Documents(p.t.Context(), store.DocumentFilter{FN: number, Findings: true}, store.Page{})
	require.NoError(p.t, err)
	for _, f := range flagged {
		assert.Empty(p.t, f.Findings, "FD %d, form %d", f.FD, f.Form)
	}
}

func registration(v fiscal.FFD, encrypt bool) kkt.Registration {
	const user, factory = fiscal.INN("7702203276"), "00105726645591"
	return kkt.Registration{
		FFD: v, RegNumber: fiscal.MakeRegNumber(5, user, factory), KKTNumber: factory,
		User: "ООО Ромашка", UserINN: user, Address: "101000, г. Москва, ул. Ленина, д. 1", Place: "Магазин №1",
		Tax: kkt.TaxGeneral | kkt.TaxSimplified, OFDINN: intake.DefaultOFD, OFDName: "Стенд", SellerAddress: "shop@example.test",
		Cashier: kkt.Cashier{Name: "Иванова А.А.", INN: fiscal.WithCheckDigits("7712345678")},
		Modes:   kkt.Modes{Encryption: encrypt, Marking: v == fiscal.FFD12},
	}
}

func sale(op fiscal.OperationType) kkt.Receipt {
	return kkt.Receipt{
		Operation: op, Tax: kkt.TaxGeneral,
		Items: []kkt.Item{
			{Name: "Хлеб", Price: 5000, Quantity: kkt.Pieces(2), VAT: kkt.VAT10},
			{Name: "Чай", Price: 12345, Quantity: kkt.Pieces(1), VAT: kkt.VAT22},
		},
		Payments: kkt.Payments{Cash: 10000, Ecash: 12345},
	}
}

// The emulated register's whole life is accepted without one finding, sent at once
// or from a queue of days, in every format version (O-001 to O-010, O-055).
func TestPair_WholeLife(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ffd              fiscal.FFD
		encrypt, oneShot bool
		outage           bool
	}{
		{fiscal.FFD105, false, false, false}, {fiscal.FFD11, false, true, false}, {fiscal.FFD12, false, false, true},
		{fiscal.FFD105, true, true, true}, {fiscal.FFD12, true, false, false},
	} {
		t.Run(fmt.Sprintf("%s encrypt=%v outage=%v", c.ffd, c.encrypt, c.outage), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, c.oneShot, nil)
			send := p.send
			if c.outage {
				send = func() {}
			}
			k := p.e.KKT()
			p.made(k.Register(registration(c.ffd, c.encrypt)))
			p.send()
			for range 3 {
				p.clock.Advance(20 * time.Hour)
				p.made(k.OpenShift(kkt.Cashier{}))
				send()
				for op := fiscal.Sell; op <= fiscal.BuyReturn; op++ {
					p.made(k.Receipt(sale(op)))
					p.made(k.Correction(kkt.Correction{Receipt: sale(fiscal.Sell), Date: p.clock.Now().AddDate(0, 0, -1)}))
				}
				p.made(k.StateReport())
				send()
				p.made(k.CloseShift(kkt.Cashier{}))
			}
			p.send()
			p.made(k.StateReport())
			p.send()
			last, err := k.CloseArchive(kkt.Cashier{})
			require.NoError(t, err)
			p.send()
			p.clean(p.e.Number(), last.FD, store.DriveClosed)
		})
	}
}

// O-002, O-034, O-040: parameters and format version change, then the drive.
func TestPair_Changes(t *testing.T) {
	t.Parallel()
	p := newPair(t, false, nil)
	k := p.e.KKT()
	p.made(k.Register(registration(fiscal.FFD105, false)))
	p.send()
	renamed := registration(fiscal.FFD105, false)
	renamed.User = "ООО Василек"
	p.made(k.ChangeRegistration(kkt.Change{Registration: renamed}))
	p.send()
	p.made(k.StateReport())
	p.send()
	newer := renamed
	newer.FFD = fiscal.FFD11
	p.made(k.ChangeRegistration(kkt.Change{Registration: newer}))
	p.made(k.OpenShift(kkt.Cashier{}))
	p.made(k.Receipt(sale(fiscal.Sell)))
	p.made(k.CloseShift(kkt.Cashier{}))
	p.send()
	old := p.e.Number()
	last, err := k.StateReport()
	require.NoError(t, err)
	p.send()
	p.clean(old, last.FD, store.DriveActive)
	_, res, err := p.e.ReplaceFN(fn.Options{}, kkt.Change{Registration: newer})
	require.NoError(t, err)
	p.send()
	p.clean(p.e.Number(), res.FD, store.DriveActive)
	p.clean(old, last.FD, store.DriveReplaced)
}

// O-014, TRN-080: bits of 1206 come back in the shift reports, as the server knows.
func TestPair_OperatorBits(t *testing.T) {
	t.Parallel()
	p := newPair(t, false, func(o *server.Options) { require.NoError(t, o.Settings.Set("ack.extra_bits", "0xC2")) })
	k := p.e.KKT()
	p.made(k.Register(registration(fiscal.FFD12, false)))
	p.send()
	p.made(k.OpenShift(kkt.Cashier{}))
	p.send()
	p.made(k.Receipt(sale(fiscal.Sell)))
	p.send()
	last, err := k.CloseShift(kkt.Cashier{})
	require.NoError(t, err)
	p.send()
	p.clean(p.e.Number(), last.FD, store.DriveActive)
}
