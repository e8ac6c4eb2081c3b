// Package paper draws documents: their text and QR code as a PDF, the code as SVG and
// PNG, and around them what a seller may add, the Design (CAB-102, CAB-142).
//
// It knows nothing of what a document says: its text is made by fiscal/ffd.Print and
// stands whole on every drawing. A design is put around it and can take nothing away.
package paper

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"image/png"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
)

// QRSVG is the code as a drawing; a module is a unit.
func QRSVG(text string) (template.HTML, error) {
	bits, err := modules(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="QR-код чека" shape-rendering="crispEdges"><path fill="#000" d="`, len(bits), len(bits))
	for y, line := range bits {
		for x, dark := range line {
			if dark {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String()), nil
}

// QRPNG is the code as a picture for letters.
func QRPNG(text string) ([]byte, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("paper: drawing the QR code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code.Image(-5)); err != nil { // five pixels to a module
		return nil, fmt.Errorf("paper: drawing the QR code: %w", err)
	}
	return b.Bytes(), nil
}

// modules of the code with its quiet zone; true is dark.
func modules(text string) ([][]bool, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("paper: drawing the QR code: %w", err)
	}
	return code.Bitmap(), nil
}

// Sheet is a document to draw as PDF.
type Sheet struct {
	Title  string
	Text   string    // lines of at most Width characters, as ffd.Print makes them
	Width  int       // characters of a line; 42 when zero
	QR     string    // text of the code; empty: none
	Note   string    // under all of it, small
	At     time.Time // date in the file
	Design *Design   // nil: none
}

// Measures in millimetres.
const (
	tape     = 80.0
	margin   = 5.0
	leading  = 1.32 // of the size of letters
	qrSide   = 40.0
	longest  = 1200.0 // a page; longer texts go on on the next
	logoHigh = 18.0
	pt       = 72 / 25.4
)

// PDF draws the sheet on a tape 80 mm wide.
func (s *Sheet) PDF() ([]byte, error) {
	width := s.Width
	if width <= 0 {
		width = 42
	}
	size := (tape - 2*margin) / float64(width) / 0.6 // letters of Go Mono are 0.6 of their size wide
	d := &drawing{size: size, line: size * leading}
	plan := s.plan(d)
	height := 2 * margin
	for _, p := range plan {
		height += p.high
	}
	height = max(height, tape+1) // else the page would lie
	high := min(height, longest)
	d.pdf = fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: fpdf.SizeType{Wd: tape, Ht: high}})
	d.pdf.SetTitle(s.Title, true)
	d.pdf.SetCreationDate(s.At.UTC())
	d.pdf.SetModificationDate(s.At.UTC())
	d.pdf.SetCatalogSort(true)
	d.pdf.SetAutoPageBreak(false, 0)
	d.pdf.AddUTF8FontFromBytes("mono", "", gomono.TTF)
	d.pdf.AddUTF8FontFromBytes("mono", "B", gomonobold.TTF)
	d.pdf.AddPage()
	y := margin
	for _, p := range plan {
		if y > margin && y+p.high > high-margin+0.01 {
			d.pdf.AddPage()
			y = margin
		}
		p.draw(y)
		y += p.high
	}
	var b bytes.Buffer
	if err := d.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("paper: making the PDF: %w", err)
	}
	return b.Bytes(), nil
}

// part of the sheet that stays on one page.
type part struct {
	high float64
	draw func(y float64)
}

type drawing struct {
	pdf        *fpdf.Fpdf
	size, line float64
}

// plan lists the parts from top to bottom.
func (s *Sheet) plan(d *drawing) (all []part) {
	design := s.Design
	if design == nil {
		design = &Design{}
	}
	if len(design.Logo) > 0 {
		all = append(all, part{logoHigh + 2, func(y float64) { d.logo(y, design.Logo) }})
	}
	if design.Header != "" {
		all = append(all, d.band(design.Header, design)...)
	}
	for line := range strings.Lines(s.Text) {
		all = append(all, d.text(strings.TrimRight(line, "\n"), "", color.RGBA{A: 255})) // requisites are black, whatever the design
	}
	if s.QR != "" {
		all = append(all, part{qrSide + 4, func(y float64) { d.qr(y+2, s.QR) }})
	}
	for _, line := range wrap(design.Footer, s.columns()) {
		all = append(all, d.text(line, "", color.RGBA{A: 255}))
	}
	for _, l := range design.Links {
		all = append(all, d.link(l, design.onWhite()))
	}
	for _, line := range wrap(s.Note, s.columns()) {
		all = append(all, d.text(line, "", color.RGBA{90, 102, 115, 255}))
	}
	return all
}

func (s *Sheet) columns() int {
	if s.Width > 0 {
		return s.Width
	}
	return 42
}

func (d *drawing) font(style string, c color.RGBA) {
	d.pdf.SetFont("mono", style, d.size*pt)
	d.pdf.SetTextColor(int(c.R), int(c.G), int(c.B))
}

func (d *drawing) text(line, style string, c color.RGBA) part {
	return part{d.line, func(y float64) {
		d.font(style, c)
		d.pdf.Text(margin, y+d.size, plane(line))
	}}
}

func (d *drawing) link(l Link, c color.RGBA) part {
	return part{d.line, func(y float64) {
		d.font("", c)
		text := plane(l.Title)
		d.pdf.Text(margin, y+d.size, text)
		d.pdf.LinkString(margin, y, d.pdf.GetStringWidth(text), d.line, l.URL)
	}}
}

// band is the header of the seller on the seller's colour.
func (d *drawing) band(text string, design *Design) (all []part) {
	back := design.accent()
	for _, line := range wrap(text, 40) {
		all = append(all, part{d.line + 1, func(y float64) {
			d.pdf.SetFillColor(int(back.R), int(back.G), int(back.B))
			d.pdf.Rect(margin, y, tape-2*margin, d.line+1, "F")
			d.font("B", design.onAccent())
			line := plane(line)
			d.pdf.Text((tape-d.pdf.GetStringWidth(line))/2, y+d.size+0.5, line)
		}})
	}
	return append(all, part{1.5, func(float64) {}})
}

func (d *drawing) logo(y float64, data []byte) {
	o := fpdf.ImageOptions{ImageType: "PNG", ReadDpi: false}
	info := d.pdf.RegisterImageOptionsReader("logo", o, bytes.NewReader(data))
	if info == nil || info.Height() == 0 {
		return // the error stays in the PDF and comes out of Output
	}
	w, h := info.Width(), info.Height()
	scale := min(logoHigh/h, (tape-2*margin)/w)
	d.pdf.ImageOptions("logo", (tape-w*scale)/2, y, w*scale, h*scale, false, o, 0, "")
}

func (d *drawing) qr(y float64, text string) {
	bits, err := modules(text)
	if err != nil {
		d.pdf.SetError(err)
		return
	}
	side := qrSide / float64(len(bits))
	d.pdf.SetFillColor(0, 0, 0)
	for row, line := range bits {
		for from := 0; from < len(line); from++ {
			to := from
			for to < len(line) && line[to] {
				to++
			}
			if to > from { // a run of dark modules is one rectangle: no seams
				d.pdf.Rect((tape-qrSide)/2+float64(from)*side, y+float64(row)*side, float64(to-from)*side, side, "F")
				from = to
			}
		}
	}
}

// plane replaces letters beyond the plane that PDF fonts of this kind can name.
func plane(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return '□'
		}
		return r
	}, s)
}

// wrap divides a text into lines of at most n characters, at blanks when it can.
func wrap(text string, n int) (lines []string) {
	if text == "" {
		return nil
	}
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			for runes := []rune(word); len(runes) > n; runes = []rune(word) {
				if line != "" {
					lines, line = append(lines, line), ""
				}
				lines, word = append(lines, string(runes[:n])), string(runes[n:])
			}
			switch {
			case line == "":
				line = word
			case len([]rune(line))+1+len([]rune(word)) <= n:
				line += " " + word
			default:
				lines, line = append(lines, line), word
			}
		}
		lines = append(lines, line)
	}
	return lines
}
