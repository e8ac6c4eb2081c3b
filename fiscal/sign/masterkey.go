package sign

import (
	"encoding/hex"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
)

// MasterKey is the key of an installation (TMK), from which every other key of
// TB-GOST-1 is derived (fiscal-sign.md section 5). Both ends need the same one.
type MasterKey [gost.KeySize]byte

// NeverUseForRealMasterKey is the public key that everybody has: whoever knows it
// makes valid signs, which is what a test bench is for.
func NeverUseForRealMasterKey() MasterKey {
	return gost.Sum256([]byte("ofd-testbench/TB-GOST-1/test-master-key"))
}

// ParseMasterKey reads 64 hex digits. The digits never stand in the error.
func ParseMasterKey(s string) (MasterKey, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != gost.KeySize {
		return MasterKey{}, fmt.Errorf("sign: master key: want %d hex digits, got %d characters or something that is not hex",
			2*gost.KeySize, len(s))
	}
	return MasterKey(b), nil
}

// ID names the key in reports and logs: eight hex digits, the first four bytes of
// its hash.
func (k MasterKey) ID() string {
	sum := gost.Sum256(k[:])
	return hex.EncodeToString(sum[:4])
}

// String is the ID, so that a key put into a log by mistake stays secret.
func (k MasterKey) String() string { return "key " + k.ID() }

// GoString is String, for %#v.
func (k MasterKey) GoString() string { return k.String() }

// Derivations of fiscal-sign.md section 5. Labels are ASCII, numbers padded as on
// the wire.

func (k MasterKey) drive(fn fiscal.FNNumber) [gost.KeySize]byte {
	seed := fn.Padded()
	return gost.KDF256(k[:], []byte("fn"), seed[:])
}

func (k MasterKey) operator(ofd fiscal.INN) [gost.KeySize]byte {
	seed := ofd.Padded()
	return gost.KDF256(k[:], []byte("opr"), seed[:])
}

func documentKey(drive [gost.KeySize]byte, generation uint32) [gost.KeySize]byte {
	return gost.KDF256(drive[:], []byte("doc"), []byte{byte(generation >> 24), byte(generation >> 16), byte(generation >> 8), byte(generation)})
}

// linkKey is a key between a drive and an operator: "msg", "enc-up" or "enc-dn".
func linkKey(drive [gost.KeySize]byte, label string, ofd fiscal.INN) [gost.KeySize]byte {
	seed := ofd.Padded()
	return gost.KDF256(drive[:], []byte(label), seed[:])
}

func archiveKey(drive [gost.KeySize]byte) [gost.KeySize]byte {
	return gost.KDF256(drive[:], []byte("arc"), nil)
}

func markingKey(drive [gost.KeySize]byte) [gost.KeySize]byte {
	return gost.KDF256(drive[:], []byte("oism"), nil)
}
