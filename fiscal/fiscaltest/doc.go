// Package fiscaltest carries the vectors and the real, anonymised documents that
// tests of every package read. It is for tests only.
package fiscaltest
