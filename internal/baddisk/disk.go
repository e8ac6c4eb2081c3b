package baddisk

import (
	"fmt"
	"io"
	"math/rand/v2"
	"sync"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Disk is a mounted VFS. Its methods are safe for concurrent use.
type Disk struct {
	o    Options
	tell io.Writer // a line for each fault

	mu       sync.Mutex
	rand     *rand.Rand
	done     int  // operations so far
	dead     bool // its power was cut, or the process is gone
	halting  bool // at the next sync the process is gone
	platters map[string]*platter
	files    map[uintptr]*file // open files by the address of sqlite3_file
	tables   map[uintptr]*table
	vfs      *shim
	cut      chan struct{}
}

// file is an open file. Temporary ones have no path and are not modelled.
type file struct {
	path string
	t    *table
}

// Mount registers the disk with SQLite under a name, and as the one that all files
// opened from now on are on when standard is true. It stays for the life of the
// process. A line for each injected fault goes to tell, if not nil.
func Mount(name string, standard bool, o Options, tell io.Writer) (*Disk, error) {
	if tell == nil {
		tell = io.Discard
	}
	d := &Disk{o: o, tell: tell, rand: rand.New(rand.NewPCG(o.Seed, 0xbadd15c)), platters: map[string]*platter{},
		files: map[uintptr]*file{}, tables: map[uintptr]*table{}, cut: make(chan struct{})}
	if err := d.register(name, standard); err != nil {
		return nil, fmt.Errorf("baddisk: %w", err)
	}
	return d, nil
}

// CutPower loses what was not synced, by chance, and fails everything from now on: the
// process should end. It returns how many sectors were lost.
func (d *Disk) CutPower() (lost int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lose()
}

// Cut is closed when Options.Cut has cut the power.
func (d *Disk) Cut() <-chan struct{} { return d.cut }

// lose is CutPower. The caller holds d.mu.
func (d *Disk) lose() (lost int, err error) {
	if d.dead {
		return 0, nil
	}
	d.dead = true
	for path, p := range d.platters {
		// Each file has a fate of its own: all of it lost, nothing, or some.
		chance := []float64{0, d.o.Lost, 1}[d.rand.IntN(3)]
		if d.o.Lost == 0 || d.o.Lost == 1 { // no chance at all
			chance = d.o.Lost
		}
		n, err := p.lose(path, chance, d.rand)
		lost += n
		if err != nil {
			return lost, fmt.Errorf("baddisk: %w", err)
		}
	}
	fmt.Fprintf(d.tell, "baddisk: power cut, %d sectors lost\n", lost)
	return lost, nil
}

// HaltAtSync ends the process as it were, just before its next sync: everything fails
// from then on, and nothing is lost, because the system's cache stays.
func (d *Disk) HaltAtSync() { d.mu.Lock(); defer d.mu.Unlock(); d.halting = true }

// Resume is the start of another process after HaltAtSync. It reports whether the
// first one came to its end.
func (d *Disk) Resume() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.dead
	d.dead, d.halting = false, false
	return was
}

// fails decides about one operation. The caller holds d.mu.
func (d *Disk) fails(what string, chance float64) bool {
	if d.dead {
		return true
	}
	d.done++
	if chance == 0 || d.done <= d.o.After || d.rand.Float64() >= chance {
		return false
	}
	fmt.Fprintf(d.tell, "baddisk: %s fails\n", what)
	return true
}

func (d *Disk) platter(path string) *platter {
	p := d.platters[path]
	if p == nil {
		p = &platter{size: -1, sectors: map[int64]sector{}}
		d.platters[path] = p
	}
	return p
}

func (d *Disk) read(tls *libc.TLS, f uintptr, buf uintptr, n int32, at int64) int32 {
	d.mu.Lock()
	one := d.files[f]
	bad := one.path != "" && d.fails("read", d.o.Read)
	d.mu.Unlock()
	if bad {
		return sqlite3.SQLITE_IOERR_READ
	}
	return one.t.read(tls, f, buf, n, at)
}

func (d *Disk) write(tls *libc.TLS, f uintptr, buf uintptr, n int32, at int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.files[f]
	if one.path == "" {
		return one.t.write(tls, f, buf, n, at)
	}
	code, keep := int32(sqlite3.SQLITE_OK), n
	switch {
	case d.dead:
		return sqlite3.SQLITE_IOERR_WRITE
	case d.fails("write", d.o.Write):
		code = sqlite3.SQLITE_IOERR_WRITE
	case d.fails("write for want of room", d.o.Full):
		code = sqlite3.SQLITE_FULL
	}
	if code != sqlite3.SQLITE_OK {
		if d.rand.Float64() >= d.o.Torn {
			return code
		}
		keep = int32(d.rand.IntN(int(n/sectorLen)+1)) * sectorLen // torn
		if keep = min(keep, n); keep == 0 {
			return code
		}
	}
	size, rc := one.t.fileSize(tls, f)
	if rc == sqlite3.SQLITE_OK && d.platter(one.path).wrote(at, int(keep), size, one.t.reader(tls, f)) != nil {
		rc = sqlite3.SQLITE_IOERR_WRITE
	}
	if rc == sqlite3.SQLITE_OK {
		rc = one.t.write(tls, f, buf, keep, at)
	}
	if rc != sqlite3.SQLITE_OK {
		return rc
	}
	if d.o.Cut > 0 && d.done >= d.o.Cut {
		if _, err := d.lose(); err != nil {
			fmt.Fprintln(d.tell, err)
		}
		close(d.cut)
		return sqlite3.SQLITE_IOERR_WRITE
	}
	return code
}

func (d *Disk) truncate(tls *libc.TLS, f uintptr, n int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.files[f]
	if one.path != "" {
		if d.fails("truncation", d.o.Write) {
			return sqlite3.SQLITE_IOERR_TRUNCATE
		}
		size, rc := one.t.fileSize(tls, f)
		if rc != sqlite3.SQLITE_OK {
			return rc
		}
		if d.platter(one.path).cut(n, size, one.t.reader(tls, f)) != nil {
			return sqlite3.SQLITE_IOERR_TRUNCATE
		}
	}
	return one.t.truncate(tls, f, n)
}

func (d *Disk) sync(tls *libc.TLS, f uintptr, flags int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.files[f]
	if one.path == "" {
		return one.t.sync(tls, f, flags)
	}
	if d.halting {
		d.dead = true
	}
	if d.dead {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	if d.fails("sync", d.o.Sync) {
		d.platter(one.path).unsynced()
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	rc := one.t.sync(tls, f, flags)
	if rc == sqlite3.SQLITE_OK {
		d.platter(one.path).synced()
	}
	return rc
}

func (d *Disk) closeFile(tls *libc.TLS, f uintptr) int32 {
	d.mu.Lock()
	one := d.files[f]
	delete(d.files, f)
	d.mu.Unlock()
	return one.t.close(tls, f)
}

// opened takes over a file that the system has opened.
func (d *Disk) opened(f uintptr, path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[f] = &file{path: path, t: d.tableOf(f)}
}

func (d *Disk) deleted(path string) (alive bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dead {
		delete(d.platters, path)
	}
	return !d.dead
}
