package fn

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// script is a sequence of commands as FuzzDevice reads it: command, length u16, data.
func script(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(append(all, p[0]), le16(uint16(len(p)-1))...)
		all = append(all, p[1:]...)
	}
	return all
}

// FuzzDevice_Exec runs arbitrary commands on drives in several states: nothing may
// panic, and what came out must still save and load.
func FuzzDevice_Exec(f *testing.F) {
	seed := newRig(f, fiscal.FFD12)
	cmd := func(c byte, data ...[]byte) []byte { return append([]byte{c}, join(data...)...) }
	f.Add(byte(0), script(cmd(CmdStatus), cmd(CmdLife), cmd(CmdVersion)))
	f.Add(byte(0), script(cmd(CmdBeginRegistrationV2, []byte{0, 4}), cmd(CmdData, seed.registrationData()), cmd(CmdFormRegistrationV2, seed.registrationParams(0, 0))))
	f.Add(byte(1), script(cmd(CmdBeginReceipt, seed.stamp()), cmd(CmdData, seed.receiptData(5)), cmd(CmdFormReceipt, seed.form16(1, 5)), cmd(CmdTransport, []byte{1}), cmd(CmdBeginRead), cmd(CmdEndRead), cmd(CmdAck, make([]byte, 60))))
	f.Add(byte(2), script(cmd(CmdMarkingCheck, checkArg(4, testCode)), cmd(CmdMarkingRequest, seed.requestArg()), cmd(CmdMarkingKeep, []byte{1}), cmd(CmdBeginReceipt, seed.stamp()), cmd(CmdMarkingNotice, []byte{2}, item(testCode)), cmd(CmdMarkingState)))
	f.Add(byte(3), script(cmd(CmdBeginCloseShift, seed.stamp()), cmd(CmdCloseShift), cmd(CmdBeginCloseArchive), cmd(CmdDocumentTLV, fdArg(1)), cmd(CmdNextTLV), cmd(CmdRegistrationTag, []byte{0xFF, 0xFF}), cmd(CmdNextRegistration)))
	f.Fuzz(func(t *testing.T, start byte, raw []byte) {
		if len(raw) > 8<<10 {
			return
		}
		var r *testRig
		switch start % 4 {
		case 0:
			r = newRig(t, fiscal.FFD12)
		case 1:
			r = openRig(t, fiscal.FFD105)
		case 2:
			r = newRig(t, fiscal.FFD12)
			r.ext = ExtMarking
			r.register(regFirst, 0)
			r.open()
		case 3:
			r = openRig(t, fiscal.FFD11, func(o *Options) { o.Settings.LooseClose = true })
		}
		for len(raw) >= 3 {
			n := min(int(binary.LittleEndian.Uint16(raw[1:])), len(raw)-3)
			a := r.Exec(raw[0], raw[3:3+n])
			require.Equal(t, a.Code == Done, a.Why == "")
			require.LessOrEqual(t, len(a.Data), maxData)
			raw = raw[3+n:]
		}
		r.clone()
	})
}

// FuzzLoad gives arbitrary bytes to Load, as they are and with a right frame around
// them: it must refuse or give a drive that works and saves again.
func FuzzLoad(f *testing.F) {
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD12} {
		r := openRig(f, v)
		r.sell(5)
		r.deliver()
		r.ok(CmdBeginReceipt, r.stamp())
		r.ok(CmdData, r.receiptData(7))
		body, err := r.freeze()
		require.NoError(f, err)
		f.Add(body)
	}
	var fresh bytes.Buffer
	require.NoError(f, newRig(f, fiscal.FFD12).Save(&fresh))
	f.Add(fresh.Bytes())
	f.Add([]byte("FBFN"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 64<<10 {
			return
		}
		framed := append([]byte(snapshotMark), snapshotVersion, 0)
		framed = append(binary.LittleEndian.AppendUint64(framed, uint64(len(raw))), raw...)
		sum := sha256.Sum256(framed)
		for _, file := range [][]byte{raw, append(framed, sum[:]...)} {
			d, err := Load(bytes.NewReader(file), Options{})
			if err != nil {
				require.Nil(t, d)
				continue
			}
			now := appendTime(nil, d.st.LastDoc)
			for _, cmd := range []struct {
				code byte
				data []byte
			}{
				{CmdStatus, nil}, {CmdLife, nil}, {CmdCounters, []byte{0}}, {CmdExchangeStatus, nil}, {CmdTransport, []byte{1}}, {CmdBeginRead, nil},
				{CmdReadBlock, []byte{0, 0, 99, 0}}, {CmdEndRead, nil}, {CmdAck, make([]byte, 99)}, {CmdFindDocument, fdArg(1)}, {CmdFindAck, fdArg(1)},
				{CmdDocumentTLV, fdArg(1)}, {CmdNextTLV, nil}, {CmdRegistrationTag, []byte{0xFF, 0xFF}}, {CmdNextRegistration, nil}, {CmdRegistrationResult, nil},
				{CmdMarkingState, nil}, {CmdMarkingAnswer, make([]byte, 99)}, {CmdNoticeAck, make([]byte, 99)}, {CmdKeyAnswer, make([]byte, 99)},
				{CmdFormReceipt, append(now, 1, 1, 0, 0, 0, 0)}, {CmdCancel, nil}, {CmdBeginStateReport, now}, {CmdFormStateReport, nil},
				{CmdBeginCloseShift, now}, {CmdCloseShift, nil}, {CmdBeginOpenShift, now}, {CmdOpenShift, nil},
			} {
				d.Exec(cmd.code, cmd.data)
			}
			require.NoError(t, d.Save(&bytes.Buffer{}))
		}
	})
}
