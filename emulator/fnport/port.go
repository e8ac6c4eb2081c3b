// Package fnport is the register's side of the FN interface: the commands of fn.md
// section 9 as typed calls over anything that carries bytes to a drive.
//
// It does not know which drive answers: the emulated one in the same process, or
// one behind a serial line (package serial).
package fnport

import "github.com/fiscalbench/fiscalbench/emulator/fn"

// Port carries one command to a drive and its answer back. A refusal is an
// answer, not an error; an error means that no answer came. Strictly one command
// at a time.
type Port interface {
	Exec(cmd byte, data []byte) (fn.Answer, error)
}
