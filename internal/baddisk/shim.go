package baddisk

import (
	"errors"
	"fmt"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Functions that SQLite calls, as the driver's translation of it has them.
type (
	openFunc     = func(tls *libc.TLS, vfs, name, f uintptr, flags int32, outFlags uintptr) int32
	deleteFunc   = func(tls *libc.TLS, vfs, name uintptr, syncDir int32) int32
	closeFunc    = func(tls *libc.TLS, f uintptr) int32
	ioFunc       = func(tls *libc.TLS, f, buf uintptr, n int32, at int64) int32
	truncateFunc = func(tls *libc.TLS, f uintptr, n int64) int32
	syncFunc     = func(tls *libc.TLS, f uintptr, flags int32) int32
	sizeFunc     = func(tls *libc.TLS, f, size uintptr) int32
)

// shim is what SQLite holds addresses of. SQLite's memory is not Go's: kept lives as
// long as the process.
type shim struct {
	system *sqlite3.Tsqlite3_vfs
	addr   uintptr // of system
	open   openFunc
	delete deleteFunc

	close    closeFunc
	read     ioFunc
	write    ioFunc
	truncate truncateFunc
	sync     syncFunc
}

// kept holds what only SQLite points to.
var kept []*Disk

// at is a pointer to what SQLite keeps at an address outside Go's memory.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// address of a function value, for SQLite to call; *f must stay.
func address[F any](f *F) uintptr { return *(*uintptr)(unsafe.Pointer(f)) }

// function at an address that SQLite would call.
func function[F any](p uintptr) (f F) { return *(*F)(unsafe.Pointer(&p)) }

func (d *Disk) register(name string, standard bool) error {
	tls := libc.NewTLS()
	defer tls.Close()
	if rc := sqlite3.Xsqlite3_initialize(tls); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("starting SQLite: code %d", rc)
	}
	system := sqlite3.Xsqlite3_vfs_find(tls, 0)
	cname, err := libc.CString(name)
	if err != nil {
		return err
	}
	own := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	if system == 0 || own == 0 {
		return errors.New("SQLite has no file system or no memory")
	}
	s := &shim{system: at[sqlite3.Tsqlite3_vfs](system), addr: system}
	d.vfs = s
	s.open, s.delete = d.open, d.remove
	s.close, s.read, s.write, s.truncate, s.sync = d.closeFile, d.read, d.write, d.truncate, d.sync
	v := at[sqlite3.Tsqlite3_vfs](own)
	*v = *s.system
	v.FpNext, v.FzName = 0, cname
	v.FxOpen, v.FxDelete = address(&s.open), address(&s.delete)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, own, libc.Bool32(standard)); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("registering %s: code %d", name, rc)
	}
	kept = append(kept, d)
	return nil
}

func (d *Disk) open(tls *libc.TLS, _, name, f uintptr, flags int32, outFlags uintptr) int32 {
	rc := function[openFunc](d.vfs.system.FxOpen)(tls, d.vfs.addr, name, f, flags, outFlags)
	if rc != sqlite3.SQLITE_OK || at[sqlite3.Tsqlite3_file](f).FpMethods == 0 {
		return rc
	}
	path := ""
	if name != 0 {
		path = libc.GoString(name)
	}
	d.opened(f, path)
	return rc
}

func (d *Disk) remove(tls *libc.TLS, _, name uintptr, syncDir int32) int32 {
	if !d.deleted(libc.GoString(name)) {
		return sqlite3.SQLITE_IOERR_DELETE
	}
	return function[deleteFunc](d.vfs.system.FxDelete)(tls, d.vfs.addr, name, syncDir)
}

// table is the system's functions of a kind of file, and the address of ours.
type table struct {
	own      uintptr
	close    closeFunc
	read     ioFunc
	write    ioFunc
	truncate truncateFunc
	sync     syncFunc
	size     sizeFunc
}

// tableOf puts our functions into an open file. The caller holds d.mu.
func (d *Disk) tableOf(f uintptr) *table {
	system := at[sqlite3.Tsqlite3_file](f).FpMethods
	t := d.tables[system]
	if t == nil {
		m := at[sqlite3.Tsqlite3_io_methods](system)
		t = &table{close: function[closeFunc](m.FxClose), read: function[ioFunc](m.FxRead), write: function[ioFunc](m.FxWrite),
			truncate: function[truncateFunc](m.FxTruncate), sync: function[syncFunc](m.FxSync), size: function[sizeFunc](m.FxFileSize)}
		tls := libc.NewTLS()
		t.own = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*m)))
		tls.Close()
		mine := at[sqlite3.Tsqlite3_io_methods](t.own)
		*mine = *m
		mine.FiVersion = min(m.FiVersion, 2) // no reading past us by mmap
		s := d.vfs
		mine.FxClose, mine.FxRead, mine.FxWrite = address(&s.close), address(&s.read), address(&s.write)
		mine.FxTruncate, mine.FxSync = address(&s.truncate), address(&s.sync)
		d.tables[system] = t
	}
	at[sqlite3.Tsqlite3_file](f).FpMethods = t.own
	return t
}

func (t *table) fileSize(tls *libc.TLS, f uintptr) (int64, int32) {
	p := tls.Alloc(8)
	defer tls.Free(8)
	rc := t.size(tls, f, p)
	return *at[int64](p), rc
}

// reader reads an open file past its faults.
func (t *table) reader(tls *libc.TLS, f uintptr) reader {
	return func(b []byte, from int64) error {
		p := tls.Alloc(len(b))
		defer tls.Free(len(b))
		rc := t.read(tls, f, p, int32(len(b)), from)
		if rc != sqlite3.SQLITE_OK && rc != sqlite3.SQLITE_IOERR_SHORT_READ { // a short read fills with zeros
			return fmt.Errorf("reading what is overwritten: code %d", rc)
		}
		copy(b, unsafe.Slice(at[byte](p), len(b)))
		return nil
	}
}
