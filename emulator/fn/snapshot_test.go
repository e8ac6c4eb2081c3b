package fn

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// lived is a drive in the middle of everything.
func lived(t testing.TB) *testRig {
	r := markRig(t)
	r.sell(100)
	r.checked(testCode)
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(100), item(testCode))
	r.ok(CmdFormReceipt, r.form16(1, 100))
	r.readMessage()
	r.ok(CmdMarkingCheck, checkArg(4, testCode))
	r.ok(CmdMarkingRequest, r.requestArg())
	r.ok(CmdDocumentTLV, fdArg(1))
	r.ok(CmdNextTLV)
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(7))
	return r
}

func TestSnapshot_RestoresEverything(t *testing.T) {
	t.Parallel()
	r := lived(t)
	path := filepath.Join(t.TempDir(), "drive.fn")
	require.NoError(t, r.SaveFile(path))
	require.NoError(t, r.SaveFile(path), "over the old one")
	d, err := LoadFile(path, Options{Number: testNumber})
	require.NoError(t, err)
	assert.Equal(t, r.View(), d.View())
	a, err := r.freeze()
	require.NoError(t, err)
	b, err := d.freeze()
	require.NoError(t, err)
	assert.Equal(t, string(a), string(b))
	assert.Equal(t, r.store, d.store)
	assert.Equal(t, r.doc, d.doc)
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file stays")

	d.PowerCut()
	assert.Zero(t, d.View().Document)
}

// The timer of FN-042 starts anew in a restored drive.
func TestSnapshot_StartsTimersAnew(t *testing.T) {
	t.Parallel()
	power := time.Hour
	timer := func() time.Duration { return power }
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.PowerTimer = timer })
	r.register(regFirst, 0)
	r.readMessage()
	var b bytes.Buffer
	require.NoError(t, r.Save(&b))
	power = 0
	d, err := Load(&b, Options{PowerTimer: timer})
	require.NoError(t, err)
	power = 299 * time.Second
	assert.Equal(t, LinkUp|LinkAwaitsReply, d.Exec(CmdExchangeStatus, nil).Data[0])
	power++
	power = 300 * time.Second
	assert.Equal(t, LinkUp|LinkMessage, d.Exec(CmdExchangeStatus, nil).Data[0])
}

func TestSnapshot_RefusesBrokenFiles(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	require.NoError(t, lived(t).Save(&buf))
	good := buf.Bytes()
	patched := func(at int, v byte) []byte {
		b := append([]byte{}, good...)
		b[at] = v
		return b
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, ErrNotSnapshot},
		{"another kind of file", []byte("SQLite format 3"), ErrNotSnapshot},
		{"one letter", []byte("X"), ErrNotSnapshot},
		{"half a header", good[:9], ErrTruncated},
		{"version 2", patched(4, 2), ErrVersion},
		{"a byte missing", good[:len(good)-1], ErrTruncated},
		{"a byte more", append(append([]byte{}, good...), 0), ErrDamaged},
		{"length enormous", patched(13, 0xFF), ErrDamaged},
		{"a bit of the body", patched(100, good[100]^1), ErrDamaged},
		{"a bit of the checksum", patched(len(good)-1, good[len(good)-1]^1), ErrDamaged},
	} {
		d, err := Load(bytes.NewReader(c.file), Options{})
		assert.Nil(t, d, c.name)
		assert.ErrorIs(t, err, c.want, c.name)
	}
	for n := range len(good) {
		if n%37 == 0 {
			_, err := Load(bytes.NewReader(good[:n]), Options{})
			require.Error(t, err)
		}
	}
	_, err := Load(bytes.NewReader(good), Options{Number: "9999078902000777"})
	assert.ErrorIs(t, err, ErrForeignDrive)
	_, err = Load(failingReader{}, Options{})
	assert.Error(t, err)
	_, err = LoadFile(filepath.Join(t.TempDir(), "absent"), Options{})
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Error(t, lived(t).SaveFile(filepath.Join(t.TempDir(), "no", "such", "folder")))
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("disk gone") }

// A file whose checksum is right and whose parts do not agree.
func TestSnapshot_RefusesContradictions(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*testRig){
		"phase":                     func(r *testRig) { r.st.Phase = 0x55 },
		"fiscal and unregistered":   func(r *testRig) { r.st.Regs = nil },
		"a registration elsewhere":  func(r *testRig) { r.st.Regs[0].FD = 2 },
		"a registration not kept":   func(r *testRig) { delete(r.store.docs, 1) },
		"unknown form":              func(r *testRig) { r.archive.records[2].Form = 9 },
		"operation 7":               func(r *testRig) { r.archive.records[2].Op = 7 },
		"document of another form":  func(r *testRig) { r.store.docs[2] = r.store.docs[3] },
		"document number too large": func(r *testRig) { r.store.docs[99] = r.store.docs[3] },
		"broken document":           func(r *testRig) { r.store.docs[3] = r.store.docs[3][:9] },
		"queue out of order":        func(r *testRig) { r.ofd.push(r.ofd.first()) },
		"queued and confirmed":      func(r *testRig) { r.archive.records[r.ofd.first().Number-1].Confirmed = true },
		"confirmed behind":          func(r *testRig) { r.store.done = 4 },
		"short container":           func(r *testRig) { r.ofd.items[r.ofd.head].Container = []byte{1} },
		"awaiting nothing":          func(r *testRig) { r.notices.pop(); r.notices.awaiting = true },
		"unknown draft":             func(r *testRig) { r.doc.Kind = 0x77 },
		"draft without a shift":     func(r *testRig) { r.st.Shift.Open = false },
		"broken draft":              func(r *testRig) { r.doc.Data = []byte{1, 2, 3} },
		"odd errors":                func(r *testRig) { r.st.Errors = []byte{1} },
		"many codes":                func(r *testRig) { r.st.Marking.Saved = make([]savedMark, 200) },
		"no request":                func(r *testRig) { r.st.Marking.Current.Request.Container = nil },
		"key request":               func(r *testRig) { r.st.KeyRequest = &entry{} },
		"number":                    func(r *testRig) { r.number = "8710000100000001" },
		"settings":                  func(r *testRig) { r.set.Capacity = -5 },
		"faults":                    func(r *testRig) { r.faults.Refused = []int{1} },
	} {
		r := lived(t)
		spoil(r)
		var b bytes.Buffer
		require.NoError(t, r.Save(&b))
		d, err := Load(&b, Options{})
		assert.Nil(t, d, name)
		assert.ErrorIs(t, err, ErrContradiction, name)
	}
}

// A life of receipts: memory and time of a document and of a snapshot.
func BenchmarkDevice_Receipt(b *testing.B) {
	r := openRig(b, fiscal.FFD12)
	data, begin, form := r.receiptData(12345), r.stamp(), r.form16(1, 12345)
	b.ReportAllocs()
	for b.Loop() {
		r.ok(CmdBeginReceipt, begin)
		r.ok(CmdData, data)
		r.ok(CmdFormReceipt, form)
		if r.st.Shift.Receipts == 60000 {
			b.StopTimer()
			r.close()
			r.open()
			b.StartTimer()
		}
	}
}

func BenchmarkDevice_Save33000(b *testing.B) {
	r := openRig(b, fiscal.FFD105)
	for range 33000 {
		r.archive.records = append(r.archive.records, r.archive.records[1])
	}
	b.ReportAllocs()
	for b.Loop() {
		var buf bytes.Buffer
		if err := r.Save(&buf); err != nil {
			b.Fatal(err)
		}
	}
}
