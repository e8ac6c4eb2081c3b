package kkt

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const (
	testFN      fiscal.FNNumber = "9999078902000001"
	testINN     fiscal.INN      = "7702203276"
	testOFD     fiscal.INN      = "7704358518"
	testFactory                 = "00105726645591"
)

var (
	moscow  = time.FixedZone("MSK", 3*3600)
	begin   = time.Date(2026, 6, 1, 9, 0, 0, 0, moscow)
	scheme  = sign.NewTBGOST1(sign.TBGOST1Options{})
	cashier = Cashier{Name: "Иванова А.А.", INN: fiscal.WithCheckDigits("7712345678")}
)

// stand is a register with a new drive and a clock that the test moves.
type stand struct {
	*KKT
	t      testing.TB
	at     time.Time
	device *fn.Device
}

// tb is what testing.T and rapid.T share here.
type tb interface {
	require.TestingT
	Helper()
}

func newDevice(t tb, o fn.Options) *fn.Device {
	if o.Number == "" {
		o.Number = testFN
	}
	o.Signer, o.Marking = scheme.Drive(o.Number, 0), scheme.Marking(o.Number)
	d, err := fn.New(o)
	require.NoError(t, err)
	return d
}

func newStand(t testing.TB, o Options, drive fn.Options) *stand {
	s := &stand{t: t, at: begin, device: newDevice(t, drive)}
	o.Port, o.Now = fnport.Local(s.device), func() time.Time { return s.at }
	k, err := New(o)
	require.NoError(t, err)
	s.KKT = k
	return s
}

func registration(v fiscal.FFD) Registration {
	return Registration{
		FFD: v, RegNumber: fiscal.MakeRegNumber(5, testINN, testFactory), KKTNumber: testFactory,
		User: "ООО Ромашка", UserINN: testINN, Address: "101000, г. Москва, ул. Ленина, д. 1", Place: "Магазин №1",
		Tax: TaxGeneral | TaxSimplified, OFDINN: testOFD, OFDName: "ООО Яндекс.ОФД", SellerAddress: "shop@example.test", Cashier: cashier,
	}
}

// trading registers the stand and opens a shift.
func trading(t testing.TB, o Options, r Registration) *stand {
	s := newStand(t, o, fn.Options{})
	s.must(s.Register(r))
	s.must(s.OpenShift(Cashier{}))
	return s
}

func (s *stand) must(res Result, err error) *ffd.Document {
	s.t.Helper()
	require.NoError(s.t, err)
	d, err := ffd.Decode(res.STLV)
	require.NoError(s.t, err)
	return d
}

// clean asserts that ФЛК finds no error in a document, and no warning but those
// allowed.
func (s *stand) clean(t tb, d *ffd.Document, allowed ...string) {
	t.Helper()
	found := flk.Check(d, flk.Context{Now: s.at.Add(time.Minute), OFD: testOFD,
		Container: &flk.ContainerInfo{Form: d.Form, FN: testFN, FD: d.FDNumber()}}, nil)
next:
	for _, f := range found {
		for _, a := range allowed {
			if f.Rule == a && f.Severity == flk.Warning {
				continue next
			}
		}
		t.Errorf("форма %d ФФД %s: %s %s: %s (%s)", d.Form, d.FFD(), f.Severity, f.Rule, f.Text, tlv.PathString(f.Path))
	}
}

// confirmAll is the operator: it confirms whatever the drive has queued.
func (s *stand) confirmAll() (n int) {
	s.t.Helper()
	d := s.Driver()
	require.NoError(s.t, d.Transport(true))
	for {
		st, err := d.ExchangeStatus()
		require.NoError(s.t, err)
		if st.Count == 0 {
			break
		}
		raw, err := d.ReadMessage(nil)
		require.NoError(s.t, err)
		c, err := wire.ReadContainer(raw)
		require.NoError(s.t, err)
		var b tlv.Builder
		b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
			b.FixedText(ffd.TagOFDINN, string(testOFD), fiscal.INNLen)
			b.FixedText(ffd.TagFNNumber, string(s.device.Number()), fiscal.FNNumberLen)
			b.Uint32(ffd.TagFDNumber, uint32(c.FD))
			b.Time(ffd.TagDateTime, s.at)
		})
		stlv, err := b.Bytes()
		require.NoError(s.t, err)
		ack, err := scheme.Confirm(s.t.Context(), sign.ConfirmRequest{FN: s.device.Number(), OFD: testOFD, Request: c, STLV: stlv})
		require.NoError(s.t, err)
		_, err = d.Ack(ack)
		require.NoError(s.t, err)
		if n++; st.Count == 1 {
			break
		}
	}
	_ = d.Transport(false)
	return n
}

func sale() Receipt {
	return Receipt{
		Operation: fiscal.Sell, Tax: TaxGeneral, Cashier: cashier,
		Items:    []Item{{Name: "Хлеб", Price: 5000, Quantity: Pieces(2), VAT: VAT10}},
		Payments: Payments{Cash: 10000},
	}
}

func kopecks(n fiscal.Kopecks) *fiscal.Kopecks { return &n }

// refusedBy asserts a typed refusal with the rule.
func refusedBy(t tb, rule string, err error) *Refusal {
	t.Helper()
	var r *Refusal
	require.True(t, errors.As(err, &r), "want a refusal by %s, got %v", rule, err)
	require.Equal(t, rule, r.Rule, r.Text)
	require.NotEmpty(t, r.Text)
	return r
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
