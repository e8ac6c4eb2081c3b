package steps_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/steps"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// play runs one file; the rest of o is the caller's.
func play(t *testing.T, o steps.Options, content string) (steps.Summary, string) {
	t.Helper()
	var out bytes.Buffer
	o.FS, o.Out = fstest.MapFS{"a.feature": {Data: []byte(content)}}, &out
	s, err := steps.Run(t.Context(), o)
	require.NoError(t, err)
	return s, out.String()
}

const registered = `Feature: F
  Scenario: S
    Given a register of FFD 1.05 with an open shift
`

func TestRun_FailsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const given = "Given a register of FFD 1.05 with an open shift\n"
	wrong := []struct{ name, steps, reason, step string }{
		{"a check that does not hold", given + "Then the operator keeps 3 documents of the drive",
			"documents at the operator: expected 3, seen 2", "the operator keeps 3 documents of the drive"},
		{"a refusal that nobody expects", given + "When the register opens a shift\nThen the drive holds 0 unsent documents",
			"the register refused and no step expects it", "the drive holds 0 unsent documents"},
		{"a refusal in the last step", given + "When the register opens a shift", "the register refused and no step expects it", "the register opens a shift"},
		{"a failed exchange in the last step", given + "And the operator is out of reach\nWhen the register issues and sends 1 receipt",
			"the exchange failed and no step expects it", "the register issues and sends 1 receipt"},
		{"a refusal that does not come", given + "When the register closes the shift\nThen the register refuses by rule KKT-02",
			"the register refused nothing", "the register refuses by rule KKT-02"},
		{"a refusal for another reason", given + "When the register opens a shift\nThen the register refuses because of \"no paper\"",
			"the register's reason: expected \"no paper\"", "the register refuses because of \"no paper\""},
		{"a failure that does not come", given + "When the register issues and sends 1 receipt\nThen the exchange fails",
			"the exchange did not fail", "the exchange fails"},
		{"a sentence that there is not", given + "When the register makes coffee", "no sentence of the vocabulary fits", "the register makes coffee"},
		{"a check as a condition", given + "When the operator has no remarks", "no sentence of the vocabulary fits", "the operator has no remarks"},
		{"a register too many", given + "And a new register of FFD 1.2\nThen the operator has no remarks", "has a register already", "a new register of FFD 1.2"},
		{"no register", "When the register opens a shift", "no register yet", "the register opens a shift"},
		{"a remark that is not there", given + "Then the operator remarks M-03 in the last document",
			"remarks on document 2: expected M-03, seen []", "the operator remarks M-03 in the last document"},
		{"a remark that is there", "Given a careless register of FFD 1.05 with an open shift\nWhen the register issues a \"sale\" receipt for 10.00 with 9.00 paid\n" +
			"And the register exchanges with the operator\nThen the operator has no remarks", "M-03", "the operator has no remarks"},
		{"a table of other documents", given + "Then the operator keeps these documents:\n| 1 | receipt |",
			"document 1: expected кассовый чек, seen отчет о регистрации", "the operator keeps these documents:"},
		{"a table too short", given + "Then the operator keeps these documents:\n| 1 | registration report |",
			"documents at the operator: expected 1, seen 2", "the operator keeps these documents:"},
	}
	file := "Feature: F\n"
	for _, c := range wrong {
		file += "Scenario: " + c.name + "\n" + c.steps + "\n"
	}
	s, out := play(t, steps.Options{Repeat: func(r steps.Result) string { return "again " + r.Name }}, file)
	require.Len(t, s.Results, len(wrong))
	assert.False(t, s.Conformant())
	assert.Contains(t, out, fmt.Sprintf("0 passed, %d failed, 0 skipped, 0 errors (seed 0, ", len(wrong)))
	for i, c := range wrong {
		r := s.Results[i]
		require.Equal(t, c.name, r.Name)
		assert.Equal(t, conformance.Fail, r.Outcome, c.name)
		assert.Contains(t, r.Reason, c.reason, c.name)
		assert.Equal(t, c.step, r.Step, c.name)
		assert.Contains(t, out, fmt.Sprintf("FAIL —  a.feature:%d\n  F: %s\n  step: %s\n  %s", r.Line, c.name, c.step, r.Reason))
		assert.Contains(t, out, "again "+c.name)
		if len(r.Exchanges) > 0 {
			assert.Contains(t, string(r.Explained), "заголовок контейнера", "%s: the exchange is decoded", c.name)
			assert.Contains(t, string(r.Explained), "message of exchange", c.name)
		}
	}
}

// The exchange of a failed scenario goes with the machine-readable report too.
func TestRun_AttachesTheExchange(t *testing.T) {
	t.Parallel()
	var report bytes.Buffer
	play(t, steps.Options{Cucumber: &report}, registered+"    Then the operator keeps 9 documents of the drive\n")
	assert.Contains(t, report.String(), `"name": "exchange.txt"`)
	assert.Contains(t, report.String(), `"status": "failed"`)
}

func TestRun_RefusesToRunNothing(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	notes := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(notes, "notes.txt"), []byte("Feature: no"), 0o600))
	for _, c := range []struct {
		name string
		o    steps.Options
		want string
	}{
		{"an empty folder", steps.Options{FS: os.DirFS(empty)}, "no scenarios"},
		{"a folder without feature files", steps.Options{FS: os.DirFS(notes)}, "no scenarios"},
		{"a feature without scenarios", steps.Options{FS: fstest.MapFS{"a.feature": {Data: []byte("Feature: F\n")}}}, "no scenarios"},
		{"a scenario without steps", steps.Options{FS: fstest.MapFS{"a.feature": {Data: []byte("Feature: F\n  Scenario: S\n")}}}, "has no steps"},
		{"tags that nobody has", steps.Options{Tags: "@case:X-999"}, "no scenarios"},
		{"tags with the wrong or", steps.Options{Tags: "@must || @should"}, "is not a tag"},
		{"tags with nothing", steps.Options{Tags: "@must,"}, "is not a tag"},
		{"a path that is not there", steps.Options{Paths: []string{"nowhere"}}, "not available"},
		{"a file that is no feature", steps.Options{FS: fstest.MapFS{"a.feature": {Data: []byte("Once upon a time")}}}, "reading feature files"},
		{"a negative number at once", steps.Options{Parallel: -1}, "want 1 or more"},
		{"a register as a target", steps.Options{Target: addressed{}}, "features are for operators"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := steps.Run(t.Context(), c.o)
			assert.ErrorContains(t, err, c.want)
			assert.Equal(t, c.want == "no scenarios", errors.Is(err, steps.ErrNoScenarios))
		})
	}
}

// A vendor's own file, in Russian, from a folder outside the program.
func TestRun_RussianFileOfAVendor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	content, err := os.ReadFile("example/magazin.feature")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "магазин.feature"), content, 0o600))
	var out bytes.Buffer
	s, err := steps.Run(t.Context(), steps.Options{FS: os.DirFS(dir), Out: &out})
	require.NoError(t, err)
	require.True(t, s.Conformant(), out.String())
	require.Len(t, s.Results, 1)
	assert.Equal(t, "ru", s.Results[0].Language)
	assert.Equal(t, "магазин/день-без-оператора", s.Results[0].Case)
	assert.Equal(t, "День без оператора не отнимает ничего (наш договор поддержки, пункт 4)", s.Results[0].Rule)
	assert.Contains(t, out.String(), "1 passed, 0 failed, 0 skipped, 0 errors (seed 0, ")
}

// The files that docs/steps.md shows are true.
func TestRun_Examples(t *testing.T) {
	t.Parallel()
	s, err := steps.Run(t.Context(), steps.Options{FS: os.DirFS("example")})
	require.NoError(t, err)
	assert.Equal(t, 2, s.Count(conformance.Pass), "%+v", s.Results)
}

// One seed, one run: numbers, times and bytes; another seed, other numbers.
func TestRun_SameSeedSameBytes(t *testing.T) {
	t.Parallel()
	run := func(seed uint64, parallel int) map[string][]steps.Exchange {
		s, err := steps.Run(t.Context(), steps.Options{Paths: []string{"pair/marking.feature", "server/gaps.feature"}, Seed: seed, Parallel: parallel})
		require.NoError(t, err)
		require.True(t, s.Conformant())
		all := map[string][]steps.Exchange{}
		for _, r := range s.Results {
			require.NotEmpty(t, r.Exchanges)
			all[fmt.Sprint(r.File, r.Line)] = r.Exchanges
		}
		return all
	}
	first := run(7, 1)
	assert.Equal(t, first, run(7, 6))
	other := run(8, 6)
	for k := range first {
		assert.NotEqual(t, first[k], other[k], k)
	}
}

// Scenarios have drives of their own.
func TestRun_DrivesAreNotShared(t *testing.T) {
	t.Parallel()
	s, err := steps.Run(t.Context(), steps.Options{Paths: []string{"server/control.feature", "server/registration.feature", "emulator/expiry.feature", "pair/correction.feature", "pair/marking.feature"}, Seed: 3})
	require.NoError(t, err)
	owner := map[string]string{}
	for _, r := range s.Results {
		at := fmt.Sprint(r.File, ":", r.Line)
		for _, e := range r.Exchanges {
			if len(e.Message) >= 24 && e.Message[0] == 0x2A {
				number := string(e.Message[8:24])
				assert.Contains(t, []string{"", at}, owner[number], "drive %s", number)
				owner[number] = at
			}
		}
	}
	assert.Greater(t, len(owner), 25)
}

// addressed is a target that can only be reached.
type addressed struct{ addr string }

func (a addressed) Addr() string   { return a.addr }
func (a addressed) String() string { return "somebody's operator" }

// An operator that runs already: what it cannot tell is skipped, nothing fails.
func TestRun_AgainstATarget(t *testing.T) {
	t.Parallel()
	self, err := target.StartSelf(context.Background(), steps.DefaultOFD)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, self.Stop()) })
	start := time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC) // the target's clock stands later
	for _, c := range []struct {
		name    string
		target  conformance.Target
		skipped func(n, all int) bool
	}{
		{"reached only", addressed{self.Addr()}, func(n, all int) bool { return n > all/3 && n < all }},
		{"that shows what it keeps", self, func(n, all int) bool { return n > 0 && n < all/4 }},
	} {
		s, err := steps.Run(t.Context(), steps.Options{Target: c.target, Start: start, Seed: uint64(len(c.name)),
			Paths: []string{"server", "pair/correction.feature", "pair/expiry.feature", "pair/postfiscal.feature", "pair/marking.ru.feature"}, Tags: "~@case:O-046 && ~@case:gap/alarm"})
		require.NoError(t, err)
		assert.Zero(t, s.Count(conformance.Fail)+s.Count(conformance.Error), c.name)
		for _, r := range s.Results {
			if r.Outcome == conformance.Fail {
				t.Errorf("%s: %s:%d: %s: %s", c.name, r.File, r.Line, r.Step, r.Reason)
			}
			if r.Outcome == conformance.Skip {
				assert.Contains(t, r.Reason, "the target has no")
			}
		}
		assert.True(t, c.skipped(s.Count(conformance.Skip), len(s.Results)), "%s: %d of %d skipped", c.name, s.Count(conformance.Skip), len(s.Results))
		assert.Equal(t, c.target.String(), s.Target)
	}
}

// An operator that takes documents and answers what is no confirmation fails.
func TestRun_BrokenOperatorFails(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, ln.Close()) })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
			_ = c.Close()
		}
	}()
	s, err := steps.Run(t.Context(), steps.Options{Target: addressed{ln.Addr().String()}, Paths: []string{"server/transfer.feature"}})
	require.NoError(t, err)
	assert.Equal(t, len(s.Results), s.Count(conformance.Fail))
	assert.False(t, s.Conformant())
}

// Results are told one by one as well.
func TestRun_ReportsEach(t *testing.T) {
	t.Parallel()
	var told []string
	s, err := steps.Run(t.Context(), steps.Options{Paths: []string{"emulator/shift.feature:10", "emulator/closing.feature"}, Report: func(r steps.Result) { told = append(told, r.Case) }})
	require.NoError(t, err)
	var want []string
	for _, r := range s.Results {
		want = append(want, r.Case)
	}
	assert.ElementsMatch(t, want, told)
	assert.Contains(t, want, "K-011")
	assert.NotContains(t, want, "K-010", "FILE:LINE chooses one scenario")
}
