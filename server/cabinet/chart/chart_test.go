package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/server/cabinet/chart"
)

// drawing is what a drawing is made of.
type drawing struct {
	rects, points, rows, titles int
	inside                      bool // all marks lie in the view
}

func read(t require.TestingT, html string) drawing {
	d := drawing{inside: true}
	dec := xml.NewDecoder(strings.NewReader(html))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		require.NoError(t, err, html)
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "rect":
			d.rects++
		case "circle":
			d.points++
		case "tr":
			d.rows++
		case "title":
			d.titles++
		}
		for _, a := range start.Attr {
			if (a.Name.Local == "y" || a.Name.Local == "height" || a.Name.Local == "cy") && strings.HasPrefix(a.Value, "-") {
				d.inside = false
			}
			assert.NotEqual(t, "style", a.Name.Local)
			assert.NotContains(t, a.Value, "NaN")
		}
	}
}

// Every value has a mark and a line of the table, whatever the values and texts are.
func TestChart_ShowsEveryValueTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chart.Point {
			text := rapid.StringMatching(`[А-Яа-я<>&"' 0-9]{0,9}`)
			return chart.Point{Label: text.Draw(t, "label"), Text: text.Draw(t, "text"), Value: rapid.Float64Range(-1e9, 1e12).Draw(t, "value"), Other: rapid.Float64Range(0, 1e9).Draw(t, "other")}
		}), 0, 40).Draw(t, "points")
		c := chart.Chart{Title: "Выручка <по дням>", Head: "День", Name: "Выручка", Other: rapid.SampledFrom([]string{"", "было"}).Draw(t, "compared"), Small: rapid.Bool().Draw(t, "small"), Points: points}
		drawings := 2 // one for a desktop, one for a phone
		if c.Small {
			drawings = 1
		}
		bars, lines := read(t, string(c.Bars())), read(t, string(c.Lines()))
		assert.Equal(t, drawings*len(points), bars.rects)
		assert.Equal(t, drawings*len(points), lines.points)
		assert.Equal(t, len(points)+1, bars.rows)
		assert.Equal(t, drawings*len(points), bars.titles)
		assert.True(t, bars.inside && lines.inside)
	})
}

// What is counted has whole numbers at its axis.
func TestChart_WholeNumbersAtTheAxis(t *testing.T) {
	t.Parallel()
	c := chart.Chart{Title: "Чеки", Name: "Чеки", Points: []chart.Point{{Label: "1", Value: 1, Text: "1"}}}
	assert.Contains(t, string(c.Bars()), ">0,25<")
	c.Whole = true
	drawn := string(c.Bars())
	assert.NotContains(t, drawn, "0,25")
	assert.Contains(t, drawn, ">1</text>")
}

func TestShort(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 40: "40", 2.5: "2,5", 1000: "1 тыс", 1500: "1,5 тыс", 2e6: "2 млн", -3e9: "−3 млрд"} {
		assert.Equal(t, want, chart.Short(v))
	}
}
