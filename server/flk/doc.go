// Package flk judges a document against the history of its drive: numbers, gaps,
// shifts, registration, counters and what may follow what (rules Q, the second
// halves of S-13, I-03, I-04, R-02, R-03, R-07 to R-10, D-04, P-07, P-10,
// P-14, P-15 of flk.md and rows E-22 to E-26 of transport.md).
//
// It is a pure function of a History, a document and its arrival. It reads no
// store, keeps no state of its own and does not decide what the operator answers:
// that is server/intake. Rules that need one document only are in fiscal/flk.
//
// Documents may come out of order and some never come. A rule that looks at a
// neighbour is judged only when every document between the two is known; where a
// number is missing in between, a doubt is a warning or nothing at all.
package flk
