package paper_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/paper"
)

// unpack gives the streams of a PDF as plain bytes.
func unpack(t *testing.T, pdf []byte) []byte {
	t.Helper()
	var all bytes.Buffer
	for _, m := range regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`).FindAllSubmatch(pdf, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		_, _ = io.Copy(&all, r)
	}
	return all.Bytes()
}

// written is a text as the font of the PDF has it.
func written(text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return regexp.MustCompile(`[\\()]`).ReplaceAll(b, []byte(`\$0`))
}

var at = time.Date(2026, 8, 1, 11, 2, 0, 0, time.UTC)

// CAB-102: the text in Cyrillic letters and the code as rectangles.
func TestPDF_HoldsTextAndQR(t *testing.T) {
	t.Parallel()
	s := paper.Sheet{Title: "Чек", Text: "КАССОВЫЙ ЧЕК\nИТОГ 123.45\n", QR: "t=20260801T1102&s=123.45&fn=9999078900001234&i=123&fp=12345678&n=1", At: at}
	pdf, err := s.PDF()
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
	body := unpack(t, pdf)
	assert.Contains(t, string(body), string(written("КАССОВЫЙ ЧЕК")))
	assert.Contains(t, string(body), string(written("ИТОГ 123.45")))
	assert.Greater(t, bytes.Count(body, []byte(" re f")), 200, "rectangles of the code")
	s.QR = ""
	pdf, err = s.PDF()
	require.NoError(t, err)
	assert.Zero(t, bytes.Count(unpack(t, pdf), []byte(" re f")))
}

func TestPDF_LongTextGoesOn(t *testing.T) {
	t.Parallel()
	s := paper.Sheet{Text: strings.Repeat("Хлеб ржаной ................. 12.34\n", 3000) + "КОНЕЦ 😀\n", QR: "x", At: at}
	pdf, err := s.PDF()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, bytes.Count(pdf, []byte("/Type /Page\n")), 9)
	assert.Contains(t, string(unpack(t, pdf)), string(written("КОНЕЦ")))
}

func logo(t *testing.T, w, h int) []byte {
	t.Helper()
	p := image.NewRGBA64(image.Rect(0, 0, w, h)) // 16 bits: what the PDF cannot take as it is
	for i := range w {
		p.Set(i, i%h, color.RGBA{200, 30, 30, 255})
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, p))
	return b.Bytes()
}

// CAB-142: the design is in the PDF; requisites and code stay as they were.
func TestPDF_DesignTakesNothingAway(t *testing.T) {
	t.Parallel()
	text := "КАССОВЫЙ ЧЕК\nИТОГ 123.45\nФП 0012345678\n"
	plain := paper.Sheet{Text: text, QR: "t=1", At: at}
	bare, err := plain.PDF()
	require.NoError(t, err)
	ready, err := paper.ReadLogo(logo(t, 300, 80))
	require.NoError(t, err)
	d := &paper.Design{Logo: ready, Accent: "#ffee00", Header: "Спасибо за покупку", Footer: "Обмен в течение 14 дней", Links: []paper.Link{{Title: "Акции", URL: "https://shop.example/sale"}}}
	require.NoError(t, d.Check())
	designed := plain
	designed.Design = d
	pdf, err := designed.PDF()
	require.NoError(t, err)
	body := string(unpack(t, pdf))
	for line := range strings.Lines(text) {
		assert.Contains(t, body, string(written(strings.TrimSpace(line))))
	}
	for _, want := range []string{"Спасибо за покупку", "Обмен в течение 14 дней", "Акции"} {
		assert.Contains(t, body, string(written(want)))
	}
	assert.Contains(t, string(pdf), "/Subtype /Image")
	assert.Contains(t, string(pdf), "https://shop.example/sale")
	assert.Equal(t, strings.Count(string(unpack(t, bare)), " re f")+1, strings.Count(body, " re f"), "the code and the band of the header")
}

// CAB-142: a logo is a PNG of at most 200 KB, checked by decoding.
func TestReadLogo(t *testing.T) {
	t.Parallel()
	ready, err := paper.ReadLogo(append(logo(t, 20, 10), []byte("<script>tail</script>")...))
	require.NoError(t, err)
	assert.NotContains(t, string(ready), "script", "only the picture is kept")
	noise := image.NewRGBA(image.Rect(0, 0, 300, 300))
	rand.New(rand.NewSource(1)).Read(noise.Pix)
	var big bytes.Buffer
	require.NoError(t, png.Encode(&big, noise))
	require.Greater(t, big.Len(), paper.MaxLogo)
	cut := logo(t, 20, 10)
	for name, file := range map[string][]byte{"too many bytes": big.Bytes(), "too many points": logo(t, 2001, 1), "not PNG": []byte("GIF89a"), "cut": cut[:len(cut)-20], "empty": nil} {
		_, err := paper.ReadLogo(file)
		var bad invalid.Fields
		require.ErrorAs(t, err, &bad, name)
		assert.NotEmpty(t, bad["logo"])
	}
}

func TestDesign_Check(t *testing.T) {
	t.Parallel()
	require.NoError(t, (&paper.Design{}).Check())
	for field, d := range map[string]paper.Design{
		"accent": {Accent: "red"}, "back": {Back: "#12345g"}, "header": {Header: strings.Repeat("я", 301)}, "footer": {Footer: strings.Repeat("я", 301)},
		"links": {Links: []paper.Link{{Title: "x", URL: "javascript:alert(1)"}}},
	} {
		var bad invalid.Fields
		require.ErrorAs(t, d.Check(), &bad, field)
		assert.NotEmpty(t, bad[field])
	}
	evil := paper.Design{Accent: "red}body{display:none", Back: "url(x)"}
	assert.NotContains(t, evil.CSS(), "display")
	assert.NotContains(t, evil.CSS(), "url")
	for accent, want := range map[string]string{"#ffffff": "#000000", "#000000": "#ffffff"} {
		_, on, _ := (&paper.Design{Accent: accent}).Colours()
		assert.Equal(t, want, on)
		assert.Equal(t, "#000000", (&paper.Design{Accent: accent}).LinkColour(), "links are read on white")
	}
}

func TestQR(t *testing.T) {
	t.Parallel()
	svg, err := paper.QRSVG("t=1&s=2")
	require.NoError(t, err)
	assert.Contains(t, string(svg), `aria-label="QR-код чека"`)
	b, err := paper.QRPNG("t=1&s=2")
	require.NoError(t, err)
	p, err := png.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	assert.Equal(t, p.Bounds().Dx(), p.Bounds().Dy())
	_, err = paper.QRSVG(strings.Repeat("x", 5000))
	require.Error(t, err)
}
