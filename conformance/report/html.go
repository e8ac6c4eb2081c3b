package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/fiscalbench/fiscalbench/conformance"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"moment":  moment,
	"seconds": seconds,
	"value":   shortValueRu,
	"join":    strings.Join,
	"cell":    cell,
	"depth":   func(n int) int { return min(n, 5) },
	"facts":   facts,
	"groups":  groups,
	"demand":  requirementRu,
	"because": reasonRu,
	"faultru": faultRu,
	"english": func() string { return englishNote },
	"hint":    func(m conformance.Mark) string { return markHints[m] },
}).ParseFS(templateFiles, "templates/*.html"))

// moment shows a time in UTC.
func moment(t time.Time) string { return t.UTC().Format("02.01.2006 15:04:05 UTC") }

func seconds(s float64) string { return strings.Replace(fmt.Sprintf("%.3f с", s), ".", ",", 1) }

func shortValueRu(s string) string {
	if s == "" {
		return "ничего"
	}
	if r := []rune(s); len(r) > 4*valueShown {
		return fmt.Sprintf("%s… всего %d знаков", string(r[:4*valueShown]), len(r))
	}
	return s
}

// part is one number of a cell of the matrix.
type part struct {
	Class, Sign, Title string
	N                  int
}

// cell lists what there is to say of a cell; an empty one says nothing.
func cell(c Counts) []part {
	all := []part{
		{"fail", "✗", badges[conformance.Fail], c.Fail}, {"error", "?", badges[conformance.Error] + " или заблокирован", c.Error + c.Blocked},
		{"warn", "!", badges[conformance.Warn], c.Warn}, {"pass", "✓", badges[conformance.Pass], c.Pass},
		{"skip", "–", badges[conformance.Skip], c.Skip},
	}
	return slices.DeleteFunc(all, func(p part) bool { return p.N == 0 })
}

// WriteHTML writes the report as one page that needs nothing else. keys may be nil:
// then the public ones are used when the run used them.
func (r *Run) WriteHTML(w io.Writer, keys *Keys) error { return r.page(keys).html(w, "report.html") }

// WriteProtocolHTML writes the draft of a test record as one page.
func (r *Run) WriteProtocolHTML(w io.Writer, keys *Keys) error {
	return r.page(keys).html(w, "protocol.html")
}

func (p *page) html(w io.Writer, name string) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, p); err != nil {
		return fmt.Errorf("report: making %s: %w", name, err)
	}
	_, err := w.Write(bytes.Map(shown, b.Bytes()))
	return err
}

// shown puts a mark in the place of control characters, which no page may have.
func shown(r rune) rune {
	if unicode.IsControl(r) && r != '\n' {
		return unicode.ReplacementChar
	}
	return r
}
