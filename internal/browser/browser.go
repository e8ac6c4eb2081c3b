package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience bounds one step. Steps take some tens of milliseconds; a loaded machine
// with the race detector takes its time. Blink is the pause between two looks.
const (
	Patience = 30 * time.Second
	Blink    = 50 * time.Millisecond
)

// ErrNone is returned when there is no chromium.
var ErrNone = errors.New("browser: no chromium: install Debian's package chromium")

// one is the browser of the test binary.
var one struct {
	sync.Mutex
	ctx     context.Context
	end     context.CancelFunc
	profile string
	err     error
}

// Main runs the tests of a package and closes the browser afterwards: call it from
// TestMain and exit with what it returns.
func Main(m interface{ Run() int }) int {
	code := m.Run()
	one.Lock()
	defer one.Unlock()
	if one.ctx != nil {
		stop, cancel := context.WithTimeout(one.ctx, 10*time.Second)
		_ = chromedp.Cancel(stop)
		cancel()
		one.end()
		_ = os.RemoveAll(one.profile)
	}
	return code
}

// start returns the context of the browser, which it starts first.
func start() (context.Context, error) {
	one.Lock()
	defer one.Unlock()
	if one.ctx != nil || one.err != nil {
		return one.ctx, one.err
	}
	one.ctx, one.err = launch()
	return one.ctx, one.err
}

func launch() (context.Context, error) {
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		return nil, ErrNone
	}
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		return nil, fmt.Errorf("browser: a profile of its own: %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-pings", true), chromedp.Flag("lang", "ru-RU"), chromedp.Env("LANGUAGE=ru"),
		// Nothing beyond this machine can be reached, even by the browser itself.
		chromedp.ProxyServer("127.0.0.1:1"), chromedp.Flag("proxy-bypass-list", "127.0.0.1;localhost"),
	)
	ctx, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	if err := chromedp.Do(ctx); err != nil { // starts it; no time limit here: that would end the browser
		end()
		_ = os.RemoveAll(profile)
		return nil, fmt.Errorf("browser: starting %s: %w", program, err)
	}
	one.end, one.profile = end, profile
	return ctx, nil
}

// Need skips the test when there is no chromium, or fails it with CI=true.
func Need(t *testing.T) context.Context {
	t.Helper()
	ctx, err := start()
	if err == nil {
		return ctx
	}
	if os.Getenv("CI") != "true" && errors.Is(err, ErrNone) {
		t.Skip(err)
	}
	t.Fatal(err)
	return nil
}

// pictures is where screenshots go: var/screens of the module, outside git.
func pictures() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("browser: no go.mod above")
		}
	}
	dir = filepath.Join(dir, "var", "screens")
	return dir, os.MkdirAll(dir, 0o755)
}
