// Package mutants measures the power of the cases: a table of mutants, each of them an
// end that breaks one requirement in one way, and what runs the cases against them. A
// mutant that no case notices is a survivor; docs/mutants.md lists what noticed each.
//
// A mutant is a switch that exists under test only. It is a fault point switched on, a
// setting changed, or an edit of a source file that the go command overlays when it
// builds the judge's binary anew, so that no line of the product knows of it. The
// package is imported by its own tests alone.
//
// It is not the random search of conformance/props, and it judges nothing by itself:
// the cases do, and their model shares no code with what is edited here.
package mutants
