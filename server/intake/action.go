package intake

import (
	"fmt"
	"strings"
)

// Action is what the server does about a fault.
type Action string

// Actions. Close and Hold refuse the message; all others go on with it.
const (
	Close   Action = "close"   // no answer, the connection ends
	Hold    Action = "hold"    // no answer, the connection stays open and silent
	Accept  Action = "accept"  // as if nothing were wrong, with a note
	Confirm Action = "confirm" // confirmation with code 0, flagged
	Code11  Action = "code11"  // 1022 = 11, or 1206 bit 1
	Code14  Action = "code14"  // 1022 = 14, or 1206 bit 1
	Contact Action = "bit6"    // 1206 bit 6; FFD 1.0 and 1.05 lack it and get code 14
	Replay  Action = "replay"  // the stored confirmation again
	Blind   Action = "blind"   // a confirmation made from the header alone
)

// refuses reports whether the message gets no answer.
func (a Action) refuses() bool { return a == Close || a == Hold }

// parseAction reads the name of an action; reset is what some papers call close.
func parseAction(s string, allowed []Action) (Action, error) {
	a := Action(s)
	if s == "reset" {
		a = Close
	}
	names := make([]string, len(allowed))
	for i, ok := range allowed {
		if a == ok {
			return a, nil
		}
		names[i] = string(ok)
	}
	return "", fmt.Errorf("want %s", strings.Join(names, ", "))
}
