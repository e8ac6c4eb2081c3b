package fault

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/faults.md anew")

const docsHead = `# Fault points

<!-- Generated from internal/fault/table.go: go test ./internal/fault -run TestDocs -update -->

Both ends can be told to misbehave. A fault point is a named place in the code; a rule says when it acts:

    NAME:TRIGGER[,FILTER…][,PARAMETER=VALUE…]

    reply.drop:next=3                            the next three answers are not sent
    reply.delay:nth=5,time=40s                   the fifth answer comes late
    reply.code:every=10,code=14                  every tenth confirmation says code 14
    store.fail:for fn=9999*,doc=receipt          receipts of these drives cannot be stored
    send.truncate:rate=0.01,keep=-1              one message in a hundred loses its last byte

Rules are given by ` + "`--inject`" + ` (repeatable; ` + "`--inject @FILE`" + ` reads one a line, # begins a comment) of ` + "`ofd serve`" + `,
` + "`kkt play`" + ` and ` + "`kkt serve`" + `, under ` + "`inject`" + ` in the settings file of ` + "`ofd serve`" + `, or while it runs by the control port
(` + "`ofd serve --control 127.0.0.1:PORT`" + `, below). A rule with an unknown name or a bad value stops the start.

| trigger | acts at |
| --- | --- |
| ` + "`next=N`" + ` | the next N events |
| ` + "`nth=N`" + ` | the N-th event from now on, once |
| ` + "`every=N`" + ` | every N-th event |
| ` + "`rate=P`" + ` | an event with probability P, 0 < P ≤ 1, drawn from the seed |
| ` + "`always`" + ` | every event; may be left out beside a filter |

| filter | lets pass |
| --- | --- |
| ` + "`fn=NUMBER/…`" + ` | drives by number, or by its beginning: ` + "`fn=9999*`" + ` |
| ` + "`fd=N/…`" + ` | documents by number |
| ` + "`doc=NAME/…`" + ` | documents by kind: ` + "`receipt`, `openShift`" + `, …, a form number, or ` + "`service`" + ` for messages without a body |

A rule has exactly one trigger. Triggers count the events that pass the filters, of all drives together; ` + "`fn=`" + ` makes
them exact when many registers work at once. Chance is drawn for each drive apart: it does not depend on what other drives do
meanwhile. One seed and one sequence of events give one run. Each rule counts for itself; when two rules of one point act at the
same event, the parameters of the first hold.

**What no fault breaks:** what was stored stays stored, and a confirmation that the operator keeps is the true one, whatever was
sent. ` + "`store.fail`" + ` acts before anything is stored. Every injected fault is marked: in the log (` + "`injected`" + `), in the detail of
the exchange that the operator keeps («внедрён сбой: …»), in the metric ` + "`ofd_injected_total`" + `, and in the events of the register's link.
`

const docsTail = `
## Control port

` + "`ofd serve --control 127.0.0.1:PORT`" + ` opens it. It has no password and refuses to listen on anything but a loopback address. It speaks
JSON; errors are ` + "`{\"code\":…,\"message\":…}`" + `.

| request | does |
| --- | --- |
| ` + "`GET /health`" + ` | 200 while the store can be read and documents are taken, else 503 |
| ` + "`GET /points`" + ` | lists the fault points with their parameters |
| ` + "`GET /faults`" + ` | lists the rules with the events they saw and acted at |
| ` + "`POST /faults`" + ` | adds rules: ` + "`{\"rules\":[\"reply.drop:next=1\"]}`" + `, all or none |
| ` + "`DELETE /faults`, `DELETE /faults/ID`" + ` | takes all rules, or one, away |
| ` + "`GET /injected?after=SEQ`" + ` | lists the injected faults, the last 1000 at most |
| ` + "`GET /counters`" + ` | injected faults by point, and the totals of the store |
| ` + "`GET /clock`, `POST /clock`" + ` | the clock of the bench, which terms, colours, sessions and reports read: ` + "`{\"move\":\"24h\"}`, `{\"set\":\"2026-08-01T09:00:00+03:00\"}` or `{\"reset\":true}`; also at `/bench/v1/clock`" + ` |
| ` + "`POST /reset`" + ` | as after the start, but for what is stored: no rules, counters at zero, the clock unmoved |

The control port of ` + "`kkt serve`" + ` (` + "`--http`" + `) has the same for the register: ` + "`GET /points`" + `; ` + "`GET`, `POST`, `DELETE /inject`" + ` and
` + "`DELETE /inject/ID`" + ` for rules, since ` + "`/faults`" + ` there are the switches of the drive; ` + "`GET /injected?after=SEQ`" + `. Scripts switch rules by the
step ` + "`inject`" + ` ([scripts.md](scripts.md)).
`

// markdown writes the table.
func markdown() string {
	var b strings.Builder
	b.WriteString(docsHead)
	for _, s := range []struct {
		side Side
		name string
	}{{Operator, "the operator"}, {Register, "the register"}} {
		fmt.Fprintf(&b, "\n## Points of %s\n\nPoints that act at one event act in this order.\n\n| point | asked for | what it does | parameters |\n| --- | --- | --- | --- |\n", s.name)
		for _, i := range Points(s.side) {
			var params []string
			for _, p := range i.Params {
				text := "`" + p.Name + "=" + p.Default + "`"
				for _, c := range p.Choices[min(1, len(p.Choices)):] {
					text += ", `" + c + "`"
				}
				params = append(params, text+" "+p.Text)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", i.Name, i.Moment, i.Text, strings.Join(params, "<br>"))
		}
	}
	b.WriteString(docsTail)
	return b.String()
}

// The document is what the table says.
func TestDocs_MatchTable(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "faults.md")
	want := markdown()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, want, string(got), "run: go test ./internal/fault -run TestDocs -update")
}

// The rules shown in the document are rules.
func TestDocs_ExamplesParse(t *testing.T) {
	t.Parallel()
	examples := 0
	for line := range strings.SplitSeq(docsHead, "\n") {
		rule, _, _ := strings.Cut(strings.TrimSpace(line), "   ")
		if !strings.HasPrefix(line, "    ") || strings.HasPrefix(rule, "NAME") {
			continue
		}
		examples++
		_, operator := parse(Operator, rule)
		_, register := parse(Register, rule)
		assert.True(t, operator == nil || register == nil, "%s: %v, %v", rule, operator, register)
	}
	assert.Equal(t, 5, examples)
}
