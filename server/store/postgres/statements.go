package postgres

import (
	"fmt"
	"strings"
)

// Statements of the writer. Lists of rows come as one array for each column.
const (
	// announce lets readers know that rows after this one are on their way.
	announce = `SELECT pg_advisory_xact_lock_shared((253::bigint << 52) | last_value) FROM row_ids`
	drawIDs  = `SELECT nextval('row_ids') FROM generate_series(1, $1::int)`

	addDrives = `INSERT INTO drives (drive_id, fn)
		SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT DO NOTHING`
	lockDrives = `SELECT drive_id, version, chain_length, chain_head FROM drives
		WHERE drive_id = ANY ($1::bigint[]) ORDER BY drive_id FOR NO KEY UPDATE`
	lockReplaced = `SELECT drive_id, version, chain_length, chain_head FROM drives
		WHERE drive_id = ANY ($1::bigint[] || ARRAY(SELECT drive_id FROM registrations WHERE reg_id = $2)) ORDER BY drive_id FOR NO KEY UPDATE`
	replaceDrives = `UPDATE drives SET status = $1, version = version + 1
		WHERE drive_id = ANY (ARRAY(SELECT drive_id FROM registrations WHERE reg_id = $2)) AND reg_id = $2 AND drive_id <> $3 AND status = $4`

	documentsExist = `SELECT d.drive_id, d.fd FROM unnest($1::bigint[], $2::bigint[]) u (drive_id, fd)
		JOIN documents d ON d.drive_id = u.drive_id AND d.fd = u.fd`

	// What a divided database finds the piece by.
	ofDocuments     = ` WHERE d.drive_id = ANY ($1::bigint[])`
	ofRegistrations = ` WHERE r.drive_id = ANY ($1::bigint[])`

	addRegistrations = `INSERT INTO registrations (drive_id, reg_id, user_inn)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`
	findRegistrations = `SELECT r.drive_id, r.reg_id, r.user_inn, r.id FROM unnest($1::bigint[], $2::text[], $3::text[]) u (drive_id, reg_id, user_inn)
		JOIN registrations r ON r.drive_id = u.drive_id AND r.reg_id = u.reg_id AND r.user_inn = u.user_inn`
)

// Columns with the types of their arrays, in the order of the values sent.
var (
	driveColumns = []string{"drive_id bigint", "reg_id text", "user_inn text", "user_name text", "kkt_number text", "address text", "ffd smallint", "status text",
		"last_fd bigint", "last_at bigint", "documents bigint", "policy text", "gap_count bigint", "gaps json", "history bytea",
		"stored bigint", "confirmed bigint", "findings bigint", "version bigint", "chain_length bigint", "chain_head bytea"}
	documentColumns = []string{"id bigint", "drive_id bigint", "registration_id bigint", "fd bigint", "form integer", "ffd smallint", "date_time bigint",
		"received_at bigint", "shift bigint", "number bigint", "operation smallint", "total bigint", "fpd bigint", "policy text", "fps text",
		"fpd_check text", "fault text", "exchange_at bigint", "took bigint", "peer text", "detail text", "stlv_at integer", "stlv_len integer",
		"findings json", "message bytea", "confirmation bytea", "stlv bytea", "request bytea", "response bytea", "response_head bytea", "chain_seq bigint", "link bytea"}
	quarantineColumns = []string{"drive_id bigint", "id bigint", "at bigint", "fn text", "fd bigint", "fault text", "detail text", "message bytea"}
	incidentColumns   = []string{"drive_id bigint", "id bigint", "at bigint", "fn text", "fd bigint", "fault text", "text text"}
	exchangeColumns   = []string{"drive_id bigint", "id bigint", "at bigint", "took bigint", "peer text", "fn text", "fd bigint", "fault text", "detail text", "request bytea", "response bytea"}

	addDocuments  = "COPY documents (" + strings.Join(names(documentColumns), ", ") + ") FROM STDIN (FORMAT binary)"
	addQuarantine = insert("quarantine", quarantineColumns)
	addIncidents  = insert("incidents", incidentColumns)
	addExchanges  = insert("exchanges", exchangeColumns)
	setDrives     = setDrivesText()
	setDrive      = setDriveText()
)

// names drops the types.
func names(columns []string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i], _, _ = strings.Cut(c, " ")
	}
	return out
}

// arrays is "unnest($1::bigint[], …) u (id, …)".
func arrays(columns []string) string {
	var params []string
	for i, c := range columns {
		_, kind, _ := strings.Cut(c, " ")
		params = append(params, fmt.Sprintf("$%d::%s[]", i+1, kind))
	}
	return "unnest(" + strings.Join(params, ", ") + ") u (" + strings.Join(names(columns), ", ") + ")"
}

func insert(table string, columns []string) string {
	return "INSERT INTO " + table + " (" + strings.Join(names(columns), ", ") + ") SELECT * FROM " + arrays(columns)
}

// setDrivesText gives drives their new state; totals are added to.
func setDrivesText() string {
	return "UPDATE drives v SET " + driveSets(func(i int, name string) string { return "u." + name }) +
		" FROM " + arrays(driveColumns) + " WHERE v.drive_id = u.drive_id"
}

// setDriveText does so for one drive.
func setDriveText() string {
	return "UPDATE drives v SET " + driveSets(func(i int, _ string) string {
		_, kind, _ := strings.Cut(driveColumns[i], " ")
		return fmt.Sprintf("$%d::%s", i+1, kind)
	}) + " WHERE v.drive_id = $1"
}

func driveSets(value func(i int, name string) string) string {
	var sets []string
	for i, name := range names(driveColumns) {
		switch name {
		case "drive_id":
		case "stored", "confirmed", "findings":
			sets = append(sets, fmt.Sprintf("%s = v.%s + %s", name, name, value(i, name)))
		default:
			sets = append(sets, fmt.Sprintf("%s = %s", name, value(i, name)))
		}
	}
	return strings.Join(sets, ", ")
}
