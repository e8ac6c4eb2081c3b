package receipts

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// ErrNoReceipt means that a file was read and holds no receipt.
var ErrNoReceipt = errors.New("no receipt in it")

// Skipped is a document of a file that is not a receipt, or a receipt that cannot be
// read.
type Skipped struct {
	File, Path string
	Err        error
}

func (s Skipped) Error() string { return fmt.Sprintf("receipts: %s %s: %v", s.File, s.Path, s.Err) }

func (s Skipped) Unwrap() error { return s.Err }

// Read takes every receipt out of a file of any known shape: JSON of the tax
// service's app, of proverkacheka, of operators' data sets, several values one after
// another; raw documents as bytes, hex or base64. Broken documents among good ones are
// returned as skipped. The error is not nil when nothing at all could be read; it
// wraps ErrNoReceipt when the file is well formed.
func Read(name string, in io.Reader) (all []*Receipt, skipped []Skipped, err error) {
	text, err := io.ReadAll(io.LimitReader(in, MaxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("receipts: %s: %w", name, err)
	}
	if len(text) > MaxFile {
		return nil, nil, fmt.Errorf("receipts: %s: longer than %d bytes", name, MaxFile)
	}
	all, skipped, err = read(name, text)
	if err == nil && len(all) == 0 && len(skipped) == 0 {
		err = ErrNoReceipt
	}
	if err != nil {
		return all, skipped, fmt.Errorf("receipts: %s: %w", name, err)
	}
	return all, skipped, nil
}

func read(name string, text []byte) ([]*Receipt, []Skipped, error) {
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		return readJSON(name, trimmed)
	}
	return readRaw(name, text)
}

func readJSON(name string, text []byte) (all []*Receipt, skipped []Skipped, err error) {
	roots, err := parseJSON(text)
	if len(roots) == 0 && err != nil {
		return nil, nil, err
	}
	if err != nil {
		skipped = append(skipped, Skipped{name, "$", err})
	}
	for _, root := range roots {
		receipts, others := findReceipts(root)
		for _, n := range others {
			skipped = append(skipped, Skipped{name, n.path, errors.New("документ — не чек")})
		}
		if len(receipts) == 0 && len(others) == 0 {
			if raw := lonelyRawData(root); raw != nil {
				receipts = append(receipts, found{node: raw, shape: ShapeWrapped})
			}
		}
		for i := range receipts {
			all = append(all, receipts[i].read(name))
		}
	}
	if len(all) == 0 && len(skipped) == 0 {
		return nil, nil, ErrNoReceipt
	}
	return all, skipped, nil
}

// lonelyRawData finds an object that has nothing of a receipt but its raw form.
func lonelyRawData(n *node) *node {
	if m := n.member("rawData"); m != nil && decodeRawData(m) != nil {
		return n
	}
	for _, k := range n.kids {
		if k.kind == kindObject || k.kind == kindArray {
			if found := lonelyRawData(k); found != nil {
				return found
			}
		}
	}
	return nil
}

func decodeRawData(n *node) *blob {
	if n == nil || n.kind != kindString {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(n.text))
	if err != nil {
		var ok bool
		if data, ok = decodeDigits(strings.TrimSpace(n.text)); !ok {
			return nil
		}
	}
	b, err := cutRaw(data)
	if err != nil || !(fiscal.Form(b.stlv[0]) | fiscal.Form(b.stlv[1])<<8).IsReceipt() {
		return nil
	}
	return &b
}

func readRaw(name string, text []byte) (all []*Receipt, skipped []Skipped, err error) {
	lines, ok := rawLines(text)
	if !ok {
		lines = []rawLine{{"", text}}
	}
	for _, line := range lines {
		path := "$"
		if line.name != "" {
			path = line.name
		}
		blobs, err := splitRaw(line.data)
		if err != nil {
			skipped = append(skipped, Skipped{name, path, err})
		}
		for i := range blobs {
			at := path
			if len(blobs) > 1 {
				at = fmt.Sprintf("%s[%d]", path, i)
			}
			r, err := blobs[i].read(name, at)
			if err != nil {
				skipped = append(skipped, Skipped{name, at, err})
				continue
			}
			all = append(all, r)
		}
	}
	if len(all) == 0 && len(skipped) > 0 && !ok {
		return nil, nil, skipped[0].Err // neither text nor documents: not our kind of file
	}
	return all, skipped, nil
}

func (b *blob) read(name, path string) (*Receipt, error) {
	n, form, err := b.tree(path)
	if err != nil {
		return nil, err
	}
	if !form.IsReceipt() {
		return nil, fmt.Errorf("документ — не чек: %s", form)
	}
	f := found{node: n, shape: b.shape, form: form, raw: b}
	return f.read(name), nil
}
