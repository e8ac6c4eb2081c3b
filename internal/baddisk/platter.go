package baddisk

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
)

// sectorLen is what a disk writes whole or not at all.
const sectorLen = 512

// platter is what the disk holds for sure of one file where the system's cache holds
// something else.
type platter struct {
	size    int64            // synced size; -1: as the cache has it
	sectors map[int64]sector // by number: written and not synced
}

// sector is the synced content of a sector that was written since.
type sector struct {
	content [sectorLen]byte // zeros behind the end of the file
	given   bool            // a sync failed: the system believes it written and will not try again
}

// reader reads what the cache holds now; short reads fill with zeros.
type reader func(p []byte, at int64) error

// wrote is told before n bytes are written at a place of a file of some size.
func (p *platter) wrote(at int64, n int, size int64, read reader) error {
	for i := at / sectorLen; i*sectorLen < at+int64(n); i++ {
		s, known := p.sectors[i]
		if !known {
			if err := read(s.content[:], i*sectorLen); err != nil {
				return err
			}
		}
		s.given = false
		p.sectors[i] = s
	}
	if p.size < 0 && at+int64(n) > size {
		p.size = size
	}
	return nil
}

// cut is told before a file of some size is cut to n bytes.
func (p *platter) cut(n, size int64, read reader) error {
	if n < size {
		if err := p.wrote(n, int(size-n), size, read); err != nil {
			return err
		}
	}
	if p.size < 0 {
		p.size = size
	}
	return nil
}

// synced is told after a sync.
func (p *platter) synced() {
	for i, s := range p.sectors {
		if !s.given {
			delete(p.sectors, i)
		}
	}
	p.size = -1
}

// unsynced is told of a sync that failed.
func (p *platter) unsynced() {
	for i, s := range p.sectors {
		s.given = true
		p.sectors[i] = s
	}
}

// lose makes the file what the disk holds after a cut of its power: every sector not
// synced is lost with a chance, and the size with them. It returns how many were lost.
func (p *platter) lose(path string, chance float64, r *rand.Rand) (lost int, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // deleted
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	numbers := make([]int64, 0, len(p.sectors))
	for i := range p.sectors {
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	for _, i := range numbers {
		if r.Float64() >= chance {
			continue
		}
		s := p.sectors[i]
		if _, err := f.WriteAt(s.content[:], i*sectorLen); err != nil {
			return lost, err
		}
		lost++
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return lost, err
	}
	if p.size >= 0 && p.size < end && r.Float64() < chance {
		return lost, f.Truncate(p.size)
	}
	return lost, nil
}
