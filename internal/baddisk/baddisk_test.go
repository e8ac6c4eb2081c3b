package baddisk

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

func open(t *testing.T, path, vfs, synchronous string) *sql.DB {
	t.Helper()
	dsn := fmt.Sprintf("file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(%s)&_pragma=wal_autocheckpoint(40)", path, synchronous)
	if vfs != "" {
		dsn += "&vfs=" + vfs
	}
	db, err := sql.Open("sqlite", dsn)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	return db
}

// fill inserts until n rows are committed or the disk is dead.
func fill(db *sql.DB, from, n int) (committed []int) {
	for i := from; i < from+n; i++ {
		if _, err := db.Exec("INSERT INTO things VALUES (?, ?)", i, strings.Repeat("x", 700)); err == nil {
			committed = append(committed, i)
		}
	}
	return committed
}

func missing(t *testing.T, path string, want []int) (n int) {
	t.Helper()
	db := open(t, path, "", "FULL")
	defer db.Close()
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		return len(want)
	}
	for _, i := range want {
		var got int
		if db.QueryRow("SELECT n FROM things WHERE n = ?", i).Scan(&got) != nil {
			n++
		}
	}
	return n
}

// What SQLite confirmed survives the cut, whatever the disk did before; without its
// syncs it does not, so the disk does lose what was not synced.
func TestDisk_LosesOnlyWhatWasNotSynced(t *testing.T) {
	t.Parallel()
	lost, rounds := 0, 12
	for round := range rounds {
		for _, synchronous := range []string{"FULL", "OFF"} {
			var log bytes.Buffer
			o := Options{Seed: uint64(round), Lost: 0.5, Torn: 0.5}
			if synchronous == "FULL" {
				o.Write, o.Sync, o.Full, o.After = 0.01, 0.02, 0.01, 50
				if round%2 == 0 {
					o.Cut = 100 + 37*round
				}
			}
			name := fmt.Sprintf("bad%d%s", round, synchronous)
			d, err := Mount(name, false, o, &log)
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "things.db")
			db := open(t, path, name, synchronous)
			_, err = db.Exec("CREATE TABLE things (n INTEGER PRIMARY KEY, text TEXT)")
			require.NoError(t, err)
			want := fill(db, 0, 120)
			if o.Cut > 0 {
				<-d.Cut()
			}
			_, err = d.CutPower()
			require.NoError(t, err)
			require.Empty(t, fill(db, 1000, 3), "the disk is dead")
			_ = db.Close()
			if synchronous == "FULL" {
				assert.Zero(t, missing(t, path, want), "%s\n%s", o, &log)
				continue
			}
			if missing(t, path, want) > 0 {
				lost++
			}
		}
	}
	assert.Greater(t, lost, rounds/4, "without syncs much is lost")
}

func TestDisk_FailsByChance(t *testing.T) {
	t.Parallel()
	run := func(name string) string {
		var log bytes.Buffer
		_, err := Mount(name, false, Options{Seed: 7, Read: 0.01, Write: 0.05, Full: 0.05, Sync: 0.1, Torn: 0.5, After: 60}, &log)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "things.db")
		db := open(t, path, name, "FULL")
		_, err = db.Exec("CREATE TABLE things (n INTEGER PRIMARY KEY, text TEXT)")
		require.NoError(t, err)
		want := fill(db, 0, 150)
		_ = db.Close()
		assert.NotEmpty(t, want)
		assert.Less(t, len(want), 150)
		assert.Zero(t, missing(t, path, want))
		return log.String()
	}
	first := run("chance1")
	for _, what := range []string{"read", "write", "room", "sync"} {
		assert.Contains(t, first, what)
	}
	assert.Equal(t, first, run("chance2"), "the seed repeats the faults")
}

// A platter by hand: what is synced stays, what is not goes back, a failed sync does
// not count, and the end of the file goes back with it.
func TestPlatter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	content := func() string {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		var s []byte
		for i := 0; i < len(b); i += sectorLen {
			s = append(s, b[i])
		}
		return string(s)
	}
	p := &platter{size: -1, sectors: map[int64]sector{}}
	write := func(at int64, text string) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		require.NoError(t, err)
		defer f.Close()
		info, err := f.Stat()
		require.NoError(t, err)
		require.NoError(t, p.wrote(at*sectorLen, len(text)*sectorLen, info.Size(), func(b []byte, at int64) error {
			_, _ = f.ReadAt(b, at) // short behind the end
			return nil
		}))
		for i, c := range text {
			_, err := f.WriteAt(bytes.Repeat([]byte{byte(c)}, sectorLen), (at+int64(i))*sectorLen)
			require.NoError(t, err)
		}
	}
	write(0, "abcd")
	p.synced()
	write(1, "BC")
	p.unsynced()
	write(2, "x")
	p.synced() // only the third sector reached the disk
	write(3, "yz")
	require.Equal(t, "aBxyz", content())
	lost, err := p.lose(path, 1, rand.New(rand.NewPCG(1, 1)))
	require.NoError(t, err)
	assert.Equal(t, 3, lost)
	assert.Equal(t, "abxd", content())
}

func TestParse(t *testing.T) {
	t.Parallel()
	o := Options{Seed: 3, Read: 0.5, Write: 0.25, Full: 0.125, Sync: 1, Torn: 0.5, Lost: 0.75, After: 9, Cut: 12}
	got, err := Parse(o.String())
	require.NoError(t, err)
	assert.Equal(t, o, got)
	for _, bad := range []string{"", "write", "write=2", "seed=x", "heat=1", "after=", "cut=x"} {
		_, err := Parse(bad)
		assert.Error(t, err, "%q", bad)
	}
}
