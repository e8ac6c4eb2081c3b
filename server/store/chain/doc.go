// Package chain makes the links that tie the accepted documents of one FN
// together: each row carries a hash over the row before it and over everything
// that it promises itself, so that no stored document can be changed, taken out or
// moved without being noticed (OPR-014). docs/schema.md has the layout byte by
// byte.
//
// The package calculates. It does not read a base, does not decide what is deleted
// after its term, and says nothing about documents that never reached the store.
package chain
