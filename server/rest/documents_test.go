package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// put stores a document as it is said to be.
func (w *world) put(r *servertest.Register, d servertest.Doc, change func(d *store.Document)) {
	w.t.Helper()
	doc, err := ffd.Decode(d.STLV)
	require.NoError(w.t, err)
	at := w.now()
	one := store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: r.FFD, RegID: r.RegID, UserINN: r.UserINN, DateTime: doc.DateTime(), ReceivedAt: at, Shift: uint32(doc.Uint(ffd.TagShiftNumber)),
		Number: uint32(doc.Uint(ffd.TagRequestNumber)), Operation: fiscal.OperationType(doc.Uint(ffd.TagOperationType)), Total: doc.Sum(ffd.TagTotalSum), FPD: doc.FPD(), Message: d.Message, STLV: d.STLV, Confirmation: []byte{1}}
	change(&one)
	require.NoError(w.t, w.documents.Accept(context.Background(), store.Acceptance{Document: one,
		Drive: store.Drive{FN: d.FN, Version: int64(d.FD), RegID: r.RegID, UserINN: r.UserINN, Status: store.DriveActive, LastFD: d.FD, LastAt: at, Documents: int64(d.FD)}}))
}

// ids of the documents of a list, over all its pages, in order.
func (w *world) list(key, query string) (all []string) {
	w.t.Helper()
	for next := ""; ; {
		resp, body := w.ask("GET", "/api/v1/documents?"+query+next, key, "")
		require.Equal(w.t, 200, resp.StatusCode, query+body)
		var p struct {
			Items []struct{ ID string }
			Page  struct{ Next string }
		}
		require.NoError(w.t, json.Unmarshal([]byte(body), &p))
		for _, d := range p.Items {
			all = append(all, d.ID)
		}
		if p.Page.Next == "" {
			return all
		}
		next = "&cursor=" + p.Page.Next
	}
}

// API-03, API-04: every filter finds the same documents by their dates and by arrival,
// page by page, at once and as lines, and counts them.
func TestDocuments_Filters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1<<30)
	one := w.company[0]
	till, key := one.till[0], w.key(one, integration.Key{})
	w.clock.Add(3600)
	w.put(till, till.OpenShift(), func(*store.Document) {})
	finding := func(s flk.Severity) func(d *store.Document) {
		return func(d *store.Document) {
			d.Findings = []flk.Finding{{Rule: "M-03", Severity: s, Path: []tlv.Tag{ffd.TagTotalSum}, Code: 507, Text: "Сумма не сходится."}}
		}
	}
	table := till.Receipt(500, func(b *tlv.Builder) {
		b.STLV(ffd.TagUserProperty, func(b *tlv.Builder) {
			b.Text(ffd.TagUserPropertyName, "Стол")
			b.Text(ffd.TagUserPropertyValue, "12")
		})
	})
	w.put(till, table, func(*store.Document) {})
	w.clock.Add(3600)
	flawed, warned, dark := till.Receipt(600), till.Receipt(700, buyer), till.Receipt(800)
	w.put(till, flawed, finding(flk.Error))
	w.put(w.company[1].till[0], w.company[1].till[0].OpenShift(), func(*store.Document) {}) // another's, in between
	w.put(till, warned, finding(flk.Warning))
	w.put(till, dark, func(d *store.Document) { d.STLV = nil })
	w.catchUp()
	id := func(d servertest.Doc) string { return fmt.Sprintf("%s/%d", d.FN, d.FD) }
	hour := func(h int) string { return start.Add(time.Duration(h) * time.Hour).Format(time.RFC3339) }

	for query, want := range map[string][]servertest.Doc{
		"property1084=Стол": {table}, "property1084=12": {table}, "property1084=Стол=12": {table}, "property1084=Стол=13": nil,
		"status=ERRORS": {flawed}, "status=WARNINGS": {warned}, "status=UNKNOWN": {dark}, "status=errors,WARNINGS": {flawed, warned}, "status=ERRORS&property1084=Стол": nil,
		"status=ACCEPTED&minSum=400&maxSum=600": {table}, "minSum=400&maxSum=800": {table, flawed, warned, dark}, "buyer=%2B79161234567" + "&maxSum=1000": {warned},
		"types=receipt&maxSum=800&minSum=1&payment=cash": {table, flawed, warned}, "payment=ecash&maxSum=800&minSum=1": nil, "appliedTaxationType=1&maxSum=650&minSum=1": {table, flawed},
		"requestNumber=1&shiftNumber=2&fn=" + string(till.FN): {table}, "item=ржаной&maxSum=650&minSum=1": {table, flawed}, "item=Ржаной": nil, "markingCode=x": nil, "operationType=2": nil,
		"shiftNumber=2&types=openShift&fn=" + string(till.FN): {servertest.Doc{FN: till.FN, FD: table.FD - 1}}, fmt.Sprintf("fn=%s&fiscalSign=%d", till.FN, fpd(t, flawed)): {flawed},
		"outletId=" + one.outlet[1] + "&maxSum=1000&minSum=1": nil,
	} {
		var ids []string
		for _, d := range want {
			ids = append(ids, id(d))
		}
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		if eq := strings.Index(query, "Стол="); eq > 0 { // "=" inside of a value
			values.Set("property1084", query[eq:])
		}
		query = values.Encode()
		assert.Equal(t, ids, w.list(key, query+"&sort=dateTime&limit=2"), query)
		assert.Equal(t, ids, w.list(key, query+"&dateBasis=received&limit=2&from="+start.Format(time.RFC3339)), query)
		newest := w.list(key, query)
		slices.Reverse(newest)
		assert.Equal(t, ids, newest, query)
		for _, basis := range []string{"document", "received"} {
			_, body := w.ask("GET", "/api/v1/documents?total=true&offset=1&dateBasis="+basis+"&"+query, key, "")
			assert.Contains(t, body, fmt.Sprintf(`"total":%d`, len(ids)), query)
			assert.Equal(t, max(0, len(ids)-1), strings.Count(body, `"id":`), query)
			_, lines := w.ask("GET", "/api/v1/documents?dateBasis="+basis+"&"+query, key, "", "Accept", "application/x-ndjson")
			assert.Equal(t, len(ids), strings.Count(lines, "\n"), query+lines)
		}
	}
	came := func(from, to string) int {
		return len(w.list(key, "dateBasis=received&limit=5&from="+url.QueryEscape(from)+"&to="+url.QueryEscape(to)))
	}
	assert.Equal(t, 2, came(hour(1), hour(2)))
	assert.Equal(t, 3, came(hour(2), hour(3)))
	assert.Equal(t, 5, came("2026-08-01T16:00", "2026-08-02"), "Moscow time without a zone")
	assert.Equal(t, len(one.docs)+5, came("", ""))
	assert.Zero(t, came(hour(3), hour(9)))
	_, body := w.ask("GET", "/api/v1/documents?dateBasis=received&limit=1&to="+hour(1), key, "")
	assert.Contains(t, body, `"complete":true`, "an hour that is over")
	assert.Contains(t, body, `"receivedAt":"2026-08-01T12:00:00Z"`)
	assert.Contains(t, body, `"status":"ACCEPTED"`)
	_, body = w.ask("GET", "/api/v1/documents?dateBasis=received&limit=1&to="+hour(9), key, "")
	assert.Contains(t, body, `"complete":false`)
	for query, field := range map[string]string{"status=GOOD": "status", "sort=receivedAt": "sort", "dateBasis=received&sort=-dateTime": "sort", "dateBasis=received&from=yesterday": "from", "dateBasis=received&cursor=zz": "cursor", "dateBasis=sent": "dateBasis"} {
		resp, body := w.ask("GET", "/api/v1/documents?"+query, key, "")
		assert.Equal(t, 400, resp.StatusCode, query)
		assert.Equal(t, field, w.problem(body).Field, body)
	}
	_, body = w.ask("GET", "/api/v1/documents/"+id(flawed), key, "")
	for _, want := range []string{`"status":"ERRORS"`, `"fnsStatus":"UNKNOWN"`, `"messages":[{"code":507,"rule":"M-03","tag":1020,"message":"Сумма не сходится."}]`} {
		assert.Contains(t, body, want)
	}
	_, body = w.ask("GET", "/api/v1/documents/changes", key, "")
	assert.Equal(t, 1, strings.Count(body, `"status":"UNKNOWN"`))
	assert.Contains(t, body, `"cashTotalSum":600`)
	assert.NotContains(t, body, buyerPhone)
}

func fpd(t *testing.T, d servertest.Doc) uint32 {
	doc, err := ffd.Decode(d.STLV)
	require.NoError(t, err)
	return uint32(doc.FPD())
}

// API-03: one document in every form; on paper in the seller's design.
func TestDocument_Views(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	key, till := w.key(one, integration.Key{}), one.till[0]
	dark := till.Receipt(800)
	w.put(till, dark, func(d *store.Document) { d.STLV = nil })
	path := fmt.Sprintf("/api/v1/documents/%s/3?view=", till.FN)
	kinds := map[string]string{"json": "application/json", "tags": "application/json", "html": "text/html; charset=utf-8", "pdf": "application/pdf", "raw&personal=true": "application/octet-stream"}
	for view, kind := range kinds {
		resp, body := w.ask("GET", path+view, key, "")
		assert.Equal(t, 200, resp.StatusCode, view+body)
		assert.Equal(t, kind, resp.Header.Get("Content-Type"), view)
		if view == "pdf" {
			assert.True(t, strings.HasPrefix(body, "%PDF-"))
		}
		resp, _ = w.ask("GET", path+view, w.key(w.company[1], integration.Key{}), "")
		assert.Equal(t, 404, resp.StatusCode, "another's")
		resp, body = w.ask("GET", fmt.Sprintf("/api/v1/documents/%s/%d?view=%s", till.FN, dark.FD, view), key, "")
		if view == "json" || strings.HasPrefix(view, "raw") {
			assert.Equal(t, 200, resp.StatusCode)
			continue
		}
		assert.Equal(t, 422, resp.StatusCode)
		assert.Equal(t, "unread", w.problem(body).Code)
	}
	_, masked := w.ask("GET", path+"pdf", key, "")
	_, shown := w.ask("GET", path+"pdf&personal=true", key, "")
	assert.NotEqual(t, len(masked), len(shown), "the buyer's phone is on one of them only")
	require.NoError(t, w.buyers.SetDesign(ctx, one.viewer, func() buyers.Settings {
		s, err := w.buyers.Settings(ctx, one.viewer)
		require.NoError(t, err)
		s.Design.Header = "Спасибо за покупку!"
		return s
	}()))
	_, designed := w.ask("GET", path+"pdf", key, "")
	assert.Greater(t, len(designed), len(masked))
}

// API-03: days and goods by register and outlet, drives with their ends, terms.
func TestResources_SayWhatTheyMust(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	key := w.key(one, integration.Key{})
	for group, want := range map[string]int{"organization": 1, "outlet": 2, "register": 2} {
		_, body := w.ask("GET", "/api/v1/statistics/items?from=2026-08-01&group="+group, key, "")
		assert.Equal(t, want, strings.Count(body, `"name":"Хлеб ржаной"`), body)
		if group == "outlet" {
			assert.Contains(t, body, `"outletId":"`+one.outlet[1]+`"`)
		}
	}
	_, body := w.ask("GET", "/api/v1/statistics/items?from=2026-08-01&to=2026-08-01T11:00", key, "")
	assert.Contains(t, body, `"complete":true`)
	w.clock.Add(60)
	old := one.till[0]
	next := *old
	next.FN, next.FD, next.Time = "9999000001000099", 0, old.Time.Add(time.Hour)
	from := next.Time
	w.keep(one, &next, next.Registration(), next.OpenShift(func(b *tlv.Builder) { b.Byte(ffd.TagFNMemoryExceededSign, 1) }))
	w.catchUp()
	_, body = w.ask("GET", "/api/v1/registers/"+string(old.RegID)+"/fiscal-drives", key, "")
	assert.Contains(t, body, `"to":"`+from.Format("2006-01-02T15:04:05")+`"`, "until the next drive")
	assert.Contains(t, body, `"memoryUsedPercent":90,"memorySource":"memoryExceededSign"`)
	assert.Contains(t, body, `"memorySource":"estimate"`)
	_, body = w.ask("GET", "/api/v1/registers/"+string(old.RegID), key, "")
	assert.Contains(t, body, `"fnsState":0`)
	assert.Contains(t, body, `"memorySource":"memoryExceededSign"`)
	_, body = w.ask("GET", "/api/v1/organizations/"+one.org.ID+"/outlets?total=true&limit=1", key, "")
	assert.Contains(t, body, `"total":2`)
}
