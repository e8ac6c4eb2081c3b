package mutants

import "slices"

// operator are the mutants of an operator.
func operator() []Mutant {
	all := slices.Concat(operatorFaults, frameRows, documentRows, operatorAcks, operatorLife, operatorMarking, operatorSigns, flkOff, flkBent)
	for i := range all {
		all[i].Side = Operator
	}
	return all
}
