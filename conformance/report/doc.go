// Package report turns the results of a run into files: results.json, and made
// from it text for a terminal, JUnit XML, one HTML page, traces and a draft of a
// test record («Протокол испытаний»).
//
// results.json is the source and a public contract (docs/results.schema.json):
// every other output is made from a Run, whether it has just ended or was read back
// from a file. The package judges nothing; what it shows of bytes comes from
// fiscal/explain.
package report
