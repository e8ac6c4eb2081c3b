// Package serial carries the commands of a fiscal drive over a line: the frames of
// fn.md section 9, a server that puts a drive behind a TCP socket or a
// pseudo-terminal, and a client that reaches such a drive.
//
// It knows no command: what a frame says is the business of package fn on one end
// and of a register's firmware, or of packages fnport and kkt, on the other. It sets
// no line speed of a UART; over a socket or a pseudo-terminal there is none.
package serial
