package sign

import (
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
)

// TBGOST1Options choose the keys of the scheme. The zero value is the public test
// key.
type TBGOST1Options struct {
	Key           MasterKey // NeverUseForRealMasterKey() when zero
	DocGeneration uint32    // generation of the document keys that CheckFPD expects
	CachedDrives  int       // drives whose keys are remembered; DefaultCachedDrives when zero
}

// DefaultCachedDrives is about 50 MB of remembered keys when all are in use.
const DefaultCachedDrives = 65536

// TBGOST1 is the bench's own scheme: a Verifier for any operator, and the maker of
// Signers for drives. Safe for concurrent use.
type TBGOST1 struct {
	key        MasterKey
	keyID      string
	generation uint32
	drives     *cache[fiscal.FNNumber, *driveKeys]
	links      *cache[link, *linkKeys]
	operators  *cache[fiscal.INN, *gost.Kuznyechik]
}

var _ Verifier = (*TBGOST1)(nil)

// NewTBGOST1 makes the scheme over a master key.
func NewTBGOST1(o TBGOST1Options) *TBGOST1 {
	if o.Key == (MasterKey{}) {
		o.Key = NeverUseForRealMasterKey()
	}
	if o.CachedDrives <= 0 {
		o.CachedDrives = DefaultCachedDrives
	}
	return &TBGOST1{
		key: o.Key, keyID: o.Key.ID(), generation: o.DocGeneration,
		drives:    newCache[fiscal.FNNumber, *driveKeys](o.CachedDrives),
		links:     newCache[link, *linkKeys](o.CachedDrives),
		operators: newCache[fiscal.INN, *gost.Kuznyechik](maxOperators),
	}
}

// maxOperators bounds the remembered operator keys; a country has about fifteen.
const maxOperators = 256

// KeyID names the master key, for reports.
func (s *TBGOST1) KeyID() string { return s.keyID }

// driveKeys are the keys that depend on the drive alone.
type driveKeys struct {
	root [gost.KeySize]byte // K_fn
	doc  *gost.Kuznyechik   // K_doc of the scheme's generation

	markingOnce sync.Once
	marking     *gost.Kuznyechik
}

func (k *driveKeys) km() *gost.Kuznyechik {
	k.markingOnce.Do(func() { k.marking = gost.NewKuznyechik(markingKey(k.root)) })
	return k.marking
}

// link is one drive with one operator.
type link struct {
	fn  fiscal.FNNumber
	ofd fiscal.INN
}

// linkKeys are the keys between a drive and an operator; few drives encrypt, so
// those two are made when asked for.
type linkKeys struct {
	ofd  fiscal.INN
	root [gost.KeySize]byte
	msg  *gost.Kuznyechik

	encOnce sync.Once
	up, dn  *gost.Kuznyechik
}

func (k *linkKeys) encryption() (up, dn *gost.Kuznyechik) {
	k.encOnce.Do(func() {
		k.up = gost.NewKuznyechik(linkKey(k.root, "enc-up", k.ofd))
		k.dn = gost.NewKuznyechik(linkKey(k.root, "enc-dn", k.ofd))
	})
	return k.up, k.dn
}

func (s *TBGOST1) driveKeys(fn fiscal.FNNumber) *driveKeys {
	if k, ok := s.drives.get(fn); ok {
		return k
	}
	k := &driveKeys{root: s.key.drive(fn)}
	k.doc = gost.NewKuznyechik(documentKey(k.root, s.generation))
	s.drives.put(fn, k)
	return k
}

func (s *TBGOST1) linkKeys(fn fiscal.FNNumber, ofd fiscal.INN) *linkKeys {
	l := link{fn, ofd}
	if k, ok := s.links.get(l); ok {
		return k
	}
	root := s.driveKeys(fn).root
	k := &linkKeys{ofd: ofd, root: root, msg: gost.NewKuznyechik(linkKey(root, "msg", ofd))}
	s.links.put(l, k)
	return k
}

func (s *TBGOST1) operatorKey(ofd fiscal.INN) *gost.Kuznyechik {
	if k, ok := s.operators.get(ofd); ok {
		return k
	}
	k := gost.NewKuznyechik(s.key.operator(ofd))
	s.operators.put(ofd, k)
	return k
}
