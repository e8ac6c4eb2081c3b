// Package explain takes bytes of the exchange apart for a person: every byte with
// its offset, its name and its meaning, and what is wrong where.
//
// It reads what the strict readers refuse and goes on as far as the bytes make
// sense. It decides nothing: verdicts come from fiscal/wire, fiscal/sign and
// fiscal/flk.
package explain
