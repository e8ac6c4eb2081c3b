package report

import (
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// Entries of the journal about schedules (operator.md, 1.3), which go on sending figures to people
// when nobody looks. The service writes each in the transaction of the change itself,
// whichever page or operation asked for it. About is the schedule's id. What is ordered
// once stands in the list of reports, with who ordered it.
const (
	DeedAddSchedule    = "schedule.add"
	DeedPauseSchedule  = "schedule.pause"
	DeedResumeSchedule = "schedule.resume"
	DeedRemoveSchedule = "schedule.remove"
)

// note is an entry about what the viewer does to a schedule now.
func (s *Service) note(v access.Viewer, action string, c Schedule, said ...string) (account.Event, error) {
	return account.Entry(v, s.o.Now(), s.o.Random, action, c.ID, append([]string{"«" + c.Kind.Title() + "» " + c.Title() + ", " + c.Zone}, said...)...)
}

// says what reports of the order are about and who gets them; addresses are masked as
// everywhere in the journal. t knows the names of places.
func (p Params) says(t *fleet.Tree) []string {
	var to []string
	for _, address := range p.Emails {
		to = append(to, account.Mask(address))
	}
	registers := make([]string, len(p.Registers))
	for i, r := range p.Registers {
		registers[i] = string(r)
	}
	var place string
	if p.Branch != "" {
		place = t.FullName(p.Branch)
	}
	return slices.Concat(account.Given("точка", place), account.Given("группа", p.Group), account.Given("РНМ", strings.Join(registers, ", ")),
		account.Given("кому", strings.Join(to, ", ")))
}
