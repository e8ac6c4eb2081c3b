package script

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/emulator/emulatortest"
	"github.com/fiscalbench/fiscalbench/emulator/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func operator(t testing.TB) *emulatortest.OFD {
	t.Helper()
	o, err := emulatortest.Start()
	require.NoError(t, err)
	t.Cleanup(o.Close)
	return o
}

func play(t *testing.T, text string, o Options) (Report, error) {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text))
	require.NoError(t, err)
	return s.Play(t.Context(), o)
}

// Every example lives through against an operator over TCP, meets its expectations,
// and with the same seed sends the same bytes.
func TestExamples(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(Examples()), 10)
	for _, name := range Examples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, ok := Example(name)
			require.True(t, ok)
			answer := 30 * time.Second
			switch name {
			case "life36": // three years of trade take their time: a day a week of it here
				text = []byte(strings.Replace(string(text), "until: 2025-09-01", "days: 1090", 1))
				text = []byte(strings.Replace(string(text), "receipts_per_day: 30", "receipts_per_day: 3, days_off: [monday, tuesday, wednesday, thursday, friday, saturday]", 1))
			case "faults": // waits in vain for a confirmation that is refused
				answer = 300 * time.Millisecond
			}
			s, err := Parse(name, text)
			require.NoError(t, err)
			var sums []string
			times := 2
			if name == "life36" || name == "year" {
				times = 1
			}
			for range times {
				ofd := operator(t)
				r, err := s.Play(t.Context(), Options{OFD: ofd.Addr(), Seed: 42, KeepAlive: true, Timers: link.Timers{Answer: answer}})
				require.NoError(t, err)
				require.NoError(t, ofd.Err())
				sums = append(sums, r.SHA256)
				if name != "autonomous" {
					assert.Equal(t, r.Documents, r.Confirmed)
				}
			}
			assert.Equal(t, sums[0], sums[len(sums)-1])
		})
	}
}

func TestPlay_SeedDecidesTheBytes(t *testing.T) {
	t.Parallel()
	const life = "steps:\n  - register\n  - trade: {days: 2, receipts_per_day: 3}\n"
	sum := func(seed uint64, keepAlive bool) string {
		r, err := play(t, life, Options{OFD: operator(t).Addr(), Seed: seed, KeepAlive: keepAlive})
		require.NoError(t, err)
		assert.Equal(t, 11, r.Documents)
		return r.SHA256
	}
	assert.Equal(t, sum(1, true), sum(1, false), "connections do not change documents")
	assert.NotEqual(t, sum(1, true), sum(2, true))
	one, err := play(t, life, Options{Seed: 1})
	require.NoError(t, err)
	other, err := play(t, life+"# another script\n", Options{Seed: 1})
	require.NoError(t, err)
	assert.NotEqual(t, one.Drives, other.Drives, "two scripts do not share a drive")
}

func TestPlay_ReportsWhereItFailed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, want string }{
		"refused":           {"steps:\n  - open\n", "test.yaml:2: open: kkt: KKT-01"},
		"not refused":       {"steps:\n  - register: {}\n    fails: M-03\n", "test.yaml:2: register: expectation not met: it went through"},
		"refused otherwise": {"steps:\n  - open: {}\n    fails: M-03\n", "refused with KKT-01, expected M-03"},
		"expectation":       {"steps:\n  - register\n  - expect: {queue: 7}\n", "test.yaml:3: expect: expectation not met: queue is 1, expected 7"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := play(t, c.text, Options{})
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := play(t, "steps:\n  - register\n", Options{OFD: "127.0.0.1:1"})
	var l *link.Error
	require.ErrorAs(t, err, &l)
	assert.Equal(t, link.StageConnect, l.Stage)
}

func TestParse_SaysWhereAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, want string }{
		"unknown step":      {"steps:\n  - register\n  - selll: {}\n", `x.yaml:3: step "selll" is not known (allowed: advance, at, change,`},
		"unknown scalar":    {"steps:\n  - opn\n", `x.yaml:2: step "opn" is not known`},
		"unknown top":       {"nam: x\nsteps: [open]\n", `x.yaml:1: "nam" is not known (allowed: name, start, drive, exchange, steps)`},
		"unknown field":     {"steps:\n  - sell:\n      itms: []\n", `x.yaml:3: unknown field "itms" (allowed: count, operation, items, items.name`},
		"unknown inner":     {"steps:\n  - sell:\n      items:\n        - {nme: x}\n", `x.yaml:4: unknown field "nme"`},
		"VAT":               {"steps:\n  - sell: {items: [{name: x, price: 1, vat: 21}]}\n", `x.yaml:2: VAT rate "21" is not known (allowed: 0, 10, 10/110, 20,`},
		"tax":               {"steps:\n  - register: {tax: [usn, vat]}\n", `tax system "vat" is not known (allowed: agricultural, envd, general, patent, usn, usn_margin)`},
		"mode":              {"steps:\n  - register: {modes: [x]}\n", `mode "x" is not known (allowed: automatic,`},
		"duration":          {"steps:\n  - advance: soon\n", `x.yaml:2: duration "soon": want for example 90m`},
		"time":              {"start: tomorrow\nsteps: [open]\n", `x.yaml:1: time "tomorrow"`},
		"money":             {"steps:\n  - sell: {cash: 1.234}\n", `x.yaml:2: sum "1.234"`},
		"code":              {"steps:\n  - power_cut: {at_command: 1FFh}\n", `code "1FFh"`},
		"phase":             {"steps:\n  - expect: {phase: 9}\n", `phase "9" is not known`},
		"two at once":       {"steps:\n  - open: {}\n    close: {}\n", "one step does one thing: open and close"},
		"no action":         {"steps:\n  - fails: M-03\n", "a step without an action"},
		"nothing expected":  {"steps:\n  - expect: {}\n", "nothing is expected"},
		"days and until":    {"steps:\n  - trade: {days: 1, until: 2026-01-01}\n", "either days or until"},
		"repeated name":     {"steps:\n  - open: {cashier: a, cashier: b}\n", "x.yaml:2"},
		"model":             {"drive: {model: X}\nsteps: [open]\n", `model "X" is not known (allowed: МГМ`},
		"real drive":        {"drive: {number: \"7281440500751551\"}\nsteps: [open]\n", "9999"},
		"not YAML":          {"steps: [", "x.yaml"},
		"no steps":          {"name: x\n", "no steps"},
		"empty":             {"", "want one YAML document"},
		"step is no object": {"steps:\n  - sell: 5\n", "want names with values"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("x.yaml", []byte(c.text))
			require.ErrorContains(t, err, c.want)
			var e *Error
			require.ErrorAs(t, err, &e)
		})
	}
}

func TestDuration_Days(t *testing.T) {
	t.Parallel()
	s, err := Parse("x", []byte("steps:\n  - advance: 1d12h\n  - sleep: 31d\n  - advance: 90m\n"))
	require.NoError(t, err)
	want := []time.Duration{36 * time.Hour, 31 * 24 * time.Hour, 90 * time.Minute}
	for i, w := range want {
		assert.Equal(t, Duration(w), s.Steps[i].Action.(*advance).d)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Examples() {
		text, _ := Example(name)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<14 {
			return
		}
		s, err := Parse("fuzz", text)
		if (s == nil) == (err == nil) {
			t.Fatal("want a script or an error")
		}
	})
}

// Every script of docs/scripts.md is read and lived, and every step and word of the
// format stands in it.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/scripts.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(blocks), 5)
	for _, b := range blocks {
		s, err := Parse("docs/scripts.md", []byte(b[1]))
		require.NoError(t, err, b[1])
		_, err = s.Play(t.Context(), Options{OFD: operator(t).Addr(), KeepAlive: true})
		require.NoError(t, err, b[1])
	}
	words := stepNames()
	for _, v := range []any{Drive{}, change{}, correction{}, SaleItem{}, trade{}, keyExpiry{}, powerCut{}, expect{}, fault{}, commandFault{}, ofd{}} {
		for _, name := range names(reflect.TypeOf(v)) {
			if !strings.Contains(name, ".") {
				words = append(words, name)
			}
		}
	}
	words = slices.Concat(words, Examples(), slices.Collect(maps.Keys(modeWords)), slices.Collect(maps.Keys(agentWords)), slices.Collect(maps.Keys(warningWords)),
		slices.Collect(maps.Keys(taxWords)), slices.Collect(maps.Keys(vatWords)))
	for _, w := range words {
		assert.Regexp(t, `(^|[^a-z_0-9])`+regexp.QuoteMeta(w)+`($|[^a-z_0-9])`, string(text), "%s is not described", w)
	}
}
