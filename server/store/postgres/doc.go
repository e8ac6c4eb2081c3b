// Package postgres keeps the operator's store in a PostgreSQL database, which any
// number of server processes may share.
//
// One goroutine of each process writes; it commits whatever waits as one transaction
// with synchronous_commit=on and answers after the commit. A transaction locks the
// drives it changes in the order of their numbers, so that documents of one drive
// are stored one after another, whichever process they come through, and processes
// do not deadlock. Lists show no row before all that precede it. The schema is
// described in docs/schema.md.
//
// It is an engine of server/store and promises what is written there, no more: it
// does not know what a document means, and it neither makes nor tunes the database.
package postgres
