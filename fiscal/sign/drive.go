package sign

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Drive signs for one fiscal drive by TB-GOST-1. It keeps no memory of what it
// signed: the same document gives the same bytes, and two documents under one
// number are signed alike (duplicate tests) — never seal such a pair encrypted, it
// would use one key stream twice. Safe for concurrent use.
type Drive struct {
	scheme *TBGOST1
	fn     fiscal.FNNumber
	doc    *gost.Kuznyechik
}

var _ Signer = (*Drive)(nil)

// Drive returns the signer of a drive whose document keys are of the given
// generation: 0, unless a test changes it.
func (s *TBGOST1) Drive(fn fiscal.FNNumber, docGeneration uint32) *Drive {
	keys := s.driveKeys(fn)
	d := &Drive{scheme: s, fn: fn, doc: keys.doc}
	if docGeneration != s.generation {
		d.doc = gost.NewKuznyechik(documentKey(keys.root, docGeneration))
	}
	return d
}

// FN is the number of the drive.
func (d *Drive) FN() fiscal.FNNumber { return d.fn }

// SignDocument makes tag 1077 over a document body. Fields that the sign covers
// and the body lacks are left out. The error is ErrNoFPD for forms without ФПД, or
// an *tlv.Error.
func (d *Drive) SignDocument(form fiscal.Form, body []byte) ([fpdLen]byte, error) {
	return signDocument(d.doc, form, body)
}

// Seal makes the message container of a document (fiscal-sign.md 5.2, 5.4, 5.5).
// The form stands in the header and may differ from the STLV's tag for tests.
func (d *Drive) Seal(form fiscal.Form, fd fiscal.FDNumber, ofd fiscal.INN, stlv []byte, encrypt bool) ([]byte, error) {
	if fd > fiscal.MaxFDNumber {
		return nil, fmt.Errorf("sign: sealing FD %d: the container header holds at most %d", fd, fiscal.MaxFDNumber)
	}
	if _, err := checkSTLV(stlv); err != nil {
		return nil, fmt.Errorf("sign: sealing FD %d: %w", fd, err)
	}
	keys := d.scheme.linkKeys(d.fn, ofd)
	h := wire.ContainerHeader{Form: form, Service: drivesService, FN: d.fn.BCD(), FD: fd,
		Nonce: nonce(keys.msg, fd), Tail: drivesTail, STLVSize: uint16(len(stlv))}
	var enc *gost.Kuznyechik
	if encrypt {
		enc, _ = keys.encryption()
		h.Service[0] |= encryptedFlag
	}
	return seal(&h, stlv, keys.msg, enc), nil
}

// OpenAck opens a confirmation and checks its ФПП. An error is a *wire.Error:
// the container could not be split.
func (d *Drive) OpenAck(ofd fiscal.INN, c wire.Container) ([]byte, Verdict, error) {
	keys := d.scheme.linkKeys(d.fn, ofd)
	var enc *gost.Kuznyechik
	if c.Encrypted() {
		_, enc = keys.encryption()
	}
	stlv, trailer, err := unseal(&c, enc)
	if err != nil {
		return nil, Skipped, err
	}
	return stlv, judge(keys.msg, &c, stlv, trailer), nil
}

// judge compares the trailer with the message sign that it should be.
func judge(k *gost.Kuznyechik, c *wire.Container, stlv, trailer []byte) Verdict {
	want := messageSign(k, c.Raw, stlv)
	if !gost.Equal(trailer[:wire.SignLen], want[:]) {
		return Bad
	}
	return OK
}

// SignArchive is ФПА over the STLV of the 5-year data (fiscal-sign.md 5.6).
func (d *Drive) SignArchive(stlv []byte) [16]byte {
	return gost.NewKuznyechik(archiveKey(d.scheme.driveKeys(d.fn).root)).MAC(stlv)
}
