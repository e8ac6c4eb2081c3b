package kkt

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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

// ismp is a marking operator that answers every request with one result (2005).
type ismp struct {
	t        *testing.T
	result   byte
	silent   bool
	rubbish  bool
	requests []*ffd.Document
}

func (o *ismp) AskMarking(request []byte) ([]byte, error) {
	c, _, err := wire.ParseContainer(request, wire.Strict)
	require.NoError(o.t, err)
	stlv, v, err := scheme.Marking(testFN).Open(c)
	require.NoError(o.t, err)
	require.Equal(o.t, sign.OK, v)
	d, err := ffd.Decode(stlv)
	require.NoError(o.t, err)
	o.requests = append(o.requests, d)
	if o.silent {
		return nil, errors.New("timeout")
	}
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormMarkingAnswer), func(b *tlv.Builder) {
		b.Uint32(ffd.TagMarkingRequestNumber, uint32(d.Uint(ffd.TagMarkingRequestNumber)))
		b.Uint32(ffd.TagRequestTime, uint32(d.Uint(ffd.TagRequestTime)))
		b.Byte(ffd.TagRequestProcessingCode, 0)
		b.Byte(ffd.TagProductStatusAnswer, 1)
		b.Byte(ffd.TagRequestResults, o.result)
	})
	stlv, err = b.Bytes()
	require.NoError(o.t, err)
	answer, err := scheme.Marking(testFN).Answer(c, fiscal.FormMarkingAnswer, stlv)
	if o.rubbish {
		answer[len(answer)-4] ^= 1
		wire.FinishContainer(answer)
	}
	return answer, err
}

const gs1Full = "0104606419014681215KAZWyQWERTY1" + ffd.GS + "91EE07" + ffd.GS + "92"

// code88 is a marking code with a check part of 88 characters ending in tail.
func code88(tail string) string { return gs1Full + strings.Repeat("A", 88-len(tail)) + tail }

func markedSale(code string) Receipt {
	return Receipt{Operation: fiscal.Sell, Tax: TaxGeneral, Cashier: cashier,
		Items: []Item{
			{Name: "Сметана", Price: 24900, Quantity: Pieces(1), VAT: VAT10, Subject: subjectMarked, Code: code},
			{Name: "Пакет", Price: 1000, Quantity: Pieces(1), VAT: VAT22},
		},
		Payments: Payments{Ecash: 25900}}
}

func marking(t *testing.T, o Options) *stand {
	r := registration(fiscal.FFD12)
	r.Marking = true
	return trading(t, o, r)
}

// K-110: B1h, B5h, B6h, B2h, then the receipt with 1163 and 2106 and a notification.
func TestMarking_Sale(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code     string
		source   *ismp
		result   uint64
		negative bool
		warning  string
	}{
		"online, positive":        {code88("=="), &ismp{result: 15}, 15, false, ""},
		"online, status wrong":    {code88("=="), &ismp{result: 7}, 7, true, ""},
		"offline, positive in FN": {code88("=="), nil, 3, false, ""},
		"offline, negative in FN": {code88("95"), nil, 1, true, ""},
		"offline, short code":     {"0104606419014681215KAZWy", nil, 0, false, ""},
		"silent operator (K-113)": {code88("=="), &ismp{silent: true}, 3, false, "не ответил"},
		"answer refused by FN":    {code88("=="), &ismp{rubbish: true, result: 15}, 3, false, "отверг"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{}
			if c.source != nil {
				c.source.t, o.Marking = t, c.source
			}
			s := marking(t, o)
			res, err := s.Receipt(markedSale(c.code))
			require.NoError(t, err)
			d := s.must(res, err)
			s.clean(t, d)
			item := d.All(ffd.TagItem)[0]
			assert.Equal(t, c.result, ffd.NodeUint(item.Child(ffd.TagProductCheckResult)))
			require.NotNil(t, item.Child(ffd.TagProductCodeNew).Child(ffd.TagCodeGS1M))
			assert.Equal(t, c.negative, d.Has(ffd.TagMarkedProductsResult), "R-17")
			assert.Nil(t, d.All(ffd.TagItem)[1].Child(ffd.TagProductCheckResult))
			if c.warning != "" {
				assert.Contains(t, strings.Join(res.Warnings, "\n"), c.warning)
			}
			if c.source != nil {
				require.Len(t, c.source.requests, 1)
				assert.Equal(t, uint64(statusSold), c.source.requests[0].Uint(ffd.TagPlannedStatus))
			}
			s.checkNotice(t, res.FD, c.code, c.result)
		})
	}
}

// checkNotice reads the notification of sale from the drive (K-05, 2115, 2116).
func (s *stand) checkNotice(t *testing.T, fd fiscal.FDNumber, code string, result uint64) {
	t.Helper()
	st, err := s.Driver().NoticeStatus()
	require.NoError(t, err)
	require.Equal(t, uint16(1), st.Count)
	raw, err := s.Driver().ReadNotice(nil)
	require.NoError(t, err)
	c, _, err := wire.ParseContainer(raw, wire.Strict)
	require.NoError(t, err)
	stlv, _, err := scheme.Marking(testFN).Open(c)
	require.NoError(t, err)
	d, err := ffd.Decode(stlv)
	require.NoError(t, err)
	assert.Equal(t, uint64(fd), d.Uint(ffd.TagNoticeFDNumber))
	assert.Equal(t, uint64(2), d.Uint(ffd.TagTimeZone), "UTC+3")
	assert.Equal(t, uint64(1), d.Uint(ffd.TagMarkingOperation))
	items := d.All(ffd.TagMarkedItem)
	require.Len(t, items, 1)
	assert.Equal(t, code, tlv.Text(items[0].Child(ffd.TagMarkingCode).Value))
	assert.Equal(t, ffd.ControlCode([]byte(code)), ffd.NodeText(items[0].Child(ffd.TagControlCode)))
	assert.Equal(t, result, ffd.NodeUint(items[0].Child(ffd.TagProductCheckResult)))
	assert.Equal(t, uint64(2264), ffd.NodeUint(items[0].Child(ffd.TagItemNDSSum)), "249.00 × 10/110")
	for _, f := range flk.Check(d, flk.Context{Now: s.at}, nil) {
		if f.Severity == flk.Error {
			t.Errorf("notice: %s %s", f.Rule, f.Text)
		}
	}
}

// Returns, parts of a piece and measured goods choose their status (2003; K-07).
func TestMarking_Status(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		with   func(*Receipt)
		status uint64
	}{
		"return":        {func(r *Receipt) { r.Operation = fiscal.SellReturn }, 3},
		"part":          {func(r *Receipt) { r.Items[0].Fraction = &Fraction{1, 2} }, 5},
		"part returned": {func(r *Receipt) { r.Operation, r.Items[0].Fraction = fiscal.SellReturn, &Fraction{1, 2} }, 4},
		"given":         {func(r *Receipt) { r.Items[0].Status = 255 }, 255},
		"measured, given": {func(r *Receipt) {
			r.Items[0].Measure, r.Items[0].Status = 11, 2
			r.Items[0].Quantity, _ = ParseQuantity("0.5")
			r.Items[0].Price = 49800
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := &ismp{t: t, result: 15}
			s := marking(t, Options{Marking: source})
			rec := markedSale(code88("=="))
			c.with(&rec)
			s.clean(t, s.must(s.Receipt(rec)))
			assert.Equal(t, c.status, source.requests[0].Uint(ffd.TagPlannedStatus))
		})
	}
}

// K-111: the drive's table is full or blocked: refused with its own rule, and other
// goods are sold.
func TestMarking_DriveRefuses(t *testing.T) {
	t.Parallel()
	r := registration(fiscal.FFD12)
	r.Marking = true
	s := newStand(t, Options{}, fn.Options{Settings: fn.Settings{MarkingTable: 1}})
	s.must(s.Register(r))
	s.must(s.OpenShift(Cashier{}))
	rec := markedSale(code88("=="))
	rec.Items[1] = rec.Items[0]
	rec.Items[1].Code = code88("=A")
	rec.Ecash = 2 * 24900
	_, err := s.Receipt(rec)
	refusedBy(t, RuleMarking, err)
	state, err := s.Driver().MarkingState()
	require.NoError(t, err)
	assert.Zero(t, state.Saved, "the checks of a receipt that was not made are dropped")
	s.must(s.Receipt(sale()))
	s.must(s.Receipt(markedSale(code88("=="))))
}

// A receipt that the drive refuses after the codes were checked leaves no results.
func TestMarking_DroppedWithReceipt(t *testing.T) {
	t.Parallel()
	s := marking(t, Options{})
	require.NoError(t, s.device.SetFaults(fn.Faults{Commands: []fn.CommandFault{{Command: fn.CmdFormReceipt, Call: 1, Answer: code(fn.DriveError)}}}))
	_, err := s.Receipt(markedSale(code88("==")))
	require.Error(t, err)
	assert.Equal(t, fn.DriveError, fnport.Code(err))
	state, err := s.Driver().MarkingState()
	require.NoError(t, err)
	assert.Zero(t, state.Saved)
	s.must(s.Receipt(markedSale(code88("=="))))
}

func code(c fn.Code) *fn.Code { return &c }

// Codes in FFD 1.05 and 1.1 go into 1162 as the order's examples want.
func TestMarking_Code1162(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11} {
		s := trading(t, Options{}, registration(v))
		rec := sale()
		rec.Items[0].Quantity, rec.Items[0].Price, rec.Items[0].Code = Pieces(1), 10000, code88("==")
		d := s.must(s.Receipt(rec))
		s.clean(t, d)
		value := d.All(ffd.TagItem)[0].Child(ffd.TagProductCode).Value
		assert.Equal(t, []byte{0x44, 0x4D}, value[:2])
		assert.Equal(t, "5KAZWyQWERTY1", string(value[8:]))
	}
}

// An autonomous register asks nobody: bit 4 of 2106 (K-110, enums.md).
func TestMarking_Autonomous(t *testing.T) {
	t.Parallel()
	r := registration(fiscal.FFD12)
	r.Marking, r.Autonomous, r.OFDINN, r.OFDName, r.SellerAddress = true, true, "", "", ""
	source := &ismp{t: t, result: 15}
	s := trading(t, Options{Marking: source}, r)
	d := s.must(s.Receipt(markedSale(code88("=="))))
	s.clean(t, d)
	assert.Equal(t, uint64(19), ffd.NodeUint(d.All(ffd.TagItem)[0].Child(ffd.TagProductCheckResult)))
	assert.Empty(t, source.requests)
}
