package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// piece is one run of bytes to explain.
type piece struct {
	name  string
	bytes []byte
}

// maxInput bounds what is read of one file, in bytes.
const maxInput = 256 << 20

// readInput reads a file ("-" is standard input) and splits it into pieces by what
// it looks like: a packet capture, hex, base64, else binary.
func readInput(name string, stdin io.Reader) ([]piece, error) {
	var r io.Reader = stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(raw) > maxInput {
		return nil, fmt.Errorf("%s: longer than %d bytes", name, maxInput)
	}
	pieces, err := split(name, raw)
	if err == nil && len(pieces) == 0 {
		err = fmt.Errorf("%s: nothing to explain", name)
	}
	return pieces, err
}

func split(name string, raw []byte) ([]piece, error) {
	if isCapture(raw) {
		return readCapture(name, raw)
	}
	if !isText(raw) {
		return []piece{{name, raw}}, nil
	}
	if pieces, err := hexLines(name, string(raw)); err == nil {
		return pieces, nil
	}
	packed := strings.Join(strings.Fields(string(raw)), "")
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(packed); err == nil && len(b) > 0 {
			return []piece{{name, b}}, nil
		}
	}
	_, err := hexLines(name, string(raw))
	return nil, fmt.Errorf("%s: text that is neither hex nor base64: %w", name, err)
}

func isText(raw []byte) bool {
	return utf8.Valid(raw) && !bytes.ContainsFunc(raw, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' })
}

// starts are the first bytes of pieces that may stand one a line.
var starts = []string{"2a08410a", "dd80caa1", "ffff001c"}

// hexLines reads hex with optional "name:" before and "# comment" after it. Lines
// that each begin a message or an archived container are pieces of their own;
// other lines are one piece cut for the eye.
func hexLines(file, text string) ([]piece, error) {
	var pieces []piece
	fresh := true
	for i, line := range strings.Split(text, "\n") {
		label, digits := cutLine(line)
		if digits == "" {
			if strings.TrimSpace(line) == "" {
				fresh = true
			}
			continue
		}
		b, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if label != "" || fresh || len(pieces) == 0 || startsPiece(digits) {
			name := fmt.Sprintf("%s:%d", file, i+1)
			if label != "" {
				name = file + ":" + label
			}
			pieces = append(pieces, piece{name: name})
		}
		last := &pieces[len(pieces)-1]
		last.bytes = append(last.bytes, b...)
		fresh = false
	}
	return pieces, nil
}

func startsPiece(digits string) bool {
	for _, s := range starts {
		if strings.HasPrefix(strings.ToLower(digits), s) {
			return true
		}
	}
	return false
}

// cutLine takes "name: hex # comment" apart and packs the hex.
func cutLine(line string) (label, digits string) {
	line, _, _ = strings.Cut(line, "#")
	if before, after, ok := strings.Cut(line, ":"); ok && strings.IndexFunc(after, isHexDigit) >= 0 {
		label, line = strings.TrimSpace(before), after
	}
	digits = strings.Join(strings.Fields(line), "")
	return label, strings.TrimPrefix(digits, "0x")
}

func isHexDigit(r rune) bool { return strings.ContainsRune("0123456789abcdefABCDEF", r) }
