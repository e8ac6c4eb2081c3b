package fnport

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// MaxData is the greatest data part of one command or answer on the serial line,
// in bytes (fn.md section 9).
const MaxData = 1024

// Driver makes the commands of fn.md 9.1 and 9.2 typed calls. A refusal of the
// drive is *fn.Error; an answer that cannot be read is *AnswerError; anything else
// came from the port. It keeps no state of the drive and is not safe for
// concurrent use: the line is strictly one command at a time.
type Driver struct {
	port    Port
	args    []byte
	warning bool
}

// New makes a driver over a port.
func New(port Port) *Driver { return &Driver{port: port, args: make([]byte, 0, 64)} }

// Warning reports bit 7 of the last answer's code: some flag of Status.Warnings
// is set.
func (d *Driver) Warning() bool { return d.warning }

// Exec sends a raw command; refusals become *fn.Error.
func (d *Driver) Exec(cmd byte, data []byte) ([]byte, error) {
	a, err := d.port.Exec(cmd, data)
	if err != nil {
		return nil, fmt.Errorf("fnport: command %02Xh: %w", cmd, err)
	}
	d.warning = a.Warning
	if a.Code != fn.Done {
		return nil, &fn.Error{Command: cmd, Answer: a}
	}
	return a.Data, nil
}

// call sends what the Driver's argument buffer holds and reads the answer.
func (d *Driver) call(cmd byte) (reader, error) {
	data, err := d.Exec(cmd, d.args)
	return reader{cmd: cmd, buf: data, size: len(data)}, err
}

func (d *Driver) start() *Driver       { d.args = d.args[:0]; return d }
func (d *Driver) byte(b byte) *Driver  { d.args = append(d.args, b); return d }
func (d *Driver) raw(b []byte) *Driver { d.args = append(d.args, b...); return d }
func (d *Driver) u16(n uint16) *Driver {
	d.args = binary.LittleEndian.AppendUint16(d.args, n)
	return d
}
func (d *Driver) u32(n uint32) *Driver {
	d.args = binary.LittleEndian.AppendUint32(d.args, n)
	return d
}
func (d *Driver) time(t time.Time) *Driver {
	d.args = AppendTime(d.args, t)
	return d
}

// u40 writes the five bytes of a sum.
func (d *Driver) u40(n uint64) *Driver {
	d.args = append(d.args, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), byte(n>>32))
	return d
}

func (d *Driver) inn(n fiscal.INN) *Driver {
	p := n.Padded()
	return d.raw(p[:])
}

func (d *Driver) regNumber(n fiscal.RegNumber) *Driver {
	p := n.Padded()
	return d.raw(p[:])
}

// simple sends a command whose answer carries nothing of interest.
func (d *Driver) simple(cmd byte) error {
	_, err := d.call(cmd)
	return err
}
