package mutants

import "slices"

// operator are the mutants of an operator.
func operator() []Mutant {
	all := slices.Concat(operatorFaults)
	for i := range all {
		all[i].Side = Operator
	}
	return all
}
