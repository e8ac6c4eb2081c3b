package fn

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// The table of fn.md 5.1.
// The switch that breaks the rule of 15h lets a drive work on after 30 days; without it
// the same drive is blocked.
func TestDevice_NoOutageBlockIsAFault(t *testing.T) {
	t.Parallel()
	for _, broken := range []bool{false, true} {
		r := openRig(t, fiscal.FFD105)
		require.NoError(t, r.SetFaults(Faults{OFDSilentDays: 31, NoOutageBlock: broken}))
		a := r.Exec(CmdBeginReceipt, r.stamp())
		assert.Equal(t, map[bool]Code{false: WaitedTooLong, true: Done}[broken], a.Code)
	}
}

func TestDevice_ComputesKeyLife(t *testing.T) {
	t.Parallel()
	const services, none = ModeServices, 0
	for _, c := range []struct {
		name   string
		months int
		ffd    fiscal.FFD
		mode   byte
		tax    byte
		ext    byte
		agents bool
		want   int
	}{
		{"36 usual", 36, fiscal.FFD105, services, 2, 0, false, 1110},
		{"36 goods, simplified", 36, fiscal.FFD105, none, 2, 0, false, 1110},
		{"15 usual", 15, fiscal.FFD105, none, 1, 0, false, 470},
		{"13 usual", 13, fiscal.FFD105, none, 1, 0, false, 410},
		{"15 autonomous", 15, fiscal.FFD105, ModeAutonomous, 2, 0, false, 410},
		{"36 autonomous", 36, fiscal.FFD105, ModeAutonomous | services, 2, 0, false, 560},
		{"36 autonomous, 1.2, goods, general", 36, fiscal.FFD12, ModeAutonomous, 1, 0, false, 410},
		{"36 autonomous, 1.2, services, general", 36, fiscal.FFD12, ModeAutonomous | services, 1, 0, false, 560},
		{"36 general, goods", 36, fiscal.FFD105, none, 1, 0, false, 560},
		{"36 general, services", 36, fiscal.FFD105, services, 1, 0, false, 1110},
		{"36 general, services, agents, 1.2", 36, fiscal.FFD12, services, 1, 0, true, 560},
		{"36 general, services, agents, 1.1", 36, fiscal.FFD11, services, 1, 0, true, 1110},
		{"36 excise", 36, fiscal.FFD11, none, 2, ExtExcise, false, 410},
		{"15 excise, 1.1", 15, fiscal.FFD11, none, 2, ExtExcise, false, 470},
		{"15 excise, 1.2", 15, fiscal.FFD12, none, 2, ExtExcise, false, 410},
		{"15 gambling, 1.2", 15, fiscal.FFD12, none, 2, ExtGambling, false, 410},
		{"15 pawnshop, 1.2", 15, fiscal.FFD12, none, 2, ExtPawnshop, false, 410},
		{"15 gambling, 1.1", 15, fiscal.FFD11, none, 2, ExtGambling, false, 470},
		{"36 lottery, 1.2", 36, fiscal.FFD12, none, 2, ExtLottery, false, 1110},
	} {
		d, err := New(Options{Model: Model{Name: "t", Months: c.months, LowestFFD: fiscal.FFD10, HighestFFD: fiscal.FFD12}})
		require.NoError(t, err)
		reg := &registration{FFD: c.ffd, Mode: c.mode, Tax: c.tax, Ext: c.ext, Agents: c.agents}
		days, r := d.keyLife(reg)
		require.Nil(t, r, c.name)
		assert.Equal(t, c.want, days, c.name)
	}
}

// FN-020, K-004: FN 1.2 does not take conditions that its life does not suit.
func TestDevice_RefusesUnfitLife(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD12, func(o *Options) { o.Model, _ = ModelByName("ФН-1.2 исп. 4, 36 мес.") })
	r.mode, r.tax = 0, TaxGeneral
	r.beginRegistration(regFirst)
	r.ok(CmdData, r.registrationData())
	a := r.no(LifeOver, r.formCmd(), r.registrationParams(regFirst, 0))
	assert.Contains(t, a.Why, "ОСН")
	r.mode = ModeServices
	r.ok(r.formCmd(), r.registrationParams(regFirst, 0))
}

// K-045, K-046, FN-024: warnings by days left, then 12h.
func TestDevice_WarnsAndStopsByKeyLife(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD11, func(o *Options) { o.Settings.KeyDays = 40 })
	r.register(regFirst, 0)
	r.deliverAll()
	start := r.now
	end := time.Date(2026, 9, 10, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, []byte{26, 9, 10}, r.ok(CmdLife)[:3])
	for _, c := range []struct {
		left int
		want byte
	}{{31, 0}, {30, WarnNearEnd}, {4, WarnNearEnd}, {3, WarnNearEnd | WarnReplace}, {0, WarnNearEnd | WarnReplace}} {
		r.now = end.AddDate(0, 0, -c.left).Add(23 * time.Hour)
		left := r.ok(CmdDaysLeft, r.stamp())
		assert.Equal(t, c.left, int(binary.LittleEndian.Uint16(left)))
		assert.Equal(t, c.want, r.warningByte(), "%d days left", c.left)
		a := r.Exec(CmdNumber, nil)
		assert.Equal(t, c.want != 0, a.Warning, "bit 7 of every answer (K-048)")
		assert.Equal(t, c.want != 0, a.Byte() == 0x80)
		r.open()
		doc := r.document(r.lastFD())
		assert.Equal(t, c.want&WarnNearEnd != 0, doc.Has(ffd.TagFNExhaustionSign))
		assert.Equal(t, c.want&WarnReplace != 0, doc.Has(ffd.TagFNReplaceRequiredSign))
		r.close()
		assert.Equal(t, uint64(c.left), r.document(r.lastFD()).Uint(ffd.TagKeyResource))
		r.deliverAll()
	}
	r.open()
	r.sell(1) // the last day still works
	r.ok(CmdBeginReceipt, r.stamp())
	r.later(2 * time.Hour)
	r.no(KeysOver, CmdFormReceipt, r.form16(1, 1))
	r.ok(CmdCancel)
	for _, cmd := range []byte{CmdBeginReceipt, CmdBeginCorrection, CmdBeginStateReport} {
		r.no(KeysOver, cmd, r.stamp())
	}
	r.close()
	r.no(KeysOver, CmdBeginOpenShift, r.stamp())
	r.no(KeysOver, CmdBeginRegistrationV2, []byte{regChange, byte(fiscal.FFD11)})
	r.deliverAll()
	r.closeFN()
	r.deliverAll()
	assert.Equal(t, PhaseArchive, r.st.Phase)
	assert.True(t, r.now.After(start))
}

// K-047, FN-023.
func TestDevice_WarnsAndStopsByArchive(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.Settings.Capacity, o.Settings.MemoryTagPercent = 10, 80 })
	r.register(regFirst, 0)
	r.open()
	for r.lastFD() < 7 {
		r.sell(1)
	}
	r.close()
	assert.Zero(t, r.warningByte())
	r.open()
	assert.True(t, r.document(9).Has(ffd.TagFNMemoryExceededSign), "8 of 10 reach the tag's own threshold")
	assert.Equal(t, WarnMemory, r.warningByte(), "9 of 10")
	r.sell(1)
	for _, cmd := range []byte{CmdBeginReceipt, CmdBeginCorrection, CmdBeginStateReport} {
		r.no(ArchiveFull, cmd, r.stamp())
	}
	r.close()
	r.no(ArchiveFull, CmdBeginOpenShift, r.stamp())
	r.deliverAll()
	r.closeFN()
	r.deliverAll()
	assert.Equal(t, PhaseArchive, r.st.Phase)
}

// fn.md 5.4, code 14h: sending helps.
func TestDevice_StopsWhenStoreIsFull(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD11, func(o *Options) { o.Settings.StoreBytes = 3000 })
	sold := 0
	for r.Exec(CmdBeginReceipt, r.stamp()).Code == Done {
		r.ok(CmdData, r.receiptData(1))
		a := r.Exec(CmdFormReceipt, r.form16(1, 1))
		if a.Code != Done {
			require.Equal(t, QueueFull, a.Code)
			require.Contains(t, a.Why, "свободно")
			r.ok(CmdCancel)
			break
		}
		sold++
	}
	assert.Greater(t, sold, 5)
	memory := r.ok(CmdMemoryLeft)
	assert.Zero(t, binary.LittleEndian.Uint32(memory[4:]))
	r.deliverAll()
	assert.Equal(t, uint32(2), binary.LittleEndian.Uint32(r.ok(CmdMemoryLeft)[4:]))
	r.sell(1)
	r.close()
	assert.LessOrEqual(t, r.store.used, 3000)

	tiny := newRig(t, fiscal.FFD105, func(o *Options) { o.Settings.StoreBytes = 5 })
	tiny.register(regFirst, 0)
	tiny.ok(CmdBeginOpenShift, tiny.stamp())
	tiny.no(QueueFull, CmdOpenShift)
}

// K-062: 2 days, 5 days for FFD 1.0; K-063, K-064: 30 days.
func TestDevice_CountsWaitingForOperator(t *testing.T) {
	t.Parallel()
	for v, overdue := range map[fiscal.FFD]time.Duration{fiscal.FFD10: 5 * 24 * time.Hour, fiscal.FFD105: 48 * time.Hour, fiscal.FFD12: 48 * time.Hour} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, v)
			r.register(regFirst, 0)
			start := r.now
			r.now = start.Add(overdue - time.Minute)
			r.open()
			assert.False(t, r.document(2).Has(ffd.TagOFDResponseTimeoutSign))
			assert.Zero(t, r.warningByte())
			r.now = start.Add(overdue)
			r.close()
			assert.True(t, r.document(3).Has(ffd.TagOFDResponseTimeoutSign))
			assert.Equal(t, WarnWaiting, r.warningByte())

			r.now = start.Add(30*24*time.Hour - time.Minute)
			r.open()
			r.sell(1)
			r.ok(CmdBeginReceipt, r.stamp())
			r.ok(CmdData, r.receiptData(1))
			r.later(time.Minute)
			r.no(WaitedTooLong, CmdFormReceipt, r.form16(1, 1))
			r.ok(CmdCancel)
			for _, cmd := range []byte{CmdBeginReceipt, CmdBeginCorrection, CmdBeginCloseShift} {
				r.no(WaitedTooLong, cmd, r.stamp())
			}
			r.state()
			r.deliverAll()
			r.sell(1)
			r.close()
			r.deliverAll()
			assert.Zero(t, r.warningByte(), "flags fall at once")
			r.open()
			assert.False(t, r.document(r.lastFD()).Has(ffd.TagOFDResponseTimeoutSign))
		})
	}
}

func TestDevice_RefusesOpeningWhileOperatorIsSilent(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	require.NoError(t, r.SetFaults(Faults{OFDSilentDays: 30}))
	r.no(WaitedTooLong, CmdBeginOpenShift, r.stamp())
	require.NoError(t, r.SetFaults(Faults{}))
	r.ok(CmdBeginOpenShift, r.stamp())
	require.NoError(t, r.SetFaults(Faults{OFDSilentDays: 30}))
	r.no(WaitedTooLong, CmdOpenShift)
	require.NoError(t, r.SetFaults(Faults{}))
	r.ok(CmdOpenShift)
	r.ok(CmdBeginCloseShift, r.stamp())
	require.NoError(t, r.SetFaults(Faults{OFDSilentDays: 30}))
	r.no(WaitedTooLong, CmdCloseShift)
}

// K-042, K-052, fn.md section 12: autonomous mode.
func TestDevice_WorksAutonomously(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11} {
		r := newRig(t, v)
		r.mode = ModeAutonomous | ModeServices
		if v == fiscal.FFD105 {
			r.beginRegistration(regFirst)
			r.no(BadValue, CmdFormRegistration, func() []byte {
				r.ok(CmdData, r.registrationData(), fields(func(b *tlv.Builder) { b.FixedText(ffd.TagOFDINN, string(testOFD), 12) }))
				return r.registrationParams(regFirst, 0)
			}())
			r.ok(CmdCancel)
			r.beginRegistration(regFirst)
			r.ok(CmdData, r.registrationData(), fields(func(b *tlv.Builder) { b.FixedText(ffd.TagOFDINN, string(fiscal.NoINN), 12) }))
			r.ok(CmdFormRegistration, r.registrationParams(regFirst, 0))
		} else {
			r.register(regFirst, 0)
		}
		assert.Equal(t, string(fiscal.NoINN), r.document(1).Text(ffd.TagOFDINN))
		for range 3 {
			r.open()
			r.sell(100)
			r.later(40 * 24 * time.Hour)
			r.state()
			doc := r.document(r.lastFD())
			assert.Equal(t, uint64(1), doc.Uint(ffd.TagOfflineMode), "P-09")
			assert.False(t, doc.Has(ffd.TagUnsentCount) || doc.Has(ffd.TagUnsentCounters))
			r.close()
			assert.False(t, r.document(r.lastFD()).Has(ffd.TagUnsentCount))
			assert.Zero(t, r.warningByte()&WarnWaiting)
		}
		assert.Zero(t, r.unsent())
		r.ok(CmdTransport, []byte{1})
		r.no(NoData, CmdBeginRead)
		rec := r.ok(CmdFindDocument, []byte{3, 0, 0, 0})
		if v == fiscal.FFD11 {
			require.Equal(t, byte(0x83), rec[0])
			require.Equal(t, byte(16), rec[21], "ФПА")
			drive := r.scheme.Drive(testNumber, 0)
			r.sell2(t, drive.SignArchive)
		} else {
			assert.Len(t, rec, 21)
		}
		r.closeFN()
		assert.Equal(t, PhaseArchive, r.st.Phase, "at once")
	}
}

// sell2 checks the sign of the archive on a receipt made now.
func (r *testRig) sell2(t *testing.T, sign func([]byte) [16]byte) {
	r.open()
	r.sell(7)
	fd := binary.LittleEndian.AppendUint32(nil, r.lastFD())
	want := sign(r.store.docs[r.lastFD()])
	assert.Equal(t, want[:], r.ok(CmdFindDocument, fd)[22:])
	r.close()
}
