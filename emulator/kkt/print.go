package kkt

import (
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// Print is the document as the register prints it; with a QR text its code stands
// at the end, drawn in half blocks.
func Print(d *ffd.Document, qr string) (string, error) {
	text := d.Form.String() + "\n"
	if qr == "" {
		return text, nil
	}
	code, err := QR(qr)
	return text + code, err
}

// QR draws a code of model 2, correction level L (order ЕД-7-20/662@, paragraph
// 14): two rows of modules a line, dark on light.
func QR(text string) (string, error) {
	code, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return "", fmt.Errorf("kkt: drawing the QR code: %w", err)
	}
	rows := code.Bitmap() // with its quiet zone
	var b strings.Builder
	for y := 0; y < len(rows); y += 2 {
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
		b.WriteByte('\n')
	}
	return b.String(), nil
}
