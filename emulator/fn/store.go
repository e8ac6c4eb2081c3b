package fn

import (
	"math"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// keptDays is how long a full document stays at least (ffd/README.md section 3).
const keptDays = 30

// store is the 30-day store: documents as whole TLV. A document leaves it when it
// is confirmed, 30 days old, and a newer one of its kind exists; when room is
// needed, confirmed documents leave earlier, oldest first [TB]: that is how sending
// helps against code 14h. Registration reports and form 6 stay for good and do not
// count.
type store struct {
	docs  map[uint32][]byte // FD number → STLV
	order []uint32          // FD numbers that may leave, oldest first
	head  int
	used  int                    // bytes of the documents in order
	sent  int                    // of them confirmed
	held  map[fiscal.Form]uint32 // kept only because it is the last of its kind
	last  map[fiscal.Form]uint32 // newest number of each kind
	done  uint32                 // everything up to this number is confirmed
}

func newStore() store {
	return store{docs: map[uint32][]byte{}, held: map[fiscal.Form]uint32{}, last: map[fiscal.Form]uint32{}}
}

func keptForGood(f fiscal.Form) bool { return f.IsRegistration() || f == formCloseArchive }

// busy is the room that documents take which may not leave yet, in bytes.
func (s *store) busy() int { return s.used - s.sent }

// put adds a document; one that is never sent counts as confirmed.
func (s *store) put(fd uint32, form fiscal.Form, stlv []byte, confirmed bool) {
	s.docs[fd] = stlv
	s.last[form] = fd
	if !keptForGood(form) {
		s.order = append(s.order, fd)
		s.used += len(stlv)
		if old, ok := s.held[form]; ok {
			delete(s.docs, old)
			delete(s.held, form)
		}
	}
	if confirmed {
		s.confirm(fd, form)
	}
}

// confirm lets a document leave from now on. Numbers come in ascending order.
func (s *store) confirm(fd uint32, form fiscal.Form) {
	s.done = fd
	if !keptForGood(form) {
		s.sent += len(s.docs[fd])
	}
}

// evict lets go what may leave at the time now.
func (s *store) evict(records []record, now moment, limit int) {
	for s.head < len(s.order) {
		fd := s.order[s.head]
		r := &records[fd-1]
		if fd > s.done || (now-r.Time < keptDays*day && s.used <= limit) {
			break
		}
		s.head++
		n := len(s.docs[fd])
		s.used -= n
		s.sent -= n
		if s.last[r.Form] > fd {
			delete(s.docs, fd)
		} else {
			s.held[r.Form] = fd
		}
	}
	if s.head > 64 && s.head*2 > len(s.order) {
		s.order = append([]uint32(nil), s.order[s.head:]...)
		s.head = 0
	}
}

// low is the number from which documents are in order; smaller ones are kept for
// good or held.
func (s *store) low() uint32 {
	if s.head < len(s.order) {
		return s.order[s.head]
	}
	return math.MaxUint32
}

// rebuildStore finds again what is known of documents that were read from a snapshot.
func rebuildStore(docs map[uint32][]byte, records []record, low, done uint32) store {
	s := newStore()
	s.docs, s.done = docs, done
	for i := range records {
		fd, form := uint32(i+1), records[i].Form
		s.last[form] = fd
		stlv, kept := docs[fd]
		switch {
		case !kept || keptForGood(form):
		case fd < low:
			s.held[form] = fd
		default:
			s.order = append(s.order, fd)
			s.used += len(stlv)
			if fd <= done {
				s.sent += len(stlv)
			}
		}
	}
	return s
}
