// Package flk is the format and logic control (ФЛК) of one document taken alone:
// the rules of flk.md in groups S, I, D, M, V, R, the reports' rules P and the
// marking rules K as far as one document shows them. Rules are data: see Rules.
//
// It keeps no state and knows neither the drive's history nor its registration:
// rules that need them (S-13, I-08, group Q, D-04, P-07, P-10, P-11, P-14, P-15,
// K-01, and, which compare with the registration) are in
// server/flk and share the Finding type of this package. S-15 and D-07 are duties
// of the operator itself, I-06 is the factory number's part in I-03, R-09 and K-04
// depend on notes nobody has seen, and S-11, D-01, M-06 and M-09 forbid nothing.
package flk
