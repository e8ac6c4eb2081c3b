// Package props holds state machines for random lives: of a drive, of a register, of
// an operator, and of a register with its operator. Each step is compared with
// conformance/model/life, which shares no rule with what is tested.
//
// A life that goes wrong is told as a script for `kkt play` as far as the script's
// language goes (see docs/scripts.md), else as a readable list. The package is for
// tests: it is not part of any program.
package props
