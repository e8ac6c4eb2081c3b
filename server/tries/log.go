package tries

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// Mark is so many tries counted at one moment.
type Mark struct {
	At int64 // nanoseconds since 1970 UTC
	N  int
}

// Log are the tries of a subject that still count, the oldest first.
type Log []Mark

// Ask is what a store is asked to count.
type Ask struct {
	Subject string
	Now     time.Time
	Window  time.Duration
	Of      int // at most so many within any window
	Want    int // how many to count; fewer are counted when there is no room for all

	// At is the moment they are counted at: Now when zero, later (less than Window) for
	// tries that will be made until then.
	At time.Time
	// Back are tries counted at BackAt that were not made.
	Back   int
	BackAt time.Time
}

// Answer is what a store counted.
type Answer struct {
	Got  int
	Left int // that could be counted beside those
	// Free is when there will be room for more than Left; zero when all are left.
	Free time.Time
}

// Take counts what is asked for. A try counts from its moment for the length of the
// window, so that in any half-open interval of that length there are never more than
// a.Of. Moments later than a window from now are forgotten: a bench's clock went back;
// clocks of servers differ by less than that.
func (l Log) Take(a Ask) (Log, Answer) {
	now, at := a.Now.UnixNano(), a.Now.UnixNano()
	if !a.At.IsZero() {
		at = a.At.UnixNano()
	}
	l = slices.DeleteFunc(slices.Clone(l), func(m Mark) bool { return m.At <= now-int64(a.Window) || m.At > now+int64(a.Window) })
	if i := l.find(a.BackAt.UnixNano()); a.Back > 0 && i < len(l) && l[i].At == a.BackAt.UnixNano() {
		l[i].N -= min(a.Back, l[i].N)
	}
	sum := 0
	for _, m := range l {
		sum += m.N
	}
	got := max(0, min(a.Want, a.Of-sum))
	if got > 0 {
		if i := l.find(at); i < len(l) && l[i].At == at {
			l[i].N += got
		} else {
			l = slices.Insert(l, i, Mark{at, got})
		}
	}
	l = slices.DeleteFunc(l, func(m Mark) bool { return m.N == 0 })
	answer := Answer{Got: got, Left: max(0, a.Of-sum-got)}
	over := sum + got - a.Of // when the limit was lowered
	for _, m := range l {
		if over -= m.N; over < 0 {
			answer.Free = time.Unix(0, m.At).Add(a.Window)
			break
		}
	}
	return l, answer
}

// find is the place of the first mark that is not older.
func (l Log) find(at int64) int {
	i, _ := slices.BinarySearchFunc(l, at, func(m Mark, at int64) int {
		switch {
		case m.At < at:
			return -1
		case m.At > at:
			return 1
		}
		return 0
	})
	return i
}

// Ends is when nothing of the log counts any more.
func (l Log) Ends(window time.Duration) time.Time {
	if len(l) == 0 {
		return time.Time{}
	}
	return time.Unix(0, l[len(l)-1].At).Add(window)
}

// markLen is the length of a mark: nanoseconds in eight bytes, then the number in four,
// big-endian.
const markLen = 12

// Bytes are the log for a store.
func (l Log) Bytes() []byte {
	b := make([]byte, 0, len(l)*markLen)
	for _, m := range l {
		b = binary.BigEndian.AppendUint64(b, uint64(m.At))
		b = binary.BigEndian.AppendUint32(b, uint32(m.N))
	}
	return b
}

// ErrBadLog says that the bytes are no log.
var ErrBadLog = errors.New("tries: bytes that are no log")

// ParseLog reads Bytes back.
func ParseLog(b []byte) (Log, error) {
	if len(b)%markLen != 0 {
		return nil, ErrBadLog
	}
	l := make(Log, 0, len(b)/markLen)
	for ; len(b) > 0; b = b[markLen:] {
		m := Mark{int64(binary.BigEndian.Uint64(b)), int(binary.BigEndian.Uint32(b[8:]))}
		if n := len(l); n > 0 && l[n-1].At >= m.At || m.N <= 0 {
			return nil, ErrBadLog
		}
		l = append(l, m)
	}
	return l, nil
}
