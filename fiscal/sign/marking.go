package sign

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Marking signs and checks the exchange about marking codes (forms 81–84) of one
// drive: both ends have the same key (fiscal-sign.md 5.6, TRN-110). Nothing is
// encrypted. Safe for concurrent use.
type Marking struct {
	fn  fiscal.FNNumber
	key *gost.Kuznyechik
}

// Marking returns the signs of a drive's marking exchange.
func (s *TBGOST1) Marking(fn fiscal.FNNumber) *Marking {
	return &Marking{fn: fn, key: s.driveKeys(fn).km()}
}

// Seal makes a container of the drive: a request (81) or a notification (82) under
// its number.
func (m *Marking) Seal(form fiscal.Form, number fiscal.FDNumber, stlv []byte) ([]byte, error) {
	if number > fiscal.MaxFDNumber {
		return nil, fmt.Errorf("sign: sealing marking message %d: the container header holds at most %d", number, fiscal.MaxFDNumber)
	}
	if err := checkMarking(form, stlv); err != nil {
		return nil, fmt.Errorf("sign: sealing marking message %d: %w", number, err)
	}
	h := wire.ContainerHeader{Form: form, Service: drivesService, FN: m.fn.BCD(), FD: number,
		Nonce: nonce(m.key, number), Tail: drivesTail, STLVSize: uint16(len(stlv))}
	return seal(&h, stlv, m.key, nil), nil
}

// Answer makes the container of an answer (83) or a receipt (84) to a request of
// the drive, whose header is mirrored.
func (m *Marking) Answer(request wire.Container, form fiscal.Form, stlv []byte) ([]byte, error) {
	if len(request.Raw) < wire.ContainerHeaderLen {
		return nil, fmt.Errorf("sign: answering marking message %d: the request has no container header", request.FD)
	}
	if err := checkMarking(form, stlv); err != nil {
		return nil, fmt.Errorf("sign: answering marking message %d: %w", request.FD, err)
	}
	h := mirror(&request, form)
	return seal(&h, stlv, m.key, nil), nil
}

// Open splits a container of either direction and checks its sign. An error is a
// *wire.Error: the container could not be split.
func (m *Marking) Open(c wire.Container) (stlv []byte, v Verdict, err error) {
	if c.Encrypted() {
		return nil, Unverifiable, encryptedUnreadable("plain data: marking messages are not encrypted", "the encryption bit")
	}
	stlv, trailer, err := unseal(&c, nil)
	if err != nil {
		return nil, Skipped, err
	}
	return stlv, judge(m.key, &c, stlv, trailer), nil
}

func checkMarking(form fiscal.Form, stlv []byte) error {
	if !form.IsMarking() {
		return fmt.Errorf("form %d is not of the marking exchange", form)
	}
	_, err := checkSTLV(stlv)
	return err
}
