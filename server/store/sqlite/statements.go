package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// writeStatements are prepared once on the writing connection.
type writeStatements struct {
	begin, commit                       *sql.Stmt
	maxID                               *sql.Stmt
	drive, addDrive, setDrive           *sql.Stmt
	replaceDrives                       *sql.Stmt
	registrationID, addRegistration     *sql.Stmt
	documentExists                      *sql.Stmt
	addQuarantine, addIncident, addExch *sql.Stmt
	moveProjection, addProjection       *sql.Stmt
	addItem, countUnread                *sql.Stmt

	// What every document does. Prepared past database/sql, which would check and copy
	// forty values for each.
	addDocument, moveDrive, addSheet driver.StmtExecContext
}

const driveColumns = `reg_id, user_inn, user_name, kkt_number, address, ffd, status,
	last_fd, last_at, documents, policy, gap_count, gaps, history`

const documentColumns = `id, drive_id, registration_id, fd, form, ffd, date_time, received_at, shift, number,
	operation, total, fpd, policy, fps, fpd_check, fault, exchange_at, took, peer, detail, stlv_at, stlv_len,
	findings, message, confirmation, stlv, request, response, response_head, chain_seq, link`

// marks is "?, ?, ?" for a list of columns.
func marks(columns string) string {
	return strings.TrimSuffix(strings.Repeat("?, ", strings.Count(columns, ",")+1), ", ")
}

func (st *writeStatements) table() []preparation {
	return []preparation{
		{&st.begin, `BEGIN IMMEDIATE`},
		{&st.commit, `COMMIT`},
		{&st.maxID, `SELECT max(coalesce((SELECT max(id) FROM documents), 0), coalesce((SELECT max(id) FROM exchanges), 0))`},
		{&st.drive, `SELECT id, version, chain_length, chain_head FROM drives WHERE fn = ?`},
		{&st.addDrive, `INSERT INTO drives (` + driveColumns + `, stored, confirmed, findings, chain_length, chain_head, fn, version)
			VALUES (` + marks(driveColumns) + `, 1, ?, ?, ?, ?, ?, 1)`},
		{&st.setDrive, `UPDATE drives SET (` + driveColumns + `, stored, confirmed, findings, chain_length, chain_head, version) =
			(` + marks(driveColumns) + `, stored + 1, confirmed + ?, findings + ?, ?, ?, version + 1)
			WHERE id = ? AND version = ?`},
		{&st.replaceDrives, `UPDATE drives SET status = ?1, version = version + 1
			WHERE id IN (SELECT drive_id FROM registrations WHERE reg_id = ?2) AND reg_id = ?2 AND id <> ?3 AND status = ?4`},
		{&st.registrationID, `SELECT id FROM registrations WHERE drive_id = ? AND reg_id = ? AND user_inn = ?`},
		{&st.addRegistration, `INSERT INTO registrations (drive_id, reg_id, user_inn) VALUES (?, ?, ?)`},
		{&st.documentExists, `SELECT 1 FROM documents WHERE drive_id = ? AND fd = ?`},
		{&st.addQuarantine, `INSERT INTO quarantine (at, fn, fd, fault, detail, message) VALUES (?, ?, ?, ?, ?, ?)`},
		{&st.addIncident, `INSERT INTO incidents (at, fn, fd, fault, text) VALUES (?, ?, ?, ?, ?)`},
		{&st.addExch, `INSERT INTO exchanges (id, at, took, peer, fn, fd, fault, detail, request, response)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&st.moveProjection, moveProjection},
		{&st.addProjection, addProjection},
		{&st.addItem, addItem},
		{&st.countUnread, countUnread},
	}
}

// moveDrive is setDrive without what seldom changes.
const moveDrive = `UPDATE drives SET last_fd = ?, last_at = ?, documents = ?, history = ?, stored = stored + 1, confirmed = confirmed + ?,
		findings = findings + ?, chain_length = ?, chain_head = ?, version = version + 1 WHERE id = ? AND version = ?`

func (st *writeStatements) prepare(ctx context.Context, c *sql.Conn) error {
	if err := prepareAll(ctx, c, st.table()); err != nil {
		return err
	}
	return c.Raw(func(dc any) (err error) {
		if st.addDocument, err = prepareRaw(ctx, dc, `INSERT INTO documents (`+documentColumns+`) VALUES (`+marks(documentColumns)+`)`); err == nil {
			st.moveDrive, err = prepareRaw(ctx, dc, moveDrive)
		}
		if err == nil {
			st.addSheet, err = prepareRaw(ctx, dc, addSheet)
		}
		return err
	})
}

func prepareRaw(ctx context.Context, dc any, text string) (driver.StmtExecContext, error) {
	c, ok := dc.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("preparing %q: the driver cannot", text)
	}
	s, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", text, err)
	}
	x, ok := s.(driver.StmtExecContext)
	if !ok {
		return nil, errors.Join(fmt.Errorf("preparing %q: the driver cannot", text), s.Close())
	}
	return x, nil
}

// close must come before the connection is closed.
func (st *writeStatements) close() {
	for _, s := range []*driver.StmtExecContext{&st.addDocument, &st.moveDrive, &st.addSheet} {
		if one, ok := (*s).(driver.Stmt); ok {
			_ = one.Close()
		}
		*s = nil
	}
	_ = closeAll(st.table())
}

// readStatements are the frequent reads, prepared on every reading connection.
type readStatements struct {
	drive, document, stats *sql.Stmt
}

func (st *readStatements) table() []preparation {
	return []preparation{
		{&st.drive, selectDrives + ` WHERE fn = ?`},
		{&st.document, selectDocuments + ` WHERE v.fn = ? AND d.fd = ?`},
		{&st.stats, `SELECT count(*), coalesce(sum(stored), 0), coalesce(sum(confirmed), 0), coalesce(sum(findings), 0),
			(SELECT count(*) FROM quarantine), (SELECT count(*) FROM incidents), coalesce(sum(gap_count), 0),
			max(coalesce(sum(stored), 0) - (SELECT passed FROM projection), 0), (SELECT coalesce(sum(documents), 0) FROM unread) FROM drives`},
	}
}

func (st *readStatements) prepare(ctx context.Context, db *sql.DB) error {
	return prepareAll(ctx, db, st.table())
}

func (st *readStatements) close() error { return closeAll(st.table()) }

// preparation is a statement with the place it is kept in.
type preparation struct {
	stmt **sql.Stmt
	text string
}

type preparer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
}

func prepareAll(ctx context.Context, p preparer, table []preparation) (err error) {
	for _, row := range table {
		if *row.stmt, err = p.PrepareContext(ctx, row.text); err != nil {
			return fmt.Errorf("preparing %q: %w", row.text, err)
		}
	}
	return nil
}

func closeAll(table []preparation) error {
	var errs []error
	for _, row := range table {
		if *row.stmt != nil {
			errs = append(errs, (*row.stmt).Close())
		}
	}
	return errors.Join(errs...)
}
