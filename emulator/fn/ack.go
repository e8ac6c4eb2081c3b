package fn

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// replyRule says what a reply must be: to documents (form 7), to requests about
// codes (83), to notifications (84), of the key service.
type replyRule struct {
	form   fiscal.Form
	open   func(wire.Container) ([]byte, sign.Verdict, error)
	fields []fieldRule
	number tlv.Tag // that must hold the number of the message answered, when present
}

type fieldRule struct {
	tag      tlv.Tag
	min, max int // bytes
}

// ackFields are those of form 7 that every format version demands (transport.md
// 8.1); an operator's sign may have the 18 bytes that the archive keeps.
var ackFields = []fieldRule{
	{ffd.TagOFDINN, fiscal.INNLen, fiscal.INNLen},
	{ffd.TagFNNumber, fiscal.FNNumberLen, fiscal.FNNumberLen},
	{ffd.TagFDNumber, 4, 4},
	{ffd.TagDateTime, 4, 4},
	{ffd.TagFPO, 1, fpoLen},
}

func (d *Device) ackRule() replyRule {
	return replyRule{fiscal.FormOperatorAck, func(c wire.Container) ([]byte, sign.Verdict, error) {
		return d.signer.OpenAck(d.reg().OFD, c)
	}, ackFields, ffd.TagFDNumber}
}

// openReply checks a reply in the order of fn.md 9.1 and returns the body of its
// STLV: length 7, CRC 5, format 2, FN number 4, FD number 3, sign 1. awaited is the
// message that it must answer.
func (d *Device) openReply(data []byte, awaited entry, rule replyRule) ([]byte, *refusal) {
	c, _, err := wire.ParseContainer(data, wire.Strict)
	if r := refuseFault(err); r != nil {
		return nil, r
	}
	if c.Form != rule.form {
		return nil, refuseAck(AckBadFormat, "форма %d в контейнере, ожидается %d", c.Form, rule.form)
	}
	stlv, verdict, badFormat := rule.open(c)
	if badFormat == nil {
		badFormat = checkReplyFormat(stlv, rule)
	}
	// What an encrypted reply says inside is readable only with the right numbers in
	// its header, so these are named first.
	if badFormat != nil && !c.Encrypted() {
		return nil, refuseAck(AckBadFormat, "%v", badFormat)
	}
	if number := d.number.BCD(); c.FNBCD != number {
		return nil, refuseAck(AckWrongFN, "номер ФН %X в контейнере, нужен %X", c.FNBCD, number)
	}
	if uint32(c.FD) != awaited.Number {
		return nil, refuseAck(AckWrongFD, "номер ФД %d в контейнере, ожидается %d", c.FD, awaited.Number)
	}
	if badFormat != nil {
		return nil, refuseAck(AckBadFormat, "%v", badFormat)
	}
	body := stlv[tlv.HeaderLen:]
	if r := d.checkReplyNumbers(body, rule.number, awaited); r != nil {
		return nil, r
	}
	if r := checkReplyHeader(&c, awaited); r != nil {
		return nil, r
	}
	if verdict != sign.OK {
		return nil, refuseAck(AckBadSign, "подпись не сходится (%s)", verdict)
	}
	return body, nil
}

// refuseFault turns what the container reader found into a reason of 26h.
func refuseFault(err error) *refusal {
	var e *wire.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return refuseAck(AckBadFormat, "%v", err)
	}
	switch e.Fault {
	case fiscal.TruncatedContainer, fiscal.LengthMismatch:
		return refuseAck(AckWrongLength, "длина контейнера %s, нужна %s", e.Got, e.Expected)
	case fiscal.BadContainerCRC:
		return refuseAck(AckBadCRC, "контрольная сумма %s, нужна %s", e.Got, e.Expected)
	}
	return refuseAck(AckBadFormat, "байт %d: %s, нужно %s", e.Offset, e.Got, e.Expected)
}

// checkReplyFormat reads the STLV of a reply as far as its fields go.
func checkReplyFormat(stlv []byte, rule replyRule) error {
	outer, rest, err := tlv.Outer(stlv)
	if err != nil {
		return err
	}
	if fiscal.Form(outer.Tag) != rule.form || len(rest) != 0 {
		return fmt.Errorf("форма %d и %d лишних байт, нужна форма %d", outer.Tag, len(rest), rule.form)
	}
	w := tlv.Walk(outer.Value)
	for w.Next() {
	}
	if err := w.Err(); err != nil {
		return err
	}
	for _, f := range rule.fields {
		v, ok := tlv.Find(outer.Value, f.tag)
		if !ok {
			return fmt.Errorf("нет реквизита %d", f.tag)
		}
		if len(v) < f.min || len(v) > f.max {
			return fmt.Errorf("реквизит %d занимает %d байт", f.tag, len(v))
		}
	}
	return nil
}

// checkReplyNumbers compares the numbers inside a reply with what is awaited.
func (d *Device) checkReplyNumbers(body []byte, number tlv.Tag, awaited entry) *refusal {
	if v, ok := tlv.Find(body, ffd.TagFNNumber); ok && strings.TrimRight(string(v), " ") != string(d.number) {
		return refuseAck(AckWrongFN, "реквизит 1041 %q, номер ФН %s", string(v), d.number)
	}
	if v, ok := tlv.Find(body, number); ok {
		if n, err := tlv.Uint(v); err != nil || n != uint64(awaited.Number) {
			return refuseAck(AckWrongFD, "реквизит %d = %d, ожидается %d", number, n, awaited.Number)
		}
	}
	return nil
}

// checkReplyHeader is what a real drive was seen to demand of a reply's header
// (transport.md 4.1): bytes 20–24 as in its own message (K-083), zeros after them.
func checkReplyHeader(c *wire.Container, awaited entry) *refusal {
	own := awaited.Container[wire.OffNonce:wire.OffTail]
	if got := c.Raw[wire.OffNonce:wire.OffTail]; !bytes.Equal(got, own) {
		return refuseAck(AckBadSign, "байты 20–24 заголовка %X, в сообщении %X", got, own)
	}
	if tail := c.Raw[wire.OffTail:wire.OffSTLVSize]; !bytes.Equal(tail, make([]byte, len(tail))) {
		return refuse(CryptoError, "байты 25–29 заголовка квитанции %X, нужны нули", tail)
	}
	return nil
}
