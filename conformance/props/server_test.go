package props_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/props"
)

// An operator keeps, answers and repeats as the papers say, in whatever order and
// state documents come.
func TestServer_LivesByThePapers(t *testing.T) {
	t.Parallel()
	trace := &props.Trace{Name: "server"}
	tell(t, trace)
	op := operator(t)
	rapid.Check(t, func(rt *rapid.T) { props.ServerLife(context.Background(), rt, trace, op) })
}
