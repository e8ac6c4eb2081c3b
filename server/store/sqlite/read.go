package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

const selectDrives = `SELECT id, fn, version, reg_id, user_inn, user_name, kkt_number, address, ffd, status,
	last_fd, last_at, documents, policy, gaps, history FROM drives`

const selectDocuments = `SELECT d.id, v.fn, d.fd, d.form, d.ffd, coalesce(r.reg_id, ''), coalesce(r.user_inn, ''),
	d.date_time, d.received_at, d.shift, d.number, d.operation, d.total, d.fpd, d.policy, d.fps, d.fpd_check, d.fault,
	d.stlv_at, d.stlv_len, d.findings, d.message, d.confirmation, d.stlv
	FROM documents d JOIN drives v ON v.id = d.drive_id LEFT JOIN registrations r ON r.id = d.registration_id`

// row is what both *sql.Row and *sql.Rows can do.
type row interface{ Scan(dest ...any) error }

// Drive implements store.Store.
func (s *Store) Drive(ctx context.Context, fn fiscal.FNNumber) (store.Drive, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return store.Drive{}, err
	}
	defer done()
	v, err := scanDrive(s.reads.drive.QueryRowContext(ctx, string(fn)))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return store.Drive{}, fmt.Errorf("FN %s: %w", fn, store.ErrNotFound)
	case err != nil:
		return store.Drive{}, fmt.Errorf("sqlite: reading the drive %s: %w", fn, err)
	}
	return v, nil
}

func scanDrive(r row) (store.Drive, error) {
	var v store.Drive
	var lastAt sql.NullInt64
	var gaps sql.NullString
	err := r.Scan(&v.ID, &v.FN, &v.Version, &v.RegID, &v.UserINN, &v.User, &v.KKTNumber, &v.Address, &v.FFD, &v.Status,
		&v.LastFD, &lastAt, &v.Documents, &v.Policy, &gaps, &v.History)
	if err != nil {
		return v, err
	}
	v.LastAt = fromNanos(lastAt)
	if gaps.Valid {
		if err := json.Unmarshal([]byte(gaps.String), &v.Gaps); err != nil {
			return v, fmt.Errorf("gaps: %w", err)
		}
	}
	return v, nil
}

// Document implements store.Store.
func (s *Store) Document(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return store.Document{}, err
	}
	defer done()
	d, err := scanDocument(s.reads.document.QueryRowContext(ctx, string(fn), int64(fd)))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return store.Document{}, fmt.Errorf("FN %s FD %d: %w", fn, fd, store.ErrNotFound)
	case err != nil:
		return store.Document{}, fmt.Errorf("sqlite: reading FN %s FD %d: %w", fn, fd, err)
	}
	return d, nil
}

func scanDocument(r row) (store.Document, error) {
	var d store.Document
	var dateTime, receivedAt, stlvAt, stlvLen sql.NullInt64
	var fault, findings sql.NullString
	err := r.Scan(&d.ID, &d.FN, &d.FD, &d.Form, &d.FFD, &d.RegID, &d.UserINN,
		&dateTime, &receivedAt, &d.Shift, &d.Number, &d.Operation, &d.Total, &d.FPD, &d.Policy, &d.FPS, &d.FPDCheck, &fault,
		&stlvAt, &stlvLen, &findings, &d.Message, &d.Confirmation, &d.STLV)
	if err != nil {
		return d, err
	}
	d.DateTime, d.ReceivedAt, d.Fault = fromSeconds(dateTime), fromNanos(receivedAt), faultNamed(fault)
	if stlvAt.Valid {
		end := stlvAt.Int64 + stlvLen.Int64
		if end > int64(len(d.Message)) {
			return d, fmt.Errorf("document ends at %d of a message of %d bytes", end, len(d.Message))
		}
		d.STLV = d.Message[stlvAt.Int64:end:end]
	}
	if findings.Valid {
		if err := json.Unmarshal([]byte(findings.String), &d.Findings); err != nil {
			return d, fmt.Errorf("findings: %w", err)
		}
	}
	return d, nil
}

// Stats implements store.Store.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return store.Stats{}, err
	}
	defer done()
	var t store.Stats
	err = s.reads.stats.QueryRowContext(ctx).Scan(&t.Drives, &t.Documents, &t.Confirmations, &t.Findings, &t.Quarantined, &t.Incidents, &t.OpenGaps, &t.Behind, &t.Unread)
	if err != nil {
		return store.Stats{}, fmt.Errorf("sqlite: reading the totals: %w", err)
	}
	return t, nil
}
