package report_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// TestPage_InABrowser: the report and the protocol open in a browser without a word on
// its console, fit a screen, a phone of 360 pixels and paper, and ask nobody for anything.
// Pictures go to var/screens.
func TestPage_InABrowser(t *testing.T) {
	browser.Need(t)
	site := httptest.NewServer(http.FileServer(http.Dir("testdata")))
	t.Cleanup(site.Close)
	tab := browser.Open(t, site.URL)
	for _, name := range []string{"report", "protocol"} {
		tab.Desktop()
		require.Equal(t, http.StatusOK, tab.Go("/"+name+".html"))
		tab.Picture("conformance-" + name)
		overflows(t, tab, name+" on a screen")
		tab.Phone()
		tab.Picture("conformance-" + name + "-phone")
		overflows(t, tab, name+" on a phone")
		tab.Desktop()
		tab.Paper()
		tab.Picture("conformance-" + name + "-paper")
		overflows(t, tab, name+" on paper")
	}
	assert.Empty(t, tab.Problems())
}

func overflows(t *testing.T, tab *browser.Tab, where string) {
	t.Helper()
	assert.True(t, browser.Eval[bool](tab, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`), "%s: wider than the window", where)
	assert.Equal(t, 1, browser.Eval[int](tab, `document.querySelectorAll("h1").length`), where)
}
