package model

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Confirmation is an operator's answer being made: right unless its parts are
// changed.
type Confirmation struct {
	To   *Message
	OFD  string
	At   time.Time // UTC
	Code int       // 1022; -1 leaves 1068 out
	Bits int       // 1206; -1 leaves it out

	// Fields changes the fields before any sign is made, Header the container header
	// before ФПП, Signed everything after the signs (the check code follows).
	Fields func(fields [][]byte) [][]byte
	Header func(header []byte)
	Signed func(container []byte) []byte
	// BadFPO flips a bit of ФПО before ФПП is made.
	BadFPO bool
	// Flags of the session header; 0x0014 when zero.
	Flags uint16
}

// Confirm is a right confirmation of a message with code 0.
func Confirm(to *Message, ofd string, at time.Time) *Confirmation {
	c := &Confirmation{To: to, OFD: ofd, At: at, Code: -1, Bits: -1}
	if to.FFD <= 2 {
		c.Code = 0
	}
	return c
}

// Bytes finishes the answer: signs, container, check code, session header.
func (c *Confirmation) Bytes() []byte {
	container := c.Container()
	flags := c.Flags
	if flags == 0 {
		flags = 0x0014
	}
	h := append([]byte{}, c.To.Raw[:24]...)
	h = binary.LittleEndian.AppendUint16(h, uint16(len(container)))
	h = binary.LittleEndian.AppendUint16(h, flags)
	code := uint16(0)
	switch flags & 3 {
	case 1:
		code = crc16(h)
	case 2:
		code = crc16(h, container)
	}
	return append(binary.LittleEndian.AppendUint16(h, code), container...)
}

// Container is the answer without its session header.
func (c *Confirmation) Container() []byte {
	to := c.To
	fields := [][]byte{Fixed(1017, c.OFD, 12), Fixed(1041, to.FN, 16), U32(1040, to.FD), U32(1012, uint32(c.At.Unix()))}
	if c.Code >= 0 {
		fields = append(fields, TLV(1068, U8(1022, byte(c.Code))))
	}
	if c.Bits >= 0 {
		fields = append(fields, U8(1206, byte(c.Bits)))
	}
	if c.Fields != nil {
		fields = c.Fields(fields)
	}
	fields = append(fields, TLV(1078, c.fpo(fields)))
	return c.seal(7, to.keys, TLV(7, bytes.Join(fields, nil)))
}

func (c *Confirmation) fpo(fields [][]byte) []byte {
	input := []byte{7, 0}
	for _, tag := range []int{1012, 1017, 1040, 1041} {
		for _, f := range fields {
			if TagOf(f) == tag {
				input = append(input, f...)
				break
			}
		}
	}
	mac := c.To.keys.opr.MAC(input)
	if c.BadFPO {
		mac[0] ^= 1
	}
	return mac[:]
}

// seal puts an STLV into a container that mirrors the message's header.
func (c *Confirmation) seal(form byte, keys *Keys, stlv []byte) []byte {
	request := c.To.Raw[30:]
	encrypt := c.To.Encrypted && !c.To.Marking
	h := []byte{0, 0, 0, 0, 0xA5, form, 1, 0, 0}
	if encrypt {
		h[7] = 1
	}
	h = append(append(h, request[9:25]...), make([]byte, 7)...)
	if c.Header != nil {
		c.Header(h)
	}
	key := keys.msg
	if c.To.Marking {
		key = keys.km
	}
	mac := key.MAC(h[4:32], stlv)
	payload := append(append(append([]byte{}, stlv...), 0x81, 0x06), mac[:6]...)
	payload = append(payload, 0, 0)
	if encrypt {
		keys.down.CTR([8]byte(h[17:25]), payload, payload)
	}
	container := append(h, payload...)
	if c.Signed != nil {
		container = c.Signed(container)
	}
	binary.LittleEndian.PutUint16(container, uint16(len(container)))
	FixContainerCRC(container)
	return container
}

// MarkingReply is the answer of the marking operator to form 81 or 82: with the
// given fields after the numbers that it repeats.
func (c *Confirmation) MarkingReply(fields ...[]byte) []byte {
	form := byte(c.To.Form + 2)
	var body []byte
	for _, tag := range []int{2001, 2002, 1041, 1040, 2114} {
		if f := find(c.To.fields, tag); f != nil {
			body = append(body, f.raw...)
		}
	}
	body = append(body, bytes.Join(fields, nil)...)
	container := c.seal(form, c.To.keys, TLV(int(form), body))
	h := append([]byte{}, c.To.Raw[:24]...)
	h = binary.LittleEndian.AppendUint16(h, uint16(len(container)))
	return append(append(h, 0x14, 0, 0, 0), container...)
}

// ServiceReply answers a header without a body (transport.md 9): with flags 0 or 1,
// and the check code of mode 1.
func ServiceReply(request []byte) []byte {
	h := append([]byte{}, request[:24]...)
	h = append(h, 0, 0, request[26]&1, 0)
	code := uint16(0)
	if request[26]&3 == 1 {
		code = crc16(h)
	}
	return binary.LittleEndian.AppendUint16(h, code)
}

// FPO is the operator's sign that a right confirmation has.
func (c *Confirmation) FPO() []byte {
	return c.fpo([][]byte{Fixed(1017, c.OFD, 12), Fixed(1041, c.To.FN, 16), U32(1040, c.To.FD), U32(1012, uint32(c.At.Unix()))})
}

// FPOOf is tag 1078 of a plain confirmation; nil when it has none.
func FPOOf(reply []byte) []byte {
	if len(reply) < 66 {
		return nil
	}
	return ReadDocument(reply[62:min(len(reply), 66+int(binary.LittleEndian.Uint16(reply[64:])))]).Value(1078)
}
