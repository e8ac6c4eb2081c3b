// Package fault breaks an end of the exchange on purpose: named fault points, rules
// that say at which event a point acts, and the ways in which a message or a
// connection can be spoiled.
//
// A point is a place in the code of the operator (server) or of the register
// (emulator) that asks a Set whether to misbehave now. A Set answers by its rules,
// exactly or by seeded chance, so that one seed and one sequence of events give one
// run. A nil Set never does anything.
//
// The package decides nothing about documents and knows no signs. It is not the list
// of faults that an operator finds in what it receives (fiscal.Fault), nor the
// switches of the emulated drive (emulator/fn).
package fault
