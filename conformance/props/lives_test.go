package props_test

import (
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/props"
)

// tell puts the script of a life that went wrong into the log and a file.
func tell(t *testing.T, trace *props.Trace) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() || trace.Len() == 0 {
			return
		}
		dir := os.Getenv("PROPS_OUT")
		if dir == "" {
			dir = t.TempDir()
		}
		path, err := trace.Write(dir)
		if err != nil {
			t.Log(err)
		}
		t.Logf("the life that went wrong, %s:\n%s", path, trace.Script())
	})
}

// A drive under raw commands answers, counts and remembers as the papers say.
func TestDrive_LivesByThePapers(t *testing.T) {
	t.Parallel()
	trace := &props.Trace{Name: "drive"}
	tell(t, trace)
	rapid.Check(t, func(rt *rapid.T) { props.DriveLife(rt, trace, props.Breaker{}) })
}

// A register's program makes the same documents, and refuses the same.
func TestTill_LivesByThePapers(t *testing.T) {
	t.Parallel()
	trace := &props.Trace{Name: "till"}
	tell(t, trace)
	rapid.Check(t, func(rt *rapid.T) { props.TillLife(rt, trace, props.Breaker{}) })
}
