package script

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/link"
)

// A step switches fault points on and off in the middle of a life.
func TestInject_SwitchesFaults(t *testing.T) {
	t.Parallel()
	o := operator(t)
	life := func(steps string) int {
		before := len(o.Messages())
		r, err := play(t, `
steps:
  - register: {}
  - open
`+steps+`  - sell: {}
  - sell: {}
  - close
`, Options{OFD: o.Addr(), Timers: link.Timers{Answer: 200 * time.Millisecond}})
		require.NoError(t, err)
		assert.Equal(t, 5, r.Documents)
		assert.Equal(t, 5, r.Confirmed)
		return len(o.Messages()) - before
	}
	assert.Equal(t, 5, life(""))
	assert.Equal(t, 7, life("  - inject: {rules: [\"receipt.drop:next=2\"]}\n"), "two answers were thrown away and asked for again")
	assert.Equal(t, 5, life("  - inject: {rules: [\"receipt.drop:always\"]}\n  - inject: {clear: true}\n"))
}

func TestInject_RefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"inject: {}": "give either rules or clear",
		"inject: {clear: true, rules: [\"send.drop:next=1\"]}": "give either rules or clear",
		"inject: {rules: [\"send.vanish:next=1\"]}":            "send.vanish",
		"inject: {rules: [\"reply.drop:next=1\"]}":             "reply.drop",
	} {
		_, err := Parse("x", []byte("steps:\n  - "+text+"\n"))
		require.ErrorContains(t, err, want, text)
	}
}

// A change or a new drive before the first registration is refused by the register,
// which a script may expect.
func TestChange_BeforeRegistration(t *testing.T) {
	t.Parallel()
	_, err := play(t, `
steps:
  - change: {user: ООО "Лютик"}
    fails: KKT-01
  - replace_fn: {}
    fails: KKT-01
  - expect: {phase: "01", last_fd: 0}
  - register: {}
  - change: {user: ООО "Лютик", reasons: [3]}
  - expect: {last_fd: 2}
`, Options{})
	require.NoError(t, err)
	_, err = play(t, "steps:\n  - change: {}\n", Options{})
	require.ErrorContains(t, err, "KKT-01")
}

// K-115 in a script: the drive asks for new keys after a month, and there is nobody
// to give them.
func TestUpdateKeys_NobodyToAsk(t *testing.T) {
	t.Parallel()
	_, err := play(t, `
drive: {key_update: 30d}
steps:
  - register: {modes: [marking]}
  - update_keys
  - advance: 31d
  - state
  - update_keys: {}
    fails: KKT-10
`, Options{})
	require.NoError(t, err)
	_, err = Parse("x", []byte("drive: {key_update: 90m}\nsteps:\n  - open\n"))
	require.ErrorContains(t, err, "key_update: want whole days")
}
