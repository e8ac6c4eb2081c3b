package archive_test

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

func TestVerify_Clean(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		b := e.fresh(t, false).open(t)
		v, problems := verify(t, b, archive.VerifyOptions{})
		assert.Empty(t, problems)
		assert.EqualValues(t, 4, v.Drives)
		assert.EqualValues(t, 4*(2+receipts)-2, v.Documents)
		assert.Equal(t, v.Documents, v.Confirmations)
		one, problems := verify(t, b, archive.VerifyOptions{FN: gappedFN})
		assert.Empty(t, problems)
		assert.EqualValues(t, 2+receipts-2, one.Documents)
		_, problems = verify(t, b, archive.VerifyOptions{FN: sealedFN, OFD: "7702203276"})
		assert.NotEmpty(t, problems, "the keys of another operator open nothing")
	})
}

// damage is something done to a base behind the server's back.
type damage struct {
	name string
	do   func(t *testing.T, x *vandal)
	fn   fiscal.FNNumber
	fd   int64
	what archive.Broken
	text string // part of the problem's
}

// vandal writes past the server.
type vandal struct {
	t     *testing.T
	db    *sql.DB
	place place
	key   string
}

// exec runs a statement in which {1} stands for the key of the first drive and so on.
func (x *vandal) exec(statement string, args ...any) {
	x.t.Helper()
	for n, fn := range []fiscal.FNNumber{plainFN, gappedFN, sealedFN, foreignFN} {
		statement = strings.ReplaceAll(statement, "{"+string(rune('1'+n))+"}", "(SELECT "+x.key+" FROM drives WHERE fn = '"+string(fn)+"')")
	}
	r, err := x.db.ExecContext(context.Background(), x.place.mark(statement), args...)
	require.NoError(x.t, err, statement)
	n, err := r.RowsAffected()
	require.NoError(x.t, err)
	require.Positive(x.t, n, statement)
}

func (x *vandal) bytes(column string, fd int) (b []byte) {
	x.t.Helper()
	err := x.db.QueryRowContext(context.Background(), x.place.mark("SELECT "+column+" FROM documents WHERE drive_id = (SELECT "+x.key+" FROM drives WHERE fn = ?) AND fd = ?"),
		string(plainFN), fd).Scan(&b)
	require.NoError(x.t, err)
	return b
}

// reforge makes the last link of the first drive right again, as somebody would who
// can write the whole base.
func (x *vandal) reforge(fd int64) {
	x.t.Helper()
	var rows []chain.Row
	require.NoError(x.t, x.place.open(x.t).Snapshot(context.Background(), func(s archive.Snapshot) (err error) {
		rows, err = s.Documents(context.Background(), string(plainFN), 0, 100)
		return err
	}))
	require.Equal(x.t, fd, rows[len(rows)-1].FD, "the last")
	last, before := &rows[len(rows)-1], &rows[len(rows)-2]
	d := last.Digest()
	link, head := d.Link(chain.HeadOf(before.Seq, before.Link[:chain.HashLen]))
	x.exec(`UPDATE documents SET link = ? WHERE drive_id = {1} AND fd = ?`, link, fd)
	x.exec(`UPDATE drives SET chain_head = ? WHERE fn = ?`, head.Hash[:], string(plainFN))
}

// last is the number of the last document of the first drive.
const last = 2 + receipts

var damages = []damage{
	{"message", func(t *testing.T, x *vandal) {
		b := x.bytes("message", 5)
		b[100] ^= 1
		x.exec(`UPDATE documents SET message = ? WHERE drive_id = {1} AND fd = 5`, b)
	}, plainFN, 5, archive.BrokenMessage, ""},
	{"confirmation of another document", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET confirmation = ? WHERE drive_id = {1} AND fd = 5`, x.bytes("confirmation", 6))
	}, plainFN, 5, archive.BrokenConfirmation, ""},
	{"no confirmation", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET confirmation = NULL WHERE drive_id = {1} AND fd = 5`)
	}, plainFN, 5, archive.BrokenConfirmation, ""},
	{"sum", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET total = total + 1 WHERE drive_id = {2} AND fd = 4`)
	}, gappedFN, 4, archive.BrokenRecord, ""},
	{"time of arrival", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET received_at = received_at - 1 WHERE drive_id = {3} AND fd = 1`)
	}, sealedFN, 1, archive.BrokenRecord, ""},
	{"findings", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET findings = '[{"rule":"X"}]' WHERE drive_id = {1} AND fd = 5`)
	}, plainFN, 5, archive.BrokenRecord, ""},
	{"first row missing", func(t *testing.T, x *vandal) {
		x.exec(`DELETE FROM documents WHERE drive_id = {1} AND fd = 1`)
	}, plainFN, 2, archive.BrokenMissing, "places 1 to 1 of the chain, before this row, are not there; no protocol"},
	{"rows in the middle missing", func(t *testing.T, x *vandal) {
		x.exec(`DELETE FROM documents WHERE drive_id = {1} AND fd IN (4, 5)`)
	}, plainFN, 6, archive.BrokenMissing, "places 4 to 5"},
	{"last row missing", func(t *testing.T, x *vandal) {
		x.exec(`DELETE FROM documents WHERE drive_id = {1} AND fd = ?`, last)
	}, plainFN, 0, archive.BrokenMissing, "ends at place 9, the drive knows 10"},
	{"all rows missing", func(t *testing.T, x *vandal) {
		x.exec(`DELETE FROM documents WHERE drive_id = {1}`)
	}, plainFN, 0, archive.BrokenMissing, "ends at place 0, the drive knows 10"},
	{"two rows exchanged", func(t *testing.T, x *vandal) {
		for _, step := range [][2]string{{"5", "-5"}, {"6", "-6"}} {
			x.exec(`UPDATE documents SET id = ` + step[1] + ` WHERE drive_id = {1} AND fd = ` + step[0])
		}
		x.exec(`UPDATE documents SET id = (SELECT max(id) FROM documents d WHERE d.drive_id = {1} AND d.fd = 4) + 1 WHERE drive_id = {1} AND fd = 6`)
		x.exec(`UPDATE documents SET id = (SELECT max(id) FROM documents d WHERE d.drive_id = {1} AND d.fd = 6) + 1 WHERE drive_id = {1} AND fd = 5`)
	}, plainFN, 5, archive.BrokenOrder, "place 5 of the chain comes after place 6"},
	{"link", func(t *testing.T, x *vandal) {
		b := x.bytes("link", 5)
		b[0] ^= 1
		x.exec(`UPDATE documents SET link = ? WHERE drive_id = {1} AND fd = 5`, b)
	}, plainFN, 5, archive.BrokenLink, "does not follow"},
	{"no link", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET link = NULL WHERE drive_id = {1} AND fd = 5`)
	}, plainFN, 5, archive.BrokenLink, "no link"},
	{"number", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET fd = 50 WHERE drive_id = {1} AND fd = 5`)
	}, plainFN, 50, archive.BrokenLink, "does not follow"},
	{"row given to another drive", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE documents SET drive_id = {4}, fd = 60, registration_id = NULL WHERE drive_id = {1} AND fd = 5`)
	}, plainFN, 6, archive.BrokenMissing, "places 5 to 5"},
	{"container, links made right again", func(t *testing.T, x *vandal) {
		b := x.bytes("message", last)
		b[len(b)-20] ^= 1
		x.exec(`UPDATE documents SET message = ? WHERE drive_id = {1} AND fd = ?`, b, last)
		x.reforge(last)
	}, plainFN, last, archive.BrokenContainer, "bad_container_crc"},
	{"sign, links made right again", func(t *testing.T, x *vandal) {
		b := x.bytes("confirmation", last)
		b[len(b)-5] ^= 1 // two zeros end a container
		wire.FinishContainer(b)
		x.exec(`UPDATE documents SET confirmation = ? WHERE drive_id = {1} AND fd = ?`, b, last)
		x.reforge(last)
	}, plainFN, last, archive.BrokenSign, "ФПП"},
	{"totals", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE drives SET stored = stored - 1 WHERE fn = '` + string(plainFN) + `'`)
	}, plainFN, 0, archive.BrokenTotals, "9 documents, its rows have 10"},
	{"count of broken rules", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE drives SET findings = findings + 3 WHERE fn = '` + string(foreignFN) + `'`)
	}, foreignFN, 0, archive.BrokenTotals, "broken rules"},
	{"gaps", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE drives SET gaps = NULL, gap_count = 0 WHERE fn = '` + string(gappedFN) + `'`)
	}, gappedFN, 0, archive.BrokenGaps, "numbers (none) have not come, of its rows 5–6 are missing"},
	{"head of the chain", func(t *testing.T, x *vandal) {
		x.exec(`UPDATE drives SET chain_head = NULL WHERE fn = '` + string(gappedFN) + `'`)
	}, gappedFN, 0, archive.BrokenLink, "does not end in the hash"},
	{"invented protocol", func(t *testing.T, x *vandal) {
		x.exec(`INSERT INTO protocol (id, at, who, kind, what, fn, first, last, first_fd, last_fd, rows, confirmed, findings, hash)
			VALUES (1, 1, 'me', 'retention', 'incidents', '', 1, 9, 0, 0, 9, 0, 0, ?)`, []byte{1})
	}, "", 0, archive.BrokenProtocol, "entry 1 is not what was written"},
	{"documents deleted under an invented protocol", func(t *testing.T, x *vandal) {
		e := chain.Entry{ID: 1, At: 1, Who: "me", Kind: chain.KindRetention, What: "documents", FN: string(plainFN), First: 1, Last: 3, Rows: 3, Head: make([]byte, chain.HashLen)}
		x.exec(`INSERT INTO protocol (id, at, who, kind, what, fn, first, last, first_fd, last_fd, rows, confirmed, findings, head, hash)
			VALUES (1, 1, 'me', 'retention', 'documents', '`+string(plainFN)+`', 1, 3, 0, 0, 3, 0, 0, ?, ?)`, e.Head, e.Sum(nil))
		x.exec(`DELETE FROM documents WHERE drive_id = {1} AND fd <= 3`)
	}, plainFN, 4, archive.BrokenLink, "does not follow"},
}

// The first broken link of a FN is named, whatever is done to the base.
func TestVerify_NamesDamage(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		for i, d := range damages {
			if e.name == "postgres" && i%6 != 0 && os.Getenv("TORTURE") == "" {
				continue // a database each
			}
			t.Run(d.name, func(t *testing.T) {
				p := e.fresh(t, false)
				x := &vandal{t, p.raw(t), p, e.drive}
				for _, statement := range p.drop {
					_, err := x.db.ExecContext(t.Context(), statement)
					require.NoError(t, err)
				}
				d.do(t, x)
				v, problems := verify(t, p.open(t), archive.VerifyOptions{})
				require.NotEmpty(t, problems)
				assert.Positive(t, v.Problems)
				var first *archive.Problem
				for i := range problems {
					if problems[i].FN == string(d.fn) {
						first = &problems[i]
						break
					}
				}
				require.NotNil(t, first, problems)
				assert.Equal(t, d.what, first.What, first)
				assert.Equal(t, d.fd, first.FD, first)
				assert.Contains(t, first.Text, d.text)
				for _, other := range problems {
					if d.name != "row given to another drive" {
						assert.Equal(t, string(d.fn), other.FN, "nothing is wrong with the others: %s", other)
					}
				}
			})
		}
	})
}

// With the triggers in place none of it can be done.
func TestBase_RefusesDamage(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		p := e.fresh(t, false)
		db := p.raw(t)
		for _, statement := range []string{
			"UPDATE documents SET total = 1", "DELETE FROM documents", "UPDATE exchanges SET peer = ''", "DELETE FROM exchanges",
			"UPDATE quarantine SET detail = ''", "DELETE FROM quarantine", "UPDATE incidents SET text = ''", "DELETE FROM incidents",
		} {
			_, err := db.ExecContext(t.Context(), statement)
			require.ErrorContains(t, err, "append-only", statement)
		}
	})
}
