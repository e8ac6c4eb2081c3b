// Package postgres keeps the operator's store in a PostgreSQL database, which any
// number of server processes may share.
//
// One goroutine of each process writes, or several, each the documents of drives of its
// own; it commits whatever waits as one transaction with synchronous_commit=on and
// answers after the commit. A transaction locks the drives it changes in the order of
// their numbers, so that documents of one drive are stored one after another, whichever
// process they come through, and processes do not deadlock. Lists show no row before all
// that precede it. The schema is described in docs/schema.md.
//
// Where the tables are divided over the machines of a Citus cluster (Distribute) a
// transaction keeps to one piece of them, and what a document changes in others is done
// after it and cannot be forgotten: docs/scale.md.
//
// It is an engine of server/store and promises what is written there, no more: it
// does not know what a document means, and it neither makes nor tunes the database.
package postgres
