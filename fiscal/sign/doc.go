// Package sign makes and checks the fiscal signs ФПД, ФПС, ФПО and ФПП by the
// bench's own scheme TB-GOST-1 and lets a plug-in process do it by another.
//
// The scheme imitates the sizes and the coverage of real signs, not their values:
// keys and parameters of real ones live in certified hardware (fiscal-sign.md).
// Nothing here can confirm or forge a real sign.
package sign
