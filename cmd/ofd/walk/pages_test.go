package walk_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/browser"
)

// full says that the long tests were asked for: make test-full.
var full = os.Getenv("FULL") != ""

// demo is the program with the demo's chain and days of history behind it.
func demo(t *testing.T, days string) (site string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "ofd")
	build := exec.Command("go", "build", "-o", program, "github.com/fiscalbench/fiscalbench/cmd/ofd")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	cmd := exec.Command(program, "serve", "--demo", "--demo-days="+days, "--kkt=127.0.0.1:0", "--marking=127.0.0.1:0", "--http=127.0.0.1:0", "--store=sqlite:"+filepath.Join(dir, "ofd.db"))
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	rest := make(chan struct{})
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-rest
		assert.NoError(t, cmd.Wait())
	})
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	m := regexp.MustCompile(` http=(\S+)`).FindStringSubmatch(first)
	require.NotNil(t, m, first)
	for at := ""; !strings.Contains(at, "at the present"); { // the history is made, and projected soon after
		at, err = lines.ReadString('\n')
		require.NoError(t, err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		close(rest)
	}()
	return "http://" + m[1]
}

func login(tab *browser.Tab, who string) {
	tab.Go("/lk/login")
	tab.Fill("Телефон, e-mail", who)
	tab.Press("Продолжить")
	tab.Fill("Пароль", "romashka-2026")
	tab.Press("Продолжить")
}

// page is one of the main pages. A page that is reached from another names the link's
// place there.
type mainPage struct {
	name, path string
	link       string // CSS of the link on path that leads to it; empty: path is it
	guest      bool
	paper      bool // people print it
}

var mainPages = []mainPage{
	{name: "front", path: "/", guest: true},
	{name: "chooser", path: "/login", guest: true},
	{name: "login", path: "/lk/login", guest: true},
	{name: "register", path: "/lk/register", guest: true},
	{name: "recover", path: "/lk/recover", guest: true},
	{name: "check", path: "/check", guest: true},
	{name: "about", path: "/about", guest: true},
	{name: "help", path: "/help", guest: true},
	{name: "home", path: "/lk"},
	{name: "revenue", path: "/lk/analytics?period=week", paper: true},
	{name: "shifts", path: "/lk/analytics/shifts?period=week", paper: true},
	{name: "shift", path: "/lk/analytics/shifts?period=week", link: "main td a[href^='/lk/analytics/shifts/']", paper: true},
	{name: "rating", path: "/lk/analytics/outlets?period=week"},
	{name: "hours", path: "/lk/analytics/hours?period=week"},
	{name: "goods", path: "/lk/analytics/goods?period=week"},
	{name: "map", path: "/lk/map"},
	{name: "registers", path: "/lk/registers"},
	{name: "register-card", path: "/lk/registers", link: "main td a[href^='/lk/registers/']"},
	{name: "register-new", path: "/lk/registers/new"},
	{name: "outlets", path: "/lk/outlets"},
	{name: "monitoring", path: "/lk/monitoring"},
	{name: "thresholds", path: "/lk/monitoring/thresholds"},
	{name: "documents", path: "/lk/documents"},
	{name: "receipt", path: "/lk/documents?form=3", link: "main td a[href^='/lk/documents/']", paper: true},
	{name: "reports", path: "/lk/reports"},
	{name: "report-new", path: "/lk/reports/new"},
	{name: "schedules", path: "/lk/reports/schedules"},
	{name: "buyers", path: "/lk/buyers"},
	{name: "buyers-design", path: "/lk/buyers/design"},
	{name: "buyers-messages", path: "/lk/buyers/messages"},
	{name: "outbox", path: "/lk/outbox"},
	{name: "integrations", path: "/lk/integrations"},
	{name: "desk", path: "/lk/desk"},
	{name: "profile", path: "/lk/profile"},
	{name: "contacts", path: "/lk/profile/registration"},
	{name: "people", path: "/lk/profile/users"},
	{name: "journal", path: "/lk/profile/journal"},
}

// sample is what `make test` looks at; `make test-full` looks at all and takes pictures.
var sample = []string{"front", "register", "check", "home", "revenue", "map", "registers", "monitoring", "documents", "receipt", "buyers"}

// The main pages of a chain: what a reader with a screen reader, a keyboard, dark
// colours, a phone of 360 pixels and a printer needs is there.
//
// CAB-003, CAB-180, CAB-182, CAB-107: at desktop and phone widths. CAB-081: the box that
// chooses all registers.
func TestPages_ForEverybody(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	site := demo(t, "8")
	guest, owner := browser.Open(t, site), browser.Open(t, site)
	login(owner, "owner@romashka.example.com")
	owner.See("Ромашка")
	began := time.Now()
	looked := 0
	for _, p := range mainPages {
		if !full && !slices.Contains(sample, p.name) {
			continue
		}
		looked++
		tab := owner
		if p.guest {
			tab = guest
		}
		if !assert.Equal(t, http.StatusOK, tab.Go(p.path), p.path) {
			continue
		}
		if p.link != "" {
			href := browser.Eval[string](tab, `document.querySelector("`+p.link+`")?.getAttribute("href") || ""`)
			if !assert.NotEmpty(t, href, "%s: no link to it at %s", p.name, p.path) {
				continue
			}
			require.Equal(t, http.StatusOK, tab.Go(href), href)
		}
		look(t, tab, p)
	}
	t.Logf("%d pages in %v", looked, time.Since(began).Round(time.Second))
}

// doorSeen wants the way in at the upper right corner of a public page, as wide as it is.
func doorSeen(t *testing.T, tab *browser.Tab, p mainPage) {
	t.Helper()
	if p.guest {
		assert.True(t, browser.Eval[bool](tab, `(() => {
			const a = [...document.querySelectorAll("header a")].find((a) => a.textContent.includes("Войти в ЛК") && a.checkVisibility());
			const r = a?.getBoundingClientRect();
			return !!r && r.top >= 0 && r.bottom < 80 && r.right <= innerWidth && r.right > innerWidth - 40;
		})()`), "%s: the login button", p.name)
	}
}

// choosing ticks the box above the list: all are chosen, and the counters say so (CAB-081).
func choosing(t *testing.T, tab *browser.Tab) {
	t.Helper()
	chosen := func(script string) int {
		return browser.Eval[int](tab, `(() => { `+script+`; return Number(document.querySelector("[data-chosen]").textContent); })()`)
	}
	all := browser.Eval[int](tab, `document.querySelectorAll("input[name=reg]").length`)
	assert.Greater(t, all, 5)
	assert.Equal(t, all, browser.Eval[int](tab, `Number(/Всего касс: (\d+)/.exec(document.body.textContent)[1])`))
	assert.Zero(t, chosen(""))
	assert.Equal(t, all, chosen(`document.querySelector("th [data-all]").click()`), "the box of the header ticks all")
	assert.Equal(t, all-1, chosen(`document.querySelector("input[name=reg]").click()`))
	assert.Zero(t, chosen(`const all = document.querySelector("th [data-all]"); if (!all.checked) all.click(); all.click()`))
}

func look(t *testing.T, tab *browser.Tab, p mainPage) {
	t.Helper()
	tell := func(view string, found []browser.Finding) {
		t.Helper()
		for _, f := range found {
			t.Errorf("%s, %s: %s", p.name, view, f)
		}
	}
	shoot := func(view string) {
		if full {
			tab.Picture("page-" + p.name + "-" + view)
		}
	}
	tell("light", tab.Check(false))
	doorSeen(t, tab, p)
	tell("keyboard", tab.Keyboard(40))
	shoot("light")
	tab.Dark()
	tell("dark", tab.Check(false))
	shoot("dark")
	tab.Light()
	tab.Phone()
	tell("phone", tab.Check(true))
	doorSeen(t, tab, p)
	if p.name == "registers" {
		choosing(t, tab)
	}
	if p.name == "home" { // all six at 360 pixels
		assert.Equal(t, 7, browser.Eval[int](tab, `[...document.querySelectorAll("#today, #yesterday, #online, #offline, main svg.chart")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right <= 360).length`), "figures and drawings on a phone")
	}
	shoot("phone")
	tab.Desktop()
	if p.paper {
		tab.Paper()
		for _, f := range tab.Check(false) {
			if f.Rule == "contrast" || f.Rule == "overflow" {
				tell("paper", []browser.Finding{f})
			}
		}
		for _, gone := range []string{".top", ".menu", ".foot", "form.filters"} {
			assert.False(t, browser.Eval[bool](tab, `!!document.querySelector("`+gone+`")?.checkVisibility()`), "%s: %s is printed", p.name, gone)
		}
		assert.False(t, browser.Eval[bool](tab, `[...document.querySelectorAll("main table:has(thead)")].some((t) => t.checkVisibility() && !t.tHead.checkVisibility())`), "%s: tables are printed as those of a phone", p.name)
		if full {
			tab.Picture("page-" + p.name + "-paper")
			tab.PDF("page-" + p.name)
		}
		tab.Desktop()
	}
}
