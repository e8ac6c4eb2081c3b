// Package load sends documents of many emulated registers to an operator at once
// and measures how fast they are confirmed.
//
// Every register has a drive of its own that signs its documents, keeps their order
// and does not send one before the one before it was confirmed. A document counts
// when its confirmation came and was found right. The package judges nothing else of
// the operator's answers: that is package conformance.
package load
