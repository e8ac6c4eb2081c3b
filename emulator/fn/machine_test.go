package fn

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// intents are commands a register may send, with data that is right, wrong or torn.
var intents = map[string]func(*rapid.T, *testRig) (byte, []byte){
	"begin registration": func(t *rapid.T, r *testRig) (byte, []byte) {
		kind := rapid.ByteRange(0, 3).Draw(t, "kind")
		if r.ver >= fiscal.FFD11 {
			return CmdBeginRegistrationV2, []byte{kind, byte(r.ver)}
		}
		return CmdBeginRegistration, []byte{kind}
	},
	"registration data": func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdData, r.registrationData() },
	"form registration": func(t *rapid.T, r *testRig) (byte, []byte) {
		kind := byte(regFirst)
		if r.Device.ffd() != 0 {
			kind = regChange
		}
		return r.formCmd(), r.registrationParams(kind, rapid.Uint32Range(0, 5).Draw(t, "reasons"))
	},
	"begin opening":    func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdBeginOpenShift, r.stamp() },
	"opening data":     func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdData, r.shiftData() },
	"open":             func(*rapid.T, *testRig) (byte, []byte) { return CmdOpenShift, nil },
	"begin closing":    func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdBeginCloseShift, r.stamp() },
	"close":            func(*rapid.T, *testRig) (byte, []byte) { return CmdCloseShift, nil },
	"begin receipt":    func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdBeginReceipt, r.stamp() },
	"receipt data":     func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdData, r.receiptData(100) },
	"begin correction": func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdBeginCorrection, r.stamp() },
	"base of correction": func(*rapid.T, *testRig) (byte, []byte) {
		return CmdData, fields(func(b *tlv.Builder) { b.STLV(ffd.TagCorrectionBase, func(*tlv.Builder) {}) })
	},
	"form receipt": func(t *rapid.T, r *testRig) (byte, []byte) {
		return CmdFormReceipt, r.form16(rapid.ByteRange(0, 5).Draw(t, "op"), rapid.Uint64Range(0, 1<<40-1).Draw(t, "total"))
	},
	"begin state":         func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdBeginStateReport, r.stamp() },
	"state":               func(*rapid.T, *testRig) (byte, []byte) { return CmdFormStateReport, nil },
	"begin close archive": func(*rapid.T, *testRig) (byte, []byte) { return CmdBeginCloseArchive, nil },
	"close archive": func(_ *rapid.T, r *testRig) (byte, []byte) {
		rnm := testRNM.Padded()
		return CmdCloseArchive, append(r.stamp(), rnm[:]...)
	},
	"cancel": func(*rapid.T, *testRig) (byte, []byte) { return CmdCancel, nil },
	"transport": func(t *rapid.T, _ *testRig) (byte, []byte) {
		return CmdTransport, []byte{rapid.SampledFrom([]byte{1, 1, 1, 0, 2}).Draw(t, "state")}
	},
	"begin read": func(*rapid.T, *testRig) (byte, []byte) { return CmdBeginRead, nil },
	"read block": func(t *rapid.T, _ *testRig) (byte, []byte) {
		return CmdReadBlock, append(le16(rapid.Uint16Range(0, 900).Draw(t, "off")), le16(rapid.Uint16().Draw(t, "len"))...)
	},
	"cancel read": func(*rapid.T, *testRig) (byte, []byte) { return CmdCancelRead, nil },
	"end read":    func(*rapid.T, *testRig) (byte, []byte) { return CmdEndRead, nil },
	"ack": func(t *rapid.T, r *testRig) (byte, []byte) {
		if r.ofd.count() == 0 {
			return CmdAck, nil
		}
		ack := r.ack(r.ofd.first().Container)
		if rapid.IntRange(0, 3).Draw(t, "spoil") == 0 {
			ack[rapid.IntRange(0, len(ack)-1).Draw(t, "at")] ^= 1
		}
		return CmdAck, ack
	},
	"find": func(t *rapid.T, _ *testRig) (byte, []byte) {
		return CmdFindDocument, fdArg(rapid.Uint32Range(0, 9).Draw(t, "fd"))
	},
	"find ack": func(t *rapid.T, _ *testRig) (byte, []byte) {
		return CmdFindAck, fdArg(rapid.Uint32Range(0, 9).Draw(t, "fd"))
	},
	"document": func(t *rapid.T, _ *testRig) (byte, []byte) {
		return CmdDocumentTLV, fdArg(rapid.Uint32Range(0, 9).Draw(t, "fd"))
	},
	"next":          func(*rapid.T, *testRig) (byte, []byte) { return CmdNextTLV, nil },
	"all tags":      func(*rapid.T, *testRig) (byte, []byte) { return CmdRegistrationTag, []byte{0xFF, 0xFF} },
	"next tag":      func(*rapid.T, *testRig) (byte, []byte) { return CmdNextRegistration, nil },
	"counters":      func(*rapid.T, *testRig) (byte, []byte) { return CmdCounters, []byte{1} },
	"unsent":        func(*rapid.T, *testRig) (byte, []byte) { return CmdUnsentCounters, nil },
	"check code":    func(*rapid.T, *testRig) (byte, []byte) { return CmdMarkingCheck, checkArg(4, testCode) },
	"keep code":     func(*rapid.T, *testRig) (byte, []byte) { return CmdMarkingKeep, []byte{1} },
	"request":       func(_ *rapid.T, r *testRig) (byte, []byte) { return CmdMarkingRequest, r.requestArg() },
	"marked item":   func(*rapid.T, *testRig) (byte, []byte) { return CmdData, item(testCode) },
	"notice item":   func(*rapid.T, *testRig) (byte, []byte) { return CmdMarkingNotice, append([]byte{2}, item(testCode)...) },
	"notice read":   func(*rapid.T, *testRig) (byte, []byte) { return CmdNoticeBeginRead, nil },
	"notice ack":    func(*rapid.T, *testRig) (byte, []byte) { return CmdNoticeAck, make([]byte, 80) },
	"marking state": func(*rapid.T, *testRig) (byte, []byte) { return CmdMarkingState, nil },
	"rubbish": func(t *rapid.T, _ *testRig) (byte, []byte) {
		return rapid.Byte().Filter(func(b byte) bool { return b != CmdReset }).Draw(t, "cmd"), rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "data")
	},
}

// remembered is what a refused command must leave alone: all but the clock by which
// ages are counted and the list of last errors.
func (r *testRig) remembered() []byte {
	st := r.st
	defer func() { r.st = st }()
	r.st.Clock, r.st.Errors = 0, nil
	raw, err := r.freeze()
	require.NoError(r.t, err)
	return raw
}

// clone goes through a snapshot.
func (r *testRig) clone() *Device {
	var b bytes.Buffer
	require.NoError(r.t, r.Save(&b))
	d, err := Load(&b, Options{Number: r.Number()})
	require.NoError(r.t, err)
	return d
}

// The drive under random commands: FD numbers without a gap, phases one way, a
// refused command changes nothing, the warning bit tells of warnings, the queue is
// counted alike, a restored copy answers alike.
func TestDevice_KeepsInvariants(t *testing.T) {
	t.Parallel()
	names := make([]string, 0, len(intents))
	for name := range intents {
		names = append(names, name)
	}
	// what gets somewhere is tried more often
	names = append(names, "begin receipt", "receipt data", "form receipt", "begin opening", "opening data", "open", "transport", "begin read",
		"end read", "ack", "ack", "begin registration", "registration data", "form registration", "registration data", "form registration")
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(rt, rapid.SampledFrom([]fiscal.FFD{fiscal.FFD10, fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}).Draw(rt, "ffd"), func(o *Options) {
			o.Settings.Capacity = rapid.IntRange(5, 60).Draw(rt, "capacity")
			o.Settings.StoreBytes = rapid.SampledFrom([]int{1500, 4000, 0}).Draw(rt, "store")
			o.Settings.LooseClose = rapid.Bool().Draw(rt, "loose")
			o.Settings.KeyDays = rapid.SampledFrom([]int{0, 33}).Draw(rt, "keys")
		})
		r.ext = rapid.SampledFrom([]byte{0, ExtMarking}).Draw(rt, "ext")
		r.mode = rapid.SampledFrom([]byte{ModeServices, ModeServices, ModeEncryption, ModeAutonomous, ModeBSO}).Draw(rt, "mode")
		if rapid.Bool().Draw(rt, "registered") {
			r.register(regFirst, 0)
			r.open()
		}
		var twin *Device
		for range rapid.IntRange(20, 80).Draw(rt, "steps") {
			if rapid.IntRange(0, 9).Draw(rt, "wait") == 0 {
				r.later(time.Duration(rapid.SampledFrom([]int{1, 30, 60 * 23, 60 * 24 * 3, 60 * 24 * 31, -30}).Draw(rt, "minutes")) * time.Minute)
			}
			cmd, data := intents[rapid.SampledFrom(names).Draw(rt, "intent")](rt, r)
			before, phase, last := r.remembered(), r.st.Phase, r.lastFD()
			a := r.Exec(cmd, data)
			if twin != nil {
				require.Equal(rt, a, twin.Exec(cmd, data), "a restored copy answers alike")
			}
			if a.Code != Done {
				require.NotEmpty(rt, a.Why)
				require.Equal(rt, string(before), string(r.remembered()), "%02Xh answered %02Xh and changed something", cmd, a.Code)
			}
			require.Equal(rt, phase, r.st.Phase&phase, "phases only gain bits")
			require.Contains(rt, []uint32{last, last + 1}, r.lastFD())
			r.invariants(rt, a)
			if rapid.IntRange(0, 14).Draw(rt, "restore") == 0 {
				twin = r.clone()
			}
		}
	})
}

func (r *testRig) invariants(rt *rapid.T, a Answer) {
	status := r.ok(CmdStatus)
	require.Equal(rt, status[4] != 0, a.Warning)
	open := 0
	for i, rec := range r.archive.records {
		if !rec.Confirmed && (i == 0 || r.ofd.count() > 0) {
			open++
		}
		if stlv, ok := r.store.docs[uint32(i+1)]; ok {
			n, _ := tlv.Find(stlv[4:], ffd.TagFDNumber)
			require.Equal(rt, fdArg(uint32(i+1)), n)
		}
	}
	require.Equal(rt, r.ofd.count(), r.unsent())
	if exchange.has(r.st.Phase) {
		x := r.ok(CmdExchangeStatus)
		require.Equal(rt, le16(uint16(r.ofd.count())), x[2:4])
	}
	if reg := r.reg(); reg != nil && !reg.autonomous() && r.ofd.count() > 0 {
		require.Equal(rt, open, r.ofd.count())
	}
	require.LessOrEqual(rt, r.store.sent, r.store.used)
	require.GreaterOrEqual(rt, r.store.sent, 0)
}
