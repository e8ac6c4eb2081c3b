package props_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain sets how long the machines run: briefly by default, long with TORTURE=1.
// Flags of rapid given on the command line count first.
func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	defaults := map[string]string{"rapid.checks": someLives, "rapid.steps": "40", "rapid.nofailfile": "true", "rapid.shrinktime": "20s"}
	if torture() {
		defaults["rapid.checks"], defaults["rapid.steps"], defaults["rapid.shrinktime"] = "500", "80", "2m"
	}
	for name, value := range defaults {
		if given[name] {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	goleak.VerifyTestMain(m)
}

func torture() bool { return os.Getenv("TORTURE") != "" }
