package fiscal_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

func TestCRC16_KnownAnswers(t *testing.T) {
	t.Parallel()
	// transport.md 3.3 and the check values of vectors.json.
	for in, want := range map[string]uint16{"123456789": 0x29B1, "": 0xFFFF, "\x00": 0xE1F0} {
		assert.Equal(t, want, fiscal.CRC16([]byte(in)), "%q", in)
	}
}

func TestCRC16_PartsEqualWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		cut := rapid.IntRange(0, len(b)).Draw(t, "cut")
		assert.Equal(t, fiscal.CRC16(b), fiscal.CRC16(b[:cut], b[cut:]))
	})
}

// The definition, bit by bit, for every length around the blocks of eight.
func TestCRC16_FollowsItsPolynomial(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		want := uint16(0xFFFF)
		for _, v := range b {
			want ^= uint16(v) << 8
			for range 8 {
				top := want >> 15
				want = want<<1 ^ top*0x1021
			}
		}
		assert.Equal(t, want, fiscal.CRC16(b))
	})
}

func BenchmarkCRC16(b *testing.B) {
	data := make([]byte, 600)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		fiscal.CRC16(data)
	}
}

func TestINN_Check(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		inn string
		ok  bool
	}{
		{"7702203276", true}, {"7704358518", true}, {"7825706086", true},
		{"500100732259", true}, // worked by hand from flk.md section 10
		{"7702203277", false},
		{"771234567890", false}, // cashier of cap-01: test data with wrong digits
		{"770220327", false},
		{"77022O3276", false},
		{"", false},
		{"000000000000", true}, // the weights give zero: callers treat NoINN apart
	} {
		err := fiscal.INN(tc.inn).Check()
		assert.Equal(t, tc.ok, err == nil, "%q: %v", tc.inn, err)
	}
	n, err := fiscal.ParseINN("7704358518  ")
	require.NoError(t, err)
	assert.Equal(t, fiscal.INN("7704358518"), n)
	assert.Equal(t, [12]byte{'7', '7', '0', '4', '3', '5', '8', '5', '1', '8', ' ', ' '}, n.Padded())
}

func TestINN_WithCheckDigits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lead := rapid.StringMatching(`[0-9]{9,10}`).Draw(t, "lead")
		assert.NoError(t, fiscal.WithCheckDigits(lead).Check())
	})
}

func TestINN_OneWrongDigitIsSeen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := []byte(fiscal.WithCheckDigits(rapid.StringMatching(`[0-9]{9}`).Draw(t, "lead")))
		last := n[9]
		n[9] = '0' + (last-'0'+byte(rapid.IntRange(1, 9).Draw(t, "shift")))%10
		assert.Error(t, fiscal.INN(n).Check())
	})
}

func TestRegNumber(t *testing.T) {
	t.Parallel()
	// Both samples of flk.md section 9.
	for _, tc := range []struct {
		serial        uint64
		inn           fiscal.INN
		factory, want string
	}{
		{5, "7702203276", "000000000002", "0000000005008570"},
		{7795807, "7825706086", "00105726645591", "0007795807005569"},
	} {
		n := fiscal.MakeRegNumber(tc.serial, tc.inn, tc.factory)
		assert.Equal(t, fiscal.RegNumber(tc.want), n)
		assert.NoError(t, n.Check(tc.inn, tc.factory))
		assert.ErrorContains(t, n.Check(tc.inn, tc.factory+"1"), "check digits")
	}
	n, err := fiscal.ParseRegNumber("0000000005008570    ")
	require.NoError(t, err)
	b := n.Padded()
	assert.Equal(t, "0000000005008570    ", string(b[:]))
	for _, bad := range []string{"", "123", "00000000050085701", "000000000500857X"} {
		_, err := fiscal.ParseRegNumber(bad)
		assert.Error(t, err, bad)
	}
}

func TestFNNumber_BCD(t *testing.T) {
	t.Parallel()
	// cap-01 and cap-02: sixteen digits, and fifteen with a filling half-byte F.
	for n, want := range map[fiscal.FNNumber][8]byte{
		"9999078900005488": {0x99, 0x99, 0x07, 0x89, 0x00, 0x00, 0x54, 0x88},
		"999907891234567":  {0x99, 0x99, 0x07, 0x89, 0x12, 0x34, 0x56, 0x7F},
	} {
		assert.Equal(t, want, n.BCD())
		back, err := fiscal.FNNumberFromBCD(want)
		require.NoError(t, err)
		assert.Equal(t, n, back)
	}
	for _, bad := range [][8]byte{{0xFF}, {0x9A}, {0x9F, 0x99}} {
		_, err := fiscal.FNNumberFromBCD(bad)
		assert.Error(t, err, "%x", bad)
	}
}

func TestFNNumber_BCDRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := fiscal.FNNumber(rapid.StringMatching(`[0-9]{1,16}`).Draw(t, "fn"))
		padded := n.Padded()
		parsed, err := fiscal.ParseFNNumber(string(padded[:]))
		require.NoError(t, err)
		assert.Equal(t, n, parsed)
		// An odd count of digits shares a byte with the filler and still comes back.
		back, err := fiscal.FNNumberFromBCD(n.BCD())
		require.NoError(t, err)
		assert.Equal(t, n, back)
	})
}

func TestParseFNNumber_RefusesOtherThings(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "    ", "12345678901234567", "99990789000054X8", " 123"} {
		_, err := fiscal.ParseFNNumber(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestKopecks(t *testing.T) {
	t.Parallel()
	for text, k := range map[string]fiscal.Kopecks{"0.00": 0, "0.05": 5, "123.45": 12345, "9999999.00": 999999900} {
		assert.Equal(t, text, k.String())
		got, err := fiscal.ParseKopecks(text)
		require.NoError(t, err)
		assert.Equal(t, k, got)
	}
	assert.Equal(t, "-1.05", fiscal.Kopecks(-105).String())
	for _, bad := range []string{"", ".", "1.", ".5", "1.234", "-1", "1,5", "1e3", "99999999999999.00"} {
		_, err := fiscal.ParseKopecks(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestFPD(t *testing.T) {
	t.Parallel()
	// K-025, O-029: leading zeros on paper, none in the QR.
	p, err := fiscal.FPDFromTag([]byte{0x21, 0x04, 0x01, 0x79, 0xFC, 0x37})
	require.NoError(t, err)
	assert.Equal(t, "0024771639", p.Paper())
	assert.Equal(t, "24771639", p.QR())
	_, err = fiscal.FPDFromTag([]byte{1, 2, 3})
	assert.Error(t, err)
}

func TestFaults_NamesAreUniqueAndFound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range fiscal.Faults() {
		assert.NotEmpty(t, f.ID(), f.String())
		assert.False(t, seen[f.String()], f.String())
		seen[f.String()] = true
		back, ok := fiscal.FaultByName(f.String())
		assert.True(t, ok)
		assert.Equal(t, f, back)
	}
	_, ok := fiscal.FaultByName("nothing_of_the_kind")
	assert.False(t, ok)
}

func TestForm(t *testing.T) {
	t.Parallel()
	for _, f := range []fiscal.Form{1, 11, 2, 21, 3, 31, 4, 41, 5, 6, 7, 81, 82, 83, 84} {
		assert.True(t, f.Known(), int(f))
		assert.Equal(t, f, fiscal.FormByJSONName(f.JSONName()))
	}
	assert.False(t, fiscal.Form(8).Known())
	assert.Equal(t, "форма 8", fiscal.Form(8).String())
}
