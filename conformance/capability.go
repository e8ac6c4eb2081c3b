package conformance

import "strings"

// Capability is what a case needs of its target beyond a TCP address.
type Capability uint32

// Capabilities.
const (
	NeedsClock    Capability = 1 << iota // the target's clock can be set
	NeedsStore                           // the target's stored documents can be counted
	NeedsFresh                           // the target can forget everything it stored
	NeedsInspect                         // the target shows drives, documents and incidents
	NeedsSettings                        // the target takes other settings for a case
	NeedsRestart                         // the target can be stopped, also in the middle of work, and started again
	NeedsTwin                            // a second operator can be started
	NeedsMarking                         // the target takes messages about marking
	NeedsDrive                           // the register's drive is the bench's: its state, commands and faults are in reach
	NeedsLine                            // the register reaches its drive over a serial line
	NeedsTrace                           // the register's commands to its drive are recorded
	NeedsSetup                           // a drive can be made for the case
	NeedsScale                           // the register's time limits can be shortened
	NeedsStill                           // the register's clock stands still between orders
	NeedsShown                           // what the register shows its user is known
	NeedsNames                           // the register can be given a name server
	NeedsTill                            // the register can be driven: without it a case waits for what comes
)

var capabilityNames = []struct {
	c    Capability
	name string
}{
	{NeedsClock, "a clock that can be set"}, {NeedsStore, "a list of stored documents"}, {NeedsFresh, "a way to forget what it stored"},
	{NeedsInspect, "a way to look at drives, documents and incidents"}, {NeedsSettings, "settings that can be changed"},
	{NeedsRestart, "a way to be stopped and started again"}, {NeedsTwin, "a second operator"},
	{NeedsMarking, "a port for marking"}, {NeedsDrive, "a drive of the bench"}, {NeedsLine, "a serial line to its drive"}, {NeedsTrace, "a record of the commands to its drive"},
	{NeedsSetup, "a drive made for the case"}, {NeedsScale, "time limits that can be shortened"}, {NeedsTill, "a way to be driven without hands"}, {NeedsStill, "a clock that stands still"},
	{NeedsShown, "a way to know what it shows its user"}, {NeedsNames, "a name server that the harness can be"},
}

// exclusive are the capabilities that change the target under the feet of others:
// cases that use them run alone.
const exclusive = NeedsClock | NeedsFresh | NeedsSettings | NeedsRestart

// String names the capabilities for a reason to skip.
func (c Capability) String() string {
	var names []string
	for _, n := range capabilityNames {
		if c&n.c != 0 {
			names = append(names, n.name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
