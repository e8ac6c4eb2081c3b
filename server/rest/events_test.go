package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// told is a webhook's message as its receiver reads it.
type told struct {
	ID, Type   string
	OccurredAt time.Time
	Data       map[string]any
	Links      map[string]string
}

// listener hears webhooks.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	bodies []string
}

func newListener(t *testing.T) *listener {
	l := &listener{status: http.StatusNoContent}
	l.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.bodies = append(l.bodies, string(b))
		rw.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) answer(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.bodies...)
}

// API-07: every event there is comes to those who asked for it, once, with all its
// members and links that open.
func TestWebhooks_EveryEvent(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	key, ear := w.key(one, integration.Key{}), newListener(t)
	names, err := json.Marshal(integration.Events())
	require.NoError(t, err)
	resp, body := w.ask("POST", "/api/v1/webhooks", key, `{"url":"`+ear.URL+`","events":`+string(names)+`}`)
	require.Equal(t, 201, resp.StatusCode, body)
	look := func() map[string][]told {
		t.Helper()
		w.catchUp()
		require.NoError(t, w.keys.Watch(ctx))
		before := len(ear.heard())
		_, err := w.keys.SendDue(ctx)
		require.NoError(t, err)
		all := map[string][]told{}
		for _, b := range ear.heard()[before:] {
			var m told
			require.NoError(t, json.Unmarshal([]byte(b), &m), b)
			assert.NotEmpty(t, m.ID, b)
			assert.WithinDuration(t, w.now(), m.OccurredAt, 0, b)
			for _, link := range m.Links {
				resp, body := w.ask("GET", link, key, "")
				assert.Equal(t, 200, resp.StatusCode, link+body)
			}
			all[m.Type] = append(all[m.Type], m)
		}
		return all
	}
	assert.Empty(t, look(), "what was there before is no news")
	seen := map[string]bool{}
	expect := func(got map[string][]told, want map[string]map[string]any) {
		t.Helper()
		for name, all := range got {
			require.Contains(t, want, name)
			seen[name] = true
			require.Len(t, all, 1, name)
			for field, value := range want[name] {
				assert.EqualValues(t, value, all[0].Data[field], name+"."+field)
			}
		}
		assert.Len(t, got, len(want))
	}
	w.clock.Add(60)
	till, other := one.till[0], one.till[1]
	reg, fn := string(till.RegID), string(till.FN)

	full := func(b *tlv.Builder) { b.Byte(ffd.TagFNMemoryExceededSign, 1) }
	w.keep(one, till, till.OpenShift(full))
	open := map[string]any{"fiscalDriveNumber": fn, "kktRegId": reg, "kind": "openShift", "shiftNumber": 2, "fiscalDocumentNumber": uint32(till.FD), "totalSum": 0}
	expect(look(), map[string]map[string]any{"document.received": open, "shift.opened": open,
		"fiscal_drive.expiring":  {"kktRegId": reg, "fiscalDriveNumber": fn, "reason": "память ФН заканчивается"},
		"register.light_changed": {"kktRegId": reg, "light": "yellow", "previous": "green", "reason": "память ФН заканчивается"}})
	w.keep(one, till, till.Receipt(4200, buyer))
	got := look()
	expect(got, map[string]map[string]any{"document.received": {"kind": "receipt", "totalSum": 4200, "operationType": 1}})
	assert.NotContains(t, fmt.Sprint(got), buyerPhone)
	w.keep(one, till, till.CloseShift(full))
	closed := map[string]any{"kind": "closeShift", "shiftNumber": 2}
	expect(look(), map[string]map[string]any{"document.received": closed, "shift.closed": closed})

	number := fiscal.MakeRegNumber(9, "7702203276", "000000000002")
	_, err = w.fleet.Connect(ctx, one.viewer, fleet.Register{RegID: number, Serial: "000000000002", Name: "Новая", Outlet: one.outlet[0]})
	require.NoError(t, err)
	expect(look(), map[string]map[string]any{"register.connected": {"kktRegId": string(number), "name": "Новая"}})
	require.NoError(t, w.fleet.Archive(ctx, one.viewer, number))
	expect(look(), map[string]map[string]any{"register.archived": {"kktRegId": string(number)}})

	next := *other
	next.FN, next.FD, next.Time = "9999000001000099", 0, other.Time.Add(time.Hour)
	w.keep(one, &next, next.Registration())
	expect(look(), map[string]map[string]any{"document.received": {"kind": "fiscalReport"},
		"fiscal_drive.replaced": {"kktRegId": string(other.RegID), "fiscalDriveNumber": string(next.FN), "previous": string(other.FN)}})

	w.order(key, "shifts")
	w.work()
	expect(look(), map[string]map[string]any{"report.ready": {"kind": "shifts"}})
	_, err = w.notify.Put(ctx, notify.Message{Org: one.org.ID, Kind: "NTF-10", Channel: notify.SMS, To: buyerPhone, About: fn + "/3", State: notify.Failed, Reason: "номер не обслуживается"})
	require.NoError(t, err)
	_, err = w.notify.Put(ctx, notify.Message{Org: w.company[1].org.ID, Kind: "NTF-10", Channel: notify.SMS, To: buyerPhone, About: "9999000002000001/3", State: notify.Failed})
	require.NoError(t, err)
	expect(look(), map[string]map[string]any{"message.failed": {"about": fn + "/3", "channel": "sms", "reason": "номер не обслуживается"}})
	w.clock.Add(24*3600 + 1) // all but the yellow one fall silent
	expect(look(), map[string]map[string]any{"register.light_changed": {"kktRegId": string(other.RegID), "light": "yellow", "previous": "green", "reason": "нет документов 24 ч"}})
	assert.Empty(t, look(), "once")
	for _, e := range integration.Events() {
		assert.True(t, seen[string(e)], "%s was never told", e)
	}
}

// API-07: pauses grow until the day is over; then the delivery is listed as failed, the
// feed has the document, and the delivery is sent again by hand.
func TestWebhooks_RepeatsFeedAndResend(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	key, ear := w.key(one, integration.Key{}), newListener(t)
	_, body := w.ask("GET", "/api/v1/documents/changes", key, "")
	var feed struct {
		Items []struct{ ID string }
		Page  struct{ Next string }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &feed))
	resp, body := w.ask("POST", "/api/v1/webhooks", key, `{"url":"`+ear.URL+`","events":["shift.opened"]}`)
	require.Equal(t, 201, resp.StatusCode, body)
	hook := resp.Header.Get("Location")
	ear.answer(503)
	w.clock.Add(60)
	born := w.now()
	w.keep(one, one.till[0], one.till[0].OpenShift())
	w.catchUp()
	type delivery struct {
		ID, State, Reason string
		Tries, Status     int
		NextTryAt         time.Time
		Body              json.RawMessage
	}
	list := func() (all []delivery) {
		t.Helper()
		_, body := w.ask("GET", hook+"/deliveries", key, "")
		var p struct{ Items []delivery }
		require.NoError(t, json.Unmarshal([]byte(body), &p), body)
		return p.Items
	}
	var pauses []time.Duration
	for {
		_, err := w.keys.SendDue(ctx)
		require.NoError(t, err)
		all := list()
		require.Len(t, all, 1)
		assert.Equal(t, 503, all[0].Status)
		assert.Equal(t, "ответ 503", all[0].Reason)
		if all[0].State == "failed" {
			break
		}
		require.Equal(t, "queued", all[0].State)
		pauses = append(pauses, all[0].NextTryAt.Sub(w.now()))
		w.clock.Add(int64(pauses[len(pauses)-1]/time.Second) - 1)
		n, err := w.keys.SendDue(ctx)
		require.NoError(t, err)
		require.Zero(t, n, "not before its time")
		w.clock.Add(1)
	}
	assert.Len(t, ear.heard(), len(pauses)+1)
	require.Greater(t, len(pauses), 6)
	for i := 1; i < len(pauses); i++ {
		assert.GreaterOrEqual(t, pauses[i], pauses[i-1])
	}
	assert.Less(t, 100*pauses[0], pauses[len(pauses)-1], "the pause grows")
	assert.LessOrEqual(t, w.now().Sub(born), 24*time.Hour)
	assert.Greater(t, w.now().Sub(born), 18*time.Hour, "tried for a day")

	_, body = w.ask("GET", "/api/v1/documents/changes?after="+feed.Page.Next, key, "")
	assert.Equal(t, 1, strings.Count(body, `"id":`), body)
	assert.Contains(t, body, fmt.Sprintf(`"id":"%s/%d"`, one.till[0].FN, one.till[0].FD), "the feed has what was lost")

	ear.answer(200)
	lost := list()[0]
	resp, body = w.ask("POST", hook+"/deliveries/"+lost.ID+"/resend", key, "")
	require.Equal(t, 201, resp.StatusCode, body)
	_, err := w.keys.SendDue(ctx)
	require.NoError(t, err)
	bodies := ear.heard()
	assert.Len(t, bodies, len(pauses)+2)
	assert.Equal(t, bodies[0], bodies[len(bodies)-1], "the same body")
	all := list()
	require.Len(t, all, 2)
	assert.Equal(t, "delivered", all[0].State, "the new one first")
	assert.Equal(t, "failed", all[1].State)

	// The webhook itself: listed, changed, switched off, removed.
	resp, body = w.ask("GET", hook, key, "")
	assert.Contains(t, body, `"events":["shift.opened"]`)
	tag := resp.Header.Get("ETag")
	resp, _ = w.ask("PATCH", hook, key, `{"active":false}`)
	assert.Equal(t, 428, resp.StatusCode)
	resp, body = w.ask("PATCH", hook, key, `{"active":false,"events":["shift.closed","shift.opened"]}`, "If-Match", tag)
	assert.Equal(t, 200, resp.StatusCode, body)
	assert.Contains(t, body, `"active":false`)
	w.keep(one, one.till[0], one.till[0].CloseShift())
	w.catchUp()
	_, err = w.keys.SendDue(ctx)
	require.NoError(t, err)
	assert.Len(t, ear.heard(), len(bodies), "it is off")
	_, body = w.ask("GET", "/api/v1/webhooks", key, "")
	assert.Equal(t, 1, strings.Count(body, `"id":`))
	resp, _ = w.ask("DELETE", hook, key, "")
	assert.Equal(t, 204, resp.StatusCode)
	resp, _ = w.ask("GET", hook+"/deliveries", key, "")
	assert.Equal(t, 404, resp.StatusCode)
}
