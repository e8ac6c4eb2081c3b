package tlv_test

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// item says that 1059, 1174, 1068 and the outer forms of the samples are nested.
func nested(tag tlv.Tag) bool { return tag == 1059 || tag == 1223 || tag == 1068 || tag == 3 }

// One item of a receipt, written by hand from the tables of the order.
const handItem = "2304" + "1500" + // 1059, 21 bytes
	"0604" + "0300" + "8fa8e0" + // 1030 "Пир"
	"ff03" + "0300" + "03d007" + // 1023 = 2.000
	"3704" + "0300" + "a08601" // 1079 = 100000 kopecks

func TestWalk_VisitsFieldsInPlace(t *testing.T) {
	t.Parallel()
	buf := unhex(t, handItem+"fc03"+"0200"+"3930")
	w := tlv.Walk(buf)
	require.True(t, w.Next())
	assert.Equal(t, tlv.Tag(1059), w.Field().Tag)
	assert.Equal(t, 0, w.Field().Offset)
	require.True(t, w.Next())
	assert.Equal(t, tlv.Tag(1020), w.Field().Tag)
	assert.Equal(t, 25, w.Field().Offset)
	assert.Equal(t, unhex(t, "fc0302003930"), w.Raw())
	assert.False(t, w.Next())
	require.NoError(t, w.Err())
	// Values alias the buffer and cannot grow over their neighbour.
	assert.Equal(t, &buf[29], &w.Field().Value[0])
	assert.Equal(t, 2, cap(w.Field().Value))
}

func TestWalk_AllocatesNothing(t *testing.T) {
	buf := bytes.Repeat(unhex(t, "fc0302003930"), 100) // 600 bytes
	allocs := testing.AllocsPerRun(100, func() {
		w := tlv.Walk(buf)
		for w.Next() {
		}
		if w.Err() != nil {
			t.Fatal(w.Err())
		}
	})
	assert.Zero(t, allocs)
}

func TestParse_Errors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, hex string
		limits    tlv.Limits
		cause     error
		path      []tlv.Tag
		offset    int
	}{
		{"header cut short", "fc0302", tlv.Limits{}, tlv.ErrHeader, nil, 0},
		{"overrun at the first level", "fc0303003930", tlv.Limits{}, tlv.ErrOverrun, []tlv.Tag{1020}, 0},
		{"overrun inside an item", "2304060006040300" + "8fa8", tlv.Limits{}, tlv.ErrOverrun, []tlv.Tag{1059, 1030}, 4},
		{"header cut inside an item", handItem + "230402000604", tlv.Limits{}, tlv.ErrHeader, []tlv.Tag{1059}, 29},
		{"too deep", "2304080023040400" + "23040000", tlv.Limits{Depth: 2}, tlv.ErrDepth, []tlv.Tag{1059, 1059}, 8},
		{"too many", "fc030000fc030000fc030000", tlv.Limits{Fields: 2}, tlv.ErrCount, nil, 8},
		{"too long", "fc030000fc030000", tlv.Limits{Length: 7}, tlv.ErrTooLong, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := tlv.Parse(unhex(t, tc.hex), nested, tc.limits)
			var e *tlv.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, tc.cause)
			assert.Equal(t, tlv.PathString(tc.path), tlv.PathString(e.Path))
			assert.Equal(t, tc.offset, e.Offset)
			assert.NotEmpty(t, e.Expected)
			assert.NotEmpty(t, e.Got)
		})
	}
}

// The outer field is a structure even when its tag is not one: forms of documents
// share their numbers with tags.
func TestParseInside(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, hex string
		cause     error
		path      []tlv.Tag
		offset    int
	}{
		{"whole", "0300" + "1900" + handItem, nil, nil, 0},
		{"no header", "030000", tlv.ErrHeader, nil, 0},
		{"overrun of the outer field", "030002000a", tlv.ErrOverrun, []tlv.Tag{3}, 0},
		{"bytes after it", "03000000" + "00", tlv.ErrOverrun, []tlv.Tag{3}, 4},
		{"overrun inside", "03000600" + "fc0303003930", tlv.ErrOverrun, []tlv.Tag{3, 1020}, 4},
		{"overrun inside an item", "03000a00" + "2304060006040300" + "8fa8", tlv.ErrOverrun, []tlv.Tag{3, 1059, 1030}, 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			raw := unhex(t, tc.hex)
			nodes, err := tlv.ParseInside(raw, nested, tlv.Limits{})
			if tc.cause == nil {
				require.NoError(t, err)
				body, err := tlv.Append(nil, nodes)
				require.NoError(t, err)
				assert.Equal(t, raw[tlv.HeaderLen:], body)
				assert.Equal(t, tlv.HeaderLen, nodes[0].Offset)
				return
			}
			var e *tlv.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, tc.cause)
			assert.Equal(t, tlv.PathString(tc.path), tlv.PathString(e.Path))
			assert.Equal(t, tc.offset, e.Offset)
		})
	}
	_, err := tlv.ParseInside(unhex(t, "0300"+"1900"+handItem), nested, tlv.Limits{Depth: 2})
	require.ErrorIs(t, err, tlv.ErrDepth)
	_, err = tlv.ParseInside(unhex(t, "0300"+"1900"+handItem), nested, tlv.Limits{Fields: 4})
	require.ErrorIs(t, err, tlv.ErrCount)
}

func TestParse_KeepsWhatWasReadBeforeTheError(t *testing.T) {
	t.Parallel()
	nodes, err := tlv.Parse(unhex(t, handItem+"fc0309003930"), nested, tlv.Limits{})
	require.Error(t, err)
	require.Len(t, nodes, 1)
	require.Len(t, nodes[0].Children, 3)
	assert.Equal(t, 11, nodes[0].Children[1].Offset)
}

func TestBuilder_WritesTheHandWorkedItem(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.STLV(1059, func(b *tlv.Builder) {
		b.Text(1030, "Пир")
		b.FVLN(1023, tlv.FVLN{Decimals: 3, Magnitude: 2000})
		b.VLN(1079, 100000)
	})
	got, err := b.Bytes()
	require.NoError(t, err)
	assert.Equal(t, handItem, hex.EncodeToString(got))
}

func TestBuilder_Kinds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		write func(*tlv.Builder)
		want  string
	}{
		{"byte", func(b *tlv.Builder) { b.Byte(1054, 1) }, "1e04010001"},
		{"flag", func(b *tlv.Builder) { b.Bool(1002, true) }, "ea03010001"},
		{"uint16", func(b *tlv.Builder) { b.Uint16(1213, 410) }, "bd0402009a01"},
		{"uint32", func(b *tlv.Builder) { b.Uint32(1040, 77) }, "100404004d000000"},
		{"VLN zero is one byte", func(b *tlv.Builder) { b.VLN(1081, 0) }, "3904010000"},
		{"VLN minimal", func(b *tlv.Builder) { b.VLN(1020, 12345) }, "fc0302003930"},
		{"fixed text", func(b *tlv.Builder) { b.FixedText(1018, "7702203276", 12) }, "fa030c00373730323230333237362020"},
		{"time", func(b *tlv.Builder) { b.Time(1012, time.Date(2017, 3, 3, 11, 38, 0, 0, time.UTC)) }, "f40304009855b958"},
		{"raw", func(b *tlv.Builder) { b.Raw(1077, []byte{0x21, 4, 1, 2, 3, 4}) }, "35040600210401020304"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b tlv.Builder
			tc.write(&b)
			got, err := b.Bytes()
			require.NoError(t, err)
			assert.Equal(t, tc.want, hex.EncodeToString(got))
		})
	}
}

func TestBuilder_FirstErrorSticksWithItsPath(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.Byte(1054, 1)
	b.STLV(1059, func(b *tlv.Builder) { b.Text(1030, "цена 5 ₽") })
	b.Byte(1055, 1)
	got, err := b.Bytes()
	var e *tlv.Error
	require.ErrorAs(t, err, &e)
	assert.ErrorIs(t, err, tlv.ErrEncoding)
	assert.Equal(t, []tlv.Tag{1059, 1030}, e.Path)
	assert.NotContains(t, hex.EncodeToString(got), "1f04", "nothing is written after the error")

	b.Reset()
	b.FixedText(1018, "1234567890123", 12)
	_, err = b.Bytes()
	assert.ErrorIs(t, err, tlv.ErrTooLong)

	b.Reset()
	b.Raw(1059, make([]byte, tlv.MaxValueLen+1))
	_, err = b.Bytes()
	assert.ErrorIs(t, err, tlv.ErrTooLong)
}

func TestUint_ToleratesEmptyAndHighZeros(t *testing.T) {
	t.Parallel()
	for h, want := range map[string]uint64{"": 0, "00": 0, "e92d06": 404969, "39300000": 12345, "ffffffffffffffff": 1<<64 - 1} {
		n, err := tlv.Uint(unhex(t, h))
		require.NoError(t, err)
		assert.Equal(t, want, n, h)
	}
	_, err := tlv.Uint(make([]byte, 9))
	assert.ErrorIs(t, err, tlv.ErrValue)
}

func TestFVLN(t *testing.T) {
	t.Parallel()
	// ffd/README.md section 1.
	for h, want := range map[string]string{"0002": "2", "03d007": "2.000", "0640420f": "1.000000", "02d73702": "1453.67", "": "0", "0305": "0.005"} {
		f, err := tlv.ParseFVLN(unhex(t, h))
		require.NoError(t, err)
		assert.Equal(t, want, f.String(), h)
		if h != "" {
			assert.Equal(t, h, hex.EncodeToString(f.Append(nil)))
		}
		back, err := tlv.ParseDecimal(want)
		require.NoError(t, err)
		assert.Equal(t, f, back)
	}
	for _, bad := range []string{"1200", "000000000000000000"} {
		_, err := tlv.ParseFVLN(unhex(t, bad))
		assert.ErrorIs(t, err, tlv.ErrValue, bad)
	}
	for _, bad := range []string{"", "-1", "1e3", "1.2.3", ".5", "72057594037927936"} {
		_, err := tlv.ParseDecimal(bad)
		assert.ErrorIs(t, err, tlv.ErrValue, bad)
	}
}

func TestFVLN_MulRound(t *testing.T) {
	t.Parallel()
	// Real lines: 2.474 × 9999 and 7.445 × 3499 (M-01), 2.926 × 35900.
	for _, tc := range []struct {
		quantity string
		price    uint64
		want     uint64
	}{{"2.474", 9999, 24738}, {"7.445", 3499, 26050}, {"2.926", 35900, 105043}, {"0.5", 1, 1}, {"3", 100, 300}} {
		q, err := tlv.ParseDecimal(tc.quantity)
		require.NoError(t, err)
		got, ok := q.MulRound(tc.price)
		require.True(t, ok)
		assert.Equal(t, tc.want, got)
	}
	_, ok := tlv.FVLN{Magnitude: 1<<56 - 1}.MulRound(1 << 20)
	assert.False(t, ok)
}

func TestText_CP866(t *testing.T) {
	t.Parallel()
	// Name of the user in cap-01.
	raw := unhex(t, "8e8e8e2090808f8a80922de6a5ade2e020")
	assert.Equal(t, "ООО РАПКАТ-центр ", tlv.Text(raw))
	back, err := tlv.AppendText(nil, "ООО РАПКАТ-центр ")
	require.NoError(t, err)
	assert.Equal(t, raw, back)
	_, err = tlv.AppendText(nil, "«Ромашка»")
	assert.ErrorIs(t, err, tlv.ErrEncoding)
}

func TestWallClock(t *testing.T) {
	t.Parallel()
	// D-01: 18:37 on the wall in UTC+5 is written as 18:37 UTC.
	zone := time.FixedZone("", 5*3600)
	at := time.Date(2020, 9, 24, 18, 37, 0, 0, zone)
	assert.Equal(t, int64(1600972620), tlv.WallClock(at).Unix())
	got, err := tlv.Time([]byte{0x4c, 0xe7, 0x6c, 0x5f})
	require.NoError(t, err)
	assert.Equal(t, tlv.WallClock(at), got)
	_, err = tlv.Time([]byte{1, 2, 3})
	assert.ErrorIs(t, err, tlv.ErrValue)
}

func TestOuter(t *testing.T) {
	t.Parallel()
	doc, rest, err := tlv.Outer(unhex(t, "03000200aabb8106"))
	require.NoError(t, err)
	assert.Equal(t, tlv.Field{Tag: 3, Value: []byte{0xAA, 0xBB}}, doc)
	assert.Equal(t, []byte{0x81, 0x06}, rest)
	for _, bad := range []string{"", "0300", "03000300aabb"} {
		_, _, err := tlv.Outer(unhex(t, bad))
		assert.Error(t, err, bad)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	buf := unhex(t, "100404004d000000fc0302003930"+"1e0401") // the last field is cut
	v, ok := tlv.Find(buf, 1020)
	assert.True(t, ok)
	assert.Equal(t, []byte{0x39, 0x30}, v)
	raw, ok := tlv.FindRaw(buf, 1040)
	assert.True(t, ok)
	assert.Len(t, raw, 8)
	_, ok = tlv.Find(buf, 1054)
	assert.False(t, ok)
}
