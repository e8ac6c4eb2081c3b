package receiptcheck_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// shelf holds documents.
type shelf map[fiscal.FDNumber]store.Document

func (s shelf) Document(_ context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error) {
	if d, ok := s[fd]; ok && d.FN == fn {
		return d, nil
	}
	return store.Document{}, store.ErrNotFound
}

func (s shelf) Drive(_ context.Context, fn fiscal.FNNumber) (store.Drive, error) {
	var last store.Drive
	for _, d := range s {
		if d.FN == fn {
			last = store.Drive{FN: fn, Status: store.DriveActive, LastFD: max(last.LastFD, d.FD)}
		}
	}
	if last.FN == "" {
		return last, store.ErrNotFound
	}
	return last, nil
}

func (s shelf) Documents(_ context.Context, f store.DocumentFilter, _ store.Page) (all []store.Document, _ error) {
	for _, d := range s {
		if d.FPD == f.FPD {
			all = append(all, d)
		}
	}
	return all, nil
}

func filled() (shelf, store.Document) {
	r := servertest.NewRegister(1, fiscal.FFD105)
	s := shelf{}
	for i, d := range []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(12_345, func(b *tlv.Builder) { b.Text(ffd.TagBuyerPhoneOrAddress, "a@b.example") }), r.Receipt(500)} {
		s[d.FD] = store.Document{ID: int64(i + 1), FN: d.FN, FD: d.FD, Form: d.Form, STLV: d.STLV, FPD: fiscal.FPD(70_000 + i), Total: 12_345}
	}
	return s, s[3]
}

// OPR-062, CAB-105: a receipt is found by all three numbers and by nothing less.
func TestFind_NeedsAllThreeNumbers(t *testing.T) {
	t.Parallel()
	docs, d := filled()
	s, err := receiptcheck.New(receiptcheck.Options{Documents: docs, Least: -1})
	require.NoError(t, err)
	ctx := context.Background()
	got, err := s.Find(ctx, d.FN, d.FD, d.FPD)
	require.NoError(t, err)
	assert.Equal(t, d.FD, got.FD)
	assert.Contains(t, got.QRText(), "&s=123.45&")
	assert.False(t, got.Parsed.Has(ffd.TagBuyerPhoneOrAddress), "nothing personal is for everybody")
	assert.False(t, got.Parsed.Has(ffd.TagCashier))
	assert.True(t, got.Parsed.Has(ffd.TagTotalSum))
	_, err = s.Find(ctx, d.FN, d.FD, d.FPD+1)
	require.ErrorIs(t, err, receiptcheck.ErrNotFound)
	_, err = s.Find(ctx, "9999000000000002", d.FD, d.FPD)
	require.ErrorIs(t, err, receiptcheck.ErrNotFound)
	_, err = s.Find(ctx, d.FN, 2, docs[2].FPD)
	require.ErrorIs(t, err, receiptcheck.ErrNotFound, "reports are not for everybody")
	var later *receiptcheck.NotYet
	_, err = s.Find(ctx, d.FN, 99, d.FPD)
	require.ErrorAs(t, err, &later)
	assert.Positive(t, later.Wait)
}

// OPR-062: the time of an answer does not tell a good key from a bad one.
func TestFind_TakesTheSameTime(t *testing.T) {
	t.Parallel()
	docs, d := filled()
	const least = 30 * time.Millisecond
	s, err := receiptcheck.New(receiptcheck.Options{Documents: docs, Least: least})
	require.NoError(t, err)
	for _, fpd := range []fiscal.FPD{d.FPD, d.FPD + 1} {
		begun := time.Now()
		_, _ = s.Find(context.Background(), d.FN, d.FD, fpd)
		assert.GreaterOrEqual(t, time.Since(begun), least)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = s.Find(ctx, d.FN, d.FD, d.FPD)
	require.ErrorIs(t, err, context.Canceled)
}

// OPR-062: limits per address.
func TestAllow_LimitsAnAddress(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	s, err := receiptcheck.New(receiptcheck.Options{Documents: shelf{}, Tries: 3, Window: time.Minute, Now: func() time.Time { return now }})
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, s.Allow("192.0.2.1"))
	}
	var many *receiptcheck.TooMany
	require.ErrorAs(t, s.Allow("192.0.2.1"), &many)
	assert.Equal(t, time.Minute, many.Wait)
	require.NoError(t, s.Allow("192.0.2.2"), "another address")
	now = now.Add(time.Minute + time.Second)
	require.NoError(t, s.Allow("192.0.2.1"))
	for range 5 {
		require.NoError(t, s.AllowLetter("192.0.2.1", "a@b.example"))
	}
	require.ErrorAs(t, s.AllowLetter("192.0.2.9", "a@b.example"), &many, "a mailbox is not filled from many addresses")
}

// OPR-063: sign and sum.
func TestFindBySum(t *testing.T) {
	t.Parallel()
	docs, d := filled()
	s, err := receiptcheck.New(receiptcheck.Options{Documents: docs, Least: -1})
	require.NoError(t, err)
	got, err := s.FindBySum(context.Background(), d.FPD, d.Total)
	require.NoError(t, err)
	assert.Equal(t, d.FD, got.FD)
	_, err = s.FindBySum(context.Background(), d.FPD, d.Total+1)
	require.ErrorIs(t, err, receiptcheck.ErrNotFound)
}

// CAB-105: numbers as they are printed.
func TestParseKey(t *testing.T) {
	t.Parallel()
	k, err := receiptcheck.ParseKey("9999 0789 0000 1234", "0000123", "0012345678")
	require.NoError(t, err)
	assert.Equal(t, receiptcheck.Key{FN: "9999078900001234", FD: 123, FPD: 12_345_678}, k)
	assert.Equal(t, "/check/r?fn=9999078900001234&i=123&fp=12345678", k.Path())
	for field, one := range map[string][3]string{
		"fn": {"999907890000123", "1", "1"}, "fd": {"9999078900001234", "0", "1"}, "fpd": {"9999078900001234", "1", "12345678901"},
	} {
		_, err := receiptcheck.ParseKey(one[0], one[1], one[2])
		var bad invalid.Fields
		require.ErrorAs(t, err, &bad)
		assert.Len(t, bad, 1)
		assert.NotEmpty(t, bad[field])
	}
	for _, fpd := range []string{"", "4294967296", "-1", "+1", "x"} {
		_, err := receiptcheck.ParseKey("9999078900001234", "1", fpd)
		require.Error(t, err, fpd)
	}
}

// CAB-106: our link, the text of the QR code, a foreign link.
func TestParseLink(t *testing.T) {
	t.Parallel()
	const site = "https://ofd.example:8443"
	want := receiptcheck.Key{FN: "9999078900001234", FD: 123, FPD: 12_345_678}
	for _, text := range []string{
		"https://ofd.example:8443/check/r?fn=9999078900001234&i=123&fp=12345678",
		" ofd.example:8443/check/r?fn=9999078900001234&i=123&fp=0012345678 ",
		"/check?fn=9999078900001234&fd=123&fpd=12345678",
		"t=20260801T1102&s=123.45&fn=9999078900001234&i=123&fp=12345678&n=1",
		"https://OFD.example:8443/web/noauth/cheque?fn=9999078900001234&fp=12345678&i=123",
	} {
		k, err := receiptcheck.ParseLink(site, text)
		require.NoError(t, err, text)
		assert.Equal(t, want, k, text)
	}
	for text, want := range map[string]error{
		"https://ofd.other.example/check/r?fn=9999078900001234&i=123&fp=12345678": receiptcheck.ErrForeign,
		"ofd.other.example/rec?fn=9999078900001234&i=123&fp=12345678":             receiptcheck.ErrForeign,
		"https://receipt.other.example/12345":                                     receiptcheck.ErrForeign,
		"привет":                                                                  receiptcheck.ErrNoLink,
		"":                                                                        receiptcheck.ErrNoLink,
		"https://ofd.example:8443/lk":                                             receiptcheck.ErrNoLink,
		"https://ofd.example:8443/?%zz":                                           receiptcheck.ErrNoLink,
	} {
		_, err := receiptcheck.ParseLink(site, text)
		assert.ErrorIs(t, err, want, text)
	}
	_, err := receiptcheck.ParseLink(site, "https://ofd.example:8443/check/r?fn=1&i=1&fp=1")
	var bad invalid.Fields
	assert.True(t, errors.As(err, &bad))
}

func FuzzParseLink(f *testing.F) {
	f.Add("https://ofd.example/check/r?fn=9999078900001234&i=123&fp=12345678")
	f.Add("t=20260801T1102&s=123.45&fn=9999078900001234&i=123&fp=12345678&n=1")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := receiptcheck.ParseLink("https://ofd.example", text)
		if err != nil {
			return
		}
		again, err := receiptcheck.ParseLink("https://ofd.example", "https://ofd.example"+k.Path())
		if err != nil || again != k {
			t.Fatalf("%q: %+v, then %+v, %v", text, k, again, err)
		}
	})
}
