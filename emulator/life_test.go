package emulator

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var moscow = time.FixedZone("MSK", 3*3600)

const testINN fiscal.INN = "7702203276"

const testFactory = "00105726645591"

func registration(v fiscal.FFD) kkt.Registration {
	r := kkt.Registration{
		FFD: v, RegNumber: fiscal.MakeRegNumber(5, testINN, testFactory), KKTNumber: testFactory,
		User: "ООО «Ромашка»", UserINN: testINN, Address: "101000, г. Москва, ул. Ленина, д. 1", Place: "Магазин №1",
		Tax: kkt.TaxGeneral | kkt.TaxSimplified, OFDINN: testOFD, OFDName: "ООО Яндекс.ОФД", SellerAddress: "shop@example.test",
		Cashier: kkt.Cashier{Name: "Иванова А.А.", INN: fiscal.WithCheckDigits("7712345678")},
	}
	if v == fiscal.FFD12 {
		r.Marking = true
	}
	return r
}

func sale() kkt.Receipt {
	return kkt.Receipt{
		Operation: fiscal.Sell, Tax: kkt.TaxGeneral,
		Items: []kkt.Item{
			{Name: "Хлеб", Price: 5000, Quantity: kkt.Pieces(2), VAT: kkt.VAT10},
			{Name: "Чай — чёрный", Price: 12345, Quantity: kkt.Pieces(1), VAT: kkt.VAT22},
		},
		Payments: kkt.Payments{Cash: 10000, Ecash: 12345},
	}
}

func start(t testing.TB, o Options, begin time.Time) (*Emulator, *operator, *Clock) {
	c := NewClock(begin)
	op := serveOperator(t, c.Now)
	o.Now, o.OFD = c.Now, op.addr
	e, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.Close()) })
	return e, op, c
}

// A whole life: registration, three shifts, closing, phase 0Fh; every document goes
// over TCP to an operator that checks signs and format (K-001, K-020, K-055).
func TestEmulator_WholeLife(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ffd        fiscal.FFD
		encryption bool
		oneShot    bool
	}{
		{fiscal.FFD105, false, false}, {fiscal.FFD11, false, true}, {fiscal.FFD12, false, false}, {fiscal.FFD105, true, false}, {fiscal.FFD12, true, true},
	} {
		t.Run(fmt.Sprintf("FFD %s encryption %v", c.ffd, c.encryption), func(t *testing.T) {
			t.Parallel()
			e, op, clock := start(t, Options{OneShot: c.oneShot}, time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
			sync := func() {
				_, err := e.Exchange(t.Context())
				require.NoError(t, err)
			}
			reg := registration(c.ffd)
			reg.Encryption = c.encryption
			res, err := e.KKT().Register(reg)
			require.NoError(t, err)
			assert.Equal(t, fiscal.FDNumber(1), res.FD)
			assert.NotEmpty(t, res.STLV)
			sync()
			for shift := range uint16(3) {
				clock.Advance(24 * time.Hour)
				res, err = e.KKT().OpenShift(kkt.Cashier{})
				require.NoError(t, err)
				assert.Equal(t, shift+1, res.Shift)
				for n := range uint16(4) {
					clock.Advance(time.Minute)
					res, err = e.KKT().Receipt(sale())
					require.NoError(t, err)
					assert.Equal(t, n+1, res.Number)
					assert.Equal(t, fiscal.Kopecks(22345), res.Total)
				}
				_, err = e.KKT().StateReport()
				require.NoError(t, err)
				_, err = e.KKT().CloseShift(kkt.Cashier{})
				require.NoError(t, err)
				sync()
			}
			res, err = e.KKT().CloseArchive(kkt.Cashier{})
			require.NoError(t, err)
			assert.Equal(t, fn.PhasePostFiscal, e.Device().View().Phase)
			sync()
			assert.Equal(t, fn.PhaseArchive, e.Device().View().Phase)
			op.fine(t)
			require.Len(t, op.docs, int(res.FD))
			for i, d := range op.docs {
				assert.Equal(t, fiscal.FDNumber(i+1), d.FDNumber(), "K-029: oldest first")
				assert.Equal(t, c.ffd, d.FFD())
			}
			assert.Equal(t, c.encryption, op.enc > 0)
		})
	}
}

// K-042, K-052: an autonomous register queues nothing and closes at once.
func TestEmulator_AutonomousLife(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			e, op, clock := start(t, Options{}, time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
			r := registration(v)
			r.Autonomous, r.OFDINN, r.OFDName, r.SellerAddress = true, "", "", ""
			_, err := e.KKT().Register(r)
			require.NoError(t, err)
			clock.Advance(40 * 24 * time.Hour) // past the 30 days of FN-024
			_, err = e.KKT().OpenShift(kkt.Cashier{})
			require.NoError(t, err)
			_, err = e.KKT().Receipt(sale())
			require.NoError(t, err)
			res, err := e.KKT().CloseShift(kkt.Cashier{})
			require.NoError(t, err)
			d, err := ffd.Decode(res.STLV)
			require.NoError(t, err)
			assert.False(t, d.Has(ffd.TagUnsentCount))
			_, err = e.KKT().CloseArchive(kkt.Cashier{})
			require.NoError(t, err)
			assert.Equal(t, fn.PhaseArchive, e.Device().View().Phase)
			sent, err := e.Exchange(t.Context())
			require.NoError(t, err)
			assert.Zero(t, sent)
			assert.Empty(t, op.forms())
		})
	}
}

// K-058: a new drive for the same register; the old one is closed and sent before.
func TestEmulator_ReplacesFN(t *testing.T) {
	t.Parallel()
	e, op, clock := start(t, Options{}, time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
	_, err := e.KKT().Register(registration(fiscal.FFD12))
	require.NoError(t, err)
	_, err = e.Exchange(t.Context())
	require.NoError(t, err)
	_, err = e.KKT().CloseArchive(kkt.Cashier{})
	require.NoError(t, err)
	_, err = e.Exchange(t.Context())
	require.NoError(t, err)

	clock.Advance(time.Hour)
	first := e.Number()
	reg, ok, err := e.KKT().Registration()
	require.NoError(t, err)
	require.True(t, ok)
	old, res, err := e.ReplaceFN(fn.Options{}, kkt.Change{Registration: reg})
	require.NoError(t, err)
	assert.Equal(t, first, old.Number())
	assert.NotEqual(t, first, e.Number())
	assert.Equal(t, fiscal.FDNumber(1), res.FD)
	_, err = e.KKT().OpenShift(kkt.Cashier{})
	require.NoError(t, err)
	_, err = e.Exchange(t.Context())
	require.NoError(t, err)
	op.fine(t)
	assert.Equal(t, []fiscal.Form{1, 6, 11, 2}, op.forms())
	d := op.docs[2]
	assert.Equal(t, uint64(kkt.ChangeFN), d.Uint(ffd.TagChangeReasons))
	assert.Equal(t, testFactory, d.Text(ffd.TagKKTNumber), "1013 is in the report (FN-013)")
	assert.Equal(t, e.Number(), d.FNNumber())
}

// K-024, TRN-080: bits of 1206 come back in the next shift report.
func TestEmulator_OperatorMessageReturns(t *testing.T) {
	t.Parallel()
	e, op, _ := start(t, Options{}, time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
	op.message = 0xC2
	_, err := e.KKT().Register(registration(fiscal.FFD11))
	require.NoError(t, err)
	_, err = e.Exchange(t.Context())
	require.NoError(t, err)
	res, err := e.KKT().OpenShift(kkt.Cashier{})
	require.NoError(t, err)
	d, err := ffd.Decode(res.STLV)
	require.NoError(t, err)
	assert.Equal(t, uint64(0xC2), d.Uint(ffd.TagOperatorMessage))
}

// K-110, K-114: a marked sale asks the marking operator before the receipt and tells
// it after; both queues are empty in the end, and one stuck does not stop the other.
func TestEmulator_Marking(t *testing.T) {
	t.Parallel()
	c := NewClock(time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
	op := serveOperator(t, c.Now)
	e, err := New(Options{Now: c.Now, OFD: op.addr, Marking: op.addr})
	require.NoError(t, err)
	defer e.Close()
	_, err = e.KKT().Register(registration(fiscal.FFD12))
	require.NoError(t, err)
	_, err = e.KKT().OpenShift(kkt.Cashier{})
	require.NoError(t, err)
	r := sale()
	r.Items[1].Subject, r.Items[1].Code = 33, "0104606419014681215KAZWyQWERTY1"+ffd.GS+"93abcd"
	res, err := e.KKT().Receipt(r)
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(res.Warnings, "\n"), "маркировки")
	d, err := ffd.Decode(res.STLV)
	require.NoError(t, err)
	assert.Equal(t, uint64(15), ffd.NodeUint(d.All(ffd.TagItem)[1].Child(ffd.TagProductCheckResult)))
	sent, err := e.Exchange(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 4, sent, "three documents and a notification")
	op.fine(t)
	require.Len(t, op.kms, 2)
	assert.Equal(t, fiscal.FormMarkingRequest, op.kms[0].Form)
	assert.Equal(t, fiscal.FormMarkingNotice, op.kms[1].Form)
	assert.Equal(t, uint64(res.FD), op.kms[1].Uint(ffd.TagNoticeFDNumber))
	st, err := e.KKT().Driver().NoticeStatus()
	require.NoError(t, err)
	assert.Zero(t, st.Count)

	dead, err := New(Options{Device: e.Device(), Now: c.Now, OFD: "127.0.0.1:1", Marking: op.addr})
	require.NoError(t, err)
	_, err = dead.KKT().Receipt(r)
	require.NoError(t, err)
	sent, err = dead.Exchange(t.Context())
	require.Error(t, err)
	assert.Equal(t, 1, sent, "the notification went")
	require.NoError(t, dead.Close())
}

// The live loop sends what the register makes, and a snapshot goes on living.
func TestEmulator_RunAndSnapshot(t *testing.T) {
	t.Parallel()
	e, op, clock := start(t, Options{}, time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	_, err := e.KKT().Register(registration(fiscal.FFD12))
	require.NoError(t, err)
	e.Wake()
	_, err = e.KKT().OpenShift(kkt.Cashier{})
	require.NoError(t, err)
	e.Wake()
	require.Eventually(t, func() bool {
		left := 0
		_ = e.Do(func(d *fn.Device) error { left = d.View().Unconfirmed; return nil })
		return left == 0
	}, 5*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-done)

	var snapshot bytes.Buffer
	require.NoError(t, e.Save(&snapshot))
	again, err := Load(&snapshot, Options{FN: fn.Options{Number: e.Number()}, OFD: op.addr, Now: clock.Now})
	require.NoError(t, err)
	defer again.Close()
	clock.Advance(25 * time.Hour)
	_, err = again.KKT().Receipt(sale())
	var refusal *kkt.Refusal
	require.ErrorAs(t, err, &refusal, "the shift's age is read from the archive")
	assert.Equal(t, kkt.RuleShiftAge, refusal.Rule)
	res, err := again.KKT().CloseShift(kkt.Cashier{})
	require.NoError(t, err)
	assert.Equal(t, fiscal.FDNumber(3), res.FD)
	_, err = again.Exchange(t.Context())
	require.NoError(t, err)
	op.fine(t)
	assert.Equal(t, []fiscal.Form{1, 2, 5}, op.forms())
}

// One seed, one run: the same bytes.
func TestEmulator_Deterministic(t *testing.T) {
	t.Parallel()
	run := func() []byte {
		e, op, clock := start(t, Options{}, time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
		_, err := e.KKT().Register(registration(fiscal.FFD12))
		require.NoError(t, err)
		_, err = e.KKT().OpenShift(kkt.Cashier{})
		require.NoError(t, err)
		clock.Advance(time.Minute)
		_, err = e.KKT().Receipt(sale())
		require.NoError(t, err)
		_, err = e.Exchange(t.Context())
		require.NoError(t, err)
		var all []byte
		for _, d := range op.docs {
			all = append(all, d.Raw...)
		}
		return all
	}
	assert.Equal(t, run(), run())
}

// BenchmarkReceipt is one receipt from the register to the drive, over TCP to the
// operator and back.
func BenchmarkReceipt(b *testing.B) {
	for _, readBack := range []bool{true, false} {
		b.Run(fmt.Sprintf("readback=%v", readBack), func(b *testing.B) {
			e, _, _ := start(b, Options{FN: fn.Options{Settings: fn.Settings{Capacity: 1 << 30}}, KKT: kkt.Options{NoReadBack: !readBack}}, time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
			_, err := e.KKT().Register(registration(fiscal.FFD12))
			require.NoError(b, err)
			_, err = e.KKT().OpenShift(kkt.Cashier{})
			require.NoError(b, err)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if _, err := e.KKT().Receipt(sale()); err != nil {
					b.Fatal(err)
				}
				if _, err := e.Exchange(b.Context()); err != nil {
					b.Fatal(err)
				}
				if n++; n%60000 == 0 {
					_, _ = e.KKT().CloseShift(kkt.Cashier{})
					_, _ = e.KKT().OpenShift(kkt.Cashier{})
				}
			}
		})
	}
}
