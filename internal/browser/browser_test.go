package browser_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

const frame = `<!DOCTYPE html><html lang="ru"><head><title>Т</title><meta name="viewport" content="width=device-width"><style>:focus-visible{outline:3px solid #00f} body{font:15px sans-serif;margin:8px;background:#fff;color:#111} a,button,input,select{min-height:30px;min-width:30px}</style></head><body><main><h1>Заголовок</h1>BODY</main></body></html>`

// serve shows pages, the body of each by its path.
func serve(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, known := pages[r.URL.Path]
		if !known {
			http.NotFound(w, r)
			return
		}
		if !strings.HasPrefix(body, "<!DOCTYPE") {
			body = strings.Replace(frame, "BODY", body, 1)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; form-action 'self'")
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Each rule is broken by its page, and by that page's fault alone.
func TestCheck_SeesEachFault(t *testing.T) {
	t.Parallel()
	faults := map[string]string{
		"lang":          strings.Replace(strings.Replace(frame, ` lang="ru"`, "", 1), "BODY", "", 1),
		"title":         strings.Replace(strings.Replace(frame, "<title>Т</title>", "", 1), "BODY", "", 1),
		"main":          strings.NewReplacer("<main>", "<div>", "</main>", "</div>", "BODY", "").Replace(frame),
		"one-h1":        `<h1>Второй</h1>`,
		"heading-order": `<h3>Третий</h3>`,
		"label":         `<input name="inn">`,
		"name":          `<a href="/x"><svg aria-hidden="true" width="9" height="9"></svg></a>`,
		"image-alt":     `<img width="9" height="9">`,
		"svg":           `<svg width="9" height="9"></svg>`,
		"duplicate-id":  `<p id="a">1</p><p id="a">2</p>`,
		"reference":     `<label>ИНН <input aria-describedby="nobody"></label>`,
		"nav-name":      `<nav aria-label="Первая"><a style="display:inline-block;padding:6px" href="/1">Первая</a></nav><nav><a style="display:inline-block;padding:6px" href="/2">Вторая</a></nav>`,
		"tabindex":      `<button tabindex="3">Да</button>`,
		"table-head":    `<table><tr><td>1</td></tr></table>`,
		"table-scope":   `<table><tr><th>1</th></tr></table>`,
		"list":          `<ul><p>1</p></ul>`,
		"contrast":      `<p style="color:#999">бледно</p>`,
		"overflow":      `<div style="width:2000px">широко</div>`,
		"target-size":   `<button style="all:unset;width:10px;height:10px" aria-label="а"></button><button style="all:unset;width:10px;height:10px" aria-label="б"></button>`,
	}
	pages := map[string]string{"/": `<h2>Раздел</h2><p style="color:#767676">видно <a href="/2">здесь</a></p><p style="color:#888;font-size:24px">крупно</p><label>ИНН <input name="inn"></label><button>Да</button><svg role="img" aria-label="знак" width="9" height="9"></svg>`}
	for rule, body := range faults {
		if strings.HasPrefix(body, "<!DOCTYPE") {
			pages["/"+rule] = body
		}
	}
	tab := browser.Open(t, serve(t, pages))
	tab.Phone()
	require.Equal(t, http.StatusOK, tab.Go("/"))
	assert.Empty(t, tab.Check(true), "a good page")
	assert.Empty(t, tab.Keyboard(10))
	broken := slices.SortedFunc(maps.Keys(faults), func(a, b string) int { return len(faults[a]) - len(faults[b]) }) // those that are whole pages last
	for _, rule := range broken {
		body := faults[rule]
		if strings.HasPrefix(body, "<!DOCTYPE") {
			tab.Go("/" + rule)
		} else { // the same without another page
			browser.Eval[bool](tab, `(() => { document.querySelector("main").innerHTML = "<h1>Заголовок</h1>" + `+strconv.Quote(body)+`; return true; })()`)
		}
		found := tab.Check(true)
		assert.NotEmpty(t, found, rule)
		for _, f := range found {
			assert.Equal(t, rule, f.Rule, f)
		}
	}
}

func TestKeyboard_SeesTheWrongOrderAndTheLostFocus(t *testing.T) {
	t.Parallel()
	tab := browser.Open(t, serve(t, map[string]string{
		"/order": `<button>1</button><button tabindex="1">2</button>`,
		"/focus": `<button style="outline:none;box-shadow:none">1</button>`,
	}))
	tab.Go("/order")
	found := tab.Keyboard(10)
	require.Len(t, found, 1)
	assert.Equal(t, "keyboard", found[0].Rule)
	tab.Go("/focus")
	found = tab.Keyboard(10)
	require.Len(t, found, 1)
	assert.Equal(t, "focus-seen", found[0].Rule)
}

// What the content policy refuses, what goes out and what fails in a script are told.
func TestTab_TellsOfProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"script":  {`<script>1</script>`, "Content Security Policy"},
		"outside": {`<form action="http://192.0.2.1/"><button>Уйти</button></form>`, "Content Security Policy"},
		"picture": {`<img alt="" src="http://192.0.2.1/x.png">`, "192.0.2.1"},
	} {
		tab := browser.Open(t, serve(t, map[string]string{"/": c.body}))
		tab.Go("/")
		if name == "outside" {
			tab.Click("Уйти")
		}
		require.Eventually(t, func() bool { return len(tab.Problems()) > 0 }, browser.Patience, browser.Blink, name)
		assert.Contains(t, strings.Join(tab.Problems(), "\n"), c.want, name)
		tab.Allow("") // it was meant
	}
	tab := browser.Open(t, serve(t, map[string]string{"/": "тихо"}))
	tab.Go("/")
	assert.Empty(t, tab.Problems())
	browser.Eval[bool](tab, `(() => { console.error("беда"); setTimeout(() => { throw new Error("упало"); }, 0); return true; })()`)
	require.Eventually(t, func() bool { return len(tab.Problems()) == 2 }, browser.Patience, browser.Blink)
	tab.Allow("")
}

// The steps find things by their names and do what a person does.
func TestSteps(t *testing.T) {
	t.Parallel()
	tab := browser.Open(t, serve(t, map[string]string{
		"/":  `<form action="/2"><label for="a">Название *</label><input id="a" name="a" value="было"><label>Точка <select name="b"><option value="1">Первая</option><option value="2">Вторая</option></select></label><label><input type="checkbox" name="c" value="yes"> Согласен</label><label>С <input type="date" name="d"></label><button>Дальше</button></form>`,
		"/2": `<p>Готово</p>`,
	}))
	tab.Go("/")
	tab.Fill("Название", "Ромашка №1")
	tab.Fill("Точка", "Вторая")
	tab.Fill("Согласен", "yes")
	tab.Fill("С", "2026-11-22")
	assert.Equal(t, http.StatusOK, tab.Press("Дальше"))
	tab.See("Готово")
	assert.Equal(t, "/2?a=%D0%A0%D0%BE%D0%BC%D0%B0%D1%88%D0%BA%D0%B0+%E2%84%961&b=2&c=yes&d=2026-11-22", tab.At())
	assert.True(t, strings.HasPrefix(string(tab.PDF("steps")), "%PDF"))
	assert.Equal(t, http.StatusNotFound, tab.Go("/nowhere"))
}
