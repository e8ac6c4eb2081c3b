package sign

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Verdict on one sign (fiscal-sign.md section 6).
type Verdict uint8

// Verdicts.
const (
	Skipped      Verdict = iota // policy: not looked at
	OK                          // the sign fits
	Bad                         // the sign does not fit
	BadFormat                   // tag 1077 of a wrong shape
	Absent                      // no sign in the document
	Unverifiable                // no key or a foreign scheme
)

var verdictNames = [...]string{"skipped", "ok", "bad", "bad_format", "absent", "unverifiable"}

// String is the name used in logs, JSON and the plug-in protocol.
func (v Verdict) String() string { return verdictNames[v] }

// ParseVerdict reads the name of a verdict.
func ParseVerdict(name string) (Verdict, error) {
	for i, n := range verdictNames {
		if n == name {
			return Verdict(i), nil
		}
	}
	return Skipped, fmt.Errorf("sign: verdict %q is not known", name)
}

// Signer is the drive's side: it holds the keys of one FN.
type Signer interface {
	// SignDocument makes the six bytes of tag 1077 over a document body: the TLVs of
	// the STLV's first level without 1077 (ФПД).
	SignDocument(form fiscal.Form, body []byte) ([6]byte, error)
	// Seal puts a finished document STLV (header included) into a container with
	// header, message sign (ФПС) and, when asked, encryption for the operator ofd.
	Seal(form fiscal.Form, fd fiscal.FDNumber, ofd fiscal.INN, stlv []byte, encrypt bool) (container []byte, err error)
	// OpenAck decrypts a confirmation's container and checks its sign (ФПП). The
	// header was checked by the caller. An error means it could not be split.
	OpenAck(ofd fiscal.INN, container wire.Container) (stlv []byte, fpp Verdict, err error)
}

// Opened is a container taken apart.
type Opened struct {
	STLV    []byte // the document with its header, plain; nil when unreadable
	Trailer []byte // 8 or 10 bytes; nil when a plug-in decrypted
	FPS     Verdict
	Detail  string // why, in one sentence, for the report
}

// ConfirmRequest asks for the container of a confirmation.
type ConfirmRequest struct {
	FN      fiscal.FNNumber
	OFD     fiscal.INN
	Request wire.Container // of the document confirmed: its header is mirrored
	STLV    []byte         // form 7 without 1078, header included
	Type    byte           // container type; wire.TypeFN when zero
}

// Verifier is the operator's side. It serves any number of drives at once; its
// methods are safe for concurrent use. The plug-in protocol of fiscal-sign.md
// section 7 has the same three calls.
type Verifier interface {
	// Open decrypts, splits and checks the message sign (ФПС). Transport faults come
	// back as *wire.Error (BadTrailer, UnparseableDocument, EncryptedUnreadable); a
	// sign that does not fit is a verdict, not an error.
	Open(ctx context.Context, fn fiscal.FNNumber, ofd fiscal.INN, c wire.Container) (Opened, error)
	// CheckFPD checks tag 1077 of a document STLV; form is the tag of the STLV, not the
	// byte of the container. A document whose fields break is an error.
	CheckFPD(ctx context.Context, fn fiscal.FNNumber, form fiscal.Form, stlv []byte) (Verdict, string, error)
	// Confirm adds 1078 (ФПО) as the last field and the trailer (ФПП), encrypts when
	// the request was encrypted, and returns a finished container.
	Confirm(ctx context.Context, r ConfirmRequest) (container []byte, err error)
}
