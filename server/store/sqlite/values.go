package sqlite

import (
	"database/sql"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// nanos is how the server's own times are kept: nanoseconds since 1970, NULL for
// the zero time.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func fromNanos(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}

func fromSeconds(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(n.Int64, 0).UTC()
}

// blob is NULL for empty bytes, so that nil and empty are one.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Faults are kept by name: numbers may shift when the list grows.
func faultName(f fiscal.Fault) any {
	if f == fiscal.FaultNone {
		return nil
	}
	return f.String()
}

// faultNamed reads a name; one that only a newer program knows becomes FaultNone.
func faultNamed(name sql.NullString) fiscal.Fault {
	f, _ := fiscal.FaultByName(name.String)
	return f
}
