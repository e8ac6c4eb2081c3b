package chain

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Row is a row of documents as engines keep it: values of columns, not yet
// understood. Empty bytes are nil.
type Row struct {
	ID             int64 // place in the lists; no part of the chain
	FN             string
	FD             int64
	Form, FFD      int64
	RegID, UserINN string
	DateTime       sql.NullInt64 // seconds of the register's wall clock
	ReceivedAt     sql.NullInt64 // nanoseconds since 1970 UTC
	Shift, Number  int64
	Operation      int64
	Total, FPD     int64
	Policy         string
	FPS, FPDCheck  string
	Fault          sql.NullString
	ExchangeAt     sql.NullInt64 // nanoseconds
	Took           int64         // nanoseconds
	Peer, Detail   string
	STLVAt         sql.NullInt64 // place of the plain document in Message
	STLVLen        sql.NullInt64
	Findings       sql.NullString // JSON
	Message        []byte
	Confirmation   []byte
	STLV           []byte // the plain document when it is not in Message
	Request        []byte // bytes received when they differ from Message
	Response       []byte // bytes sent when they do not end with Confirmation
	ResponseHead   []byte // bytes sent before Confirmation

	Seq  int64  // place in the chain of the FN, from 1
	Link []byte // LinkLen bytes
}

// NewRow is the row that an acceptance asks for, without ID, Seq and Link. It shares
// the bytes of a.
func NewRow(a *store.Acceptance) (Row, error) {
	d, e := &a.Document, &a.Exchange
	r := Row{
		FN: string(d.FN), FD: int64(d.FD), Form: int64(d.Form), FFD: int64(d.FFD), RegID: string(d.RegID), UserINN: string(d.UserINN),
		ReceivedAt: nanos(d.ReceivedAt), Shift: int64(d.Shift), Number: int64(d.Number), Operation: int64(d.Operation), Total: int64(d.Total),
		FPD: int64(d.FPD), Policy: d.Policy, FPS: d.FPS, FPDCheck: d.FPDCheck, ExchangeAt: nanos(e.At), Took: int64(e.Took), Peer: e.Peer, Detail: e.Detail,
		Message: blob(d.Message), Confirmation: blob(d.Confirmation),
	}
	if !d.DateTime.IsZero() {
		r.DateTime = sql.NullInt64{Int64: d.DateTime.Unix(), Valid: true}
	}
	if d.Fault != fiscal.FaultNone {
		r.Fault = sql.NullString{String: d.Fault.String(), Valid: true}
	}
	if len(d.Findings) > 0 {
		text, err := json.Marshal(d.Findings)
		if err != nil {
			return r, fmt.Errorf("chain: encoding the findings of FN %s FD %d: %w", d.FN, d.FD, err)
		}
		r.Findings = sql.NullString{String: string(text), Valid: true}
	}
	r.shareSTLV(d.STLV)
	r.shareExchange(e)
	return r, nil
}

func nanos(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixNano(), Valid: true}
}

func blob(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// shareSTLV finds the plain document inside the message, where it is unless the
// container was encrypted, and keeps its place instead of a copy.
func (r *Row) shareSTLV(stlv []byte) {
	if len(stlv) == 0 {
		return
	}
	if i := bytes.Index(r.Message, stlv); i >= 0 {
		r.STLVAt, r.STLVLen = sql.NullInt64{Int64: int64(i), Valid: true}, sql.NullInt64{Int64: int64(len(stlv)), Valid: true}
		return
	}
	r.STLV = stlv
}

// shareExchange keeps of the exchange's bytes what the document does not hold.
func (r *Row) shareExchange(e *store.Exchange) {
	if len(e.Request) > 0 && !bytes.Equal(e.Request, r.Message) {
		r.Request = e.Request
	}
	switch {
	case len(e.Response) == 0:
	case len(r.Confirmation) > 0 && bytes.HasSuffix(e.Response, r.Confirmation):
		r.ResponseHead = blob(e.Response[:len(e.Response)-len(r.Confirmation)])
	default:
		r.Response = e.Response
	}
}

// Plain is the plain document of the row; nil when its content was not seen. An
// error means that its place is not inside the message.
func (r *Row) Plain() ([]byte, error) {
	if !r.STLVAt.Valid {
		return r.STLV, nil
	}
	at, length := r.STLVAt.Int64, r.STLVLen.Int64
	if at < 0 || length < 0 || at > int64(len(r.Message)) || length > int64(len(r.Message))-at {
		return nil, fmt.Errorf("chain: the plain document is said to be %d bytes at %d of a message of %d", length, at, len(r.Message))
	}
	return r.Message[at : at+length : at+length], nil
}

// Confirmed reports whether the row counts among the confirmed documents.
func (r *Row) Confirmed() bool { return len(r.Confirmation) > 0 }

// FindingsCount is the number of broken rules the row tells of.
func (r *Row) FindingsCount() (int64, error) {
	if !r.Findings.Valid {
		return 0, nil
	}
	var all []json.RawMessage
	if err := json.Unmarshal([]byte(r.Findings.String), &all); err != nil {
		return 0, fmt.Errorf("chain: findings of FN %s FD %d: %w", r.FN, r.FD, err)
	}
	return int64(len(all)), nil
}
