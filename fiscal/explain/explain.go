package explain

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Options of an explanation. The zero value reads strictly, checks no signs and
// no dates.
type Options struct {
	Profile wire.Profile
	Scheme  *sign.TBGOST1 // nil: signs are shown, not checked
	OFD     fiscal.INN    // operator whose keys protect the container
	Now     time.Time     // UTC, upper bound for dates; zero: not checked
}

// Node is a piece of the bytes. A node with children is a header for them.
type Node struct {
	Offset   int     `json:"offset"`
	Len      int     `json:"len"`
	Tag      tlv.Tag `json:"tag,omitempty"`
	Name     string  `json:"name"`            // standard Russian name
	Value    string  `json:"value,omitempty"` // for people
	Raw      Hex     `json:"raw,omitempty"`   // of leaves
	Problem  string  `json:"problem,omitempty"`
	Children []Node  `json:"children,omitempty"`
}

// Check is one verdict on the whole piece.
type Check struct {
	Name   string `json:"name"`
	OK     *bool  `json:"ok"` // nil: not checked
	Detail string `json:"detail,omitempty"`
}

// Report is an explained piece: a message, a container or a document.
type Report struct {
	Kind     string        `json:"kind"`
	Len      int           `json:"len"`
	Nodes    []Node        `json:"nodes"`
	Checks   []Check       `json:"checks"`
	Findings []flk.Finding `json:"findings,omitempty"`
	raw      []byte
}

// Faulty reports whether any check failed or any finding is an error.
func (r *Report) Faulty() bool {
	for _, c := range r.Checks {
		if c.OK != nil && !*c.OK {
			return true
		}
	}
	return flk.Worst(r.Findings) == flk.Error
}

func (r *Report) check(name string, ok bool, detail string) {
	r.Checks = append(r.Checks, Check{name, &ok, detail})
}

func (r *Report) unchecked(name, why string) {
	r.Checks = append(r.Checks, Check{Name: name, Detail: why})
}

// archivePrefix stands instead of length and check code in the dumps of one
// archive service.
var archivePrefix = [4]byte{0xFF, 0xFF, 0x00, 0x1C}

// Bytes explains raw, recognising by its first bytes what it is: one or more
// session messages, a container (with or without length and check code), or a
// bare document.
func Bytes(ctx context.Context, raw []byte, o Options) []*Report {
	var head [4]byte
	copy(head[:], raw)
	switch {
	case wire.Signature(head) == wire.SignatureOFD, wire.Signature(head) == wire.SignatureMarking:
		return messages(ctx, raw, o)
	case head == archivePrefix:
		return []*Report{archived(ctx, raw, o)}
	case looksLikeContainer(raw):
		r := &Report{Kind: "контейнер", Len: len(raw), raw: raw}
		r.container(ctx, 0, len(raw), fiscalNone, o)
		return []*Report{r}
	case looksLikeDocument(raw):
		r := &Report{Kind: "документ", Len: len(raw), raw: raw}
		r.bareDocument(o)
		return []*Report{r}
	case len(raw) >= wire.HeaderLen:
		return messages(ctx, raw, o)
	}
	r := &Report{Kind: "неизвестно", Len: len(raw), raw: raw}
	r.Nodes = []Node{{Len: len(raw), Name: "байты", Raw: raw, Problem: "не сообщение, не контейнер и не документ"}}
	r.check("разбор", false, "начало не похоже ни на сообщение, ни на контейнер, ни на документ")
	return []*Report{r}
}

const fiscalNone = fiscal.FNNumber("")

func looksLikeContainer(b []byte) bool {
	return len(b) >= wire.ContainerHeaderLen && (b[wire.OffType] == wire.TypeFN || b[wire.OffType] == wire.TypeOFD)
}

func looksLikeDocument(b []byte) bool {
	return len(b) >= tlv.HeaderLen && fiscal.Form(binary.LittleEndian.Uint16(b)).Known()
}

// messages splits a stream; what does not make a whole message is one more report.
func messages(ctx context.Context, raw []byte, o Options) []*Report {
	var all []*Report
	for start := 0; start < len(raw); {
		end := len(raw)
		if rest := raw[start:]; len(rest) >= wire.HeaderLen {
			size := wire.HeaderLen + int(binary.LittleEndian.Uint16(rest[24:]))
			end = min(end, start+size)
		}
		r := &Report{Kind: "сообщение", Len: end - start, raw: raw[start:end]}
		r.message(ctx, o)
		all = append(all, r)
		start = end
	}
	return all
}

// archived explains a container whose length and check code were replaced.
func archived(ctx context.Context, raw []byte, o Options) *Report {
	r := &Report{Kind: "контейнер из архива", Len: len(raw), raw: raw}
	if len(raw) < wire.ContainerHeaderLen {
		r.Nodes = []Node{{Len: len(raw), Name: "байты", Raw: raw, Problem: "короче заголовка контейнера"}}
		r.check("разбор", false, "короче 32 байт заголовка контейнера")
		return r
	}
	c, _ := wire.ReadContainer(raw)
	header := containerNode(&c, 0)
	header.Children = append([]Node{{Len: 4, Name: "метка архива вместо длины и контрольного кода", Raw: raw[:4]}}, header.Children[2:]...)
	r.Nodes = append(r.Nodes, header)
	r.unchecked("контрольный код контейнера", "заменён меткой архива")
	r.payload(ctx, &c, 0, o)
	return r
}
