// Package steps runs feature files: behaviour of an operator, a register and the
// pair of them, told in English or Russian sentences and played over TCP.
//
// Each scenario lives alone: a register with a drive and numbers of its own, a clock
// that stands until a step moves it, and, unless a target is named, an operator
// started for it. The sentences are in one table, each in both languages and bound to
// one function; docs/steps.md is printed from it.
//
// The package does not replace the cases of conformance/cases: those judge bytes, and
// their verdict is what counts. Here people read what the bytes mean to them. It does
// not judge a foreign register: the register in every scenario is the built-in one.
package steps
