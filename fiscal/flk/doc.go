// Package flk is the format and logic control (ФЛК) of one document taken alone:
// the rules of flk.md in groups S, I, D, M, V, R, the reports' rules P and the
// marking rules K as far as one document shows them. Rules are data: see Rules.
//
// It keeps no state and knows neither the drive's history nor its registration:
// rules that need them are in server/flk (S-13, group Q, D-04, P-07, P-10, P-14,
// P-15, R-07 to and the second halves of I-03, I-04, R-02 and R-03)
// and share the Finding type of this package; I-08 is the store's. Of the rest of
// flk.md, I-06 is the factory number's part in I-03, K-02 is S-07 for form 83,
// S-15 and D-07 are the operator's own duties, S-11, D-01, M-06 and M-09 forbid
// nothing, K-01 needs what no part of the bench keeps, and nobody has seen
// the note that K-04 rests on.
package flk
