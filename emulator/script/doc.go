// Package script plays scripted lives of a register: YAML that registers, trades,
// breaks things, closes the drive and moves a clock that stands still otherwise.
//
// The format is described in docs/scripts.md. One script with one seed gives the same
// documents byte for byte. The package judges nothing by itself: expectations stand in
// the script, and what the operator answers is counted only.
package script
