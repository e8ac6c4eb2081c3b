// Package conformance judges an operator's server, a register with its drive, and
// the two together, by what they do on the wire: cases made of named checks, run
// against a target, each check with its requirement, its source and the bytes that
// prove it.
//
// Against an operator the harness is the register (Conn); against a register it is
// the operator (Operator) and reads the drive where the drive is the bench's (Desk);
// between both it only listens (Tap, Pairing).
//
// It judges with its own model (conformance/model), never with the checks of package
// server or the rules of package emulator. The cases are in conformance/cases, the
// ways to reach what is judged in conformance/target.
package conformance
