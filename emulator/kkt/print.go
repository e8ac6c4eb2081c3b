package kkt

import (
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// Print is a document as the register prints it: its text and, on receipts, the QR
// code drawn in half blocks under it.
func Print(d *ffd.Document) (string, error) {
	text := ffd.Print(d, ffd.PrintOptions{})
	if !d.Form.IsReceipt() {
		return text, nil
	}
	lines, err := QR(ffd.QRText(d))
	if err != nil {
		return text, err
	}
	return text + strings.Join(lines, "\n") + "\n", nil
}

// QR draws a code of model 2, correction level L (order ЕД-7-20/662@, paragraph
// 14), dark on light, two rows of modules a line, with its quiet zone.
func QR(text string) ([]string, error) {
	code, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return nil, fmt.Errorf("kkt: drawing the QR code: %w", err)
	}
	rows := code.Bitmap()
	lines := make([]string, 0, len(rows)/2+1)
	for y := 0; y < len(rows); y += 2 {
		var b strings.Builder
		for x := range rows[y] {
			top, bottom := rows[y][x], y+1 < len(rows) && rows[y+1][x]
			switch {
			case top && bottom:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case bottom:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		lines = append(lines, b.String())
	}
	return lines, nil
}
