package headroom

import (
	"os"
	"time"
)

// Waits for the collector.
const patience, poll = time.Minute, 5 * time.Millisecond

func envSet() string {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}
