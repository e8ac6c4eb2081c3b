package rest_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// API-03: every filter of registers, and the documents of one by period and kind.
func TestRegisters_Filters(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 1<<20), context.Background()
	one := w.company[0]
	key := w.key(one, integration.Key{})
	a, b := one.till[0], one.till[1]
	old := fiscal.MakeRegNumber(9, "7702203276", "00000000777")
	_, err := w.fleet.Connect(ctx, one.viewer, fleet.Register{RegID: old, Serial: "00000000777", Name: "Старая", Model: "Атол 30Ф", Outlet: one.outlet[1]})
	require.NoError(t, err)
	require.NoError(t, w.fleet.Archive(ctx, one.viewer, old))
	w.clock.Add(25 * 3600)
	b.Time = w.now().Add(3 * time.Hour) // Moscow's clock
	w.keep(one, b, b.OpenShift())       // a is silent for more than a day, b is not
	w.catchUp()
	names := func(path string) (all []string) {
		t.Helper()
		_, body := w.ask("GET", path, key, "")
		var p struct {
			Items []struct{ KktRegID, ID string }
		}
		require.NoError(t, json.Unmarshal([]byte(body), &p), body)
		for _, i := range p.Items {
			all = append(all, i.KktRegID)
		}
		return all
	}
	first, second, third := string(a.RegID), string(b.RegID), string(old)
	for query, want := range map[string][]string{
		"": {first, second, third}, "q=Касса": {first, second}, "q=0.1": {second}, "q=" + string(a.FN)[8:]: {first}, "q=" + first[:12] + "x": nil, "q=777": {third},
		"inn=7702203276": {first, second, third}, "inn=7707083893": nil, "outletId=" + one.outlet[0]: {first}, "outletId=" + one.outlet[1]: {second, third}, "outletId=none": nil,
		"state=active": {first, second}, "state=archived": {third}, "archived=true": {third}, "archived=false": {first, second}, "light=yellow": {first}, "light=green": {second}, "light=red": nil,
		"fn=" + string(b.FN): {second}, "fn=9999": nil, "model=атол 30ф": {third}, "model=атол": nil, "outletId=" + one.outlet[1] + "&state=active": {second},
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		assert.ElementsMatch(t, want, names("/api/v1/registers?"+values.Encode()), query)
	}
	resp, _ := w.ask("GET", "/api/v1/registers?light=blue", key, "")
	assert.Equal(t, 400, resp.StatusCode)

	// One register: who it is, its drive, indicators, last document.
	_, body := w.ask("GET", "/api/v1/registers/"+second, key, "")
	var r struct {
		KktRegID, KktNumber, Name, OutletID, State, Light string
		FiscalDrive                                       struct{ FiscalDriveNumber string }
		Indicators                                        []struct{ Name, Colour string }
		LastDocument                                      struct {
			Kind                 string
			FiscalDocumentNumber int
		}
		FnsState *int
		Shift    struct {
			Open        bool
			ShiftNumber int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &r), body)
	assert.Equal(t, []string{second, b.Factory, "Касса 0.1", one.outlet[1], "active", "green", string(b.FN)}, []string{r.KktRegID, r.KktNumber, r.Name, r.OutletID, r.State, r.Light, r.FiscalDrive.FiscalDriveNumber})
	assert.Len(t, r.Indicators, 4)
	assert.Equal(t, "openShift", r.LastDocument.Kind)
	assert.EqualValues(t, b.FD, r.LastDocument.FiscalDocumentNumber)
	assert.True(t, r.Shift.Open)
	assert.Equal(t, 2, r.Shift.ShiftNumber)
	require.NotNil(t, r.FnsState)

	for query, want := range map[string]int{"": 7, "types=receipt": 3, "types=receipt,openShift": 5, "from=2026-08-01T11:02&to=2026-08-01T11:04": 2, "types=openShift&from=2026-08-01T11:03": 1} {
		assert.Len(t, names("/api/v1/registers/"+second+"/documents?"+query), want, query)
	}
	for _, reg := range names("/api/v1/registers/" + second + "/documents") {
		assert.Equal(t, second, reg)
	}

	// PATCH changes what is given and nothing else; archived: false brings back.
	resp, _ = w.ask("GET", "/api/v1/registers/"+third, key, "")
	resp, body = w.ask("PATCH", "/api/v1/registers/"+third, key, `{"archived":false,"name":"Новая","groups":["север"]}`, "If-Match", resp.Header.Get("ETag"))
	require.Equal(t, 200, resp.StatusCode, body)
	for _, want := range []string{`"state":"active"`, `"name":"Новая"`, `"model":"Атол 30Ф"`, `"groups":["север"]`, `"outletId":"` + one.outlet[1] + `"`} {
		assert.Contains(t, body, want)
	}
	resp, _ = w.ask("DELETE", "/api/v1/registers/"+second, key, "")
	assert.Equal(t, 204, resp.StatusCode)
	assert.ElementsMatch(t, []string{second}, names("/api/v1/registers?archived=true"))
	assert.Len(t, names("/api/v1/registers/"+second+"/documents"), 7, "its documents stay")

	// The monitoring has the thresholds of who asks.
	_, body = w.ask("GET", "/api/v1/monitoring", key, "")
	assert.Contains(t, body, `"yellow":1`)
	assert.Contains(t, body, `"silenceYellowMinutes":1440`)
	own := fleet.DefaultThresholds()
	own.SilenceYellow = 48 * time.Hour
	require.NoError(t, w.fleet.SetThresholds(ctx, one.viewer, own))
	_, body = w.ask("GET", "/api/v1/monitoring", key, "")
	assert.Contains(t, body, `"silenceYellowMinutes":2880`)
	assert.Contains(t, body, `"yellow":0`)
	assert.Equal(t, 2, strings.Count(body, `"kktRegId":`), "archived ones are not watched")
	assert.Equal(t, 2, strings.Count(body, `"name":"transfer"`))
}

// API-03: organisations, departments and outlets are read, made, changed and removed.
func TestPlaces_CRUD(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	key := w.key(one, integration.Key{})
	org := "/api/v1/organizations/" + one.org.ID
	var parent string
	for _, kind := range []string{"departments", "outlets"} {
		resp, body := w.ask("POST", org+"/"+kind, key, `{"name":"А","address":"Омск, Ленина, 1","timeZone":"Asia/Omsk","latitude":54.98,"longitude":73.36,"targetRevenue":100500}`)
		require.Equal(t, 201, resp.StatusCode, body)
		at := resp.Header.Get("Location")
		_, body = w.ask("GET", at, key, "")
		for _, want := range []string{`"name":"А"`, `"address":"Омск, Ленина, 1"`, `"timeZone":"Asia/Omsk"`, `"latitude":54.98`, `"longitude":73.36`, `"targetRevenue":100500`} {
			assert.Contains(t, body, want)
		}
		if kind == "departments" {
			parent = at[strings.LastIndex(at, "/")+1:]
		}
		_, body = w.ask("GET", org+"/"+kind, key, "")
		assert.Contains(t, body, at[strings.LastIndex(at, "/")+1:])
		if kind == "departments" {
			continue
		}
		resp, body = w.ask("PATCH", at, key, `{"parentId":"`+parent+`"}`, "If-Match", resp.Header.Get("ETag"))
		require.Equal(t, 200, resp.StatusCode, body)
		assert.Contains(t, body, `"parentId":"`+parent+`"`)
		assert.Contains(t, body, `"address":"Омск, Ленина, 1"`, "what is not given stays")
		resp, _ = w.ask("DELETE", org+"/departments/"+parent, key, "")
		assert.Equal(t, 409, resp.StatusCode, "something is in it")
		for _, gone := range []string{at, org + "/departments/" + parent} {
			resp, _ = w.ask("DELETE", gone, key, "")
			assert.Equal(t, 204, resp.StatusCode)
			resp, _ = w.ask("GET", gone, key, "")
			assert.Equal(t, 404, resp.StatusCode)
		}
	}
	// The organisation itself is changed by people.
	cookie := []string{"Cookie", account.SessionCookie + "=" + one.token}
	resp, body := w.ask("GET", org, key, "")
	for _, want := range []string{`"inn":"7702203276"`, `"kpp":"770201001"`, `"shortName":"Компания 0"`, `"timeZone":"Europe/Moscow"`} {
		assert.Contains(t, body, want)
	}
	tag := resp.Header.Get("ETag")
	resp, _ = w.ask("PATCH", org, key, `{"shortName":"Ромашка"}`, "If-Match", tag)
	assert.Equal(t, 403, resp.StatusCode)
	resp, body = w.ask("PATCH", org, "", `{"ogrn":"1027700132196"}`, append(cookie, "If-Match", tag)...)
	assert.Equal(t, 422, resp.StatusCode)
	assert.Equal(t, "ogrn", w.problem(body).Field)
	resp, body = w.ask("PATCH", org, "", `{"shortName":"Ромашка","fullName":"ООО «Ромашка»","ogrn":"1027700132195"}`, append(cookie, "If-Match", tag)...)
	require.Equal(t, 200, resp.StatusCode, body)
	for _, want := range []string{`"shortName":"Ромашка"`, `"fullName":"ООО «Ромашка»"`, `"ogrn":"1027700132195"`, `"kpp":"770201001"`} {
		assert.Contains(t, body, want)
	}
}

// API-03: figures by day and register, outlet or all together; messages to buyers.
func TestStatistics_AndMessages(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	key := w.key(one, integration.Key{})
	sums := func(query string) (all []int64) {
		t.Helper()
		_, body := w.ask("GET", "/api/v1/statistics/"+query, key, "")
		var p struct {
			Items []struct {
				Revenue  int64
				OutletID string
			}
		}
		require.NoError(t, json.Unmarshal([]byte(body), &p), body)
		for _, i := range p.Items {
			all = append(all, i.Revenue)
		}
		return all
	}
	const a, b = 10000 + 10001 + 10002, 10100 + 10101 + 10102
	for query, want := range map[string][]int64{
		"days?from=2026-08-01": {a + b}, "days?from=2026-08-01&group=outlet": {a, b}, "days?from=2026-08-01&group=register": {a, b}, "days?from=2026-08-02": nil, "days?from=2026-08-01&outletId=" + one.outlet[1]: {b},
		"days?from=2026-08-01&kktRegId=" + string(one.till[0].RegID): {a}, "shifts?from=2026-08-01": {a, b}, "shifts?from=2026-08-01&outletId=" + one.outlet[0]: {a}, "shifts?to=2026-08-01": nil,
	} {
		assert.ElementsMatch(t, want, sums(query), query)
	}
	_, body := w.ask("GET", "/api/v1/registers/"+string(one.till[0].RegID)+"/shifts/"+string(one.till[0].FN)+"/1", key, "")
	for _, want := range []string{`"open":false`, `"openedAt":"2026-08-01T11:01:00"`, `"closedAt":"2026-08-01T11:05:00"`, `"salePaid":{"cashTotalSum":30003,"ecashTotalSum":0,`, `"saleNds":[{"nds":6,"ndsSum":30003}]`, `"averageSum":10001`, `"missingDocuments":0`} {
		assert.Contains(t, body, want)
	}
	about := string(one.till[0].FN) + "/3"
	for _, m := range []notify.Message{
		{Org: one.org.ID, Channel: notify.SMS, To: buyerPhone, About: about, State: notify.Delivered}, {Org: one.org.ID, Channel: notify.Letter, To: "buyer@x.example", About: about, State: notify.NoPackage},
		{Org: w.company[1].org.ID, Channel: notify.SMS, To: buyerPhone, About: string(w.company[1].till[0].FN) + "/3"}, {Org: one.org.ID, Channel: notify.Letter, To: "owner@x.example", About: "report/1"},
	} {
		_, err := w.notify.Put(ctx, m)
		require.NoError(t, err)
	}
	_, body = w.ask("GET", "/api/v1/messages", key, "")
	assert.Equal(t, 2, strings.Count(body, `"document":"`+about+`"`), body)
	assert.Equal(t, 2, strings.Count(body, `"id":`))
	assert.NotContains(t, body, buyerPhone)
	assert.NotContains(t, body, "buyer@x")
	_, body = w.ask("GET", "/api/v1/messages?state=no-package", key, "")
	assert.Equal(t, 1, strings.Count(body, `"channel":"email"`), body)
	assert.NotContains(t, body, `"sms"`)
}
