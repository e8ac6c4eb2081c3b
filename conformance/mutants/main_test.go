package mutants_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/fiscalbench/fiscalbench/conformance/mutants"
)

// TestMain is also the judge's binary: with an order in its environment it runs no
// tests but a suite.
func TestMain(m *testing.M) {
	order := os.Getenv(mutants.OrderVariable)
	if order == "" {
		os.Exit(m.Run())
	}
	var o mutants.Order
	err := json.Unmarshal([]byte(order), &o)
	if err == nil {
		var j mutants.Judged
		if j, err = mutants.Judge(context.Background(), o); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(j)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
