package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// eyes finds things by the names people know them by.
//
//go:embed eyes.js
var eyes string

// ask calls a function of the embedded script with the page in its hands.
func ask[T any](tab *Tab, script, function string, args ...any) T {
	tab.t.Helper()
	list := make([]string, len(args))
	for i, a := range args {
		b, err := json.Marshal(a)
		tab.must(err)
		list[i] = string(b)
	}
	return run(tab, chromedp.Evaluate[T](fmt.Sprintf("(() => {%s\nreturn %s(%s);})()", script, function, strings.Join(list, ","))))
}

// Go opens a path of the site, or an address of it, and returns the status.
func (tab *Tab) Go(path string) int {
	tab.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = tab.site + path
	}
	return tab.leave(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Navigate(path)(ctx, target)
		return err
	}))
}

// leave does what leads to another page and waits for it.
func (tab *Tab) leave(steps ...chromedp.Action[chromedp.Void]) int {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, steps...)
	tab.must(err)
	if resp == nil {
		return 0
	}
	return int(resp.Status)
}

// At is the path and query of the page.
func (tab *Tab) At() string {
	tab.t.Helper()
	return strings.TrimPrefix(run(tab, chromedp.Location()), tab.site)
}

// Text is what can be read on the page.
func (tab *Tab) Text() string {
	tab.t.Helper()
	return run(tab, chromedp.Evaluate[string](`document.body.innerText`))
}

// Sees reports whether the text can be read on the page now. Kinds of blanks are one.
func (tab *Tab) Sees(text string) bool {
	return strings.Contains(blanks(tab.Text()), blanks(text))
}

func blanks(s string) string { return strings.Join(strings.Fields(s), " ") }

// See waits until the texts can be read on the page.
func (tab *Tab) See(texts ...string) {
	tab.t.Helper()
	for _, text := range texts {
		for until := time.Now().Add(Patience); !tab.Sees(text); time.Sleep(Blink) {
			if time.Now().After(until) {
				tab.Picture("missing")
				tab.t.Fatalf("browser: at %s there is no %q in:\n%s", tab.At(), text, tab.Text())
			}
		}
	}
}

// AwaitAt loads the page at a path again and again until it shows the text, and
// returns how long that took.
func (tab *Tab) AwaitAt(path, text string) time.Duration {
	tab.t.Helper()
	began := time.Now()
	for tab.Go(path); !tab.Sees(text); tab.Go(path) {
		if time.Since(began) > Patience {
			tab.Picture("missing")
			tab.t.Fatalf("browser: %s never showed %q:\n%s", path, text, tab.Text())
		}
		time.Sleep(Blink)
	}
	return time.Since(began)
}

// place is where a thing is, in pixels of the window.
type place struct {
	Found bool     `json:"found"`
	X     float64  `json:"x"`
	Y     float64  `json:"y"`
	Kind  string   `json:"kind"`
	Names []string `json:"names"` // what there is, when it was not found
}

// Fill types a value into the field with the label; of a choice it takes the entry
// that begins with the value; a box is ticked by "yes".
func (tab *Tab) Fill(label, value string) {
	tab.t.Helper()
	p := ask[place](tab, eyes, "field", label, value)
	if !p.Found {
		tab.t.Fatalf("browser: at %s no field %q among %q", tab.At(), label, p.Names)
	}
	switch p.Kind {
	case "done": // chosen by the script as a browser would
	case "tick":
		run(tab, chromedp.MouseClickXY(p.X, p.Y))
	default: // the field has the focus and all of its text is selected
		do(tab, input.InsertText, input.InsertTextParams{Text: value})
	}
}

// Press clicks the button or link with the name and waits for the page it leads to.
func (tab *Tab) Press(name string) int {
	tab.t.Helper()
	p := tab.find(name)
	return tab.leave(chromedp.MouseClickXY(p.X, p.Y))
}

// Click clicks what leads to no other page.
func (tab *Tab) Click(name string) {
	tab.t.Helper()
	p := tab.find(name)
	run(tab, chromedp.MouseClickXY(p.X, p.Y))
}

// Has reports whether there is a button or link with the name.
func (tab *Tab) Has(name string) bool {
	tab.t.Helper()
	return ask[place](tab, eyes, "press", name).Found
}

func (tab *Tab) find(name string) place {
	tab.t.Helper()
	p := ask[place](tab, eyes, "press", name)
	if !p.Found {
		tab.Picture("missing")
		tab.t.Fatalf("browser: at %s no button or link %q among %q", tab.At(), name, p.Names)
	}
	return p
}

// Download clicks the button or link and returns the file that it gives.
func (tab *Tab) Download(name string) []byte {
	tab.t.Helper()
	tab.Click(name)
	select {
	case path := <-tab.files:
		b, err := os.ReadFile(path)
		tab.must(err)
		return b
	case <-time.After(Patience):
		tab.t.Fatalf("browser: %q gave no file", name)
	}
	return nil
}

// Key presses a key, as kb.Tab.
func (tab *Tab) Key(key string) {
	tab.t.Helper()
	run(tab, chromedp.KeyEvent(key))
}

// Tab presses the key that goes to the next thing.
func (tab *Tab) Tab() { tab.t.Helper(); tab.Key(kb.Tab) }

// Eval asks the page itself.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	return run(tab, chromedp.Evaluate[T](expression))
}
