package fn

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Model is a profile of a drive (fn.md section 2). The zero value is no model.
type Model struct {
	Name       string     `json:"name"`
	Prefixes   []string   `json:"prefixes"` // of FN numbers
	Months     int        `json:"months"`   // nominal life of the keys: 13, 15 or 36
	LowestFFD  fiscal.FFD `json:"lowest_ffd"`
	HighestFFD fiscal.FFD `json:"highest_ffd"`
	Version    string     `json:"version"` // of 33h, at most 16 ASCII characters
	// Debug is an МГМ (массогабаритный макет): it can be reset by 60h.
	Debug bool `json:"debug"`
	// StrictLife refuses a registration whose conditions shorten the life of the
	// keys (code 05h of FN 1.2, fn.md FN-020). Which conditions a real drive refuses
	// is not in the papers; here it is every row of the key life table below nominal.
	StrictLife bool `json:"strict_life"`
}

// models is the table of fn.md section 2, most exact prefix first within a family.
// Debug models have no nominal life in it: 36 months [TB].
var models = []Model{
	{Name: "МГМ ФН-1", Prefixes: []string{"9999078900"}, Months: 36, LowestFFD: fiscal.FFD10, HighestFFD: fiscal.FFD105, Version: "fn debug 1.05", Debug: true},
	{Name: "МГМ ФН-1.1М", Prefixes: []string{"9999078902"}, Months: 36, LowestFFD: fiscal.FFD10, HighestFFD: fiscal.FFD12, Version: "fn debug 1.2", Debug: true},
	{Name: "ФН-1", Prefixes: []string{"87100001", "8712000100", "8712000101", "87150001", "87160001"}, Months: 13, LowestFFD: fiscal.FFD10, HighestFFD: fiscal.FFD105, Version: "fn_v_1_0"},
	{Name: "ФН-1 исп. 2", Prefixes: []string{"87110001"}, Months: 36, LowestFFD: fiscal.FFD105, HighestFFD: fiscal.FFD105, Version: "fn_v_1_0 2"},
	{Name: "ФН-1.1, 15 мес.", Prefixes: []string{"92820001", "92824403", "92840001", "92850001", "92854403", "92860001", "92880001", "92890001", "92514403", "92804403"},
		Months: 15, LowestFFD: fiscal.FFD105, HighestFFD: fiscal.FFD11, Version: "fn_v_1_1"},
	{Name: "ФН-1.1, 36 мес.", Prefixes: []string{"92810001", "92834403", "92874403", "92524403"}, Months: 36, LowestFFD: fiscal.FFD105, HighestFFD: fiscal.FFD11, Version: "fn_v_1_1"},
	{Name: "ФН-1.1М Ин15-1", Prefixes: []string{"99604403", "99604405"}, Months: 15, LowestFFD: fiscal.FFD105, HighestFFD: fiscal.FFD12, Version: "fn_v_1_1_m"},
	{Name: "ФН-1.1М Ин36-1", Prefixes: []string{"99614403"}, Months: 36, LowestFFD: fiscal.FFD105, HighestFFD: fiscal.FFD12, Version: "fn_v_1_1_m"},
	{Name: "ФН-1.2 исп. 3, 15 мес.", Prefixes: []string{"7281", "7283", "7284"}, Months: 15, LowestFFD: fiscal.FFD12, HighestFFD: fiscal.FFD12, Version: "fn_v_1_2 3", StrictLife: true},
	{Name: "ФН-1.2 исп. 3, 36 мес.", Prefixes: []string{"7280", "7282", "7285"}, Months: 36, LowestFFD: fiscal.FFD12, HighestFFD: fiscal.FFD12, Version: "fn_v_1_2 3", StrictLife: true},
	{Name: "ФН-1.2 исп. 4, 15 мес.", Prefixes: []string{"7381", "7383", "7385", "7387"}, Months: 15, LowestFFD: fiscal.FFD12, HighestFFD: fiscal.FFD12, Version: "fn_v_1_2 4", StrictLife: true},
	{Name: "ФН-1.2 исп. 4, 36 мес.", Prefixes: []string{"7380", "7382", "7384", "7386"}, Months: 36, LowestFFD: fiscal.FFD12, HighestFFD: fiscal.FFD12, Version: "fn_v_1_2 4", StrictLife: true},
	{Name: "МГМ", Prefixes: []string{"9999"}, Months: 36, LowestFFD: fiscal.FFD10, HighestFFD: fiscal.FFD12, Version: "fn debug 1.2", Debug: true},
}

// Models lists the known profiles. Which prefix of ФН-1.2 has which life is given
// by the drive's name only; the split in the table is this bench's.
func Models() []Model { return append([]Model(nil), models...) }

// ModelByNumber finds the profile whose prefix the number has; the longest prefix
// wins. Numbers of emulated drives begin with 9999 (FN-001) and always have one.
func ModelByNumber(n fiscal.FNNumber) (Model, bool) {
	best, length := Model{}, 0
	for _, m := range models {
		for _, p := range m.Prefixes {
			if len(p) > length && strings.HasPrefix(string(n), p) {
				best, length = m, len(p)
			}
		}
	}
	return best, length > 0
}

// ModelByName finds a profile by its name ("ФН-1.1М Ин36-1").
func ModelByName(name string) (Model, bool) {
	for _, m := range models {
		if m.Name == name {
			return m, true
		}
	}
	return Model{}, false
}
