package control

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/emulator/emulatortest"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var wallClock = time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC)

// client talks to a port over HTTP.
type client struct {
	t    *testing.T
	url  string
	till *Till
}

func start(t *testing.T, o TillOptions) *client {
	t.Helper()
	o.Now = func() time.Time { return wallClock }
	till, err := NewTill(o)
	require.NoError(t, err)
	srv := httptest.NewServer(Handler(till, Options{}))
	t.Cleanup(func() {
		srv.Close()
		srv.Client().CloseIdleConnections()
		assert.NoError(t, till.Close())
	})
	return &client{t, srv.URL, till}
}

// do sends a request and reads the answer into out when it is not nil.
func (c *client) do(method, path, body string, want int, out any) []byte {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	require.NoError(c.t, err)
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, want, res.StatusCode, "%s %s: %s", method, path, b)
	if out != nil {
		require.NoError(c.t, json.Unmarshal(b, out))
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return b
}

func (c *client) fails(method, path, body string, want int) Error {
	c.t.Helper()
	var e Error
	c.do(method, path, body, want, &e)
	return e
}

func registration() string {
	r := kkt.Registration{RegNumber: fiscal.MakeRegNumber(1, "7702203276", "0001"), KKTNumber: "0001", User: "ООО \"Ромашка\"", UserINN: "7702203276",
		Address: "Москва", Place: "магазин", Tax: kkt.TaxSimplified, OFDINN: emulatortest.INN, OFDName: "ОФД", SellerAddress: "shop@example.test",
		Cashier: kkt.Cashier{Name: "Кассир"}}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return string(b)
}

const tea = `{"operationType":1,"items":[{"name":"Чай","price":12000,"quantity":"2","nds":6}],"cashTotalSum":24000}`

// A whole life by hand: every document is made, confirmed, and shown.
func TestHandler_WholeLife(t *testing.T) {
	t.Parallel()
	ofd, err := emulatortest.Start()
	require.NoError(t, err)
	t.Cleanup(ofd.Close)
	c := start(t, TillOptions{OFD: ofd.Addr()})

	c.fails("GET", "/printed", "", http.StatusNotFound)
	e := c.fails("POST", "/receipt", tea, http.StatusUnprocessableEntity)
	assert.Equal(t, Error{Code: "refused", Message: e.Message, Rule: kkt.RuleNotRegistered}, e)

	var d Document
	c.do("POST", "/register", registration(), 200, &d)
	assert.EqualValues(t, 1, d.FD)
	assert.Equal(t, fiscal.FormFiscalReport, d.Code)
	c.do("POST", "/open", `{"operator":"Иванова"}`, 200, nil)
	c.do("POST", "/receipt", tea, 200, &d)
	assert.EqualValues(t, 24000, d.Total)
	assert.Contains(t, d.QR, "s=240.00")
	assert.Contains(t, string(c.do("GET", "/printed", "", 200, nil)), "Чай")
	assert.Len(t, d.FPD, 10)

	var sent struct{ Sent int }
	c.do("POST", "/exchange", "", 200, &sent)
	assert.Equal(t, 3, sent.Sent)
	c.do("POST", "/correction", `{"operationType":1,"items":[{"name":"Чай","price":12000,"quantity":1,"nds":6}],"cashTotalSum":12000,
		"correctionDocumentDate":"2026-08-01T00:00:00Z"}`, 200, &d)
	assert.Equal(t, fiscal.FormReceiptCorrection, d.Code)
	c.do("POST", "/state", "", 200, nil)
	c.do("POST", "/clock/advance", `{"days":1,"duration":"1h"}`, 200, nil)
	e = c.fails("POST", "/receipt", tea, http.StatusUnprocessableEntity)
	assert.Equal(t, kkt.RuleShiftAge, e.Rule, "K-010")
	c.do("POST", "/close", "", 200, nil)
	reg := registration()
	c.do("POST", "/change", strings.Replace(reg, "магазин", "лавка", 1), 200, &d)
	assert.Equal(t, fiscal.FormFiscalReportCorrection, d.Code)
	c.do("POST", "/exchange", "", 200, nil)
	c.do("POST", "/close-archive", "", 200, nil)
	c.do("POST", "/exchange", "", 200, nil)

	var s Status
	c.do("GET", "/status", "", 200, &s)
	assert.Equal(t, fn.PhaseArchive, s.Drive.Phase)
	assert.True(t, s.Registered)
	assert.Equal(t, "лавка", s.Registration.Place)
	assert.Equal(t, wallClock.Add(25*time.Hour), s.Time.UTC())
	c.do("POST", "/replace-fn", `{"number":"9999078902000077","change":{"retailPlace":"лавка","taxationType":2}}`, 200, &d)
	assert.EqualValues(t, 1, d.FD)
	require.NoError(t, ofd.Err())
	assert.Len(t, ofd.Documents(), 8)
}

func TestHandler_RawCommandsAndFaults(t *testing.T) {
	t.Parallel()
	c := start(t, TillOptions{FN: fn.Options{Number: "9999078902000011"}})
	var a struct{ Code, Data, Why string }
	c.do("POST", "/fn/exec", `{"command":"31h"}`, 200, &a)
	assert.Equal(t, "00", a.Code)
	assert.Equal(t, "39393939303738393032303030303131", a.Data)
	c.do("POST", "/fn/exec", `{"command":"12"}`, 200, &a)
	assert.Equal(t, "02", a.Code, "a refusal is an answer")
	assert.NotEmpty(t, a.Why)

	code := fn.DriveError
	faults, err := json.Marshal(fn.Faults{Commands: []fn.CommandFault{{Command: 0x31, Answer: &code}}})
	require.NoError(t, err)
	var on fn.Faults
	c.do("PUT", "/faults", string(faults), 200, &on)
	require.Len(t, on.Commands, 1)
	c.do("POST", "/fn/exec", `{"command":"31"}`, 200, &a)
	assert.Equal(t, "03", a.Code)
	c.do("PUT", "/faults", `{}`, 200, nil)
	c.do("GET", "/faults", "", 200, &on)
	c.do("POST", "/power-cut", "", 200, nil)
	assert.Equal(t, "invalid", c.fails("PUT", "/faults", `{"archive_used":-1}`, 400).Code)
	for _, bad := range []string{`{"command":"zz"}`, `{"command":"30","data":"xyz"}`, `{"command":"30","x":1}`, `{"command":"30"} {}`, `[`,
		`{"command":"30","data":"` + strings.Repeat("00", 1025) + `"}`} {
		assert.Equal(t, "invalid", c.fails("POST", "/fn/exec", bad, 400).Code, bad)
	}
	c.do("POST", "/fn/exec", `{"command":"30","data":"`+strings.Repeat("00", maxJSON)+`"}`, http.StatusRequestEntityTooLarge, nil)
	assert.Equal(t, "conflict", c.fails("POST", "/exchange", "", http.StatusConflict).Code)
	assert.Equal(t, "not_found", c.fails("GET", "/nothing", "", http.StatusNotFound).Code)
	assert.Equal(t, "method_not_allowed", c.fails("DELETE", "/faults", "", http.StatusMethodNotAllowed).Code)
	assert.Equal(t, "invalid", c.fails("POST", "/replace-fn", `{"number":"7281440500751551"}`, 400).Code, "FN-001")
}

func TestHandler_OperatorAway(t *testing.T) {
	t.Parallel()
	c := start(t, TillOptions{OFD: "127.0.0.1:1"})
	c.do("POST", "/register", registration(), 200, nil)
	assert.Equal(t, "unreachable", c.fails("POST", "/exchange", "", http.StatusBadGateway).Code)
	var s Status
	c.do("GET", "/status", "", 200, &s)
	require.NotNil(t, s.LastExchange)
	assert.NotEmpty(t, s.LastExchange.Error)
	assert.Equal(t, 1, s.Drive.Unconfirmed)
}

func TestHandler_Snapshot(t *testing.T) {
	t.Parallel()
	c := start(t, TillOptions{})
	c.do("POST", "/register", registration(), 200, nil)
	kept := c.do("GET", "/snapshot", "", 200, nil)
	c.do("POST", "/open", "", 200, nil)
	assert.Equal(t, "refused", c.fails("PUT", "/snapshot", string(kept[:len(kept)/2]), http.StatusUnprocessableEntity).Code)
	var s Status
	c.do("GET", "/status", "", 200, &s)
	assert.True(t, s.Drive.ShiftOpen, "a broken snapshot changes nothing")
	c.do("PUT", "/snapshot", string(kept), 200, &s)
	assert.False(t, s.Drive.ShiftOpen)
	assert.EqualValues(t, 1, s.Drive.LastFD)
	assert.True(t, s.Registered)
	c.do("POST", "/open", "", 200, nil)

	again, err := LoadTill(bytes.NewReader(kept), TillOptions{})
	require.NoError(t, err)
	_, err = LoadTill(bytes.NewReader(kept), TillOptions{FN: fn.Options{Number: "9999078902000012"}})
	require.ErrorIs(t, err, fn.ErrForeignDrive)
	st, err := again.Status()
	require.NoError(t, err)
	assert.True(t, st.Registered)
}

func TestHandler_RefusesForeignSites(t *testing.T) {
	t.Parallel()
	c := start(t, TillOptions{})
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/power-cut", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	Handler(c.till, Options{}).ServeHTTP(w, req)
	assert.Equal(t, http.StatusForbidden, w.Code)
}

// Every route is described and every description has a route; references lead
// somewhere; the schemas have the fields of the types.
func TestOpenAPI_MatchesRoutes(t *testing.T) {
	t.Parallel()
	var api struct {
		OpenAPI    string
		Paths      map[string]map[string]map[string]any
		Components struct {
			Schemas   map[string]struct{ Properties map[string]any }
			Responses map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(openAPI, &api))
	assert.Equal(t, "3.1.0", api.OpenAPI)
	described, ids := 0, map[string]bool{}
	for path, ops := range api.Paths {
		for method, op := range ops {
			described++
			assert.True(t, hasRoute(method, path), "%s %s is described and not served", method, path)
			assert.NotEmpty(t, op["summary"])
			id, _ := op["operationId"].(string)
			assert.False(t, ids[id] || id == "", "operationId %q of %s", id, path)
			ids[id] = true
			assert.Contains(t, op["responses"], "200")
		}
	}
	for _, r := range routes {
		assert.Contains(t, api.Paths[r.path], strings.ToLower(r.method), "%s %s is served and not described", r.method, r.path)
	}
	assert.Equal(t, len(routes), described)

	var whole any
	require.NoError(t, json.Unmarshal(openAPI, &whole))
	refs := 0
	walkRefs(whole, func(ref string) {
		refs++
		at := whole
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			m, _ := at.(map[string]any)
			at = m[part]
		}
		assert.NotNil(t, at, ref)
	})
	assert.Greater(t, refs, 40)

	for name, typ := range map[string]reflect.Type{
		"Registration": reflect.TypeFor[kkt.Registration](), "Change": reflect.TypeFor[kkt.Change](), "Receipt": reflect.TypeFor[kkt.Receipt](),
		"Correction": reflect.TypeFor[kkt.Correction](), "Item": reflect.TypeFor[kkt.Item](), "Cashier": reflect.TypeFor[kkt.Cashier](),
		"Faults": reflect.TypeFor[fn.Faults](), "CommandFault": reflect.TypeFor[fn.CommandFault](), "Status": reflect.TypeFor[Status](),
		"View": reflect.TypeFor[fn.View](), "Document": reflect.TypeFor[Document](), "Error": reflect.TypeFor[Error](),
		"Setup": reflect.TypeFor[Setup](), "Settings": reflect.TypeFor[fn.Settings](), "Recorded": reflect.TypeFor[Recorded](), "RecordedCommand": reflect.TypeFor[Command](),
		"Shown": reflect.TypeFor[Shown](), "Provider": reflect.TypeFor[kkt.Provider](), "AgentData": reflect.TypeFor[kkt.AgentData](), "Buyer": reflect.TypeFor[kkt.Buyer](),
	} {
		var got []string
		for p := range api.Components.Schemas[name].Properties {
			got = append(got, p)
		}
		assert.ElementsMatch(t, jsonNames(typ), got, name)
	}
}

func hasRoute(method, path string) bool {
	for _, r := range routes {
		if strings.EqualFold(r.method, method) && r.path == path {
			return true
		}
	}
	return false
}

func walkRefs(v any, found func(string)) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			found(ref)
		}
		for _, k := range v {
			walkRefs(k, found)
		}
	case []any:
		for _, k := range v {
			walkRefs(k, found)
		}
	}
}

func jsonNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			names = append(names, jsonNames(f.Type)...)
		case name == "":
			names = append(names, f.Name)
		default:
			names = append(names, name)
		}
	}
	return names
}
