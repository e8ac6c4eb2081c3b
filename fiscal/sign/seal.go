package sign

import (
	"encoding/binary"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Sizes and marks of TB-GOST-1 (fiscal-sign.md sections 5.1 and 5.2).
const (
	fpdLen        = 6
	encryptedFlag = 0x01 // bit 0 of the first service byte
	ivOffset      = wire.OffFD
	ivEnd         = wire.OffTail
	maxSealedSTLV = 1<<16 - 1 - wire.ContainerHeaderLen - wire.TrailerLen
)

var (
	fpdMark     = [2]byte{0x21, 0x04} // before the four bytes of ФПД
	messageMark = [2]byte{0x81, 0x06} // before the six bytes of ФПС and ФПП
	drivesTail  = [5]byte{0x00, 0x00, 0x01, 0x00, 0x02}
	// drivesService are the service bytes of a drive's container (captures).
	drivesService = [2]byte{0x10, 0x09}
)

// messageSign is ФПС and ФПП without the two zero bytes: it covers the container
// header without length and check code, and the plain STLV.
func messageSign(k *gost.Kuznyechik, header, stlv []byte) (sign [wire.SignLen]byte) {
	mac := k.MAC(header[wire.OffType:wire.ContainerHeaderLen], stlv)
	copy(sign[:], messageMark[:])
	copy(sign[len(messageMark):], mac[:])
	return sign
}

// seal makes a container: header, STLV, sign and, when enc is not nil, encryption.
// The caller set the encryption bit in h.
func seal(h *wire.ContainerHeader, stlv []byte, msg, enc *gost.Kuznyechik) []byte {
	b := make([]byte, 0, wire.ContainerHeaderLen+len(stlv)+wire.TrailerLen)
	b = h.Append(b)
	sign := messageSign(msg, b, stlv)
	b = append(b, stlv...)
	b = append(b, sign[:]...)
	b = append(b, 0, 0)
	if enc != nil {
		body := b[wire.ContainerHeaderLen:]
		enc.CTR([8]byte(b[ivOffset:ivEnd]), body, body)
	}
	wire.FinishContainer(b)
	return b
}

// unseal decrypts the payload with enc when the container says so and splits it. A
// payload that makes no sense after decryption was encrypted with another key.
func unseal(c *wire.Container, enc *gost.Kuznyechik) (stlv, trailer []byte, err error) {
	payload := c.Payload()
	if !c.Encrypted() {
		return wire.SplitPayload(payload)
	}
	plain := make([]byte, len(payload))
	enc.CTR([8]byte(c.Raw[ivOffset:ivEnd]), plain, payload)
	stlv, trailer, err = wire.SplitPayload(plain)
	if err != nil {
		return nil, nil, encryptedUnreadable("data that our key decrypts", "no document after decryption: encrypted with another key")
	}
	return stlv, trailer, nil
}

func encryptedUnreadable(expected, got string) error {
	return &wire.Error{Fault: fiscal.EncryptedUnreadable, Offset: wire.OffService, Expected: expected, Got: got}
}

// nonce is the deterministic filling of header bytes 20–24 (fiscal-sign.md 5.4).
func nonce(k *gost.Kuznyechik, fd fiscal.FDNumber) [5]byte {
	var number [4]byte
	binary.LittleEndian.PutUint32(number[:], uint32(fd))
	mac := k.MAC([]byte("nonce"), number[:])
	return [5]byte(mac[:5])
}

// checkSTLV refuses what is not exactly one STLV that fits a container.
func checkSTLV(stlv []byte) (tlv.Field, error) {
	doc, rest, err := tlv.Outer(stlv)
	if err != nil {
		return doc, err
	}
	if len(rest) > 0 {
		return doc, fmt.Errorf("%d bytes after the end of the document", len(rest))
	}
	if len(stlv) > maxSealedSTLV {
		return doc, fmt.Errorf("document of %d bytes, a container holds %d", len(stlv), maxSealedSTLV)
	}
	return doc, nil
}
