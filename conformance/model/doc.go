// Package model is the harness's own idea of the exchange: it builds messages as
// raw bytes and reads answers from raw bytes.
//
// It shares no reader, no builder and no check with fiscal/wire, emulator or
// server: a mistake shared with the thing under test would be invisible. Only the
// public cipher primitives of fiscal/gost and the numbers of package fiscal are
// common; the former have vectors of their own.
package model
