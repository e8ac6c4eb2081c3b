package flk

import "slices"

// rules are the ids of all findings of this package with the codes they carry: 9,
// the section of flk.md, the number, as for the rules of single documents. E-24 and
// FN-021 have no row there.
var rules = map[string]int{
	"S-13": 9113, "I-03": 9203, "I-04": 9204, "Q-01": 9301, "Q-02": 9302, "Q-03": 9303, "Q-04": 9304, "Q-05": 9305, "Q-06": 9306,
	"Q-07": 9307, "Q-08": 9308, "Q-09": 9309, "Q-10": 9310, "Q-11": 9311, "Q-12": 9312, "Q-14": 9314, "D-04": 9404,
	"R-02": 9702, "R-03": 9703, "R-07": 9707, "R-08": 9708, "R-09": 9709, "R-10": 9710, "R-15": 9715,
	"P-07": 9807, "P-10": 9810, "P-14": 9814, "P-15": 9815, "E-24": 9024, "FN-021": 9021,
}

// Rules lists the ids of every finding this package can make, sorted.
func Rules() []string {
	ids := make([]string, 0, len(rules))
	for id := range rules {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
