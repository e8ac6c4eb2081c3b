package model

import (
	"encoding/binary"
	"fmt"
)

// crc16 is written bit by bit on purpose: it shares nothing with the table of
// package fiscal. Polynomial 0x1021, start 0xFFFF (transport.md 3.3).
func crc16(parts ...[]byte) uint16 {
	crc := uint16(0xFFFF)
	for _, p := range parts {
		for _, b := range p {
			for bit := 7; bit >= 0; bit-- {
				top := crc>>15 ^ uint16(b>>bit)&1
				crc <<= 1
				if top != 0 {
					crc ^= 0x1021
				}
			}
		}
	}
	return crc
}

// TLV is a field as bytes: tag, length and value.
func TLV(tag int, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// U8, U32, VLN, Text and Fixed make the values of fields.
func U8(tag int, v byte) []byte { return TLV(tag, []byte{v}) }

// U32 is four bytes, little-endian.
func U32(tag int, v uint32) []byte { return TLV(tag, binary.LittleEndian.AppendUint32(nil, v)) }

// VLN is as few little-endian bytes as v needs.
func VLN(tag int, v uint64) []byte {
	b := []byte{byte(v)}
	for v >>= 8; v > 0; v >>= 8 {
		b = append(b, byte(v))
	}
	return TLV(tag, b)
}

// Text is ASCII, or CP866 for the Russian letters that the cases use.
func Text(tag int, s string) []byte { return TLV(tag, cp866(s)) }

// Fixed is text padded on the right with spaces.
func Fixed(tag int, s string, width int) []byte {
	b := cp866(s)
	for len(b) < width {
		b = append(b, ' ')
	}
	return TLV(tag, b)
}

// cp866 knows ASCII and the letters А–я without ё.
func cp866(s string) []byte {
	var b []byte
	for _, r := range s {
		switch {
		case r < 0x80:
			b = append(b, byte(r))
		case r >= 'А' && r <= 'п':
			b = append(b, byte(r-'А')+0x80)
		case r >= 'р' && r <= 'я':
			b = append(b, byte(r-'р')+0xE0)
		default:
			panic(fmt.Sprintf("model: no CP866 for %q", r))
		}
	}
	return b
}

// field is one read TLV.
type field struct {
	tag   int
	raw   []byte // with its header
	value []byte
}

// fields reads one level; ok is false when the bytes do not fill it exactly.
func fields(b []byte) (all []field, ok bool) {
	for len(b) > 0 {
		if len(b) < 4 {
			return all, false
		}
		n := int(b[2]) | int(b[3])<<8
		if len(b) < 4+n {
			return all, false
		}
		all = append(all, field{tag: int(b[0]) | int(b[1])<<8, raw: b[:4+n], value: b[4 : 4+n]})
		b = b[4+n:]
	}
	return all, true
}

func find(all []field, tag int) *field {
	for i := range all {
		if all[i].tag == tag {
			return &all[i]
		}
	}
	return nil
}

// FixContainerCRC computes the check code of a container that was changed.
func FixContainerCRC(c []byte) {
	binary.LittleEndian.PutUint16(c[2:], crc16(c[:2], c[4:]))
}

// CRC16 is the check code of all three places where one stands (transport.md 3.3,
// fn.md section 9).
func CRC16(b []byte) uint16 { return crc16(b) }
