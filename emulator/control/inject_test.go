package control

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/emulatortest"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// Fault points are listed, switched on, seen at work, and switched off while the
// register runs.
// shownRules is what the port answers about rules.
type shownRules struct {
	Rules []struct {
		ID          int
		Rule, Point string
		Seen, Fired uint64
	}
}

func TestInject_AtRunTime(t *testing.T) {
	t.Parallel()
	o, err := emulatortest.Start()
	require.NoError(t, err)
	t.Cleanup(o.Close)
	c := start(t, TillOptions{OFD: o.Addr(), Faults: fault.New(fault.Register, 1), Timers: link.Timers{Answer: 200 * time.Millisecond}})
	var points struct{ Points []struct{ Name string } }
	c.do("GET", "/points", "", http.StatusOK, &points)
	assert.Len(t, points.Points, len(fault.Points(fault.Register)))

	var rules shownRules
	c.do("GET", "/inject", "", http.StatusOK, &rules)
	assert.Empty(t, rules.Rules)
	c.do("POST", "/inject", `{"rules":["receipt.drop:always,then=close","send.split:always,size=300"]}`, http.StatusOK, &rules)
	require.Len(t, rules.Rules, 2)
	assert.Equal(t, "receipt.drop", rules.Rules[0].Point)
	var status Status
	c.do("GET", "/status", "", http.StatusOK, &status)
	assert.Equal(t, []string{"receipt.drop:always,then=close", "send.split:always,size=300"}, status.Injected)
	for body, want := range map[string]string{`{"rules":[]}`: "no rules", `{"rules":["send.vanish:next=1"]}`: "send.vanish", `{"rules":["send.drop:next=1","x"]}`: "x"} {
		assert.Contains(t, string(c.do("POST", "/inject", body, http.StatusBadRequest, nil)), want)
	}

	c.do("POST", "/register", registration(), 200, nil)
	_, err = c.till.Exchange(t.Context())
	require.Error(t, err)
	c.do("GET", "/inject", "", http.StatusOK, &rules)
	require.Len(t, rules.Rules, 2, "a bad rule adds none of its kind")
	assert.NotZero(t, rules.Rules[0].Fired)
	var seen struct{ Injected []Injected }
	c.do("GET", "/injected", "", http.StatusOK, &seen)
	require.NotEmpty(t, seen.Injected)
	last := seen.Injected[len(seen.Injected)-1].Seq
	c.do("GET", "/injected?after=x", "", http.StatusBadRequest, nil)

	c.do("DELETE", "/inject/99", "", http.StatusNotFound, nil)
	c.do("DELETE", "/inject/1", "", http.StatusOK, &rules)
	require.Len(t, rules.Rules, 1)
	c.do("DELETE", "/inject", "", http.StatusOK, &rules)
	assert.Empty(t, rules.Rules)
	sent, err := c.till.Exchange(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, sent)
	c.do("GET", "/injected?after=1000000", "", http.StatusOK, &seen)
	assert.Empty(t, seen.Injected)
	assert.NotZero(t, last)
}

// A register that was made without fault points says so.
func TestInject_WithoutPoints(t *testing.T) {
	t.Parallel()
	c := start(t, TillOptions{})
	for _, r := range [][2]string{{"GET", "/inject"}, {"POST", "/inject"}, {"DELETE", "/inject"}, {"DELETE", "/inject/1"}, {"GET", "/injected"}} {
		assert.Contains(t, string(c.do(r[0], r[1], `{"rules":["send.drop:next=1"]}`, http.StatusNotFound, nil)), "no fault points")
	}
}

// The keys are updated over the port when the drive asks for it, and not otherwise.
func TestUpdateKeys_OverThePort(t *testing.T) {
	t.Parallel()
	c := start(t, TillOptions{FN: fn.Options{Settings: fn.Settings{KeyUpdateDays: 1}}})
	var got struct{ Updated bool }
	c.do("POST", "/update-keys", "", http.StatusOK, &got)
	assert.False(t, got.Updated)
	c.do("POST", "/register", registration(), 200, nil)
	c.do("POST", "/clock/advance", `{"days":2}`, http.StatusOK, nil)
	c.do("POST", "/state", "", http.StatusOK, nil)
	assert.Contains(t, string(c.do("POST", "/update-keys", "", http.StatusUnprocessableEntity, nil)), "KKT-10")
}
