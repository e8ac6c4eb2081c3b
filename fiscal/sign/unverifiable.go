package sign

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// foreign looks at drives whose signs cannot be checked here: real ones, debug
// ones, other people's emulators. It confirms by another scheme.
type foreign struct{ confirm Verifier }

// AcceptUnverifiable is the Verifier of the policy of that name: plain containers
// are split and every sign is Unverifiable, encrypted ones are EncryptedUnreadable
// (E-14), and confirmations are made by confirm, which the drive will refuse when
// it is a real one (TRN-031).
func AcceptUnverifiable(confirm Verifier) Verifier { return foreign{confirm} }

// Open implements Verifier.
func (foreign) Open(_ context.Context, _ fiscal.FNNumber, _ fiscal.INN, c wire.Container) (Opened, error) {
	return splitForeign(&c, "подпись не проверена: ключей этого ФН у стенда нет")
}

func splitForeign(c *wire.Container, detail string) (Opened, error) {
	if c.Encrypted() {
		return Opened{FPS: Unverifiable, Detail: detail}, encryptedUnreadable("plain data of a drive without known keys (TRN-103)", "the encryption bit")
	}
	stlv, trailer, err := wire.SplitPayload(c.Payload())
	if err != nil {
		return Opened{FPS: Unverifiable, Detail: detail}, err
	}
	return Opened{STLV: stlv, Trailer: trailer, FPS: Unverifiable, Detail: detail}, nil
}

// CheckFPD implements Verifier: only the shape of 1077 is judged, its first two
// bytes may be any.
func (foreign) CheckFPD(_ context.Context, _ fiscal.FNNumber, form fiscal.Form, stlv []byte) (Verdict, string, error) {
	if covered(form) == nil {
		return Skipped, fmt.Sprintf("у формы %d нет ФПД", form), nil
	}
	doc, err := checkSTLV(stlv)
	if err != nil {
		return Skipped, "", fmt.Errorf("sign: looking at ФПД: %w", err)
	}
	value, _ := tlv.Find(doc.Value, ffd.TagFPD)
	if v, detail := fpdShape(value, false); v != OK {
		return v, detail, nil
	}
	return Unverifiable, "ФПД не проверен: ключей этого ФН у стенда нет", nil
}

// Confirm implements Verifier.
func (f foreign) Confirm(ctx context.Context, r ConfirmRequest) ([]byte, error) {
	return f.confirm.Confirm(ctx, r)
}
