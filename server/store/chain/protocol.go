package chain

import (
	"crypto/sha256"
	"database/sql"
)

// What an entry of the protocol tells of.
const (
	KindChained   = "chained"   // rows stored before chains were kept got their links
	KindRetention = "retention" // rows were deleted after their term
)

// Entry is a row of the protocol of what was done to stored rows. Entries form a
// chain of their own, one for the whole base.
type Entry struct {
	ID     int64 // from 1, without holes
	At     int64 // nanoseconds since 1970 UTC
	Who    string
	Kind   string
	What   string        // table: documents, exchanges, quarantine, incidents
	FN     string        // of documents; empty for other tables
	Before sql.NullInt64 // rows older than this, nanoseconds

	// First and Last are places in the chain of the FN for documents, ids otherwise.
	First, Last     int64
	FirstFD, LastFD int64 // least and greatest number, documents only
	Rows            int64
	Confirmed       int64  // of Rows, documents only
	Findings        int64  // in Rows, documents only
	Head            []byte // hash of the link of row Last, documents only
	Hash            []byte // of this entry and the one before
}

// Sum is the hash of the entry after the one whose hash is previous (nil for the
// first).
func (e *Entry) Sum(previous []byte) []byte {
	w := writer(protocolMark)
	w.bytes(previous)
	w.ints(e.ID, e.At)
	w.texts(e.Who, e.Kind, e.What, e.FN)
	w.optional(e.Before.Valid, e.Before.Int64)
	w.ints(e.First, e.Last, e.FirstFD, e.LastFD, e.Rows, e.Confirmed, e.Findings)
	w.bytes(e.Head)
	sum := sha256.Sum256(w)
	return sum[:]
}
