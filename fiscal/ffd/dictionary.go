package ffd

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Kind is how the value of a requisite is written (ffd order, table 4).
type Kind uint8

// Kinds of values. All numbers are little-endian.
const (
	KindNone     Kind = iota // print form only, has no TLV
	KindByte                 // 1 byte
	KindUint16               // 2 bytes
	KindUint32               // 4 bytes
	KindUnixTime             // 4 bytes, seconds since 1970
	KindVLN                  // 1 to Length bytes
	KindFVLN                 // a byte of decimals, then VLN
	KindString               // CP866
	KindBytes                // raw
	KindSTLV                 // nested fields
)

var kindNames = map[string]Kind{
	"none": KindNone, "byte": KindByte, "uint16": KindUint16, "uint32": KindUint32, "unixtime": KindUnixTime,
	"VLN": KindVLN, "FVLN": KindFVLN, "string": KindString, "bytes": KindBytes, "STLV": KindSTLV,
}

// TagInfo describes a requisite.
type TagInfo struct {
	Tag    tlv.Tag
	Kind   Kind
	Length int    // bytes: exact when Fixed, else a maximum; 0 when no source gives one
	Fixed  bool   // «Фикс.»
	JSON   string // the tax service's name; several tags share one, told apart by their parent
	Alt    []string
	Name   string // standard Russian name
	Status string // ok, secondary, amended, conflict, obsolete
	ffd    uint8  // bit 1<<version
}

// In reports whether the requisite belongs to the format version.
func (t *TagInfo) In(v fiscal.FFD) bool { return t.ffd>>v&1 != 0 }

// Obsolete reports a requisite of drafts and early editions that order
// ЕД-7-20/662@ no longer has. It stands in no document table.
func (t *TagInfo) Obsolete() bool { return t.Status == "obsolete" }

//go:embed data/tags.csv
var tagsCSV string

// maxTag bounds the lookup table; tags above it are unknown.
const maxTag = 2200

var dictionary = sync.OnceValue(buildDictionary)

func buildDictionary() *[maxTag]*TagInfo {
	var table [maxTag]*TagInfo
	rows, err := csv.NewReader(strings.NewReader(tagsCSV)).ReadAll()
	if err != nil {
		panic("ffd: data/tags.csv: " + err.Error())
	}
	for _, r := range rows[1:] {
		info := parseTag(r)
		table[info.Tag] = info
	}
	return &table
}

func parseTag(r []string) *TagInfo {
	n, err := strconv.Atoi(r[0])
	kind, known := kindNames[r[1]]
	if err != nil || !known || n >= maxTag {
		panic(fmt.Sprintf("ffd: data/tags.csv: bad row %q", r))
	}
	t := &TagInfo{Tag: tlv.Tag(n), Kind: kind, Fixed: r[3] == "1", JSON: r[4], Name: r[6], Status: r[8]}
	t.Length, _ = strconv.Atoi(r[2])
	if r[5] != "" {
		t.Alt = strings.Split(r[5], "|")
	}
	for _, name := range strings.Split(r[7], "|") {
		v, err := fiscal.ParseFFD(name)
		if err != nil {
			panic("ffd: data/tags.csv: " + err.Error())
		}
		t.ffd |= 1 << v
	}
	return t
}

// Lookup returns what is known of a tag, or nil.
func Lookup(tag tlv.Tag) *TagInfo {
	if tag >= maxTag {
		return nil
	}
	return dictionary()[tag]
}

// Nested reports whether the tag is an STLV; it is the shape that tlv.Parse wants.
func Nested(tag tlv.Tag) bool {
	t := Lookup(tag)
	return t != nil && t.Kind == KindSTLV
}
