// Package fn is a software fiscal drive (фискальный накопитель, ФН): a state
// machine that takes commands as bytes and answers as bytes (fn.md).
//
// It has no clock: time comes only with commands, as in a real drive. It opens no
// connection and knows no register; who carries its commands is package fnport or,
// over a line, package serial. It checks no content of documents beyond what a
// drive checks; that is fiscal/flk. A Device is used by one goroutine at a time.
package fn
