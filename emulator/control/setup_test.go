package control

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/emulatortest"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
)

// A setup makes another register: its drive, clock and operator are those asked for,
// what passes between register and drive is recorded, and what is refused changes
// nothing.
func TestSetup_MakesTheRegisterAnew(t *testing.T) {
	t.Parallel()
	ofd, err := emulatortest.Start()
	require.NoError(t, err)
	t.Cleanup(ofd.Close)
	c := start(t, TillOptions{FN: fn.Options{Number: "9999078902000011"}})
	c.do("POST", "/register", registration(), 200, nil)
	var r Recorded
	c.do("POST", "/trace/take", "", 200, &r)
	assert.Empty(t, r.Commands, "nothing is recorded before a setup")

	for _, bad := range []string{`{"number":"7281440500751551"}`, `{"model":"нет такой"}`, `{"operator":"nowhere"}`, `{"sending":"never"}`, `{"timer_scale":-1}`,
		`{"settings":{"capacity":-1}}`, `{"unknown":1}`} {
		assert.Equal(t, "invalid", c.fails("PUT", "/setup", bad, 400).Code, bad)
	}
	var s Status
	c.do("GET", "/status", "", 200, &s)
	assert.True(t, s.Registered, "a refused setup changes nothing")

	for _, line := range []string{"false", "true"} {
		c.do("PUT", "/setup", `{"number":"9999078902000012","settings":{"registrations":2},"time":"2026-08-01T09:00:00+03:00","operator":"`+ofd.Addr()+`",
			"timer_scale":0.01,"sending":"asked","line":`+line+`}`, 200, &s)
		assert.False(t, s.Registered)
		assert.EqualValues(t, "9999078902000012", s.Drive.Number)
		assert.Equal(t, time.Date(2026, 8, 1, 6, 0, 0, 0, time.UTC), s.Time.UTC())
		assert.Equal(t, SendWhenTold, s.Sending)
		c.do("POST", "/register", registration(), 200, nil)
		c.do("POST", "/clock/advance", `{"duration":"2h"}`, 200, nil)
		c.do("GET", "/status", "", 200, &s)
		assert.Equal(t, 1, s.Drive.Unconfirmed, "it sends when asked")
		assert.Equal(t, time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC), s.Time.UTC(), "the clock stands still")
		c.do("POST", "/exchange", "", 200, nil)
		c.do("POST", "/trace/take", "", 200, &r)
		assert.NotEmpty(t, r.Commands)
		assert.Equal(t, line == "true", r.Line != "")
		var shown struct{ Items []Shown }
		c.do("GET", "/shown", "", 200, &shown)
		assert.Equal(t, []Shown{{FD: 1}}, shown.Items)
	}
}

// By its timers the register sends by itself, and an order to exchange is refused.
func TestSetSending_ByTimers(t *testing.T) {
	t.Parallel()
	ofd, err := emulatortest.Start()
	require.NoError(t, err)
	t.Cleanup(ofd.Close)
	c := start(t, TillOptions{})
	c.do("PUT", "/setup", `{"operator":"`+ofd.Addr()+`","timer_scale":0.01,"sending":"timers"}`, 200, nil)
	assert.Equal(t, "conflict", c.fails("POST", "/exchange", "", http.StatusConflict).Code)
	c.do("POST", "/register", registration(), 200, nil)
	confirmed := func() bool {
		var s Status
		c.do("GET", "/status", "", 200, &s)
		return s.Drive.Unconfirmed == 0
	}
	require.Eventually(t, confirmed, 20*time.Second, 5*time.Millisecond)
	c.do("POST", "/power-cut", "", 200, nil)
	c.do("POST", "/open", "", 200, nil)
	require.Eventually(t, confirmed, 20*time.Second, 5*time.Millisecond, "a power cut does not end it")
	c.do("PUT", "/sending", `{"sending":"asked"}`, 200, nil)
	c.do("POST", "/receipt", tea, 200, nil)
	assert.False(t, confirmed())
	c.do("POST", "/exchange", "", 200, nil)
	assert.True(t, confirmed())
}
