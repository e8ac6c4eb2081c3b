package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

const selectDrives = `SELECT id, fn, version, reg_id, user_inn, user_name, kkt_number, address, ffd, status,
	last_fd, last_at, documents, policy, gaps, history FROM drives`

const selectDocuments = `SELECT d.id, d.drive_id, d.fd, d.form, d.ffd, coalesce(r.reg_id, ''), coalesce(r.user_inn, ''),
	d.date_time, d.received_at, d.shift, d.number, d.operation, d.total, d.fpd, d.policy, d.fps, d.fpd_check, d.fault,
	d.stlv_at, d.stlv_len, d.findings, d.message, d.confirmation, d.stlv
	FROM documents d LEFT JOIN registrations r ON r.drive_id = d.drive_id AND r.id = d.registration_id`

const selectStats = `SELECT count(*), coalesce(sum(stored), 0)::bigint, coalesce(sum(confirmed), 0)::bigint, coalesce(sum(findings), 0)::bigint,
	(SELECT count(*) FROM quarantine), (SELECT count(*) FROM incidents), coalesce(sum(gap_count), 0)::bigint,
	greatest(coalesce(sum(stored), 0)::bigint - (SELECT passed FROM projection), 0), (SELECT coalesce(sum(documents), 0)::bigint FROM unread) FROM drives`

// Drive implements store.Store.
func (s *Store) Drive(ctx context.Context, fn fiscal.FNNumber) (store.Drive, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return store.Drive{}, err
	}
	defer done()
	id, err := driveIDOf(fn)
	if err != nil {
		return store.Drive{}, fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	v, err := scanDrive(s.pool.QueryRow(ctx, selectDrives+` WHERE drive_id = $1`, id))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return store.Drive{}, fmt.Errorf("FN %s: %w", fn, store.ErrNotFound)
	case err != nil:
		return store.Drive{}, fmt.Errorf("postgres: reading the drive %s: %w", fn, err)
	}
	return v, nil
}

func scanDrive(r pgx.Row) (store.Drive, error) {
	var v store.Drive
	var texts [8]string // FN, register, user, name, KKT, address, status, policy
	var ffd int16
	var lastFD int64
	var lastAt *int64
	var gaps []byte
	err := r.Scan(&v.ID, &texts[0], &v.Version, &texts[1], &texts[2], &texts[3], &texts[4], &texts[5], &ffd, &texts[6],
		&lastFD, &lastAt, &v.Documents, &texts[7], &gaps, &v.History)
	if err != nil {
		return v, err
	}
	v.FN, v.RegID, v.UserINN = fiscal.FNNumber(texts[0]), fiscal.RegNumber(fromText(texts[1])), fiscal.INN(fromText(texts[2]))
	v.User, v.KKTNumber, v.Address = fromText(texts[3]), fromText(texts[4]), fromText(texts[5])
	v.Status, v.Policy = store.DriveStatus(fromText(texts[6])), fromText(texts[7])
	v.FFD, v.LastFD, v.LastAt = fiscal.FFD(ffd), fiscal.FDNumber(lastFD), fromNanos(lastAt)
	if v.Gaps, err = decodeList[store.Gap](gaps); err != nil {
		return v, fmt.Errorf("gaps: %w", err)
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
	id, err := driveIDOf(fn)
	if err != nil {
		return store.Document{}, fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	d, err := scanDocument(s.pool.QueryRow(ctx, selectDocuments+` WHERE d.drive_id = $1 AND d.fd = $2`, id, int64(fd)))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return store.Document{}, fmt.Errorf("FN %s FD %d: %w", fn, fd, store.ErrNotFound)
	case err != nil:
		return store.Document{}, fmt.Errorf("postgres: reading FN %s FD %d: %w", fn, fd, err)
	}
	return d, nil
}

func scanDocument(r pgx.Row) (store.Document, error) {
	var d store.Document
	var drive, fd, shift, number, total, fpd int64
	var form int32
	var ffd, operation int16
	var reg, user string
	var dateTime, receivedAt *int64
	var stlvAt, stlvLen *int32
	var fault *string
	var findings []byte
	err := r.Scan(&d.ID, &drive, &fd, &form, &ffd, &reg, &user,
		&dateTime, &receivedAt, &shift, &number, &operation, &total, &fpd, &d.Policy, &d.FPS, &d.FPDCheck, &fault,
		&stlvAt, &stlvLen, &findings, &d.Message, &d.Confirmation, &d.STLV)
	if err != nil {
		return d, err
	}
	d.FN, d.FD, d.Form, d.FFD, d.Operation = fnOf(drive), fiscal.FDNumber(fd), fiscal.Form(form), fiscal.FFD(ffd), fiscal.OperationType(operation)
	d.RegID, d.UserINN = fiscal.RegNumber(fromText(reg)), fiscal.INN(fromText(user))
	d.Shift, d.Number, d.Total, d.FPD = uint32(shift), uint32(number), fiscal.Kopecks(total), fiscal.FPD(fpd)
	d.Policy, d.FPS, d.FPDCheck = fromText(d.Policy), fromText(d.FPS), fromText(d.FPDCheck)
	d.DateTime, d.ReceivedAt, d.Fault = fromSeconds(dateTime), fromNanos(receivedAt), faultNamed(fault)
	if stlvAt != nil && stlvLen != nil {
		at, end := int(*stlvAt), int(*stlvAt)+int(*stlvLen)
		if end > len(d.Message) {
			return d, fmt.Errorf("document ends at %d of a message of %d bytes", end, len(d.Message))
		}
		d.STLV = d.Message[at:end:end]
	}
	if d.Findings, err = decodeList[flk.Finding](findings); err != nil {
		return d, fmt.Errorf("findings: %w", err)
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
	err = s.pool.QueryRow(ctx, selectStats).Scan(&t.Drives, &t.Documents, &t.Confirmations, &t.Findings, &t.Quarantined, &t.Incidents, &t.OpenGaps, &t.Behind, &t.Unread)
	if err != nil {
		return store.Stats{}, fmt.Errorf("postgres: reading the totals: %w", err)
	}
	return t, nil
}
