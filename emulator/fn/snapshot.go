package fn

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// A snapshot is: the mark "FBFN", version u16, length of the body u64, the body,
// SHA-256 of everything before it. Numbers are little-endian. The body is the part
// that is small as JSON, and records, documents and messages as bytes.
const (
	snapshotMark    = "FBFN"
	snapshotVersion = 1
	snapshotHeader  = len(snapshotMark) + 2 + 8
	// maxSnapshot bounds what Load reads: an archive of 16 million records and a
	// store to match would be larger than any test needs.
	maxSnapshot = 2 << 30
)

// Causes of a refused snapshot; compare with errors.Is.
var (
	ErrNotSnapshot   = errors.New("not a snapshot of a drive")
	ErrVersion       = errors.New("snapshot of another version")
	ErrTruncated     = errors.New("snapshot cut short")
	ErrDamaged       = errors.New("snapshot damaged")
	ErrForeignDrive  = errors.New("snapshot of another drive")
	ErrContradiction = errors.New("snapshot contradicts itself")
)

// frozen is the JSON part of a snapshot.
type frozen struct {
	Number   fiscal.FNNumber
	Model    Model
	Settings Settings
	Faults   faultState
	State    state
	Draft    *draft `json:",omitempty"`
	Cursor   cursor
	OFD      frozenBox
	Notices  frozenBox
	StoreLow uint32 // first document that may still leave the 30-day store
	StoreTop uint32 // last confirmed one
}

type frozenBox struct{ Reading, Awaiting bool }

// Save writes everything the drive remembers, an unfinished document included. A
// drive loaded from it answers the same; only timers start anew (PowerTimer).
func (d *Device) Save(w io.Writer) error {
	body, err := d.freeze()
	if err != nil {
		return fmt.Errorf("fn: saving drive %s: %w", d.number, err)
	}
	head := append([]byte(snapshotMark), byte(snapshotVersion), 0)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(body)))
	sum := sha256.New()
	sum.Write(head)
	sum.Write(body)
	for _, part := range [][]byte{head, body, sum.Sum(nil)} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("fn: saving drive %s: %w", d.number, err)
		}
	}
	return nil
}

func (d *Device) freeze() ([]byte, error) {
	f := frozen{
		Number: d.number, Model: d.model, Settings: d.set, Faults: d.faults, State: d.st, Draft: d.doc, Cursor: d.cursor,
		OFD:      frozenBox{d.ofd.reading, d.ofd.awaits(d.timer)},
		Notices:  frozenBox{d.notices.reading, d.notices.awaits(d.timer)},
		StoreLow: d.store.low(), StoreTop: d.store.done,
	}
	text, err := json.Marshal(&f)
	if err != nil {
		return nil, err
	}
	e := encoder{buf: make([]byte, 0, len(text)+len(d.archive.records)*recordLen+d.store.used)}
	e.bytes(text)
	e.u32(uint32(len(d.archive.records)))
	for i := range d.archive.records {
		e.record(&d.archive.records[i])
	}
	e.numbered(d.archive.signs)
	e.numbered(d.store.docs)
	e.box(&d.ofd)
	e.box(&d.notices)
	return e.buf, nil
}

// Load makes a drive from a snapshot. Keys, timer and the expected number come with
// o; model, settings and faults come from the snapshot. A broken, truncated or
// foreign snapshot is refused with one of the errors above, and nothing is loaded.
// The power was on when the snapshot was made: call PowerCut for a restart.
func Load(r io.Reader, o Options) (*Device, error) {
	body, err := readSnapshot(bufio.NewReader(r))
	if err != nil {
		return nil, fmt.Errorf("fn: loading a snapshot: %w", err)
	}
	d, err := thaw(body, o)
	if err != nil {
		return nil, fmt.Errorf("fn: loading a snapshot: %w", err)
	}
	return d, nil
}

func readSnapshot(r io.Reader) ([]byte, error) {
	head := make([]byte, snapshotHeader)
	n, err := io.ReadFull(r, head)
	if k := min(n, len(snapshotMark)); string(head[:k]) != snapshotMark[:k] || n == 0 {
		return nil, fmt.Errorf("%w: it begins with % x, want %q", ErrNotSnapshot, head[:k], snapshotMark)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: header of %d bytes, want %d", ErrTruncated, n, snapshotHeader)
	}
	if v := binary.LittleEndian.Uint16(head[len(snapshotMark):]); v != snapshotVersion {
		return nil, fmt.Errorf("%w: %d, this program reads %d", ErrVersion, v, snapshotVersion)
	}
	size := binary.LittleEndian.Uint64(head[len(snapshotMark)+2:])
	if size > maxSnapshot {
		return nil, fmt.Errorf("%w: a body of %d bytes, at most %d", ErrDamaged, size, maxSnapshot)
	}
	// The length is not trusted before the bytes are there.
	rest, err := io.ReadAll(io.LimitReader(r, int64(size)+sha256.Size+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading: %w", err)
	case len(rest) < int(size)+sha256.Size:
		return nil, fmt.Errorf("%w: %d bytes after the header, want %d", ErrTruncated, len(rest), size+sha256.Size)
	case len(rest) > int(size)+sha256.Size:
		return nil, fmt.Errorf("%w: bytes follow the checksum", ErrDamaged)
	}
	sum := sha256.New()
	sum.Write(head)
	sum.Write(rest[:size])
	if !bytes.Equal(sum.Sum(nil), rest[size:]) {
		return nil, fmt.Errorf("%w: the checksum does not fit", ErrDamaged)
	}
	return rest[:size], nil
}

func thaw(body []byte, o Options) (*Device, error) {
	dec := decoder{buf: body}
	var f frozen
	j := json.NewDecoder(bytes.NewReader(dec.bytes()))
	j.DisallowUnknownFields()
	if err := j.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if o.Number != "" && o.Number != f.Number {
		return nil, fmt.Errorf("%w: %s, want %s", ErrForeignDrive, f.Number, o.Number)
	}
	o.Number, o.Model, o.Settings, o.Faults = f.Number, f.Model, f.Settings, f.Faults.Faults
	d, err := New(o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrContradiction, err)
	}
	d.faults, d.st, d.doc, d.cursor = f.Faults, f.State, f.Draft, f.Cursor
	if d.faults.Calls == nil {
		d.faults.Calls = map[byte]int{}
	}
	d.archive.records = make([]record, dec.count(recordLen))
	for i := range d.archive.records {
		dec.record(&d.archive.records[i])
	}
	d.archive.signs = dec.numbered()
	docs := dec.numbered()
	d.ofd, d.notices = dec.box(f.OFD), dec.box(f.Notices)
	if dec.err == nil && len(dec.buf) > 0 {
		dec.err = fmt.Errorf("%d bytes too many", len(dec.buf))
	}
	if dec.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, dec.err)
	}
	if err := d.check(docs, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrContradiction, err)
	}
	d.store = rebuildStore(docs, d.archive.records, f.StoreLow, f.StoreTop)
	if d.doc != nil {
		d.doc.recount()
	}
	if d.timer != nil {
		d.ofd.since, d.notices.since = d.timer(), d.timer()
	}
	return d, nil
}

// SaveFile writes a snapshot so that the file is either the old one or the new one,
// whatever happens: a temporary file beside it, fsync, rename.
func (d *Device) SaveFile(path string) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp*")
	if err != nil {
		return fmt.Errorf("fn: saving drive %s: %w", d.number, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	if err = d.Save(tmp); err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("fn: saving drive %s: %w", d.number, err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the rename last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("fn: saving: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("fn: saving: %w", err)
	}
	return nil
}

// LoadFile is Load from a file.
func LoadFile(path string, o Options) (*Device, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("fn: loading a snapshot: %w", err)
	}
	defer f.Close()
	d, err := Load(f, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}
