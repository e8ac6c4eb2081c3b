package chain

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func unhex(t *testing.T, parts ...string) []byte {
	t.Helper()
	var all []byte
	for _, s := range parts {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		all = append(all, b...)
	}
	return all
}

func some(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: true} }

// sample has a value in every field; the bytes that it makes are written out by hand
// in TestDigest_Layout.
func sample() Row {
	return Row{
		ID: 77, FN: "99", FD: 5, Form: 3, FFD: 4, RegID: "1", UserINN: "22", DateTime: some(6), ReceivedAt: some(-1), Shift: 7, Number: 8, Operation: 1, Total: 256,
		FPD: 9, Policy: "p", FPS: "ok", FPDCheck: "", Fault: sql.NullString{String: "f", Valid: true}, Took: 10, Peer: "h", Detail: "",
		STLVAt: some(1), STLVLen: some(2), Findings: sql.NullString{String: "[]", Valid: true}, Message: []byte{1, 2, 3}, Confirmation: []byte{4},
		Request: []byte{5}, ResponseHead: []byte{6, 7},
	}
}

// The layout of docs/schema.md, bytes by hand.
func TestDigest_Layout(t *testing.T) {
	t.Parallel()
	r := sample()
	record := unhex(t,
		"46425231",                             // FBR1
		"0000000000000003", "0000000000000004", // form, ffd
		"00000001"+"31", "00000002"+"3232", // reg_id, user_inn
		"01"+"0000000000000006", "01"+"ffffffffffffffff", // date_time, received_at
		"0000000000000007", "0000000000000008", "0000000000000001", "0000000000000100", "0000000000000009",
		"00000001"+"70", "00000002"+"6f6b", "00000000", // policy, fps, fpd_check
		"01"+"00000001"+"66",                            // fault
		"00",                                            // exchange_at
		"000000000000000a", "00000001"+"68", "00000000", // took, peer, detail
		"01"+"0000000000000001", "01"+"0000000000000002", // stlv_at, stlv_len
		"01"+"00000002"+"5b5d", // findings
		"00000000", "00000001"+"05", "00000000", "00000002"+"0607")
	m, c, rec := sha256.Sum256([]byte{1, 2, 3}), sha256.Sum256([]byte{4}), sha256.Sum256(record)
	previous := sha256.Sum256([]byte("before"))
	linked := unhex(t, "46424c31", hex.EncodeToString(previous[:]), "0000000000000003", "00000002"+"3939", "0000000000000005",
		hex.EncodeToString(m[:]), hex.EncodeToString(c[:]), hex.EncodeToString(rec[:]))
	want := sha256.Sum256(linked)

	d := r.Digest()
	link, head := d.Link(HeadOf(2, previous[:]))
	assert.Equal(t, Head{Length: 3, Hash: want}, head)
	assert.Equal(t, unhex(t, hex.EncodeToString(want[:]), hex.EncodeToString(m[:8]), hex.EncodeToString(c[:8]), hex.EncodeToString(rec[:8])), link)
	assert.Empty(t, d.Differs(link))
	assert.Equal(t, []string{"link"}, d.Differs(link[1:]))
}

// Every column but the place in the lists and the link itself is promised.
func TestDigest_CoversEveryColumn(t *testing.T) {
	t.Parallel()
	part := map[string]string{"Message": "message", "Confirmation": "confirmation"}
	kind := reflect.TypeFor[Row]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		r := sample()
		d := r.Digest()
		link, head := d.Link(Head{})
		switch f := reflect.ValueOf(&r).Elem().Field(i); v := f.Addr().Interface().(type) {
		case *int64:
			*v++
		case *string:
			*v += "x"
		case *[]byte:
			*v = append(*v, 1)
		case *sql.NullInt64:
			v.Int64, v.Valid = v.Int64+1, true
		case *sql.NullString:
			v.String, v.Valid = v.String+"x", true
		default:
			t.Fatalf("%s: no way to change a %T", name, v)
		}
		changed := r.Digest()
		_, other := changed.Link(Head{})
		switch name {
		case "ID", "Seq", "Link":
			assert.Equal(t, head, other, name)
		case "FN", "FD":
			assert.NotEqual(t, head, other, name)
			assert.Empty(t, changed.Differs(link), "the row fits by itself, in another place")
		default:
			assert.NotEqual(t, head, other, name)
			want := part[name]
			if want == "" {
				want = "record"
			}
			assert.Equal(t, []string{want}, changed.Differs(link), name)
		}
	}
}

// No two lists of texts make the same bytes: moving a byte over a border is seen.
func TestWriter_KeepsBorders(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "a"), rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "b")
		var one, two writer
		one.texts(a...)
		two.texts(b...)
		if reflect.DeepEqual(a, b) || len(a)+len(b) == 0 {
			require.Equal(t, one, two)
		} else {
			require.NotEqual(t, one, two)
		}
	})
}

func TestEntry_SumCoversEveryColumn(t *testing.T) {
	t.Parallel()
	e := Entry{ID: 2, At: 1, Who: "w", Kind: KindRetention, What: "documents", FN: "1", First: 1, Last: 2, Rows: 2, Head: []byte{1}}
	before := e.Sum([]byte{1})
	assert.NotEqual(t, before, e.Sum(nil))
	kind := reflect.TypeFor[Entry]()
	for i := range kind.NumField() {
		if kind.Field(i).Name == "Hash" {
			continue
		}
		changed := e
		switch v := reflect.ValueOf(&changed).Elem().Field(i).Addr().Interface().(type) {
		case *int64:
			*v++
		case *string:
			*v += "x"
		case *[]byte:
			*v = []byte{2}
		case *sql.NullInt64:
			v.Valid = true
		}
		assert.NotEqual(t, before, changed.Sum([]byte{1}), kind.Field(i).Name)
	}
}

// BenchmarkLink is what a document costs its caller, and the one writer.
func BenchmarkLink(b *testing.B) {
	r := sample()
	r.Message, r.Confirmation = make([]byte, 600), make([]byte, 170)
	b.Run("Digest", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Digest()
		}
	})
	b.Run("Link", func(b *testing.B) {
		d, head := r.Digest(), Head{}
		b.ReportAllocs()
		for b.Loop() {
			_, head = d.Link(head)
		}
	})
}
