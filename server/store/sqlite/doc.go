// Package sqlite keeps the operator's store in one SQLite file.
//
// One goroutine writes; it commits whatever waits as one transaction in WAL mode
// with synchronous=FULL and answers after the commit, so a lone register is
// confirmed at once and many share one flush of the disk. Reads go through
// connections of their own and never wait for the writer. The schema is described
// in docs/schema.md.
//
// It is an engine of server/store and promises what is written there, no more: it
// does not know what a document means, and it is not for several processes that
// write the same file at once (they stay correct but slow each other down).
package sqlite
