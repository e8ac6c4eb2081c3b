package props_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/props"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const (
	formAt = wire.HeaderLen + wire.OffForm
	fdAt   = wire.HeaderLen + wire.OffFD
)

var otherDay = time.Date(2089, time.May, 9, 12, 0, 0, 0, time.UTC)

// operatorMistakes are small mistakes of an operator. pair: a register that talks to it
// shows them too; not those for which it would wait until its timer ends.
var operatorMistakes = []struct {
	name     string
	pair     bool
	settings map[string]string
	meddling meddling
}{
	{name: "confirms without storing", pair: true, meddling: meddling{handle: func(m *meddler, message []byte, ask func() []byte) []byte {
		if message[formAt] == 3 && message[fdAt+2]%4 == 3 {
			return m.forge(message, 0, 0, props.LateClock)
		}
		return ask()
	}}},
	{name: "answers a repeat with another time", pair: true, meddling: meddling{handle: func(m *meddler, message []byte, ask func() []byte) []byte {
		if m.repeated(message) {
			return m.forge(message, 0, 0, otherDay)
		}
		return ask()
	}}},
	{name: "stores a repeat a second time", pair: true, meddling: meddling{count: func(m *meddler, fn string, n int) int { return n + m.repeatsOf(fn) }}},
	{name: "confirms the document before", meddling: meddling{handle: func(m *meddler, message []byte, ask func() []byte) []byte {
		reply := ask()
		if message[formAt] == 21 && reply != nil {
			return m.forge(message, 1, 0, props.LateClock)
		}
		return reply
	}}},
	{name: "approves of everything", meddling: meddling{handle: func(m *meddler, message []byte, ask func() []byte) []byte {
		if reply := ask(); reply == nil || m.repeated(message) && message[formAt] == 1 {
			return reply
		}
		return m.forge(message, 0, 0, props.LateClock)
	}}},
	{name: "flags state reports", meddling: meddling{handle: func(m *meddler, message []byte, ask func() []byte) []byte {
		reply := ask()
		if message[formAt] == 21 && reply != nil {
			return m.forge(message, 0, 14, props.LateClock)
		}
		return reply
	}}},
	{name: "does not answer state reports", pair: true, meddling: meddling{handle: func(_ *meddler, message []byte, ask func() []byte) []byte {
		if message[formAt] == 21 {
			return nil
		}
		return ask()
	}}},
	{name: "spoils the sign of its answers to closings", meddling: meddling{handle: func(_ *meddler, message []byte, ask func() []byte) []byte {
		reply := ask()
		if message[formAt] == 5 && len(reply) > 0 {
			reply[len(reply)-3] ^= 1
		}
		return reply
	}}},
	{name: "forgets everything when restarted", pair: true, meddling: meddling{again: func(ctx context.Context, m *meddler) error { return m.Reset(ctx) }}},
	{name: "loses the document it was storing when it died", meddling: meddling{cut: func(m *meddler) { m.mu.Lock(); m.drop = true; m.mu.Unlock() }}},
	{name: "shows no gaps", meddling: meddling{drive: func(d *conformance.Drive) { d.Gaps = nil }}},
	{name: "shows gaps that were filled", meddling: meddling{drive: func(d *conformance.Drive) {
		if d.LastFD > 5 {
			d.Gaps = append(d.Gaps, conformance.Gap{From: 3, To: 3})
		}
	}}},
	{name: "keeps other bytes than were sent", pair: true, meddling: meddling{document: func(d *conformance.Document) { d.Message[len(d.Message)-12] ^= 1 }}},
	{name: "keeps a confirmed document as not confirmed", pair: true, meddling: meddling{document: func(d *conformance.Document) { d.Confirmed = d.Form != 5 }}},
	{name: "answers wrong signs", settings: map[string]string{"on_bad_sign": "code11"}},
	{name: "answers another document under a number", settings: map[string]string{"duplicate_other": "code11"}},
	{name: "does not answer repeats", pair: true, settings: map[string]string{"duplicate_same": "close"}},
	{name: "does not answer late documents", settings: map[string]string{"fd_back": "close"}},
	{name: "flags gaps", settings: map[string]string{"fd_gap": "code14"}},
	{name: "does not mind documents after form 6", settings: map[string]string{"after_close": "confirm", "rule.Q-11": "off"}},
	{name: "does not mind a missing registration", settings: map[string]string{"not_registered_first": "confirm"}},
	{name: "does not flag what ФЛК finds", settings: map[string]string{"flk_failed": "confirm"}},
	{name: "knows no Q-01", settings: map[string]string{"rule.Q-01": "off"}},
	{name: "knows no Q-04", settings: map[string]string{"rule.Q-04": "off"}},
	{name: "knows no Q-05", settings: map[string]string{"rule.Q-05": "off"}},
	{name: "knows no Q-07", settings: map[string]string{"rule.Q-07": "off"}},
	{name: "knows no Q-08", settings: map[string]string{"rule.Q-08": "off"}},
	{name: "knows no Q-09", settings: map[string]string{"rule.Q-09": "off"}},
	{name: "knows no I-04", settings: map[string]string{"rule.I-04": "off"}},
	{name: "takes Q-03 for an error", settings: map[string]string{"rule.Q-03": "error"}},
}

// An operator with a mistake is found out, by the machine of the operator alone and,
// where a lawful register can see it, by the pair. Without TORTURE some are tried.
func TestServer_FindsMistakes(t *testing.T) {
	t.Parallel()
	for i, one := range operatorMistakes {
		if torture() || i%tillShare == 0 {
			t.Run(one.name, func(t *testing.T) {
				t.Parallel()
				op := meddle(t, one.meddling, one.settings)
				hunt(t, func(rt *rapid.T, trace *props.Trace) { props.ServerLife(context.Background(), rt, trace, op) })
			})
		}
		if one.pair && (torture() || i%tillShare == 1) {
			t.Run("pair/"+one.name, func(t *testing.T) {
				t.Parallel()
				op := meddle(t, one.meddling, one.settings)
				hunt(t, func(rt *rapid.T, trace *props.Trace) {
					props.PairLife(context.Background(), rt, trace, op, props.Breaker{})
				})
			})
		}
	}
}

// A register with a mistake is found out by the pair, and what can be played goes
// through with the operator and a register that have none.
func TestPair_FindsMistakes(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name  string
		drive func() bent
		opts  func(*fn.Settings)
	}{
		{name: "ignores the 30 days", drive: func() bent {
			return forgives(fn.WaitedTooLong, fn.CmdBeginOpenShift, fn.CmdBeginCloseShift, fn.CmdBeginReceipt, fn.CmdBeginCorrection)
		}},
		{name: "skips a number", drive: func() bent { return driveMistakes[0].bent }},
		{name: "forgets the warning", drive: func() bent { return answer(fn.CmdStatus, func(_ *bent, d []byte) { d[4] &^= 0x08 }) }},
		{name: "loses a confirmation", drive: func() bent {
			return answer(fn.CmdFindAck, func(_ *bent, d []byte) { d[len(d)-4]++ })
		}},
		{name: "takes one registration too many", opts: func(s *fn.Settings) { s.Registrations++ }},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			op := inMemory(t, nil)
			q := hunt(t, func(rt *rapid.T, trace *props.Trace) {
				b := props.Breaker{Settings: one.opts}
				if one.drive != nil {
					b.Drive = func(d props.Drive, e *props.Emulated) props.Drive {
						m := one.drive()
						m.Drive, m.inner = d, e
						return &m
					}
				}
				props.PairLife(context.Background(), rt, trace, op, b)
			})
			require.NoError(t, op.Reset(t.Context())) // the script's drive comes once more
			replayWith(t, q, op.Addr())
		})
	}
}
