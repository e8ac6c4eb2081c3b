package fnport

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// fnf-01, fnf-02, fnc-01 … fnc-24 (vectors.json).
func TestDriver_FrameVectors(t *testing.T) {
	t.Parallel()
	t.Run("status in fiscal mode", func(t *testing.T) {
		d := script(t, exchange(t, "fnf-01", "fnc-03"))
		s, err := d.Status()
		require.NoError(t, err)
		assert.Equal(t, Status{Phase: PhaseFiscal, ShiftOpen: true, Warnings: WarnResource, LastTime: august, FN: fn5488, LastFD: 77}, s)
		assert.True(t, d.Warning(), "fnc-03 has bit 7 of the code set (K-048)")
	})
	t.Run("status before registration", func(t *testing.T) {
		d := script(t, exchange(t, "fnf-01", "fnc-04"))
		s, err := d.Status()
		require.NoError(t, err)
		assert.Equal(t, Status{Phase: PhaseReady, FN: fn5488}, s)
		assert.False(t, d.Warning())
	})
	t.Run("number", func(t *testing.T) {
		d := script(t, exchange(t, "fnc-01", "fnc-02"))
		n, err := d.Number()
		require.NoError(t, err)
		assert.Equal(t, fn5488, n)
	})
	t.Run("version", func(t *testing.T) {
		_, data := frame(t, "fnf-02")
		d := script(t, step{cmd: 0x33, Answer: fn.Answer{Data: data}})
		v, err := d.Version()
		require.NoError(t, err)
		assert.Equal(t, Version{Name: "fn 1.2 mgm 03", Extra: []byte{7}}, v)
	})
	t.Run("exchange status", func(t *testing.T) {
		d := script(t, exchange(t, "fnc-05", "fnc-06"))
		s, err := d.ExchangeStatus()
		require.NoError(t, err)
		assert.Equal(t, ExchangeStatus{Bits: 3, Count: 1, First: 77, FirstTime: august}, s)
		assert.True(t, s.Connected())
		assert.True(t, s.Waiting())
		assert.False(t, s.AwaitingAck())
	})
	t.Run("transport", func(t *testing.T) {
		d := script(t, exchange(t, "fnc-07", ""), exchange(t, "fnc-08", ""))
		require.NoError(t, d.Transport(true))
		require.NoError(t, d.Transport(false))
	})
	t.Run("read begins as captured", func(t *testing.T) {
		end := exchange(t, "fnc-12", "")
		d := script(t, exchange(t, "fnc-09", "fnc-10"),
			step{cmd: 0x23, data: "00006b01", Answer: fn.Answer{Data: make([]byte, 363)}}, end)
		m, err := d.ReadMessage(nil)
		require.NoError(t, err)
		assert.Len(t, m, 363)
	})
	t.Run("confirmation accepted", func(t *testing.T) {
		cmd, container := frame(t, "fnc-13")
		code, data := frame(t, "fnc-14")
		d := script(t, step{cmd: cmd, data: hex.EncodeToString(container), Answer: fn.Answer{Code: fn.Code(code), Data: data}})
		ack, err := d.Ack(container)
		require.NoError(t, err)
		assert.True(t, ack.HasCode)
		assert.Zero(t, ack.Code)
		assert.Empty(t, ack.STLV)
	})
	t.Run("confirmation refused", func(t *testing.T) {
		d := script(t, exchange(t, "fnc-13", "fnc-15"))
		_, container := frame(t, "fnc-13")
		_, err := d.Ack(container)
		reason, refused := Reason(err)
		assert.True(t, refused)
		assert.Equal(t, RefusedSign, reason)
	})
	t.Run("shift opening", func(t *testing.T) {
		d := script(t, exchange(t, "fnc-16", ""), step{cmd: 0x12, Answer: ok("01004d00000037fc7901")})
		require.NoError(t, d.BeginOpenShift(august))
		f, err := d.OpenShift()
		require.NoError(t, err)
		assert.Equal(t, Formed{Number: 1, FD: 77, FPD: 24771639}, f)
	})
	t.Run("receipt", func(t *testing.T) { // K-025
		d := script(t, exchange(t, "fnc-18", ""), exchange(t, "fnc-19", "fnc-20"))
		require.NoError(t, d.BeginReceipt(august))
		f, err := d.FormReceipt(august, fiscal.Sell, 12345)
		require.NoError(t, err)
		assert.Equal(t, Formed{Number: 2, FD: 77, FPD: 24771639}, f)
		assert.Equal(t, "0024771639", f.FPD.Paper())
	})
	t.Run("stored confirmation", func(t *testing.T) {
		_, data := frame(t, "fnc-21")
		d := script(t, step{cmd: 0x41, data: "4d000000", Answer: fn.Answer{Data: data}})
		a, err := d.FindAck(77)
		require.NoError(t, err)
		assert.Equal(t, time.Date(2026, 8, 1, 9, 2, 0, 0, time.UTC), a.Time)
		assert.Equal(t, "cf79e7fa1cfc52fa0156c43607ea35300000", hex.EncodeToString(a.FPO[:]))
		assert.Equal(t, fiscal.FDNumber(77), a.FD)
	})
	t.Run("refusals", func(t *testing.T) {
		code, _ := frame(t, "fnc-23")
		d := script(t, step{cmd: 0x06, Answer: fn.Answer{Code: fn.Code(code & 0x7F), Warning: true, Why: "нет открытого документа"}})
		err := d.Cancel()
		var refusal *fn.Error
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, fn.WrongState, Code(err))
		assert.Contains(t, err.Error(), "нет открытого документа")
	})
	t.Run("reset", func(t *testing.T) {
		require.NoError(t, script(t, exchange(t, "fnc-24", "")).Reset())
	})
}

// fnp-01 … fnp-08: answers of real drives.
func TestDriver_PayloadVectors(t *testing.T) {
	t.Parallel()
	payload := map[string][]byte{}
	for _, p := range fiscaltest.Protocol().FNPayloads {
		payload[p.ID] = p.Hex
	}
	read := func(id string) *reader { return &reader{cmd: 1, buf: payload[id], size: len(payload[id])} }
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", s)
		require.NoError(t, err)
		return v
	}

	s, err := parseStatus(read("fnp-01"))
	require.NoError(t, err)
	assert.Equal(t, Status{Phase: 3, ShiftOpen: true, LastTime: at("2020-02-18 16:44"), FN: "9999078900007877", LastFD: 391}, s)

	s, err = parseStatus(read("fnp-02"))
	require.NoError(t, err)
	assert.Equal(t, Status{Phase: 3, Document: 4, HasData: true, ShiftOpen: true, Warnings: WarnOFD,
		LastTime: at("2019-01-13 02:11"), FN: "9999078902000273", LastFD: 16}, s)

	r, err := parseRecord(read("fnp-03"))
	require.NoError(t, err)
	assert.Equal(t, Record{Form: 3, RawForm: 3, Time: at("2017-03-24 20:53"), FD: 163, FPD: 776727275, Operation: fiscal.Sell, Total: 20000}, r)

	r, err = parseRecord(read("fnp-04"))
	require.NoError(t, err)
	assert.Equal(t, Record{Form: 1, RawForm: 1, Time: at("2017-07-06 02:52"), FD: 1, FPD: 1305583543, INN: "5024054445",
		RegNumber: "0000001358026131", Tax: 0x3F, Mode: ModeEncryption}, r)

	r, err = parseRecord(read("fnp-05"))
	require.NoError(t, err)
	assert.Equal(t, Record{Form: 2, RawForm: 2, Time: at("2017-07-06 02:53"), FD: 3, FPD: 3501121883, Shift: 1}, r)

	r, err = parseRecord(read("fnp-06"))
	require.NoError(t, err)
	assert.Equal(t, Record{Form: 5, RawForm: 5, Time: at("2017-07-06 02:54"), FD: 6, FPD: 3647013117, Shift: 1}, r)

	state, err := parseStateReport(read("fnp-07"))
	require.NoError(t, err)
	assert.Equal(t, StateReport{Formed: Formed{FD: 13, FPD: 121606715}, Unconfirmed: 2, FirstDate: at("2018-01-25 00:00")}, state)

	d := script(t, step{cmd: 0x44, data: "1104", Answer: fn.Answer{Data: payload["fnp-08"]}})
	field, err := d.RegistrationTag(1041)
	require.NoError(t, err)
	w := tlv.Walk(field)
	require.True(t, w.Next())
	assert.Equal(t, "9999078900002270", string(w.Field().Value))
}
