// Package chart draws figures as SVG on the server, each with a table that says the
// same to those who do not see it (or want the numbers).
//
// It knows nothing of money or time: values come with their texts. Colours are those
// of style.css ("Charts").
package chart

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Point is one place of the horizontal axis.
type Point struct {
	Label string // short, under the axis
	Title string // full, for the table; Label when empty
	Value float64
	Text  string // the value as people read it
	// Other is what the value is compared with, drawn as a dashed line when the chart has
	// a name for it.
	Other     float64
	OtherText string
}

// Chart is what is to be drawn.
type Chart struct {
	Title  string // of the drawing, for screen readers, and of the table
	Head   string // of the table's first column: "День"
	Name   string // of the values: "Выручка"
	Other  string // of what they are compared with; empty: nothing
	Axis   func(v float64) string
	Whole  bool // values are counted: no fractions on the axis
	Small  bool // drawn for a third of a page: its texts are larger beside the marks
	Points []Point
}

// The drawing's units.
const (
	height                  = 220
	left, right, top, under = 64, 8, 10, 26
	gridLines               = 4
	labelWidth              = 42
)

func (c Chart) width() int {
	if c.Small {
		return 360
	}
	return 760
}

// scale of the vertical axis: from low to high by step, all round numbers.
type scale struct{ low, high, step float64 }

func (c Chart) scale() scale {
	low, high := 0.0, 0.0
	for _, p := range c.Points {
		low, high = min(low, p.Value), max(high, p.Value)
		if c.Other != "" {
			low, high = min(low, p.Other), max(high, p.Other)
		}
	}
	if high == low {
		high = low + 1
	}
	step := round((high - low) / gridLines)
	if c.Whole {
		step = max(1, math.Ceil(step))
	}
	return scale{math.Floor(low/step) * step, math.Ceil(high/step) * step, step}
}

// round is the next of 1, 2, 2.5, 5 times a power of ten.
func round(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, n := range []float64{1, 2, 2.5, 5} {
		if step <= n*power*(1+1e-9) {
			return n * power
		}
	}
	return 10 * power
}

func (s scale) y(v float64) float64 {
	return top + (s.high-v)/(s.high-s.low)*(height-top-under)
}

func (c Chart) x(i int) (middle, pitch float64) {
	pitch = float64(c.width()-left-right) / float64(max(1, len(c.Points)))
	return left + pitch*(float64(i)+.5), pitch
}

// Bars draws a bar for each value, and a dashed line through the others.
func (c Chart) Bars() template.HTML {
	return c.draw(func(b *strings.Builder, c Chart) {
		s := c.scale()
		for i, p := range c.Points {
			x, pitch := c.x(i)
			from, to := s.y(max(0, p.Value)), s.y(min(0, p.Value))
			fmt.Fprintf(b, `<rect class="mark" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="1.5"><title>%s: %s</title></rect>`, x-pitch*.36, from, pitch*.72, max(to-from, .5), text(p.title()), text(p.Text))
		}
		if c.Other != "" {
			c.line(b, s, "line2", func(p Point) float64 { return p.Other })
		}
	})
}

// Lines draws a line through the values, and a dashed one through the others.
func (c Chart) Lines() template.HTML {
	return c.draw(func(b *strings.Builder, c Chart) {
		s := c.scale()
		if c.Other != "" {
			c.line(b, s, "line2", func(p Point) float64 { return p.Other })
		}
		c.line(b, s, "line", func(p Point) float64 { return p.Value })
		for i, p := range c.Points {
			x, _ := c.x(i)
			fmt.Fprintf(b, `<circle class="mark" cx="%.1f" cy="%.1f" r="3"><title>%s: %s</title></circle>`, x, s.y(p.Value), text(p.title()), text(p.Text))
		}
	})
}

func (c Chart) line(b *strings.Builder, s scale, class string, value func(Point) float64) {
	b.WriteString(`<polyline class="` + class + `" points="`)
	for i, p := range c.Points {
		x, _ := c.x(i)
		fmt.Fprintf(b, "%.1f,%.1f ", x, s.y(value(p)))
	}
	b.WriteString(`"/>`)
}

// draw makes the frame around what the marks draw.
func (c Chart) draw(marks func(*strings.Builder, Chart)) template.HTML {
	var b strings.Builder
	b.WriteString(`<figure class="drawn">`)
	if c.Small {
		c.svg(&b, "chart", marks)
	} else { // its texts would be too small on a phone: there the small drawing is shown
		c.svg(&b, "chart on-desktop", marks)
		small := c
		small.Small = true
		small.svg(&b, "chart on-phone", marks)
	}
	c.table(&b)
	b.WriteString(`</figure>`)
	return template.HTML(b.String())
}

func (c Chart) svg(b *strings.Builder, class string, marks func(*strings.Builder, Chart)) {
	s := c.scale()
	fmt.Fprintf(b, `<svg class="%s" viewBox="0 0 %d %d" role="img" aria-label="%s">`, class, c.width(), height, text(c.Title))
	for v := s.low; v <= s.high+s.step/2; v += s.step {
		y := s.y(v)
		fmt.Fprintf(b, `<line class="axis" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`, left, c.width()-right, y, y, left-6, y+4, text(c.axis(v)))
	}
	labels := (c.width() - left - right) / labelWidth
	every := (len(c.Points) + labels - 1) / labels
	for i, p := range c.Points {
		if i%max(1, every) == 0 {
			x, _ := c.x(i)
			fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x, height-8, text(p.Label))
		}
	}
	marks(b, c)
	b.WriteString(`</svg>`)
}

func (c Chart) table(b *strings.Builder) {
	fmt.Fprintf(b, `<details><summary>%s: таблица</summary><div class="scroll"><table class="stack brief keyed"><caption>%s</caption><thead><tr><th scope="col">%s</th><th scope="col" class="number">%s</th>`, text(c.Name), text(c.Title), text(c.Head), text(c.Name))
	if c.Other != "" {
		fmt.Fprintf(b, `<th scope="col" class="number">%s</th>`, text(c.Other))
	}
	b.WriteString(`</tr></thead><tbody>`)
	for _, p := range c.Points {
		fmt.Fprintf(b, `<tr><td data-label="%s" class="title">%s</td><td data-label="%s" class="number key">%s</td>`, text(c.Head), text(p.title()), text(c.Name), text(p.Text))
		if c.Other != "" {
			fmt.Fprintf(b, `<td data-label="%s" class="number">%s</td>`, text(c.Other), text(p.OtherText))
		}
		b.WriteString(`</tr>`)
	}
	b.WriteString(`</tbody></table></div></details>`)
}

func (p Point) title() string {
	if p.Title != "" {
		return p.Title
	}
	return p.Label
}

func (c Chart) axis(v float64) string {
	if c.Axis != nil {
		return c.Axis(v)
	}
	return Short(v)
}

// Short is a number for an axis: "1,5 млн", "250 тыс", "40".
func Short(v float64) string {
	for _, unit := range []struct {
		from float64
		name string
	}{{1e9, " млрд"}, {1e6, " млн"}, {1e3, " тыс"}} {
		if math.Abs(v) >= unit.from {
			return comma(v/unit.from) + unit.name
		}
	}
	return comma(v)
}

func comma(v float64) string {
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	return strings.NewReplacer(".", ",", "-", "−").Replace(s)
}

func text(s string) string { return template.HTMLEscapeString(s) }
