package mutants

import "slices"

// register are the mutants of a register, its drive and its link.
func register() []Mutant {
	all := slices.Concat(registerFaults, driveLife, driveContent, uncovered(), uncoveredMessages(), signs, links, tills)
	for i := range all {
		all[i].Side = Register
	}
	return all
}
