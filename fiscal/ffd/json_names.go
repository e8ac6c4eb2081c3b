package ffd

import (
	"strconv"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Keys of the JSON that are not requisites of a table.
const (
	keyCode    = "code"
	keyRawData = "rawData"
	keySign    = "messageFiscalSign"
	keyOrder   = "_order"
	prefixTag  = "tag_"  // a requisite without a name, or out of its place
	prefixRaw  = "raw_"  // bytes of a value that its kind cannot say
	prefixForm = "form_" // a document without a name
)

// scope is what names mean inside one parent of one document.
type scope struct {
	tags   map[string]tlv.Tag // accepted names
	main   map[string]bool    // names of tags that are not alternatives
	keys   map[tlv.Tag]string // what is written
	repeat map[tlv.Tag]bool   // written as an array even when single
}

// tagStornoItem is the reversed item of FFD 1.0.
const tagStornoItem tlv.Tag = 1071

type scopeKey struct {
	form   fiscal.Form
	parent tlv.Tag
}

// scopes joins the tables of all versions: a name means the same in each.
var scopes = sync.OnceValue(buildScopes)

func buildScopes() map[scopeKey]*scope {
	all := map[scopeKey]*scope{}
	for key, t := range documents() {
		for i := range t.rows {
			r := &t.rows[i]
			k := scopeKey{key.form, r.Parent}
			s := all[k]
			if s == nil {
				s = &scope{map[string]tlv.Tag{}, map[string]bool{}, map[tlv.Tag]string{}, map[tlv.Tag]bool{}}
				all[k] = s
			}
			s.keys[r.Tag] = ""
			if r.Repeat {
				s.repeat[r.Tag] = true
			}
		}
	}
	for _, s := range all {
		s.fill()
	}
	for key, s := range all { // a reversed item of FFD 1.0 is an item
		if key.parent == TagItem {
			all[scopeKey{key.form, tagStornoItem}] = s
		}
	}
	return all
}

// fill names the tags collected in keys: main names first, then alternatives that
// are still free; of two tags that want one name the lower has it.
func (s *scope) fill() {
	for tag := range s.keys {
		info := Lookup(tag)
		if info.JSON == "" || info.Kind == KindNone {
			s.keys[tag] = prefixTag + strconv.Itoa(int(tag))
			continue
		}
		s.keys[tag] = info.JSON
		s.main[info.JSON] = true
		s.claim(info.JSON, tag)
	}
	for tag := range s.keys {
		for _, alt := range Lookup(tag).Alt {
			if !s.main[alt] {
				s.claim(alt, tag)
			}
		}
	}
}

func (s *scope) claim(name string, tag tlv.Tag) {
	if has, taken := s.tags[name]; !taken || tag < has {
		s.tags[name] = tag
	}
}

// strays names the requisites of early editions, which stand in no table.
var strays = sync.OnceValue(func() map[string]tlv.Tag {
	names := map[string]tlv.Tag{}
	for tag := range tlv.Tag(maxTag) {
		// 1076 is called "type", which other writers use for their own ends.
		if info := Lookup(tag); info != nil && info.Obsolete() && info.JSON != "" && tag != 1076 {
			names[info.JSON] = tag
		}
	}
	return names
})

// resolve finds the tag that a name means inside a parent. alt reports a name that
// is not the one we write.
func resolve(form fiscal.Form, parent tlv.Tag, name string) (tag tlv.Tag, alt, ok bool) {
	if s := scopes()[scopeKey{form, parent}]; s != nil {
		if tag, ok := s.tags[name]; ok {
			return tag, !s.main[name], true
		}
	}
	tag, ok = strays()[name]
	return tag, false, ok
}

// keyOf is the name to write for a tag inside a parent.
func keyOf(form fiscal.Form, parent, tag tlv.Tag, v fiscal.FFD) string {
	if !changedKind(tag, v) {
		if s := scopes()[scopeKey{form, parent}]; s != nil && s.keys[tag] != "" {
			return s.keys[tag]
		}
		if info := Lookup(tag); info != nil && info.JSON != "" {
			if got, _, ok := resolve(form, parent, info.JSON); ok && got == tag {
				return info.JSON
			}
		}
	}
	return prefixTag + strconv.Itoa(int(tag))
}

// numberedTag reads "tag_1234" or "raw_1234".
func numberedTag(key, prefix string) (tlv.Tag, bool) {
	digits, ok := strings.CutPrefix(key, prefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	return tlv.Tag(n), err == nil && strconv.FormatUint(n, 10) == digits
}

// changedKind reports tags whose number meant something else before 2017: in FFD
// 1.0 they are bytes to us.
func changedKind(tag tlv.Tag, v fiscal.FFD) bool {
	return v <= fiscal.FFD10 && (tag == TagTimeZone || tag == TagEcashPartSum || tag == TagAmountsReceiptNDS || tag == TagAmountsNDS)
}

// kindOf is the kind of a tag in a document of version v; bytes when unknown.
func kindOf(tag tlv.Tag, v fiscal.FFD) (kind Kind, info *TagInfo) {
	info = Lookup(tag)
	if info == nil || info.Kind == KindNone || changedKind(tag, v) {
		return KindBytes, info
	}
	return info.Kind, info
}

// Personal reports requisites that name or reach a person: the buyer (1008, 1227,
// 1228, 1256 with its children) and the cashier (1021, 1203).
func Personal(tag tlv.Tag) bool {
	switch tag {
	case TagBuyerPhoneOrAddress, TagCashier, TagCashierINN, TagBuyer, TagBuyerINN, TagBuyerInformation,
		TagBuyerBirthday, TagBuyerCitizenship, TagBuyerDocumentCode, TagBuyerDocumentData, TagBuyerAddress:
		return true
	}
	return false
}
