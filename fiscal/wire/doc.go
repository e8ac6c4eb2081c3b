// Package wire is the transport between a register and its operator: session
// header, container header, check codes and trailer (transport.md sections 3–6).
//
// It reads and writes bytes with limits. It does not know what a document says
// (fiscal/ffd), does not check signs (fiscal/sign) and opens no connection.
package wire
