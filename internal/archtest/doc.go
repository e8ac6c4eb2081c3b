// Package archtest holds one test: who may import whom. It has no other code.
package archtest
