// Package emulator joins a fiscal drive, a cash register and its link to the
// operator into one value that lives a register's life.
package emulator
