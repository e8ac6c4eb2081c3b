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
)

// TestFindControl_LeavesNothingOut: a register that can be set up over its control port
// is judged by every case that the built-in one is, and skips none of them.
func TestFindControl_LeavesNothingOut(t *testing.T) {
	t.Parallel()
	till, err := control.NewTill(control.TillOptions{})
	require.NoError(t, err)
	port := httptest.NewServer(control.Handler(till, control.Options{}))
	t.Cleanup(func() {
		port.Close()
		http.DefaultClient.CloseIdleConnections()
		assert.NoError(t, till.Close())
	})
	c, err := target.FindControl(context.Background(), port.Listener.Addr().String(), "", "")
	require.NoError(t, err)
	assert.Equal(t, target.NewSelfKKT().Can(), c.Can())
	all := casesOf(t, conformance.KKT, conformance.Selection{FFD: 4, Patterns: []string{"kkt-shift/.*", "kkt-drive/.*", "kkt-outage/.*", "kkt-receipt/.*"}})
	runner := &conformance.Runner{Target: c, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1, Again: 3, Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	for _, r := range runner.Run(context.Background(), all).Results {
		assert.Equal(t, conformance.Pass, r.Outcome, "%s %s %s: %+v", r.ID, r.Variant, r.Reason, failed(r))
	}
}

// TestFindControl_TakesWhatThereIs: a port without /setup needs to be told where its
// operator is, and one that does not answer is an error.
func TestFindControl_TakesWhatThereIs(t *testing.T) {
	t.Parallel()
	port := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]string{"/status": `{"drive":{}}`, "/openapi.json": `{"paths":{"/fn/exec":{},"/faults":{},"/power-cut":{}}}`}[r.URL.Path]
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(port.Close)
	_, err := target.FindControl(context.Background(), port.Listener.Addr().String(), "", "")
	require.ErrorContains(t, err, "say where the register sends")
	c, err := target.FindControl(context.Background(), port.Listener.Addr().String(), "127.0.0.1:7777", "")
	require.NoError(t, err)
	assert.Equal(t, conformance.NeedsTill|conformance.NeedsDrive, c.Can())
	_, err = target.FindControl(context.Background(), "127.0.0.1:1", "", "")
	require.ErrorContains(t, err, "does not answer")
}
