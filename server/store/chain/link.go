package chain

import (
	"crypto/sha256"
	"encoding/binary"
)

// Sizes in bytes.
const (
	HashLen = sha256.Size
	partLen = 8
	// LinkLen is a whole link: the hash, then the first eight bytes of the digests of
	// message, confirmation and record. The three prove nothing; they tell which part
	// of a row was changed once the hash has told that one was.
	LinkLen = HashLen + 3*partLen
)

// Marks of what is hashed, so that no text of one kind can be taken for another.
const (
	recordMark   = "FBR1"
	linkMark     = "FBL1"
	protocolMark = "FBP1"
)

// Head is the end of a chain: how many rows it had and the hash of the last. The
// zero value is the head of an empty chain.
type Head struct {
	Length int64
	Hash   [HashLen]byte
}

// HeadOf reads a head as engines keep it; a hash that is absent is all zeros.
func HeadOf(length int64, hash []byte) Head {
	h := Head{Length: length}
	copy(h.Hash[:], hash)
	return h
}

// Digest is what a row promises, ready before its place in the chain is known.
type Digest struct {
	fn                            string
	fd                            int64
	message, confirmation, record [HashLen]byte
}

// Digest hashes the row. It may be called by many at once: only Link must wait for
// the row before.
func (r *Row) Digest() Digest {
	return Digest{fn: r.FN, fd: r.FD, message: sha256.Sum256(r.Message), confirmation: sha256.Sum256(r.Confirmation), record: r.recordHash()}
}

func (r *Row) recordHash() [HashLen]byte {
	var space [512]byte
	w := writer(append(space[:0], recordMark...))
	w.ints(r.Form, r.FFD)
	w.texts(r.RegID, r.UserINN)
	w.optional(r.DateTime.Valid, r.DateTime.Int64)
	w.optional(r.ReceivedAt.Valid, r.ReceivedAt.Int64)
	w.ints(r.Shift, r.Number, r.Operation, r.Total, r.FPD)
	w.texts(r.Policy, r.FPS, r.FPDCheck)
	w.optionalText(r.Fault.Valid, r.Fault.String)
	w.optional(r.ExchangeAt.Valid, r.ExchangeAt.Int64)
	w.ints(r.Took)
	w.texts(r.Peer, r.Detail)
	w.optional(r.STLVAt.Valid, r.STLVAt.Int64)
	w.optional(r.STLVLen.Valid, r.STLVLen.Int64)
	w.optionalText(r.Findings.Valid, r.Findings.String)
	w.bytes(r.STLV, r.Request, r.Response, r.ResponseHead)
	return sha256.Sum256(w)
}

// Link is the row's link when it comes after head, and the head after it.
func (d *Digest) Link(head Head) ([]byte, Head) {
	var space [192]byte
	w := writer(append(space[:0], linkMark...))
	next := Head{Length: head.Length + 1}
	w = append(w, head.Hash[:]...)
	w.ints(next.Length)
	w.texts(d.fn)
	w.ints(d.fd)
	w = append(w, d.message[:]...)
	w = append(w, d.confirmation[:]...)
	w = append(w, d.record[:]...)
	next.Hash = sha256.Sum256(w)
	link := make([]byte, 0, LinkLen)
	link = append(link, next.Hash[:]...)
	link = append(link, d.message[:partLen]...)
	link = append(link, d.confirmation[:partLen]...)
	return append(link, d.record[:partLen]...), next
}

// Differs names the parts of a row that are not what its stored link says:
// "message", "confirmation", "record". None of them means that the row itself fits
// and its neighbour or place does not. A link of a wrong size differs in "link".
func (d *Digest) Differs(link []byte) (parts []string) {
	if len(link) != LinkLen {
		return []string{"link"}
	}
	for i, one := range []struct {
		name string
		hash *[HashLen]byte
	}{{"message", &d.message}, {"confirmation", &d.confirmation}, {"record", &d.record}} {
		at := HashLen + i*partLen
		if string(link[at:at+partLen]) != string(one.hash[:partLen]) {
			parts = append(parts, one.name)
		}
	}
	return parts
}

// writer appends values so that no two lists of values make the same bytes.
type writer []byte

// ints writes each as eight bytes, the highest first.
func (w *writer) ints(all ...int64) {
	for _, n := range all {
		*w = binary.BigEndian.AppendUint64(*w, uint64(n))
	}
}

// texts writes each with its length in four bytes before it.
func (w *writer) texts(all ...string) {
	for _, s := range all {
		*w = append(binary.BigEndian.AppendUint32(*w, uint32(len(s))), s...)
	}
}

func (w *writer) bytes(all ...[]byte) {
	for _, b := range all {
		*w = append(binary.BigEndian.AppendUint32(*w, uint32(len(b))), b...)
	}
}

// optional writes a byte 1 and the number, or a byte 0.
func (w *writer) optional(known bool, n int64) {
	if !known {
		*w = append(*w, 0)
		return
	}
	*w = append(*w, 1)
	w.ints(n)
}

func (w *writer) optionalText(known bool, s string) {
	if !known {
		*w = append(*w, 0)
		return
	}
	*w = append(*w, 1)
	w.texts(s)
}
