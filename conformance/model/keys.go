package model

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal/gost"
)

// TestMasterKey is the public key of the bench's own scheme (fiscal-sign.md
// section 5). A run against a bench with its own key gives another.
func TestMasterKey() [32]byte {
	return gost.Sum256([]byte("ofd-testbench/TB-GOST-1/test-master-key"))
}

// Keys are the keys of one drive with one operator.
type Keys struct {
	doc, msg, up, down, opr, km *gost.Kuznyechik
}

// DeriveKeys follows fiscal-sign.md section 5: fn has at most 16 digits, inn 10 or
// 12.
func DeriveKeys(master [32]byte, fn, inn string) *Keys {
	fn16, inn12 := []byte(fmt.Sprintf("%-16s", fn)), []byte(fmt.Sprintf("%-12s", inn))
	kfn := gost.KDF256(master[:], []byte("fn"), fn16)
	derive := func(root [32]byte, label string, seed []byte) *gost.Kuznyechik {
		return gost.NewKuznyechik(gost.KDF256(root[:], []byte(label), seed))
	}
	return &Keys{
		doc:  derive(kfn, "doc", make([]byte, 4)),
		msg:  derive(kfn, "msg", inn12),
		up:   derive(kfn, "enc-up", inn12),
		down: derive(kfn, "enc-dn", inn12),
		opr:  derive(master, "opr", inn12),
		km:   derive(kfn, "oism", nil),
	}
}

// ArchiveSign is the ФПА of a document of autonomous mode (fiscal-sign.md 5.6).
func ArchiveSign(master [32]byte, fn string, stlv []byte) []byte {
	kfn := gost.KDF256(master[:], []byte("fn"), []byte(fmt.Sprintf("%-16s", fn)))
	mac := gost.NewKuznyechik(gost.KDF256(kfn[:], []byte("arc"), nil)).MAC(stlv)
	return mac[:]
}
