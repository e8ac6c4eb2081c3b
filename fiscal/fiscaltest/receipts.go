package fiscaltest

import (
	"embed"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

//go:embed data/receipts
var receiptFiles embed.FS

// RawReceipt is one line of data/receipts/raw-tlv.hex: a receipt of FFD 1.05 as the
// tax service archived it, identifying values replaced. Its signs are not valid.
type RawReceipt struct {
	Name   string // "fns00"
	Header []byte // the container header from its type byte on, 28 bytes
	STLV   []byte
	Sign   []byte // ФПС, 8 bytes
}

// Container is the whole container with length and check code set.
func (r *RawReceipt) Container() []byte {
	b := make([]byte, 4, 4+len(r.Header)+len(r.STLV)+len(r.Sign))
	b = append(b, r.Header...)
	b = append(b, r.STLV...)
	b = append(b, r.Sign...)
	wire.FinishContainer(b)
	return b
}

// FNNumber is the number in the container header.
func (r *RawReceipt) FNNumber() (fiscal.FNNumber, error) {
	return fiscal.FNNumberFromBCD([8]byte(r.Header[5:13]))
}

// RawReceipts returns the 26 documents of raw-tlv.hex. They are shared: copy bytes
// before changing them.
var RawReceipts = sync.OnceValue(func() []RawReceipt {
	text, err := receiptFiles.ReadFile("data/receipts/raw-tlv.hex")
	if err != nil {
		panic("fiscaltest: " + err.Error())
	}
	const head, mark, sign = 28, 4, 8 // mark: ffff001c, the archive's own
	var all []RawReceipt
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		name, digits, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		b, err := hex.DecodeString(strings.TrimSpace(digits))
		if err != nil || len(b) < mark+head+sign {
			panic("fiscaltest: raw-tlv.hex: " + name)
		}
		b = b[mark:]
		end := len(b) - sign
		all = append(all, RawReceipt{Name: name, Header: b[:head:head], STLV: b[head:end:end], Sign: b[end:]})
	}
	return all
})

// ReceiptJSON is one public receipt file in the JSON of its source.
type ReceiptJSON struct {
	Name string // file name without ".json"
	Text []byte
}

// ReceiptJSONs returns the JSON files of data/receipts in the order of their names.
var ReceiptJSONs = sync.OnceValue(func() []ReceiptJSON {
	entries, err := receiptFiles.ReadDir("data/receipts")
	if err != nil {
		panic("fiscaltest: " + err.Error())
	}
	var all []ReceiptJSON
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		text, err := receiptFiles.ReadFile("data/receipts/" + e.Name())
		if err != nil {
			panic("fiscaltest: " + err.Error())
		}
		all = append(all, ReceiptJSON{Name: name, Text: text})
	}
	return all
})
