// Package archive does the duties of keeping (OPR-014, OPR-003): it verifies a base
// from end to end, carries a whole base out and in again, and deletes what has
// outlived its term, leaving a protocol.
//
// It works on rows as they lie in the base, so that a damaged row can be named
// instead of stopping the reading. It takes no documents (server/intake), knows no
// engine (store/sqlite and store/postgres implement Base), and repairs nothing.
package archive
