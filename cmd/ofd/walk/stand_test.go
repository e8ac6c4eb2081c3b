package walk_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/browser"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/identity/standin"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

var moscow = time.FixedZone("MSK", 3*3600)

// stand is an operator with a port for registers and a site for people, on the wall
// clock that a test may move.
type stand struct {
	t     *testing.T
	site  string
	kkt   string // host:port
	clock *clock.Clock
	front *front.Front
}

func newStand(t *testing.T) *stand {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	db := filepath.Join(t.TempDir(), "ofd.db")
	documents, err := sqlite.Open(db, sqlite.Options{})
	require.NoError(t, err)
	base, err := office.Open(ctx, "sqlite:"+db)
	require.NoError(t, err)
	s := &stand{t: t, clock: clock.New(nil)}
	srv, err := server.New(server.Options{Store: documents, Now: s.clock.Now})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.kkt = ln.Addr().String()
	web := httptest.NewUnstartedServer(nil)
	s.site = "http://" + web.Listener.Addr().String()
	s.front, err = front.New(front.Options{Store: documents, Office: base, OFD: intake.DefaultOFD, OFDName: "Испытательный ОФД", KKTAddr: s.kkt, Site: s.site, Bench: true, Clock: s.clock, PasswordMemory: 64,
		TestUsers: []standin.User{{Subject: "1", Email: "anna@vasilek.example", Name: "Анна Цветкова"}}})
	require.NoError(t, err)
	web.Config.Handler = s.front.Handler()
	web.Start()
	served, ran := make(chan error, 1), make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	go func() { ran <- s.front.Run(ctx) }()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		cancel()
		require.NoError(t, srv.Shutdown(context.Background()))
		require.NoError(t, <-served)
		if err := <-ran; !errors.Is(err, context.Canceled) {
			require.NoError(t, err)
		}
		require.NoError(t, base.Close())
		require.NoError(t, documents.Close())
	})
	return s
}

// till is an emulated register of the stand.
type till struct {
	*emulator.Emulator
	t *testing.T
}

func (s *stand) till(seed uint64) *till {
	s.t.Helper()
	e, err := emulator.New(emulator.Options{Now: func() time.Time { return s.clock.Now().In(moscow) }, OFD: s.kkt, Rand: rand.New(rand.NewPCG(seed, 1))})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, e.Close()) })
	return &till{e, s.t}
}

// made wants a document and hands it over to the operator.
func (k *till) made(r kkt.Result, err error) kkt.Result {
	k.t.Helper()
	require.NoError(k.t, err)
	_, err = k.Exchange(k.t.Context())
	require.NoError(k.t, err)
	return r
}

// message waits for the last message to somebody, as the bench's outbox shows it.
func (s *stand) message(to, kind string) notify.Message {
	s.t.Helper()
	var m notify.Message
	require.Eventually(s.t, func() bool {
		all, err := s.front.Notify.Messages(s.t.Context(), notify.Filter{To: to, Kind: kind, Limit: 1})
		if err != nil || len(all) == 0 {
			return false
		}
		m, err = s.front.Notify.Message(s.t.Context(), all[0].ID)
		return err == nil
	}, browser.Patience, browser.Blink, "a message %s to %s", kind, to)
	return m
}

var (
	codeOf = regexp.MustCompile(`\b\d{4,6}\b`)
	linkOf = regexp.MustCompile(`http://127\.0\.0\.1:\d+/\S+`)
)

// registration is what the register is told at the tax service's desk.
func registration(reg fiscal.RegNumber, factory string, user fiscal.INN) kkt.Registration {
	return kkt.Registration{
		FFD: fiscal.FFD12, RegNumber: reg, KKTNumber: factory, User: "ООО \"Василёк\"", UserINN: user,
		Address: "101000, г. Москва, ул. Полевая, д. 7", Place: "магазин \"Цветы\"", Tax: kkt.TaxGeneral,
		OFDINN: intake.DefaultOFD, OFDName: "Испытательный ОФД", SellerAddress: "shop@example.test", Cashier: kkt.Cashier{Name: "Цветкова А.А."},
	}
}
