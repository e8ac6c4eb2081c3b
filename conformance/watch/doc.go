// Package watch judges what passes by where a register talks to an operator: every
// message and every answer, on both sides, by the harness's own model, for as long
// as it is let.
//
// A Watch is the operator itself, made of conformance/model alone, or stands between
// a register and a real operator and passes every byte on as it came. It gives no
// orders, plays no case and shares no check with server, emulator or fiscal/flk;
// what did not pass by it does not know, and says so. Captures are for cmd/fdump.
package watch
