// Package flk is the format and logic control (ФЛК) of one document taken alone:
// the rules of groups S, I, D, M, V and R, as data.
//
// Rules that need a drive's history (numbers, shifts, gaps) are in server/flk and
// share the Finding type of this package.
package flk
