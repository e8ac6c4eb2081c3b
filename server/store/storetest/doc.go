// Package storetest is the contract of server/store as tests: every engine runs
// Exercise and Crash and has no behaviour tests of its own beside what is special
// to it. It is for tests only.
package storetest
