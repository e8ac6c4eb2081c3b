package target_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/emulator/control"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// free is a port that nobody listens on at the moment.
func free(t *testing.T) string {
	t.Helper()
	addr, err := target.FreeAddr(t.Context())
	require.NoError(t, err)
	return addr
}

// TestControl_PassesWhatItCan: a register driven over its control port, sending by
// itself, passes every case that needs no more, and skips the rest with a reason.
func TestControl_PassesWhatItCan(t *testing.T) {
	t.Parallel()
	ofd := free(t)
	start := time.Now()
	o := control.TillOptions{OFD: ofd, Timers: link.Timers{Answer: 30 * time.Second}, Faults: fault.New(fault.Register, 1)} // as kkt serve makes it
	o.FN.PowerTimer = func() time.Duration { return time.Since(start) }
	till, err := control.NewTill(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	worked := make(chan error, 1)
	go func() { worked <- till.Run(ctx, time.Second) }()
	port := httptest.NewServer(control.Handler(till, control.Options{}))
	t.Cleanup(func() {
		port.Close()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		assert.NoError(t, <-worked)
	})
	all := casesOf(t, conformance.KKT, conformance.Selection{FFD: 4, Skip: []string{"kkt-reply/byte-a-second",
		"drive/exchange", "till-exchange/on-one-connection"}}) // the last two count what a till that sends by itself has sent before
	runner := &conformance.Runner{Again: 3, Target: target.NewControl(port.Listener.Addr().String(), ofd, ""), OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1,
		Parallel: 4, Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	s := runner.Run(context.Background(), all)
	require.Len(t, s.Results, countVariants(all))
	passed := 0
	for _, r := range s.Results {
		switch r.Outcome {
		case conformance.Pass:
			passed++
		case conformance.Skip:
			assert.NotEmpty(t, r.Reason)
		default:
			t.Errorf("%s %s %s %s: %+v", r.Outcome, r.ID, r.Variant, r.Reason, failed(r))
		}
	}
	assert.Greater(t, passed, 35)
}

func countVariants(all []conformance.Case) (n int) {
	for _, c := range all {
		n += len(c.InWays())
	}
	return n
}
