// Package pgtest gives tests a real PostgreSQL: the server that TEST_DATABASE_URL
// names, else the programs of this machine in a temporary cluster, else a container.
// Where none can be had the test is skipped with the reasons, or fails when
// REQUIRE_POSTGRES is 1. TEST_POSTGRES=local or container allows one way alone;
// image/build makes an image where no registry is.
//
// A test takes a database of its own with Clone: it is copied from a template that
// is prepared once. The server is started for the first test that asks and ends with
// Main, which every test program using this package must call.
//
// It knows nothing of what is kept in the databases, and it is for tests only.
package pgtest
