package intake

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Every fault has a row, defaults that the row allows, and can be set by its name.
func TestRows_Complete(t *testing.T) {
	t.Parallel()
	for _, f := range fiscal.Faults() {
		r, ok := rows[f]
		require.True(t, ok, f)
		assert.Contains(t, r.allowed, r.strict, f)
		assert.Contains(t, r.allowed, r.lenient, f)
		for _, a := range r.allowed {
			var s Settings
			require.NoError(t, s.Set(f.String(), string(a)))
			assert.Equal(t, a, s.Action(f))
			if r.keep != keepQuarantine || a != Confirm {
				assert.NoError(t, s.Check())
			}
		}
	}
	for _, f := range precedence {
		assert.Contains(t, rows, f)
	}
}

// transport.md section 10: the defaults of both profiles.
func TestSettings_Defaults(t *testing.T) {
	t.Parallel()
	strict, lenient := Settings{}, Settings{Profile: wire.Lenient}
	for f, want := range map[fiscal.Fault][2]Action{
		fiscal.BadSessionSignature: {Close, Close}, fiscal.BadPVersion: {Close, Accept}, fiscal.LengthMismatch: {Close, Accept},
		fiscal.UnknownFN: {Confirm, Confirm}, fiscal.BadMessageSign: {Close, Close}, fiscal.EncryptedUnreadable: {Close, Close},
		fiscal.DataTypeMismatch: {Code11, Code11}, fiscal.UnparseableDocument: {Code11, Code11}, fiscal.FDNumberMismatch: {Close, Close},
		fiscal.FLKFailed: {Code14, Code14}, fiscal.BadFPD: {Code14, Code14}, fiscal.DuplicateSame: {Replay, Replay},
		fiscal.DuplicateOther: {Close, Close}, fiscal.FDGap: {Confirm, Confirm}, fiscal.FDBack: {Confirm, Confirm},
		fiscal.NotRegisteredFirst: {Code14, Code14}, fiscal.AfterClose: {Code14, Code14}, fiscal.OFDMismatch: {Contact, Contact},
	} {
		assert.Equal(t, want, [2]Action{strict.Action(f), lenient.Action(f)}, f)
	}
}

func TestSettings_Names(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, key string }{
		{"bad_message_sign", "code11", "bad_message_sign"}, {"E-13", "code11", "bad_message_sign"}, {"on_bad_sign", "reset", "bad_message_sign"},
		{"on_foreign_encrypted", "blind", "encrypted_unreadable"}, {"unknown_fn", "code14", "unknown_fn"}, {"TRN-040", "hold", "bad_trailer"},
		{"ofd_mismatch", "bit6", "ofd_mismatch"}, {"ack.fn_message", "on_error", "ack.fn_message"}, {"ack.operator_message", "always", "ack.operator_message"},
		{"ack.extra_bits", "66", "ack.extra_bits"}, {"ack.container_type", "5a", "ack.container_type"}, {"reply_crc", "request", "reply_crc"},
		{"form_length", "any", "form_length"}, {"rule.Q-06", "error", "rule.Q-06"}, {"rule.M-02", "off", "rule.M-02"},
	} {
		var s Settings
		key, err := SettingKey(c.name)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.key, key)
		require.NoError(t, s.Set(c.name, c.value), c.name)
		require.NoError(t, s.Check())
		assert.NotEqual(t, Settings{}, s, c.name)
	}
}

// Unknown and contradictory settings are refused with name, value and reason.
func TestSettings_Refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ value, want string }{
		"weather":            {"fine", `"weather": no such setting`},
		"E-10":               {"close", `"E-10": no such setting`}, // two faults have it
		"incomplete_body":    {"hold", `incomplete_body="hold": want close`},
		"fn_number_mismatch": {"confirm", `fn_number_mismatch="confirm": want close, hold`},
		"reply_crc":          {"header", `reply_crc="header": want none or request`},
		"ack.extra_bits":     {"300", `ack.extra_bits="300": want a number of one byte`},
		"rule.Q-99":          {"off", "no such rule"},
		"rule.Q-06":          {"fatal", "want error or off or warning"},
	} {
		var s Settings
		assert.ErrorContains(t, s.Set(name, c.value), c.want)
	}
	for want, s := range map[string]Settings{
		"known_fn contradicts":       {KnownFN: []string{"9999"}},
		`known_fn="99x"`:             {KnownFN: []string{"99x"}, Faults: map[fiscal.Fault]Action{fiscal.UnknownFN: Close}},
		`bad_fpd="replay"`:           {Faults: map[fiscal.Fault]Action{fiscal.BadFPD: Replay}},
		"no such fault":              {Faults: map[fiscal.Fault]Action{99: Close}},
		"ack.container_type=0x07":    {Ack: ackType(7)},
		"switched off and given":     {Rules: flk.Settings{Off: map[string]bool{"Q-06": true}, Severity: map[string]flk.Severity{"Q-06": flk.Error}}},
		"bits 0x01 of 1206 have no ": {Ack: ackBits(1)},
	} {
		assert.ErrorContains(t, s.Check(), want)
	}
	for want, tm := range map[string]Timeouts{
		"idle=-1ns": {Idle: -1}, "scale=-1": {Scale: -1}, "silence=3m0s: longer": {Silence: 3 * time.Minute},
	} {
		assert.ErrorContains(t, tm.Check(), want)
	}
	assert.ErrorContains(t, Limits{Body: 40000}.Check(), "body=40000")
	assert.ErrorContains(t, Limits{PerPeer: -1}.Check(), "per_peer=-1")
}

// OPR-052: rules may be switched off or weighed otherwise, of both kinds.
func TestSettings_Rules(t *testing.T) {
	t.Parallel()
	var s Settings
	require.NoError(t, s.Set("rule.Q-06", "error"))
	require.NoError(t, s.Set("rule.M-02", "off"))
	got := s.judge([]flk.Finding{{Rule: "M-02", Severity: flk.Error}, {Rule: "Q-06", Severity: flk.Warning}, {Rule: "V-01", Severity: flk.Error}})
	assert.Equal(t, []flk.Finding{{Rule: "Q-06", Severity: flk.Error}, {Rule: "V-01", Severity: flk.Error}}, got)
}

// docs/server.md lists every fault with its defaults and what it may be set to.
func TestDocs_ListEveryFault(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "server.md"))
	require.NoError(t, err)
	for _, f := range fiscal.Faults() {
		r := rows[f]
		names := make([]string, len(r.allowed))
		for i, a := range r.allowed {
			names[i] = string(a)
		}
		assert.Contains(t, string(raw), fmt.Sprintf("| %s | `%s` | %s | %s | %s |\n", f.ID(), f, r.strict, r.lenient, strings.Join(names, ", ")))
	}
	for _, s := range otherSettings {
		assert.Contains(t, string(raw), "`"+s+"`")
	}
}
