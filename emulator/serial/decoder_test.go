package serial

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

var epoch = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// feed gives all bytes at one moment.
func feed(d *Decoder, now time.Time, raw ...byte) (events []Event) {
	for _, b := range raw {
		if e, ok := d.Feed(b, now); ok {
			events = append(events, e)
		}
	}
	return events
}

// Every frame of the vectors, captured and constructed, is one event and is written
// back byte for byte (fn.md section 9).
func TestDecoder_ReadsVectorFrames(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol()
	frames := append(append([]fiscaltest.Frame{}, v.FNFrames...), v.FNFramesConstructed...)
	require.Len(t, frames, 26)
	for _, f := range frames {
		t.Run(f.ID, func(t *testing.T) {
			t.Parallel()
			var d Decoder
			events := feed(&d, epoch, f.Hex...)
			require.Len(t, events, 1)
			require.Equal(t, GotFrame, events[0].Kind)
			assert.False(t, d.Pending())
			assert.Zero(t, d.Skipped())
			again, err := AppendFrame(nil, events[0].Frame)
			require.NoError(t, err)
			assert.Equal(t, f.Hex.String(), fiscaltest.Hex(again).String())
		})
	}
}

// The captured command 30h by hand: 04 | 01 00 | 30 | ff cd (fnf-01).
func TestAppendFrame_ByHand(t *testing.T) {
	t.Parallel()
	b, err := AppendFrame(nil, Frame{Code: 0x30})
	require.NoError(t, err)
	assert.Equal(t, []byte{0x04, 0x01, 0x00, 0x30, 0xFF, 0xCD}, b)
}

func TestAppendFrame_RefusesMoreThan1024(t *testing.T) {
	t.Parallel()
	b, err := AppendFrame(nil, Frame{Code: 7, Data: make([]byte, MaxData)})
	require.NoError(t, err)
	assert.Len(t, b, MaxFrame)
	_, err = AppendFrame(nil, Frame{Code: 7, Data: make([]byte, MaxData+1)})
	assert.ErrorContains(t, err, "at most 1024")
}

// FN-040
func TestDecoder_DamagedFrames(t *testing.T) {
	t.Parallel()
	good := []byte{0x04, 0x01, 0x00, 0x30, 0xFF, 0xCD}
	cases := map[string]struct {
		in   []byte
		want []EventKind
	}{
		"garbage before 04h":          {append([]byte{0x00, 0xFF, 0x41}, good...), []EventKind{GotFrame}},
		"lone ENQ":                    {[]byte{ENQ}, []EventKind{GotENQ}},
		"ENQ inside a frame is data":  {[]byte{0x04, 0x05, 0x00, 0x30}, nil},
		"bad CRC, then good":          {append([]byte{0x04, 0x01, 0x00, 0x30, 0xFF, 0xCC}, good...), []EventKind{GotBadCRC, GotFrame}},
		"LEN 1026":                    {[]byte{0x04, 0x02, 0x04}, []EventKind{GotBadLength}},
		"LEN 0":                       {[]byte{0x04, 0x00, 0x00}, []EventKind{GotBadLength}},
		"LEN 1025 is allowed":         {[]byte{0x04, 0x01, 0x04}, nil},
		"05h after a bad LEN is none": {append([]byte{0x04, 0x00, 0x00, ENQ, 0x30}, good...), []EventKind{GotBadLength, GotFrame}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d Decoder
			var kinds []EventKind
			for _, e := range feed(&d, epoch, c.in...) {
				kinds = append(kinds, e.Kind)
			}
			assert.Equal(t, c.want, kinds)
		})
	}
}

// FN-040: a frame that is not complete within 1 s is dropped silently.
func TestDecoder_DropsSlowFrame(t *testing.T) {
	t.Parallel()
	good := []byte{0x04, 0x01, 0x00, 0x30, 0xFF, 0xCD}
	var d Decoder
	require.Empty(t, feed(&d, epoch, good[:4]...))
	require.True(t, d.Pending())
	events := feed(&d, epoch.Add(time.Second), good[4:]...)
	require.Len(t, events, 1, "exactly one second is in time")

	require.Empty(t, feed(&d, epoch, good[:4]...))
	late := epoch.Add(time.Second + time.Millisecond)
	require.Empty(t, feed(&d, late, good[4:]...), "the tail is garbage now")
	events = feed(&d, late, good...)
	require.Len(t, events, 1)
	assert.Equal(t, byte(0x30), events[0].Frame.Code)

	require.Len(t, feed(&d, late, 0x04, 0, 0), 1)
	events = feed(&d, late.Add(2*time.Second), ENQ)
	require.Len(t, events, 1, "ENQ counts again after silence")
	assert.Equal(t, GotENQ, events[0].Kind)
}

func TestDecoder_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []Frame
		for range rapid.IntRange(1, 4).Draw(t, "frames") {
			f := Frame{Code: rapid.Byte().Draw(t, "code"), Data: rapid.SliceOfN(rapid.Byte(), 0, MaxData).Draw(t, "data")}
			for _, b := range rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "garbage") {
				if b != Start && b != ENQ {
					stream = append(stream, b)
				}
			}
			var err error
			stream, err = AppendFrame(stream, f)
			require.NoError(t, err)
			want = append(want, f)
		}
		var d Decoder
		events := feed(&d, epoch, stream...)
		require.Len(t, events, len(want))
		for i, e := range events {
			require.Equal(t, GotFrame, e.Kind)
			require.Equal(t, want[i].Code, e.Frame.Code)
			require.True(t, bytes.Equal(want[i].Data, e.Frame.Data))
		}
	})
}

func FuzzDecoder(f *testing.F) {
	v := fiscaltest.Protocol()
	for _, frame := range append(append([]fiscaltest.Frame{}, v.FNFrames...), v.FNFramesConstructed...) {
		f.Add([]byte(frame.Hex))
	}
	f.Add([]byte{0x04, 0, 0, 5, 4, 1, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<14 {
			return
		}
		var d Decoder
		taken := 0
		for i, b := range raw {
			e, ok := d.Feed(b, epoch.Add(time.Duration(i)*time.Microsecond))
			if !ok {
				continue
			}
			switch e.Kind {
			case GotENQ:
				taken++
			case GotFrame:
				again, err := AppendFrame(nil, e.Frame)
				if err != nil {
					t.Fatalf("decoded frame is not writable: %v", err)
				}
				if !bytes.Equal(again, raw[i+1-len(again):i+1]) {
					t.Fatalf("frame %x read from %x", again, raw[:i+1])
				}
				taken += len(again)
			case GotBadCRC:
				taken += overhead + len(e.Frame.Data)
			}
		}
		if taken+d.Skipped()+len(d.buf) != len(raw) {
			t.Fatalf("%d bytes in, %d taken, %d skipped, %d pending", len(raw), taken, d.Skipped(), len(d.buf))
		}
	})
}
