package ffd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// errNegative marks numbers below zero, which exports use for "none".
var errNegative = errors.New("negative")

// leaf makes the bytes of a value. Errors are *JSONError without a path.
func (b *jsonBuilder) leaf(kind Kind, info *TagInfo, tag tlv.Tag, v *jsonValue) ([]byte, error) {
	switch kind {
	case KindBytes:
		if tag == TagFPD {
			return b.fpd(v)
		}
		value, err := decodeBase64(v.text)
		if err != nil || v.kind != jsonString {
			return nil, wrong("base64", v, ErrJSONType)
		}
		return value, nil
	case KindString:
		return textLeaf(info, tag, v)
	case KindFVLN:
		plain, err := plainDecimal(v)
		if err != nil {
			return nil, err
		}
		f, err := tlv.ParseDecimal(plain)
		if err != nil {
			return nil, wrong("a number of at most 7 bytes", v, ErrJSONRange)
		}
		return f.Append(nil), nil
	case KindUnixTime:
		if t, ok, err := b.timeLeaf(v); ok || err != nil {
			return t, err
		}
	}
	n, err := wholeNumber(v)
	if err != nil {
		return nil, err
	}
	if n > maxUint(kind) {
		return nil, wrong(fmt.Sprintf("at most %d", maxUint(kind)), v, ErrJSONRange)
	}
	return appendNumber(nil, kind, n), nil
}

func wrong(expected string, v *jsonValue, cause error) error {
	return &JSONError{Expected: expected, Got: v.kind.String(), Err: cause}
}

// fpd reads fiscalSign: the printed number, or all six bytes as the little-endian
// number that older code writes.
func (b *jsonBuilder) fpd(v *jsonValue) ([]byte, error) {
	n, err := wholeNumber(v)
	if err != nil {
		return nil, err
	}
	switch {
	case n < 1<<32:
		return appendFPD(nil, b.form, uint32(n)), nil
	case n < 1<<48:
		return binary.LittleEndian.AppendUint64(nil, n)[:6], nil
	}
	return nil, wrong("at most 281474976710655", v, ErrJSONRange)
}

// textLeaf encodes text, padded when its width is fixed. Numbers are taken as
// written: some exports give the drive's number so.
func textLeaf(info *TagInfo, tag tlv.Tag, v *jsonValue) ([]byte, error) {
	text := v.text
	switch {
	case v.kind == jsonObject && isProductCode(tag):
		raw := v.member("rawProductCode")
		if raw == nil || raw.kind != jsonString {
			return nil, wrong("an object with rawProductCode", v, ErrJSONType)
		}
		text = raw.text
	case v.kind == jsonString:
	case v.kind == jsonNumber && allDigits(text):
	default:
		return nil, wrong("a string", v, ErrJSONType)
	}
	value, err := tlv.AppendText(make([]byte, 0, max(len(text), info.Length)), text)
	if err != nil {
		return nil, wrong("characters of CP866", v, ErrJSONText)
	}
	for info.Fixed && len(value) < info.Length {
		value = append(value, ' ')
	}
	return value, nil
}

// timeLeaf reads a time that is not a plain number; ok is false when it is one.
func (b *jsonBuilder) timeLeaf(v *jsonValue) (value []byte, ok bool, err error) {
	var t time.Time
	switch {
	case v.kind == jsonObject:
		date := v.member("$date")
		if date == nil {
			return nil, false, wrong("a time", v, ErrJSONType)
		}
		ms, err := wholeNumber(date)
		if err != nil || ms/1000 >= 1<<32 {
			return nil, false, wrong("milliseconds in $date", v, ErrJSONRange)
		}
		t = time.UnixMilli(int64(ms)).UTC()
	case v.kind == jsonString && !allDigits(v.text):
		if t, ok = b.isoTime(v.text); !ok {
			return nil, false, wrong("seconds or an ISO 8601 time", v, ErrJSONType)
		}
	default:
		return nil, false, nil
	}
	if s := t.Unix(); s < 0 || s >= 1<<32 {
		return nil, false, wrong("a time from 1970 to 2106", v, ErrJSONRange)
	}
	return binary.LittleEndian.AppendUint32(nil, uint32(t.Unix())), true, nil
}

var isoLayouts = []string{
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02",
}

// isoTime reads a time as the clock showed it. Only a confirmation carries UTC.
func (b *jsonBuilder) isoTime(s string) (time.Time, bool) {
	for _, layout := range isoLayouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if b.form == fiscal.FormOperatorAck {
			return t.UTC(), true
		}
		return tlv.WallClock(t), true
	}
	return time.Time{}, false
}

// wholeNumber reads an unsigned number from a number, a string or a boolean.
func wholeNumber(v *jsonValue) (uint64, error) {
	plain, err := plainDecimal(v)
	if err != nil {
		return 0, err
	}
	whole, frac, _ := strings.Cut(plain, ".")
	if strings.Trim(frac, "0") != "" {
		return 0, wrong("a whole number", v, ErrJSONType)
	}
	n, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return 0, wrong("a number of at most 8 bytes", v, ErrJSONRange)
	}
	return n, nil
}

// maxExponent bounds exponents that are written out.
const maxExponent = 32

// plainDecimal writes a number without sign and exponent, keeping every digit.
func plainDecimal(v *jsonValue) (string, error) {
	if v.kind == jsonNull || v.kind >= jsonArray {
		return "", wrong("a number", v, ErrJSONType)
	}
	s := strings.TrimSpace(v.text)
	if strings.HasPrefix(s, "-") {
		if strings.Trim(s, "-0.") == "" && s != "-" {
			return "0", nil
		}
		return "", wrong("a number of zero or more", v, errNegative)
	}
	mantissa, exponent, _ := strings.Cut(strings.Replace(s, "E", "e", 1), "e")
	whole, frac, point := strings.Cut(mantissa, ".")
	if !allDigits(whole) || point && !allDigits(frac) {
		return "", wrong("a number", v, ErrJSONType)
	}
	if len(s) == len(mantissa) {
		return s, nil
	}
	e, err := strconv.Atoi(exponent)
	if err != nil || e > maxExponent || e < -maxExponent {
		return "", wrong("a number", v, ErrJSONType)
	}
	if e >= 0 {
		frac += strings.Repeat("0", max(0, e-len(frac)))
		return join(whole+frac[:e], frac[e:]), nil
	}
	whole = strings.Repeat("0", max(0, 1-e-len(whole))) + whole
	return join(whole[:len(whole)+e], whole[len(whole)+e:]+frac), nil
}

func join(whole, frac string) string {
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}
