package searchbench

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// owner is somebody who owns the registers of a taxpayer of the base.
type owner struct {
	user      string
	registers []fiscal.RegNumber
}

// move gives each of the first taxpayers of the base an organisation with its
// registers, each in an outlet of its own, so that people of each see what is theirs.
func move(t *testing.T, f *front.Front, b *base, people int) (owners []owner) {
	t.Helper()
	ctx := t.Context()
	for first := 0; first < b.registers && len(owners) < people; first += *perUser {
		user, err := f.Accounts.Register(ctx, account.Application{OrgName: "Сеть", Email: fmt.Sprintf("owner%d@chain.example", first), Password: "romashka-2026", Consent: true, Address: fmt.Sprint(first)})
		require.NoError(t, err)
		_, session, err := f.Accounts.Enter(ctx, user, account.From{})
		require.NoError(t, err)
		v, err := f.Accounts.Viewer(ctx, session)
		require.NoError(t, err)
		org, err := f.Accounts.Org(ctx, v)
		require.NoError(t, err)
		require.NoError(t, f.Accounts.SetCard(ctx, v, account.Card{Name: "Сеть", INN: string(userOf(first)), KPP: "770101001"}, org.Version))
		department, err := f.Fleet.AddNode(ctx, v, fleet.Node{Kind: fleet.Department, Name: "Центр"})
		require.NoError(t, err)
		one := owner{user: user}
		for r := first; r < min(first+*perUser, b.registers); r++ {
			outlet, err := f.Fleet.AddNode(ctx, v, fleet.Node{Kind: fleet.Outlet, Parent: department.ID, Name: fmt.Sprintf("Магазин %d", r), TimeZone: "Europe/Moscow",
				Lat: 55 + float64(r%100)/20, Lon: 37 + float64(r%97), Target: 100_000_000})
			require.NoError(t, err)
			_, err = f.Fleet.Connect(ctx, v, fleet.Register{RegID: regOf(r), Name: fmt.Sprintf("Касса %d", r), Serial: factory, Outlet: outlet.ID})
			require.NoError(t, err)
			one.registers = append(one.registers, regOf(r))
		}
		owners = append(owners, one)
	}
	return owners
}

// lately is the documents that the states of the owners' registers are made of: the
// first of each and those of its last days. The last one stands where the base ends.
type lately struct {
	b     *base
	list  [][2]int // register and number of the document
	total int64
}

func (b *base) lately(registers int) *lately {
	l := &lately{b: b, total: int64(b.documents())}
	for r := range min(registers, b.registers) {
		for n := range b.each {
			if n == 0 || n >= b.each-perShift-1 {
				l.list = append(l.list, [2]int{r, n})
			}
		}
	}
	return l
}

// Documents implements feed.Source.
func (l *lately) Documents(_ context.Context, _ store.DocumentFilter, page store.Page) (all []store.Document, err error) {
	for i := int(page.After); i < len(l.list) && len(all) < page.Rows(); i++ {
		d := l.b.document(l.list[i][0], l.list[i][1])
		d.ID = int64(i + 1)
		all = append(all, d)
	}
	return all, nil
}

// catchUp brings the cabinet's followers up to the end of the base, as they are where an
// operator has worked for long: states of registers from their last documents, and
// nothing to send to buyers and webhooks.
func catchUp(t *testing.T, f *front.Front, b *base, e *engine, registers int) {
	t.Helper()
	require.NoError(t, f.Fleet.Follower(b.lately(registers)).CatchUp(t.Context()))
	db, err := sql.Open(e.driver, e.office)
	require.NoError(t, err)
	defer db.Close()
	for _, follower := range []string{"fleet", "buyers", "webhooks"} {
		_, err := db.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO %s (follower, place) VALUES ('%s', %d) ON CONFLICT (follower) DO UPDATE SET place = excluded.place", e.places, follower, b.documents()))
		require.NoError(t, err)
	}
}

// person is one who browses.
type person struct {
	site   string
	client *http.Client
	cookie *http.Cookie
	owner  owner
	rng    *rand.Rand
	think  time.Duration
	now    func() time.Time
	card   string // last document seen in a list
	next   string // the page after the one that was looked at
	shift  string
}

// visit asks for a page and reads all of it.
func (p *person) visit(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.site+path, nil)
	if err != nil {
		return "", err
	}
	req.AddCookie(p.cookie)
	resp, err := p.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(body), err
}

// rest waits between two pages: an exponential time with the mean think, at most six
// times that.
func (p *person) rest(ctx context.Context) {
	pause := time.Duration(min(p.rng.ExpFloat64(), 6) * float64(p.think))
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
}

func (p *person) register() fiscal.RegNumber {
	return p.owner.registers[p.rng.IntN(len(p.owner.registers))]
}
