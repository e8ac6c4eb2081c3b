// Package benchingest measures the way of a document from a register to the disk
// against what disk, database and an unchecking server could do at best, all in one
// run on one machine: make bench-ingest.
//
// It holds tests alone: go test runs a small sample, which says nothing of speed and
// keeps the measure working. The load is emulator/load in a process of its own; what
// a stage costs alone is told by the benchmarks of the packages (make bench).
package benchingest
