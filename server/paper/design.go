package paper

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Design is what a seller puts around receipts (CAB-142). The zero Design adds
// nothing.
type Design struct {
	Logo   []byte `json:",omitempty"` // PNG as ReadLogo gives it
	Accent string `json:",omitempty"` // "#rrggbb" of the header and of links; empty: DefaultAccent
	Back   string `json:",omitempty"` // around the receipt in letters and on pages; empty: DefaultBack
	Header string `json:",omitempty"` // above the receipt
	Footer string `json:",omitempty"` // below it
	Links  []Link `json:",omitempty"`
}

// Link of a design.
type Link struct{ Title, URL string }

// Colours of a design that names none.
const (
	DefaultAccent = "#0b4f8a"
	DefaultBack   = "#f4f6f8"
)

// Bounds of a design.
const (
	MaxLogo   = 200 << 10 // bytes of the file
	maxPixels = 2_000     // of either side
	maxText   = 300       // letters of header and footer
	maxTitle  = 40
	maxLinks  = 5
)

// ReadLogo checks a PNG by decoding it and writes it anew: nothing but the picture is
// kept. It fails with invalid.Fields.
func ReadLogo(file []byte) ([]byte, error) {
	if len(file) > MaxLogo {
		return nil, invalid.Fields{"logo": "Логотип — PNG до 200 КБ."}
	}
	c, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, invalid.Fields{"logo": "Файл не читается как PNG."}
	}
	if c.Width > maxPixels || c.Height > maxPixels {
		return nil, invalid.Fields{"logo": fmt.Sprintf("Стороны логотипа — до %d точек.", maxPixels)}
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, invalid.Fields{"logo": "Файл не читается как PNG."}
	}
	plain := image.NewNRGBA(picture.Bounds())
	draw.Draw(plain, plain.Bounds(), picture, picture.Bounds().Min, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, plain); err != nil {
		return nil, fmt.Errorf("paper: writing the logo: %w", err)
	}
	return b.Bytes(), nil
}

// Check tells what is wrong with the design; the logo was checked by ReadLogo.
func (d *Design) Check() error {
	bad := invalid.Fields{}
	for field, c := range map[string]string{"accent": d.Accent, "back": d.Back} {
		if _, ok := parseColour(c); c != "" && !ok {
			bad[field] = "Цвет — # и шесть шестнадцатеричных цифр."
		}
	}
	for field, text := range map[string]string{"header": d.Header, "footer": d.Footer} {
		if utf8.RuneCountInString(text) > maxText {
			bad[field] = fmt.Sprintf("Не длиннее %d знаков.", maxText)
		}
	}
	if len(d.Links) > maxLinks {
		bad["links"] = fmt.Sprintf("Ссылок — до %d.", maxLinks)
	}
	for _, l := range d.Links {
		u, err := url.Parse(l.URL)
		switch {
		case l.Title == "" || utf8.RuneCountInString(l.Title) > maxTitle:
			bad["links"] = fmt.Sprintf("У ссылки нужно название до %d знаков.", maxTitle)
		case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "":
			bad["links"] = "Адрес ссылки начинается с https:// или http://."
		}
	}
	if len(bad) > 0 {
		return bad
	}
	return nil
}

// parseColour reads "#rrggbb".
func parseColour(s string) (color.RGBA, bool) {
	var c color.RGBA
	if len(s) != 7 || s[0] != '#' || strings.Trim(s[1:], "0123456789abcdefABCDEF") != "" {
		return c, false
	}
	if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		return c, false
	}
	c.A = 255
	return c, true
}

func (d *Design) accent() color.RGBA {
	if c, ok := parseColour(d.Accent); ok {
		return c
	}
	c, _ := parseColour(DefaultAccent)
	return c
}

// onAccent is black or white, whichever is read on the accent.
func (d *Design) onAccent() color.RGBA {
	c := d.accent()
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 150_000 {
		return color.RGBA{A: 255}
	}
	return color.RGBA{255, 255, 255, 255}
}

// onWhite is the accent where it is read on white, else black.
func (d *Design) onWhite() color.RGBA {
	if d.onAccent() == (color.RGBA{A: 255}) {
		return color.RGBA{A: 255}
	}
	return d.accent()
}

// LinkColour is that of links on white, as CSS names it.
func (d *Design) LinkColour() string { return hex(d.onWhite()) }

// Colours of the design as CSS names them: of the header, of letters on it, around
// the receipt. They are colours even when the design was not checked.
func (d *Design) Colours() (accent, onAccent, back string) {
	b, ok := parseColour(d.Back)
	if !ok {
		b, _ = parseColour(DefaultBack)
	}
	return hex(d.accent()), hex(d.onAccent()), hex(b)
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// CSS is a style sheet with the design's colours for the class "designed".
func (d *Design) CSS() string {
	accent, on, back := d.Colours()
	return ".designed{background:" + back + "}.designed .by-seller{background:" + accent + ";color:" + on + "}.designed .by-seller-links a{color:" + d.LinkColour() + "}\n"
}
