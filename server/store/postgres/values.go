package postgres

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// driveIDOf is the number under which a drive is kept: a 1 followed by the digits of
// the FN, which keeps leading zeros apart.
func driveIDOf(fn fiscal.FNNumber) (int64, error) {
	if _, err := fiscal.ParseFNNumber(string(fn)); err != nil || strings.HasSuffix(string(fn), " ") {
		return 0, fmt.Errorf("postgres: FN %q is not a number of 1 to %d digits", fn, fiscal.FNNumberLen)
	}
	return strconv.ParseInt("1"+string(fn), 10, 64) // at most 17 digits fit
}

func fnOf(driveID int64) fiscal.FNNumber { return fiscal.FNNumber(strconv.FormatInt(driveID, 10)[1:]) }

// nanos is how the server's own times are kept: nanoseconds since 1970, NULL for
// the zero time.
func nanos(t time.Time) pgtype.Int8 {
	return pgtype.Int8{Int64: t.UnixNano(), Valid: !t.IsZero()}
}

func fromNanos(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.Unix(0, *n).UTC()
}

func fromSeconds(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.Unix(*n, 0).UTC()
}

// blob is NULL for empty bytes, so that nil and empty are one.
func blob(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func int4(n sql.NullInt64) pgtype.Int4 { return pgtype.Int4{Int32: int32(n.Int64), Valid: n.Valid} }

// jsonText is nil for NULL.
func jsonText(s sql.NullString) []byte {
	if !s.Valid {
		return nil
	}
	return []byte(s.String)
}

// Faults are kept by name: numbers may shift when the list grows.
func faultName(f fiscal.Fault) pgtype.Text {
	return pgtype.Text{String: f.String(), Valid: f != fiscal.FaultNone}
}

// faultNamed reads a name; one that only a newer program knows becomes FaultNone.
func faultNamed(name *string) fiscal.Fault {
	if name == nil {
		return fiscal.FaultNone
	}
	f, _ := fiscal.FaultByName(*name)
	return f
}

// encodeList is JSON, or NULL for an empty list.
func encodeList[T store.Gap | flk.Finding](list []T) ([]byte, error) {
	if len(list) == 0 {
		return nil, nil
	}
	return json.Marshal(list)
}

func decodeList[T store.Gap | flk.Finding](text []byte) (list []T, err error) {
	if text == nil {
		return nil, nil
	}
	err = json.Unmarshal(text, &list)
	return list, err
}

func utcGaps(gaps []store.Gap) []store.Gap {
	out := make([]store.Gap, len(gaps))
	for i, g := range gaps {
		out[i] = store.Gap{From: g.From, To: g.To, Since: g.Since.UTC()}
	}
	return out
}

// A text of PostgreSQL holds neither zero bytes nor anything that is not UTF-8,
// and texts from registers may hold both. Such a byte is kept as a character of
// the last 256 of Unicode, which are for private use; those themselves are kept as
// their four bytes, so that every text comes back as it was.
const (
	firstEscape  = 0x10FF00
	lastEscape   = 0x10FFFF
	escapePrefix = "\xF4\x8F" // begins the bytes of each of them in UTF-8
)

func text(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 && !strings.Contains(s, escapePrefix) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && size == 1 || r >= firstEscape {
			for _, one := range []byte(s[i : i+size]) {
				b.WriteRune(firstEscape + rune(one))
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func fromText(s string) string {
	if !strings.Contains(s, escapePrefix) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r >= firstEscape && r <= lastEscape {
			b.WriteByte(byte(r - firstEscape))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
