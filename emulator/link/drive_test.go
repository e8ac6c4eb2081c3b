package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const testFN fiscal.FNNumber = "9999000000000001"

// drive is the exchange part of a drive (commands 20h–26h), strict about order. A
// receipt is good when its container ends in the number of the document awaited.
type drive struct {
	mu        sync.Mutex
	queue     [][]byte // containers
	first     uint32
	connected bool
	reading   bool
	awaiting  bool
	log       []byte // commands in order, status and number left out
	cutAt     int    // offset at which the line to the drive breaks once; 0 never
	transport []bool
}

var errCut = errors.New("the line broke")

func newDrive(documents int) *drive {
	d := &drive{first: 1}
	for i := range documents {
		d.queue = append(d.queue, bytes.Repeat([]byte{byte(i + 1)}, 1500))
	}
	return d
}

func (d *drive) left() int { d.mu.Lock(); defer d.mu.Unlock(); return len(d.queue) }

func (d *drive) Exec(cmd byte, data []byte) (fn.Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if cmd != fn.CmdExchangeStatus && cmd != fn.CmdNumber && cmd != fn.CmdFFD {
		d.log = append(d.log, cmd)
	}
	switch cmd {
	case fn.CmdNumber:
		return fn.Answer{Data: []byte(testFN)}, nil
	case fn.CmdFFD:
		return fn.Answer{Data: []byte{4, 4}}, nil
	case fn.CmdExchangeStatus:
		return d.status(), nil
	case fn.CmdTransport:
		d.connected, d.reading, d.awaiting = data[0] == 1, false, false
		d.transport = append(d.transport, d.connected)
		return fn.Answer{}, nil
	case fn.CmdBeginRead:
		if !d.connected {
			return fn.Answer{Code: fn.NoTransport}, nil
		}
		if len(d.queue) == 0 {
			return fn.Answer{Code: fn.NoData}, nil
		}
		d.reading = true
		return fn.Answer{Data: binary.LittleEndian.AppendUint16(nil, uint16(len(d.queue[0])))}, nil
	case fn.CmdReadBlock:
		offset, size := int(binary.LittleEndian.Uint16(data)), int(binary.LittleEndian.Uint16(data[2:]))
		if !d.reading {
			return fn.Answer{Code: fn.WrongState}, nil
		}
		if d.cutAt != 0 && offset >= d.cutAt {
			d.cutAt = 0
			return fn.Answer{}, errCut
		}
		return fn.Answer{Data: d.queue[0][offset : offset+size]}, nil
	case fn.CmdCancelRead:
		d.reading = false
		return fn.Answer{}, nil
	case fn.CmdEndRead:
		d.reading, d.awaiting = false, true
		return fn.Answer{}, nil
	case fn.CmdAck:
		if !d.awaiting {
			return fn.Answer{Code: fn.WrongState}, nil
		}
		if len(data) < 4 || binary.LittleEndian.Uint32(data[len(data)-4:]) != d.first {
			return fn.Answer{Code: fn.AckRefused, Data: []byte{1}}, nil
		}
		d.queue, d.first, d.awaiting = d.queue[1:], d.first+1, false
		return fn.Answer{Data: []byte{data[0]}}, nil
	}
	return fn.Answer{Code: fn.BadCommand}, nil
}

func (d *drive) status() fn.Answer {
	a := make([]byte, 13)
	if d.connected {
		a[0] |= 1
	}
	if len(d.queue) > 0 {
		binary.LittleEndian.PutUint16(a[2:], uint16(len(d.queue)))
		binary.LittleEndian.PutUint32(a[4:], d.first)
		copy(a[8:], []byte{26, 8, 1, 12, 2})
	}
	return fn.Answer{Data: a}
}

// receipt is a session message with a container that the drive above accepts for
// document fd; code is handed back by 26h.
func receipt(fd uint32, code byte) []byte { return reply(wire.Request(testFN, fiscal.FFD12), fd, code) }

func reply(h wire.Header, fd uint32, code byte) []byte {
	body := append([]byte{code}, make([]byte, 100)...)
	m, err := wire.AppendMessage(nil, h, binary.LittleEndian.AppendUint32(body, fd))
	if err != nil {
		panic(err)
	}
	return m
}

func newLink(t *testing.T, d *drive, o Options) *Link {
	t.Helper()
	o.Driver = fnport.New(d)
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// journal collects what an observer is told.
type journal struct {
	mu     sync.Mutex
	events []Event
}

func (j *journal) observe(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Data = bytes.Clone(e.Data)
	j.events = append(j.events, e)
}

func (j *journal) of(k EventKind) (found []Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.events {
		if e.Kind == k {
			found = append(found, e)
		}
	}
	return found
}

var shortTimers = Timers{Answer: 2 * time.Second, Connect: 2 * time.Second, Write: 2 * time.Second}

func hexOf(b []byte) string { return fmt.Sprintf("%x", b) }
