// Package conformance judges an operator's server by what it does on the wire:
// cases made of named checks, run against a target, each check with its
// requirement, its source and the bytes that prove it.
//
// It judges with its own model (conformance/model), never with the checks of
// package server. The cases are in conformance/cases.
package conformance
