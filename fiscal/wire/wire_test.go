package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func read(t *testing.T, raw []byte, p wire.Profile) (*wire.Message, error) {
	t.Helper()
	d := wire.Decoder{Profile: p}
	return d.Read(bytes.NewReader(raw))
}

func faultOf(err error) fiscal.Fault {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return fiscal.FaultNone
}

func TestDecoder_ReadsCap01(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol().Captures[0]
	m, err := read(t, v.Hex.Bytes(), wire.Strict)
	require.NoError(t, err)
	assert.Equal(t, wire.SignatureOFD, m.Header.Signature)
	assert.Equal(t, wire.SVersionOFD, m.Header.SVersion)
	assert.Equal(t, wire.PVersion{0x00, 0x01}, m.Header.PVersion) // FFD 1.05 inside: TRN-010
	fn, err := m.Header.FNNumber()
	require.NoError(t, err)
	assert.Equal(t, fiscal.FNNumber("9999078900005488"), fn)
	assert.Equal(t, wire.FlagsContainer, m.Header.Flags)
	assert.True(t, m.Header.Flags.AwaitsAnswer())
	assert.EqualValues(t, 436, m.Header.BodyLen)

	c, notes, err := wire.ParseContainer(m.Body(), wire.Strict)
	require.NoError(t, err)
	assert.Empty(t, notes)
	assert.EqualValues(t, 0x7825, c.CRC)
	assert.Equal(t, wire.TypeFN, c.Type)
	assert.Equal(t, fiscal.FormFiscalReportCorrection, c.Form)
	assert.Equal(t, fiscal.FDNumber(1), c.FD)
	assert.EqualValues(t, 394, c.STLVSize)
	assert.False(t, c.Encrypted())
	number, err := c.FNNumber()
	require.NoError(t, err)
	assert.Equal(t, fn, number)

	stlv, trailer, err := wire.SplitPayload(c.Payload())
	require.NoError(t, err)
	assert.Len(t, stlv, 394)
	assert.Equal(t, v.Container.Trailer.Bytes(), trailer)
}

func TestParseContainer_Cap02(t *testing.T) {
	t.Parallel()
	// O-008: a number of 15 digits.
	v := fiscaltest.Protocol().Captures[1]
	c, _, err := wire.ParseContainer(v.Body(), wire.Strict)
	require.NoError(t, err)
	assert.EqualValues(t, 0xEC03, c.CRC)
	number, err := c.FNNumber()
	require.NoError(t, err)
	assert.Equal(t, fiscal.FNNumber("999907891234567"), number)
}

// TestNegativeMessages covers the vectors whose fault shows in the transport; the
// others pass here and are judged by signs and history (E-11, E-13, E-15 …).
func TestNegativeMessages(t *testing.T) {
	t.Parallel()
	transport := map[string]fiscal.Fault{
		"neg-01": fiscal.BadSessionSignature, "neg-02": fiscal.BadSVersion, "neg-03": fiscal.BadPVersion,
		"neg-04": fiscal.IncompleteBody, "neg-05": fiscal.LengthMismatch,
		"neg-06": fiscal.BadFlags, "neg-07": fiscal.BadFlags, "neg-08": fiscal.BadFlags,
		"neg-09": fiscal.BadContainerCRC, "neg-10": fiscal.BadContainerType, "neg-12": fiscal.BadContainerVersion,
	}
	vectors := fiscaltest.Protocol().Negative
	require.Len(t, vectors, 24)
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			m, err := read(t, v.Hex.Bytes(), wire.Strict)
			if err == nil {
				_, _, err = wire.ParseContainer(m.Body(), wire.Strict)
			}
			assert.Equal(t, transport[v.ID], faultOf(err), "%v", err)
			if want, ok := transport[v.ID]; ok {
				assert.Equal(t, v.Expect, want.String())
			}
		})
	}
}

func TestParseContainer_Lengths(t *testing.T) {
	t.Parallel()
	base := fiscaltest.Protocol().Captures[0].Body()
	dataOnly := append([]byte{}, base...)
	wire.FinishContainer(dataOnly)
	dataOnly[0] -= wire.ContainerHeaderLen
	// The check code covers the length, so it is computed over the wrong one.
	crc := fiscal.CRC16(dataOnly[:2], dataOnly[4:])
	dataOnly[2], dataOnly[3] = byte(crc), byte(crc>>8)

	_, _, err := wire.ParseContainer(dataOnly, wire.Strict)
	assert.Equal(t, fiscal.LengthMismatch, faultOf(err))
	_, notes, err := wire.ParseContainer(dataOnly, wire.Lenient) // E-08
	require.NoError(t, err)
	require.Len(t, notes, 1)
	assert.Equal(t, fiscal.LengthMismatch, notes[0].Fault)

	short := append([]byte{}, base[:43]...) // TRN-051: one byte less than the least
	wire.FinishContainer(short)
	_, _, err = wire.ParseContainer(short, wire.Strict)
	assert.Equal(t, fiscal.TruncatedContainer, faultOf(err))
	_, _, err = wire.ParseContainer(base[:31], wire.Strict)
	assert.Equal(t, fiscal.TruncatedContainer, faultOf(err))
}

func TestSplitPayload_Trailers(t *testing.T) {
	t.Parallel()
	stlv := []byte{3, 0, 2, 0, 0xAA, 0xBB}
	for _, tc := range []struct {
		name    string
		trailer []byte
		want    fiscal.Fault
	}{ // TRN-040
		{"8 bytes", make([]byte, 8), fiscal.FaultNone},
		{"10 bytes ending in zeros", make([]byte, 10), fiscal.FaultNone},
		{"10 bytes ending in something", []byte{1, 2, 3, 4, 5, 6, 7, 8, 0, 9}, fiscal.BadTrailer},
		{"9 bytes", make([]byte, 9), fiscal.BadTrailer},
		{"nothing", nil, fiscal.BadTrailer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, trailer, err := wire.SplitPayload(append(append([]byte{}, stlv...), tc.trailer...))
			assert.Equal(t, tc.want, faultOf(err), "%v", err)
			if err == nil {
				assert.Equal(t, stlv, got)
				assert.Equal(t, tc.trailer, trailer)
			}
		})
	}
	_, _, err := wire.SplitPayload([]byte{3, 0, 9, 0, 0xAA})
	assert.Equal(t, fiscal.UnparseableDocument, faultOf(err))
}

func TestDecoder_OneByteAtATime(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol().Captures[0].Hex.Bytes()
	d := wire.Decoder{}
	var got []*wire.Message
	for _, b := range append(append([]byte{}, v...), v...) { // two messages back to back: TRN-061
		d.Feed([]byte{b})
		m, err := d.Next()
		require.NoError(t, err)
		if m != nil {
			got = append(got, m)
		}
	}
	require.Len(t, got, 2)
	assert.Equal(t, v, got[0].Raw)
	assert.Equal(t, v, got[1].Raw)
	assert.Zero(t, d.Pending())
	assert.NoError(t, d.Close())

	m, err := (&wire.Decoder{}).Read(iotest.OneByteReader(bytes.NewReader(v)))
	require.NoError(t, err)
	assert.Equal(t, v, m.Raw)
}

func TestDecoder_Read_StopsAtTheEndOfAMessage(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol().Captures[0].Hex.Bytes()
	r := bytes.NewReader(append(append([]byte{}, v...), 0xEE))
	_, err := (&wire.Decoder{}).Read(r)
	require.NoError(t, err)
	assert.Equal(t, 1, r.Len())

	_, err = (&wire.Decoder{}).Read(bytes.NewReader(nil)) // TRN-063
	assert.Equal(t, io.EOF, err)
	for _, cut := range []int{1, 29, 30, 100} { // E-07
		_, err = (&wire.Decoder{}).Read(bytes.NewReader(v[:cut]))
		assert.Equal(t, fiscal.IncompleteBody, faultOf(err), "cut at %d", cut)
	}
	broken := errors.New("cable pulled")
	_, err = (&wire.Decoder{}).Read(io.MultiReader(bytes.NewReader(v[:50]), iotest.ErrReader(broken)))
	assert.ErrorIs(t, err, broken)
}

func TestDecoder_RefusesOversizeBeforeTheBody(t *testing.T) {
	t.Parallel()
	h := wire.Request("9999078900005488", fiscal.FFD105)
	raw, err := wire.AppendMessage(nil, h, make([]byte, wire.MaxContainer+1))
	require.NoError(t, err)
	d := wire.Decoder{}
	d.Feed(raw[:wire.HeaderLen])
	_, err = d.Next()
	assert.Equal(t, fiscal.Oversize, faultOf(err)) // TRN-050
	_, again := d.Next()
	assert.Equal(t, err, again, "the error stays")

	d = wire.Decoder{}
	raw, err = wire.AppendMessage(nil, h, make([]byte, wire.MaxContainer))
	require.NoError(t, err)
	d.Feed(raw)
	m, err := d.Next()
	require.NoError(t, err)
	assert.NotNil(t, m)
}

func TestSessionCRC_Modes(t *testing.T) {
	t.Parallel()
	// O-024: the variants of tb-receipt with modes 1 and 2.
	receipt := fiscaltest.Protocol().Message("tb-receipt").Hex.Bytes()
	for i, v := range fiscaltest.Protocol().TBGOST1.SessionHeaderVariants {
		raw := append(v.Hex.Bytes(), receipt[wire.HeaderLen:]...)
		m, err := read(t, raw, wire.Strict)
		require.NoError(t, err, v.What)
		again, err := wire.AppendMessage(nil, m.Header, m.Body())
		require.NoError(t, err)
		assert.Equal(t, raw, again, "mode %d written again", i+1)

		raw[29] ^= 1
		_, err = read(t, raw, wire.Strict)
		assert.Equal(t, fiscal.BadSessionCRC, faultOf(err), v.What) // E-05
	}
}

func TestServiceMode(t *testing.T) {
	t.Parallel()
	// TRN-090, O-032: requests and replies of the vectors.
	v := fiscaltest.Protocol().TBGOST1.ServiceMode
	require.Len(t, v, 4)
	for i, mode := range []wire.CRCMode{wire.CRCNone, wire.CRCHeader} {
		m, err := read(t, v[i].Hex.Bytes(), wire.Strict)
		require.NoError(t, err)
		assert.True(t, m.Header.Service())
		h := wire.Probe("9999078900005488", fiscal.FFD105)
		h.Flags = h.Flags.WithCRC(mode)
		request, err := wire.AppendMessage(nil, h, nil)
		require.NoError(t, err)
		assert.Equal(t, v[i].Hex.Bytes(), request)
		reply, err := wire.AppendMessage(nil, wire.Reply(m.Header, mode), nil)
		require.NoError(t, err)
		assert.Equal(t, v[i+2].Hex.Bytes(), reply)
	}
}

func TestProbesOfMarkingServices(t *testing.T) {
	t.Parallel()
	want := []wire.SVersion{wire.SVersionMarking, wire.SVersionKeyUpdate, wire.SVersionProbe}
	for i, v := range fiscaltest.Protocol().Probes {
		m, err := read(t, v.Hex.Bytes(), wire.Strict)
		require.NoError(t, err, v.What)
		assert.Equal(t, wire.SignatureMarking, m.Header.Signature)
		assert.Equal(t, want[i], m.Header.SVersion)
		assert.True(t, m.Header.Service())
	}
}

func TestParseHeader_Flags(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		flags wire.Flags
		body  int
		ok    bool
	}{
		{0x0014, 100, true}, {0x0004, 100, true}, {0x00D4, 100, true}, // O-025, O-026
		{0x0010, 0, true}, {0x0000, 0, true},
		{0x0014, 0, false}, {0x0010, 100, false}, // TRN-091
		{0x0034, 100, false}, {0x0024, 100, false}, {0x0017, 100, false}, {0x001C, 100, false}, {0x0114, 100, false},
	} {
		h := wire.Request("9999078900005488", fiscal.FFD105)
		h.Flags, h.BodyLen = tc.flags, uint16(tc.body)
		var b [wire.HeaderLen]byte
		h.Put(&b)
		got, _, err := wire.ParseHeader(&b, wire.Strict)
		assert.Equal(t, tc.ok, err == nil, "flags %04x body %d: %v", uint16(tc.flags), tc.body, err)
		assert.Equal(t, h, got, "fields are returned with the error too")
	}
	assert.EqualValues(t, 3, wire.Flags(0x00D4).Priority())
}

func TestParseHeader_PVersions(t *testing.T) {
	t.Parallel()
	// TRN-012: a driver's quirk is refused by strict, noted by lenient.
	for _, quirk := range []wire.PVersion{{0x01, 0x01}, {0x01, 0x02}} {
		h := wire.Request("9999078900005488", fiscal.FFD105)
		h.PVersion, h.BodyLen = quirk, 100
		var b [wire.HeaderLen]byte
		h.Put(&b)
		_, _, err := wire.ParseHeader(&b, wire.Strict)
		assert.Equal(t, fiscal.BadPVersion, faultOf(err))
		_, notes, err := wire.ParseHeader(&b, wire.Lenient)
		require.NoError(t, err)
		require.Len(t, notes, 1)
		assert.Equal(t, fiscal.BadPVersion, notes[0].Fault)
	}
	assert.Equal(t, wire.PVersion{0x01, 0x20}, wire.PVersionFor(fiscal.FFD12)) // K-022
	assert.Equal(t, wire.PVersion{0x01, 0x05}, wire.PVersionFor(fiscal.FFD105))
}

func TestParseProfile(t *testing.T) {
	t.Parallel()
	for _, p := range []wire.Profile{wire.Strict, wire.Lenient} {
		got, err := wire.ParseProfile(p.String())
		require.NoError(t, err)
		assert.Equal(t, p, got)
	}
	_, err := wire.ParseProfile("sloppy")
	assert.Error(t, err)
}
