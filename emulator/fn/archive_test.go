package fn

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

func fdArg(fd uint32) []byte { return binary.LittleEndian.AppendUint32(nil, fd) }

// K-057: in phase 0x0F everything is read by 40h, 41h, 45h, 46h.
func TestDevice_ReadsArchiveAfterLife(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	r.sell(12345)
	r.state()
	r.close()
	sent := r.deliverAll()
	r.register(regChange, 4)
	sent = append(sent, r.deliverAll()...)
	r.closeFN()
	sent = append(sent, r.deliverAll()...)
	require.Equal(t, PhaseArchive, r.st.Phase)
	for i, doc := range sent {
		fd := fdArg(uint32(i + 1))
		rec := r.ok(CmdFindDocument, fd)
		assert.Equal(t, byte(doc.Form), rec[0])
		assert.Equal(t, byte(1), rec[1])
		assert.Equal(t, appendTime(nil, doc.DateTime().Unix()), rec[2:7])
		assert.Equal(t, uint32(doc.FPD()), binary.LittleEndian.Uint32(rec[11:]))
		assert.Len(t, r.ok(CmdFindAck, fd), 27)
		assert.Equal(t, doc.Raw, r.document(uint32(i+1)).Raw)
	}
	r.no(NoData, CmdFindDocument, fdArg(uint32(len(sent)+1)))
	r.no(NoData, CmdDocumentTLV, fdArg(0))
	r.no(NoData, CmdNextTLV)
	change, last := r.ok(CmdFindDocument, fdArg(6)), r.ok(CmdFindDocument, fdArg(7))
	inn, rnm := testINN.Padded(), testRNM.Padded()
	assert.Equal(t, join(inn[:], rnm[:], []byte{2, ModeServices, 4}), change[15:])
	assert.Equal(t, join(inn[:], rnm[:]), last[15:])
}

// fn.md section 11: marks of FFD 1.1 and 1.2 on the form byte.
func TestDevice_MarksRecordsByFFD(t *testing.T) {
	t.Parallel()
	for v, want := range map[fiscal.FFD][]byte{
		fiscal.FFD11: {0x41, 0x02, 0x83, 0x9F, 0x05, 0x4B},
		fiscal.FFD12: {0x41, 0x02, 0xC3, 0xDF, 0x05, 0x4B},
	} {
		r := openRig(t, v)
		r.sell(1)
		r.correct(1, 1)
		r.close()
		r.register(regChange, 4)
		for i, form := range want {
			assert.Equal(t, form, r.ok(CmdFindDocument, fdArg(uint32(i+1)))[0])
		}
		inn := testOFD.Padded()
		assert.Equal(t, join([]byte{0}, inn[:], []byte{4, 0, 0, 0}), r.ok(CmdFindDocument, fdArg(6))[49:])
		assert.Equal(t, join([]byte{0}, inn[:]), r.ok(CmdFindDocument, fdArg(1))[49:])
	}
	r := newRig(t, fiscal.FFD12)
	r.mode = ModeBSO
	r.register(regFirst, 0)
	r.open()
	r.sell(1)
	r.correct(1, 1)
	assert.Equal(t, byte(0xC4), r.ok(CmdFindDocument, fdArg(3))[0])
	assert.Equal(t, byte(0xE9), r.ok(CmdFindDocument, fdArg(4))[0])
}

// fn.md 5.2, 9.1 (45h): full documents go after 30 days, once confirmed and followed
// by one of their kind; registration stays.
func TestDevice_ForgetsFullDocuments(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	r.sell(1) // 3
	r.sell(2) // 4
	r.state() // 5
	r.close() // 6
	r.deliverAll()
	r.later(30*24*time.Hour - time.Minute)
	r.open() // 7
	r.sell(3)
	for fd := uint32(1); fd <= 8; fd++ {
		r.document(fd)
	}
	r.later(2 * time.Minute)
	r.sell(4) // 9: 30 days are over for 1–6
	for fd, kept := range map[uint32]bool{1: true, 2: false, 3: false, 4: false, 5: true, 6: true, 7: true, 8: true, 9: true} {
		a := r.Exec(CmdDocumentTLV, fdArg(fd))
		assert.Equal(t, kept, a.Code == Done, "%d: %s", fd, a.Why)
	}
	r.ok(CmdFindDocument, fdArg(3)) // the short record stays
	r.state()                       // 10
	r.no(NoData, CmdDocumentTLV, fdArg(5))
	r.close() // 11
	r.no(NoData, CmdDocumentTLV, fdArg(6))
	r.document(8) // not confirmed: kept
	r.later(29 * 24 * time.Hour)
	r.open()
	r.sell(5)
	r.document(8)
	assert.Equal(t, fiscal.FormFiscalReport, r.document(1).Form)
	used := 0
	for fd, stlv := range r.store.docs {
		if fd > 1 {
			used += len(stlv)
		}
	}
	assert.Equal(t, used, r.store.used)
	r.later(60 * 24 * time.Hour)
	assert.Equal(t, ffd.TagFNNumber, tagsOf(r.document(8))[0])
}
