package fnport

import (
	"errors"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
)

// ErrSilent means that the drive did not answer: a fault switch took its power or
// its voice.
var ErrSilent = errors.New("fnport: the drive does not answer")

// Local is a port to an emulated drive in the same process.
func Local(d *fn.Device) Port { return local{d} }

type local struct{ device *fn.Device }

func (l local) Exec(cmd byte, data []byte) (fn.Answer, error) {
	a := l.device.Exec(cmd, data)
	if a.Line.Silent {
		return fn.Answer{}, ErrSilent
	}
	return a, nil
}
