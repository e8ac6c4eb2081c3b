package postgres

import (
	"database/sql"
	"encoding/binary"

	"github.com/jackc/pgx/v5/pgtype"
)

// copyRows are rows in the binary format of COPY, which costs the database half of what
// arrays of columns do. Every value stands in the form of its column's type, in the order
// of documentColumns; json and text are their bytes.
type copyRows struct{ b []byte }

const copySignature = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // no flags, no extension

// maxCopyRoom bounds the memory kept for the next group.
const maxCopyRoom = 4 << 20

// newCopyRows writes into room, whose content is lost.
func newCopyRows(room []byte) *copyRows {
	if cap(room) > maxCopyRoom {
		room = nil
	}
	return &copyRows{append(room[:0], copySignature...)}
}

// end is all that is to be sent.
func (r *copyRows) end() []byte {
	r.b = binary.BigEndian.AppendUint16(r.b, 0xFFFF)
	return r.b
}

// document adds a row and returns its id.
func (r *copyRows) document(t *transaction, one *acceptance) (id int64) {
	d, e, row := &one.a.Document, &one.a.Exchange, &one.row
	registration := t.registration(one.registration())
	r.b = binary.BigEndian.AppendUint16(r.b, uint16(len(documentColumns)))
	id = t.newID()
	r.int8(id)
	r.int8(one.driveID)
	r.nullable(sql.NullInt64{Int64: registration, Valid: registration != 0})
	r.int8(int64(d.FD))
	r.int4(int32(d.Form))
	r.int2(int16(d.FFD))
	r.nullable(row.DateTime)
	r.nullable(row.ReceivedAt)
	r.int8(int64(d.Shift))
	r.int8(int64(d.Number))
	r.int2(int16(d.Operation))
	r.int8(int64(d.Total))
	r.int8(int64(d.FPD))
	r.text(d.Policy)
	r.text(d.FPS)
	r.text(d.FPDCheck)
	r.fault(faultName(d.Fault))
	r.nullable(row.ExchangeAt)
	r.int8(int64(e.Took))
	r.text(e.Peer)
	r.text(e.Detail)
	r.nullable4(row.STLVAt)
	r.nullable4(row.STLVLen)
	r.bytes(jsonText(row.Findings))
	for _, b := range [][]byte{row.Message, row.Confirmation, row.STLV, row.Request, row.Response, row.ResponseHead} {
		r.bytes(b)
	}
	r.int8(row.Seq)
	r.bytes(row.Link)
	return id
}

func (r *copyRows) int8(n int64) {
	r.b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(r.b, 8), uint64(n))
}

func (r *copyRows) int4(n int32) {
	r.b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(r.b, 4), uint32(n))
}

func (r *copyRows) int2(n int16) {
	r.b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(r.b, 2), uint16(n))
}

func (r *copyRows) null() { r.b = append(r.b, 0xFF, 0xFF, 0xFF, 0xFF) }

func (r *copyRows) nullable(n sql.NullInt64) {
	if !n.Valid {
		r.null()
		return
	}
	r.int8(n.Int64)
}

func (r *copyRows) nullable4(n sql.NullInt64) {
	if !n.Valid {
		r.null()
		return
	}
	r.int4(int32(n.Int64))
}

func (r *copyRows) text(s string) {
	s = text(s)
	r.b = append(binary.BigEndian.AppendUint32(r.b, uint32(len(s))), s...)
}

func (r *copyRows) fault(f pgtype.Text) {
	if !f.Valid {
		r.null()
		return
	}
	r.text(f.String)
}

// bytes is NULL for nil.
func (r *copyRows) bytes(b []byte) {
	if b == nil {
		r.null()
		return
	}
	r.b = append(binary.BigEndian.AppendUint32(r.b, uint32(len(b))), b...)
}
