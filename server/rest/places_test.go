package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/rest"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// list asks for all of a list.
func list[T any](w *world, key, path string) []T {
	w.t.Helper()
	resp, body := w.ask("GET", path, key, "")
	require.Equal(w.t, http.StatusOK, resp.StatusCode, path+body)
	var page struct{ Items []T }
	require.NoError(w.t, json.Unmarshal([]byte(body), &page), body)
	return page.Items
}

// move puts a register of the company into another outlet, as people do.
func (w *world) move(c *company, reg fiscal.RegNumber, outlet string) {
	w.t.Helper()
	e, err := w.fleet.Register(context.Background(), c.viewer, reg)
	require.NoError(w.t, err)
	e.Register.Outlet = outlet
	require.NoError(w.t, w.fleet.Change(context.Background(), c.viewer, e.Register))
}

// wall is what clocks of registers show: organisations without a zone are in Moscow.
func (w *world) wall() time.Time { return w.now().Add(3 * time.Hour) }

// givenBack makes a receipt one of возврат прихода.
func givenBack(d servertest.Doc) servertest.Doc {
	sale := []byte{byte(ffd.TagOperationType & 0xFF), byte(ffd.TagOperationType >> 8), 1, 0, byte(fiscal.Sell)}
	back := append(sale[:4:4], byte(fiscal.SellReturn))
	d.STLV = bytes.Replace(d.STLV, sale, back, 1)
	return d
}

// CAB-071, CAB-073, CAB-110, API-04: registers are moved in the middle of days, and what
// each outlet sold is what its registers sold while they stood there: by day, item and
// document, for the organisation, by outlet and for a key of the outlet alone. Outlets
// add up to registers, to the kopeck, and a month that is over stays what it was.
func TestStatistics_BelongToThePlaceOfThatTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1<<30)
	c := w.company[0]
	rng := rand.New(rand.NewPCG(3, 4))
	type cell struct{ place, day string }
	sums, documents := map[cell]fiscal.Kopecks{}, map[string]int{}
	of := map[fiscal.RegNumber]fiscal.Kopecks{}
	stands := map[fiscal.RegNumber]string{}
	count := func(d servertest.Doc, reg fiscal.RegNumber) {
		doc, err := ffd.Decode(d.STLV)
		require.NoError(t, err)
		documents[stands[reg]]++
		if doc.Form != fiscal.FormReceipt {
			return
		}
		total := doc.Sum(ffd.TagTotalSum)
		if fiscal.OperationType(doc.Uint(ffd.TagOperationType)) == fiscal.SellReturn {
			total = -total
		}
		sums[cell{stands[reg], doc.DateTime().Format(time.DateOnly)}] += total
		of[reg] += total
	}
	for i, till := range c.till {
		stands[till.RegID] = c.outlet[i]
	}
	for _, d := range c.docs { // what the world began with
		count(d, map[bool]fiscal.RegNumber{true: c.till[0].RegID, false: c.till[1].RegID}[d.FN == c.till[0].FN])
	}
	moves := 0
	for range 60 {
		w.clock.Add(int64(60 * (20 + rng.IntN(150))))
		i := rng.IntN(2)
		till := c.till[i]
		if rng.IntN(4) == 0 {
			stands[till.RegID] = c.outlet[rng.IntN(2)]
			w.move(c, till.RegID, stands[till.RegID])
			moves++
		}
		till.Time = w.wall()
		d := till.Receipt(uint64(1+rng.IntN(1_000_000)), buyer)
		if rng.IntN(6) == 0 {
			d = givenBack(d)
		}
		w.keep(c, till, d)
		count(d, till.RegID)
	}
	require.Greater(t, moves, 5)
	w.catchUp()

	whole := w.key(c, integration.Key{})
	until := w.wall().AddDate(0, 0, 1).Format(time.DateOnly)
	period := "from=2026-08-01&to=" + until
	check := func(name string) {
		t.Helper()
		days := list[rest.Day](w, whole, "/api/v1/statistics/days?group=outlet&limit=1000&"+period)
		got, all, split := map[cell]fiscal.Kopecks{}, fiscal.Kopecks(0), map[string]int{}
		for _, d := range days {
			got[cell{d.OutletID, d.Date}] += d.Revenue
			all += d.Revenue
			split[d.Date]++
		}
		require.Equal(t, sums, got, name)
		require.Contains(t, fmt.Sprint(split), ":2", "days on which both sold")
		var registers fiscal.Kopecks
		for _, d := range list[rest.Day](w, whole, "/api/v1/statistics/days?group=register&limit=1000&"+period) {
			registers += d.Revenue
			of[d.RegID] -= d.Revenue
		}
		for reg, left := range of {
			require.Zero(t, left, reg)
		}
		require.Equal(t, registers, all, "outlets add up to registers")
		for _, d := range list[rest.Day](w, whole, "/api/v1/statistics/days?group=register&limit=1000&"+period) {
			of[d.RegID] += d.Revenue
		}
	}
	check("as it was sold")
	for _, id := range c.outlet {
		alone := w.key(c, integration.Key{Branches: []string{id}})
		for name, one := range map[string]struct{ key, more string }{"of its key": {alone, ""}, "by its name": {whole, "&outletId=" + id}} {
			got := map[cell]fiscal.Kopecks{}
			for _, d := range list[rest.Day](w, one.key, "/api/v1/statistics/days?limit=1000&"+period+one.more) {
				got[cell{id, d.Date}] += d.Revenue
			}
			var sold, items fiscal.Kopecks
			for at, sum := range sums {
				if at.place == id {
					require.Equal(t, sum, got[at], name)
					sold += sum
				}
			}
			for _, i := range list[rest.Item](w, one.key, "/api/v1/statistics/items?limit=1000&"+period+one.more) {
				items += i.Sum - i.Returned
			}
			assert.Equal(t, sold, items, name)
			assert.Len(t, list[rest.Document](w, one.key, "/api/v1/documents?limit=1000"+one.more), documents[id], name)
			assert.Len(t, list[rest.Document](w, one.key, "/api/v1/documents?dateBasis=received&limit=1000"+one.more), documents[id], name)
		}
	}
	// Pages are of any length: what two stays hold comes in one order.
	var paged []rest.Document
	path := "/api/v1/documents?limit=7&outletId=" + c.outlet[0]
	for next := path; next != ""; {
		resp, body := w.ask("GET", next, whole, "")
		require.Equal(t, 200, resp.StatusCode)
		var page struct {
			Items []rest.Document
			Page  struct{ Next string }
		}
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		paged = append(paged, page.Items...)
		if next = ""; page.Page.Next != "" {
			next = path + "&cursor=" + page.Page.Next
		}
	}
	require.Equal(t, list[rest.Document](w, whole, "/api/v1/documents?limit=1000&outletId="+c.outlet[0]), paged)

	// Later moves change nothing of it.
	w.clock.Add(90_000)
	other := map[string]string{c.outlet[0]: c.outlet[1], c.outlet[1]: c.outlet[0]}
	for _, till := range c.till {
		w.move(c, till.RegID, other[stands[till.RegID]])
	}
	check("after they went elsewhere")
}

// CAB-071: the history of places, by the API.
func TestRegister_Places(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1<<30)
	c := w.company[0]
	reg := c.till[0].RegID
	w.clock.Add(3600)
	moved := w.now()
	w.move(c, reg, c.outlet[1])
	whole, there, left := w.key(c, integration.Key{}), w.key(c, integration.Key{Branches: c.outlet[1:]}), w.key(c, integration.Key{Branches: c.outlet[:1]})
	path := "/api/v1/registers/" + string(reg) + "/places"
	clock := moved.Add(3 * time.Hour).Format("2006-01-02T15:04:05")
	want := []rest.Stay{{OutletID: c.outlet[1], OutletName: "Точка 0.1", From: &moved, LocalFrom: clock}, {OutletID: c.outlet[0], OutletName: "Точка 0.0", Until: &moved, LocalUntil: clock}}
	assert.Equal(t, want, list[rest.Stay](w, whole, path))
	assert.Equal(t, want[:1], list[rest.Stay](w, there, path), "where it was before is not theirs")
	resp, _ := w.ask("GET", path, left, "")
	assert.Equal(t, 404, resp.StatusCode, "it stands elsewhere")
	assert.Len(t, list[rest.Stay](w, whole, path+"?limit=1"), 1)
	resp, body := w.ask("DELETE", "/api/v1/organizations/"+c.org.ID+"/outlets/"+c.outlet[0], whole, "")
	assert.Equal(t, 409, resp.StatusCode, body)
}

// API-02, CAB-009: whoever sees one outlet alone learns nothing of what a register sold
// in another, whichever door is tried: neither its documents nor any sum they are in.
func TestBounds_NothingOfOtherPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1<<30)
	c, ctx := w.company[0], context.Background()
	r := servertest.NewRegister(77, fiscal.FFD105)
	r.FN, r.UserINN = "9999770000000077", fiscal.INN(c.org.INN)
	require.NoError(t, w.base.Fleet().CreateRegister(ctx, fleet.Register{Org: c.org.ID, RegID: r.RegID, Name: "Переезжая", Serial: r.Factory, Outlet: c.outlet[0], Connected: w.now(), Version: 1}))
	var marks [2][]string // of each outlet
	sums := [2]uint64{}
	sell := func(place int, totals ...uint64) {
		for _, total := range totals {
			w.clock.Add(300)
			r.Time = w.wall()
			d := r.Receipt(total, buyer)
			w.keep(c, r, d)
			sums[place] += total
			marks[place] = append(marks[place], fmt.Sprint(total), fmt.Sprintf("%s/%d", r.FN, d.FD))
		}
	}
	r.Time = w.wall()
	w.keep(c, r, r.Registration(), r.OpenShift())
	sell(0, 31337101, 31337103)
	w.clock.Add(60)
	w.move(c, r.RegID, c.outlet[1])
	sell(1, 81818107, 81818109)
	w.catchUp()
	for place := range marks { // what only who sees both may add up
		marks[place] = append(marks[place], fmt.Sprint(sums[place]))
		marks[1-place] = append(marks[1-place], fmt.Sprint(sums[0]+sums[1]))
	}
	keys := [2]string{w.key(c, integration.Key{Branches: c.outlet[:1]}), w.key(c, integration.Key{Branches: c.outlet[1:]})}
	tried, let := 0, 0
	for _, o := range operations(t) {
		if o.method != http.MethodGet || strings.HasPrefix(o.path, "/public/") {
			continue
		}
		for place, key := range keys {
			for _, fd := range []int{3, 4, 5, 6} {
				path := strings.NewReplacer("{rnm}", string(r.RegID), "{fn}", string(r.FN), "{fd}", fmt.Sprint(fd), "{shiftNumber}", "1", "{orgId}", c.org.ID, "{id}", c.outlet[place], "{name}", "tags").Replace(o.path)
				for _, query := range []string{"", "?limit=1000", "?group=register&limit=1000", "?group=outlet", "?dateBasis=received", "?outletId=" + c.outlet[0], "?outletId=" + c.outlet[1], "?kktRegId=" + string(r.RegID), "?fn=" + string(r.FN)} {
					resp, body := w.ask("GET", path+query, key, "")
					tried++
					if resp.StatusCode != 200 {
						continue
					}
					let++
					for _, mark := range marks[1-place] {
						require.NotContains(t, body, mark, "%s of outlet %d", path+query, place)
					}
					if o.id == "getDocument" {
						require.Equal(t, place, (fd-3)/2, path)
					}
				}
				if !strings.Contains(o.path, "{fd}") {
					break
				}
			}
		}
	}
	t.Logf("%d attempts, %d answered", tried, let)
	require.Greater(t, let, 100)
	for place, key := range keys { // and of their own they see all
		_, body := w.ask("GET", "/api/v1/documents?limit=1000&fn="+string(r.FN), key, "")
		for n := range 2 {
			assert.Contains(t, body, marks[place][2*n+1])
		}
	}
}
