package props_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/props"
	"github.com/fiscalbench/fiscalbench/emulator/script"
)

// A life that went well, told as a script, goes well when it is played: every refusal
// and every state that the model expects is met.
func TestTrace_TellsWhatCanBePlayed(t *testing.T) {
	t.Parallel()
	played := 0
	op := inMemory(t, nil)
	life := func(rt *rapid.T) {
		trace := &props.Trace{Name: "plain life"}
		props.PairLife(context.Background(), rt, trace, op, props.Breaker{Plain: true})
		if !trace.Playable() || !trace.Clear() {
			return
		}
		played++
		s, err := script.Parse("plain.yaml", []byte(trace.Script()))
		require.NoError(rt, err, trace.Script())
		require.NoError(rt, op.Reset(context.Background())) // the script's drive comes once more
		_, err = s.Play(context.Background(), script.Options{OFD: op.Addr(), OFDINN: "7704358518", KeepAlive: true})
		require.NoError(rt, err, trace.Script())
	}
	for round := 0; played == 0 && round < 20; round++ { // a few lives may all have something that no script can say
		rapid.Check(t, life)
	}
	require.Positive(t, played)
}
