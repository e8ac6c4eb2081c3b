package report_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// element is what a test wants to know of a start tag.
type element struct {
	name string
	attr map[string]string
}

// elements reads a page as a browser would have to and demands that every element
// that must be closed is.
func elements(t *testing.T, page []byte) (all []element, text string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var b strings.Builder
	var open []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch k := token.(type) {
		case xml.StartElement:
			e := element{k.Name.Local, map[string]string{}}
			for _, a := range k.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			all = append(all, e)
			open = append(open, k.Name.Local)
		case xml.EndElement:
			require.NotEmpty(t, open)
			require.Equal(t, open[len(open)-1], k.Name.Local, "after %s", b.String()[max(0, b.Len()-200):])
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && open[len(open)-1] != "style" {
				b.Write(k)
			}
		}
	}
	assert.Empty(t, open)
	return all, b.String()
}

// TestHTML_StandsAlone: nothing is fetched, every link leads to a place of the page,
// every case has a place of its own.
func TestHTML_StandsAlone(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*report.Run, io.Writer) error{
		"report":   func(r *report.Run, w io.Writer) error { return r.WriteHTML(w, nil) },
		"protocol": func(r *report.Run, w io.Writer) error { return r.WriteProtocolHTML(w, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			require.NoError(t, write(sample(), &b))
			for _, bad := range []string{"http", "url(", "ZgotmplZ"} { // the last: the template engine refused a value
				assert.False(t, strings.Contains(b.String(), bad), bad)
			}
			all, text := elements(t, b.Bytes())
			ids := map[string]bool{}
			var links []string
			for _, e := range all {
				assert.NotContains(t, []string{"script", "link", "img", "iframe", "object"}, e.name)
				assert.Empty(t, e.attr["src"])
				if id := e.attr["id"]; id != "" {
					assert.False(t, ids[id], "%s stands twice", id)
					ids[id] = true
				}
				if h, ok := e.attr["href"]; ok {
					links = append(links, h)
				}
				if e.name == "html" {
					assert.Equal(t, "ru", e.attr["lang"])
				}
			}
			for _, h := range links {
				require.True(t, strings.HasPrefix(h, "#"), h)
				assert.True(t, ids[h[1:]], "%s leads nowhere", h)
			}
			assert.Contains(t, text, "built-in <operator>")
			assert.Contains(t, text, "не соответствует")
			for _, r := range sample().Results {
				assert.Contains(t, text, r.Name())
				if name == "report" {
					assert.True(t, ids["case-"+r.Name()], r.Name())
				}
			}
			assert.Contains(t, b.String(), "prefers-color-scheme:dark")
			assert.Contains(t, b.String(), "@media print")
			assert.Contains(t, b.String(), `name="viewport"`)
		})
	}
}

// TestHTML_MarksTheOffendingByte and opens its exchange; a passed case stays folded.
func TestHTML_MarksTheOffendingByte(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, sample().WriteHTML(&b, nil))
	_, section, ok := strings.Cut(b.String(), `<article id="case-O-001"`)
	require.True(t, ok)
	section, _, _ = strings.Cut(section, "</article>")
	assert.Equal(t, 1, strings.Count(section, "← здесь"))
	line := section[strings.LastIndex(section[:strings.Index(section, "← здесь")], "<li"):]
	assert.Contains(t, line, "<b>00035</b>")
	assert.Equal(t, 1, strings.Count(section, `<details class="x" open>`))
	_, passed, _ := strings.Cut(b.String(), `<article id="case-O-020@ffd1.05"`)
	passed, _, _ = strings.Cut(passed, "</article>")
	assert.False(t, strings.Contains(passed, " open>"))
	assert.True(t, strings.Contains(passed, "1041 номер ФН"), "its exchange is decoded all the same")
}

// TestOutputs_KeepPeopleOut: names of people do not get out of results.json.
func TestOutputs_KeepPeopleOut(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	r := sample()
	require.NoError(t, r.WriteHTML(&b, nil))
	require.NoError(t, r.WriteProtocol(&b, nil))
	require.NoError(t, r.WriteText(&b, report.TextOptions{Verbose: true}))
	require.NoError(t, r.WriteJUnit(&b))
	assert.Contains(t, b.String(), "1021 кассир")
	assert.Contains(t, b.String(), "личные данные не показаны")
	for _, name := range []string{"Шеннон", "98a5adadaead"} { // in letters and in hex
		at := strings.Index(b.String(), name)
		assert.Negative(t, at, "%q", b.String()[max(0, at-300):max(0, at)])
	}
}

// TestHTML_WithoutKeysStillShowsTheRest: a run with a key of its own cannot look
// into encrypted bytes without it.
func TestHTML_WithoutKeysStillShowsTheRest(t *testing.T) {
	t.Parallel()
	r := sample()
	var with, without bytes.Buffer
	require.NoError(t, r.WriteHTML(&with, nil))
	r.Target.Key = "own"
	require.NoError(t, r.WriteHTML(&without, nil))
	assert.False(t, strings.Contains(with.String(), "зашифрованные данные"))
	assert.True(t, strings.Contains(without.String(), "зашифрованные данные"))
}
