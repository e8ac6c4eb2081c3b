package browser

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is what a person has before the eyes.
type Tab struct {
	t    *testing.T
	ctx  context.Context
	site string // "http://127.0.0.1:1234"
	down string // folder of downloads

	width, height int64 // of the window
	mobile        bool

	mu       sync.Mutex
	problems []string
	allowed  []string
	files    chan string // of downloads that ended; empty: cancelled
}

// Open makes a tab for a site, "http://127.0.0.1:1234". The test skips without a
// chromium and fails at its end when the tab met a problem.
func Open(t *testing.T, site string) *Tab {
	t.Helper()
	tab := &Tab{t: t, site: strings.TrimSuffix(site, "/"), down: t.TempDir(), files: make(chan string, 8)}
	ctx, end := chromedp.NewContext(Need(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.hear))
	tab.ctx = ctx
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		end()
		for _, p := range tab.Problems() {
			t.Error("browser: " + p)
		}
	})
	tab.must(chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		// A tab behind others has the focus, too.
		if _, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
			return err
		}
		// The tests look at the server's pages, not at what a worker kept of them.
		_, err := cdp.Call(ctx, target, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true})
		return err
	})))
	yes := true
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID, DownloadPath: tab.down, EventsEnabled: &yes})
	tab.must(err)
	tab.must(chromedp.ListenBrowser(ctx, func(ev any) {
		if p, ok := ev.(*browser.EventDownloadProgress); ok && p.State != browser.DownloadProgressStateInProgress {
			path := filepath.Join(tab.down, p.GUID)
			if _, err := os.Stat(path); err == nil { // of this tab
				tab.files <- path
			}
		}
	}))
	tab.Desktop()
	return tab
}

// Allow lets problems that contain the text be.
func (tab *Tab) Allow(text string) { tab.allowed = append(tab.allowed, text) }

// Problems are what the tab met so far that is not allowed.
func (tab *Tab) Problems() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	var left []string
	for _, p := range tab.problems {
		known := false
		for _, a := range tab.allowed {
			known = known || strings.Contains(p, a)
		}
		if !known {
			left = append(left, p)
		}
	}
	return left
}

func (tab *Tab) problem(parts ...string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.problems = append(tab.problems, strings.Join(parts, " "))
}

// hear runs on the goroutine that reads from the browser: it only notes.
func (tab *Tab) hear(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning || ev.Type == runtime.ConsoleAPICalledTypeAssert {
			var said []string
			for _, a := range ev.Args {
				said = append(said, string(a.Value), a.Description)
			}
			tab.problem("console:", strings.Join(said, " "))
		}
	case *runtime.EventExceptionThrown:
		tab.problem("exception:", ev.ExceptionDetails.Text, ev.ExceptionDetails.URL)
	case *cdplog.EventEntryAdded:
		// A refused form is a page with status 4xx: the browser's note of it is none of ours.
		if e := ev.Entry; e.Level == cdplog.EntryLevelError && !strings.Contains(e.Text, "status of 4") {
			tab.problem(string(e.Source)+":", e.Text, e.URL)
		}
	case *network.EventRequestWillBeSent:
		if !inside(ev.Request.URL) {
			tab.problem("request to another place:", ev.Request.URL)
		}
	}
}

// inside reports whether an address stays on this machine.
func inside(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "data", "blob", "about", "chrome", "chrome-error", "devtools":
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}

func (tab *Tab) must(err error) {
	tab.t.Helper()
	if err != nil {
		tab.t.Fatalf("browser: %v", err)
	}
}

// run does something within the patience of a step.
func run[T any](tab *Tab, a chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	tab.must(err)
	return v
}

func do[P, R any](tab *Tab, command cdp.Command[P, R], params P) R {
	tab.t.Helper()
	return run(tab, func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, command, params)
	})
}

// Desktop is a window of a desktop, with light colours.
func (tab *Tab) Desktop() { tab.screen(1280, 800, false); tab.media("screen", "light") }

// Phone is a small phone: 360 pixels wide.
func (tab *Tab) Phone() { tab.screen(360, 740, true) }

// Dark asks for dark colours, Light for light ones. Paper is a sheet of A4 with margins.
func (tab *Tab) Dark()  { tab.media("screen", "dark") }
func (tab *Tab) Light() { tab.media("screen", "light") }
func (tab *Tab) Paper() { tab.screen(718, 1040, false); tab.media("print", "light") }

func (tab *Tab) screen(width, height int64, mobile bool) {
	tab.t.Helper()
	tab.width, tab.height, tab.mobile = width, height, mobile
	do(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: mobile})
}

func (tab *Tab) media(kind, colours string) {
	tab.t.Helper()
	do(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// Picture writes the whole page as var/screens/NAME.png, in a window as high as the
// page: frames below the edge of a lower one are not painted.
func (tab *Tab) Picture(name string) {
	tab.t.Helper()
	dir, err := pictures()
	tab.must(err)
	Eval[bool](tab, `(() => { document.activeElement?.blur(); scrollTo(0, 0); return true; })()`)
	width, height, mobile := tab.width, tab.height, tab.mobile
	tab.screen(width, max(height, Eval[int64](tab, `document.documentElement.scrollHeight`)), mobile)
	defer tab.screen(width, height, mobile)
	shot := do(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: ref(true)})
	tab.must(os.WriteFile(filepath.Join(dir, name+".png"), shot.Data, 0o644))
}

// PDF prints the page as var/screens/NAME.pdf and returns it.
func (tab *Tab) PDF(name string) []byte {
	tab.t.Helper()
	dir, err := pictures()
	tab.must(err)
	paper := do(tab, page.PrintToPDF, page.PrintToPDFParams{})
	tab.must(os.WriteFile(filepath.Join(dir, name+".pdf"), paper.Data, 0o644))
	return paper.Data
}

func ref[T any](v T) *T { return &v }
