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

// frame puts a body into a snapshot with a right length and checksum.
func frame(body []byte) []byte {
	file := append([]byte(snapshotMark), snapshotVersion, 0)
	file = append(binary.LittleEndian.AppendUint64(file, uint64(len(body))), body...)
	sum := sha256.Sum256(file)
	return append(file, sum[:]...)
}

// tour is a walk through the commands that read what a snapshot brought.
func tour(d *Device) {
	now := appendTime(nil, d.st.LastDoc)
	for _, c := range []struct {
		cmd  byte
		data []byte
	}{
		{CmdStatus, nil}, {CmdLife, nil}, {CmdCounters, []byte{0}}, {CmdExchangeStatus, nil}, {CmdTransport, []byte{1}}, {CmdBeginRead, nil},
		{CmdReadBlock, []byte{0, 0, 99, 0}}, {CmdEndRead, nil}, {CmdAck, make([]byte, 99)}, {CmdFindDocument, fdArg(1)}, {CmdFindAck, fdArg(1)},
		{CmdDocumentTLV, fdArg(1)}, {CmdNextTLV, nil}, {CmdRegistrationTag, []byte{0xFF, 0xFF}}, {CmdNextRegistration, nil}, {CmdRegistrationResult, nil},
		{CmdMarkingState, nil}, {CmdMarkingAnswer, make([]byte, 99)}, {CmdNoticeAck, make([]byte, 99)}, {CmdKeyAnswer, make([]byte, 99)},
		{CmdFormReceipt, append(now, 1, 1, 0, 0, 0, 0)}, {CmdCancel, nil}, {CmdBeginStateReport, now}, {CmdFormStateReport, nil},
		{CmdBeginCloseShift, now}, {CmdCloseShift, nil}, {CmdBeginOpenShift, now}, {CmdOpenShift, nil},
	} {
		d.Exec(c.cmd, c.data)
	}
}

// FuzzLoad gives Load arbitrary bytes, and good snapshots in which a stretch was
// replaced and the checksum made right again. Load must refuse, or give a drive that
// works and saves again.
func FuzzLoad(f *testing.F) {
	var bodies [][]byte
	for _, r := range []*testRig{newRig(f, fiscal.FFD12), openRig(f, fiscal.FFD105), lived(f)} {
		body, err := r.freeze()
		require.NoError(f, err)
		bodies = append(bodies, body)
	}
	f.Add(byte(9), uint16(0), uint16(0), []byte("FBFN\x01\x00"))
	for i, body := range bodies {
		f.Add(byte(i), uint16(0), uint16(0), []byte{})
		for _, word := range []string{`"Phase":`, `"FD":`, `"Open":`, `"Kind":`, `"Clock":`, `"Container":`, `"StoreTop":`, `"Saved":`, `"Reading":`} {
			if at := bytes.Index(body, []byte(word)); at >= 0 {
				f.Add(byte(i), uint16(at+len(word)), uint16(1), []byte("7"))
			}
		}
		n := 4 + int(binary.LittleEndian.Uint32(body)) // the byte part begins
		f.Add(byte(i), uint16(n), uint16(1), []byte{0xFF})
		f.Add(byte(i), uint16(len(body)-1), uint16(1), []byte{})
	}
	f.Fuzz(func(t *testing.T, which byte, at, gone uint16, patch []byte) {
		if len(patch) > 4<<10 {
			return
		}
		file := patch
		if int(which) < len(bodies) {
			body := bodies[which]
			start := min(int(at), len(body))
			end := min(start+int(gone), len(body))
			file = frame(append(append(append([]byte{}, body[:start]...), patch...), body[end:]...))
		}
		d, err := Load(bytes.NewReader(file), Options{})
		if err != nil {
			require.Nil(t, d)
			return
		}
		tour(d)
		require.NoError(t, d.Save(&bytes.Buffer{}))
	})
}
