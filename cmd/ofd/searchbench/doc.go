// Package searchbench measures how long searches take in a base of millions of
// documents: `make bench-search`. It holds tests alone, because it needs both the
// emulator, whose register makes the documents, and a PostgreSQL of its own; a small
// run is part of the tests of the module. It is no part of any program.
package searchbench
