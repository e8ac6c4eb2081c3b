package kkt

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// keyService answers requests for new keys with codes, one after another (2105: 0
// done, 1 repeat, 2 refused).
type keyService struct {
	ismp
	codes []byte
	uris  []string
	dead  bool
}

func (s *keyService) AskKeys(uri string, request []byte) ([]byte, error) {
	s.uris = append(s.uris, uri)
	if s.dead {
		return nil, errors.New("no connection")
	}
	c, _, err := wire.ParseContainer(request, wire.Strict)
	require.NoError(s.t, err)
	stlv, v, err := scheme.Marking(testFN).Open(c)
	require.NoError(s.t, err)
	require.Equal(s.t, sign.OK, v)
	d, err := ffd.Decode(stlv)
	require.NoError(s.t, err)
	code := s.codes[0]
	s.codes = s.codes[1:]
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormMarkingAnswer), func(b *tlv.Builder) {
		b.Uint32(ffd.TagMarkingRequestNumber, uint32(d.Uint(ffd.TagMarkingRequestNumber)))
		b.Uint32(ffd.TagRequestTime, uint32(d.Uint(ffd.TagRequestTime)))
		b.Byte(ffd.TagRequestProcessingCode, code)
	})
	stlv, err = b.Bytes()
	require.NoError(s.t, err)
	return scheme.Marking(testFN).Answer(c, fiscal.FormMarkingAnswer, stlv)
}

func keyed(t *testing.T, service MarkingSource) *stand {
	t.Helper()
	s := newStand(t, Options{Marking: service}, fn.Options{Settings: fn.Settings{KeyUpdateDays: 30, KeyServiceURI: "tcp://127.0.0.1:26101"}})
	r := registration(fiscal.FFD12)
	r.Marking = true
	s.must(s.Register(r))
	return s
}

// age lets the keys grow old: the drive hears of it with the next document.
func (s *stand) age(d time.Duration) {
	s.at = s.at.Add(d)
	s.must(s.StateReport())
}

// K-115: D7h, D0h, D1h; the answer 30h repeats the exchange once.
func TestUpdateKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		codes []byte
		asked int
		code  fn.Code // of the refusal
	}{
		{"done", []byte{0}, 1, fn.Done},
		{"repeated", []byte{1, 0}, 2, fn.Done},
		{"repeated once only", []byte{1, 1, 0}, 2, fn.RepeatKeyUpdate},
		{"refused", []byte{2}, 1, fn.KeyServiceNo},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			service := &keyService{ismp: ismp{t: t}, codes: c.codes}
			s := keyed(t, service)
			updated, err := s.UpdateKeys()
			require.NoError(t, err)
			assert.False(t, updated, "the keys are fresh")
			assert.Empty(t, service.uris)
			s.age(31 * 24 * time.Hour)
			updated, err = s.UpdateKeys()
			assert.Len(t, service.uris, c.asked)
			assert.Equal(t, "tcp://127.0.0.1:26101", service.uris[0])
			if c.code != fn.Done {
				var refused *fn.Error
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, c.code, refused.Answer.Code)
				assert.False(t, updated)
				return
			}
			require.NoError(t, err)
			assert.True(t, updated)
			updated, err = s.UpdateKeys()
			require.NoError(t, err)
			assert.False(t, updated, "fresh again")
		})
	}
}

// Nobody to ask, and a service that cannot be reached: told, and nothing is changed.
func TestUpdateKeys_NobodyToAsk(t *testing.T) {
	t.Parallel()
	s := keyed(t, &ismp{t: t})
	s.age(31 * 24 * time.Hour)
	_, err := s.UpdateKeys()
	refusedBy(t, RuleMarking, err)

	dead := &keyService{ismp: ismp{t: t}, dead: true}
	s = keyed(t, dead)
	s.age(31 * 24 * time.Hour)
	_, err = s.UpdateKeys()
	require.ErrorContains(t, err, "no connection")
	dead.dead, dead.codes = false, []byte{0}
	updated, err := s.UpdateKeys()
	require.NoError(t, err)
	assert.True(t, updated)
}
