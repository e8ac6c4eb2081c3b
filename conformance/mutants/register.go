package mutants

// register are the mutants of a register, its drive and its link.
func register() []Mutant { return nil }
