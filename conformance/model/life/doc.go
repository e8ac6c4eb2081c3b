// Package life is a small second opinion on the life of a fiscal drive, of its
// register and of what its operator must have: phases, numbers, the 24 hours of a
// shift, the queue and its ages, counters, key days, closing.
//
// It is written from the papers (fn.md, flk.md, transport.md), knows no byte of any
// format and imports nothing of the project. It does no work: it is told what was
// asked and says what may be answered.
package life
