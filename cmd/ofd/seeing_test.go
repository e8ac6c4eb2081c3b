package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// Both engines show what they do, and the shipped dashboard asks for nothing that is
// not there.
func TestServe_ShowsItself(t *testing.T) {
	t.Parallel()
	for engine, db := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string { return filepath.Join(t.TempDir(), "ofd.db") },
		"postgres": func(t *testing.T) string {
			return pgtest.Clone(t, "empty", func(context.Context, string) error { return nil })
		},
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := start(t, db(t), "--clock=2026-08-01T09:02:01Z", "--control=127.0.0.1:0", "--inject=reply.drop:next=1,then=close")
			r := servertest.NewRegister(1, fiscal.FFD105)
			first := r.Registration()
			_, err := servertest.Send(p.kkt, first.Message)
			require.Error(t, err, "its answer was dropped")
			confirm(t, p.kkt, first, r.OpenShift(), r.Receipt(100))
			broken := slices.Clone(r.Receipt(100).Message)
			broken[len(broken)-1] ^= 1
			_, err = servertest.Send(p.kkt, broken)
			require.Error(t, err)
			idle, err := servertest.Dial(p.kkt)
			require.NoError(t, err)
			defer idle.Close()
			var metrics string
			await := func(lines ...string) {
				t.Helper()
				for _, line := range lines {
					for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
						if _, metrics = p.get("/metrics"); strings.Contains(metrics, "\n"+line+"\n") {
							break
						}
						require.True(t, time.Now().Before(until), "%s in %s", line, metrics)
					}
				}
			}
			await(`ofd_documents_total{form="1",verdict="accepted"} 1`, `ofd_documents_total{form="1",verdict="repeated"} 1`,
				`ofd_faults_total{fault="duplicate_same",row="E-20"} 1`, `ofd_faults_total{fault="bad_container_crc",row="E-09"} 1`,
				`ofd_injected_total{point="reply.drop"} 1`, "ofd_confirmations_total 3", "ofd_connections 1", "ofd_ready 1", "ofd_write_queue_works 0",
				"ofd_commit_seconds_count 3", "ofd_group_failures_total 0", "ofd_projection_documents_total 3", "ofd_projection_behind_documents 0",
				`ofd_follower_documents_total{follower="fleet"} 3`, `ofd_follower_behind_seconds{follower="fleet"} 0`)
			assert.Regexp(t, `(?m)^ofd_group_works_sum [4-9]`, metrics, "three documents and the broken one at least")
			checkDashboard(t, metrics)

			resp, err := http.Get("http://" + p.control + "/debug/pprof/goroutine?debug=1")
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			code, _ := p.get("/debug/pprof/")
			assert.Equal(t, http.StatusNotFound, code, "not for everybody")
			assert.Equal(t, exitFine, p.stop(syscall.SIGTERM))
		})
	}
}

var (
	metricType = regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`)
	metricName = regexp.MustCompile(`\b(?:ofd|go|process)_[a-z0-9_]+`)
)

// checkDashboard wants every name in a query of docs/grafana.json among the metrics.
func checkDashboard(t *testing.T, metrics string) {
	t.Helper()
	known := map[string]bool{}
	for _, m := range metricType.FindAllStringSubmatch(metrics, -1) {
		known[m[1]] = true
		if m[2] == "histogram" {
			known[m[1]+"_bucket"], known[m[1]+"_sum"], known[m[1]+"_count"] = true, true, true
		}
	}
	text, err := os.ReadFile("../../docs/grafana.json")
	require.NoError(t, err)
	var board struct {
		Title  string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &board))
	asked := map[string]bool{}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			names := metricName.FindAllString(target.Expr, -1)
			assert.NotEmpty(t, names, "%s: %s", panel.Title, target.Expr)
			for _, name := range names {
				assert.True(t, known[name], "%s: %s is not exported", panel.Title, name)
				for _, suffix := range []string{"_bucket", "_sum", "_count"} {
					name = strings.TrimSuffix(name, suffix)
				}
				asked[name] = true
			}
		}
	}
	for name := range known { // and shows all that is ours
		bare := name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			bare = strings.TrimSuffix(bare, suffix)
		}
		if strings.HasPrefix(name, "ofd_") {
			assert.True(t, asked[bare], "%s is on no panel", bare)
		}
	}
}

// SIGTERM: not ready first, the port --ready-delay later; in between registers are
// served as ever.
func TestServe_LeavesBeforeItCloses(t *testing.T) {
	t.Parallel()
	p := start(t, filepath.Join(t.TempDir(), "ofd.db"), "--clock=2026-08-01T09:02:01Z", "--ready-delay=4s")
	ready := func() (int, string) { return p.get("/readyz") }
	require.Eventually(t, func() bool { code, _ := ready(); return code == 200 }, time.Minute, 5*time.Millisecond)
	began := time.Now()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { code, _ := ready(); return code == 503 }, 3*time.Second, 5*time.Millisecond)
	_, body := ready()
	assert.Equal(t, "{\"status\":\"draining\"}\n", body)
	r := servertest.NewRegister(1, fiscal.FFD105)
	confirm(t, p.kkt, r.Registration(), r.OpenShift())
	<-p.rest
	_ = p.cmd.Wait()
	assert.Equal(t, exitFine, p.cmd.ProcessState.ExitCode(), p.log())
	assert.GreaterOrEqual(t, time.Since(began), 4*time.Second)
}

var (
	logKey  = regexp.MustCompile(`(?:^| )([a-zA-Z_]+)=`)
	logKeys = []string{"time", "level", "msg", "fn", "fd", "kkt", "shift", "kind", "conn", "case", "fault", "err",
		"result", "took", "injected", "rule", "n", "rules", "limit", "after", "why"}
)

// Contacts of buyers and names of cashiers come in, are stored and stand in no line
// of the log, whatever its level and whatever becomes of the document.
func TestServe_LogsNothingPersonal(t *testing.T) {
	t.Parallel()
	const contact, cashier = "+79161234567", "Иванова А.А."
	db := filepath.Join(t.TempDir(), "ofd.db")
	p := start(t, db, "--log-level=debug", "--clock=documents", "--control=127.0.0.1:0", "--inject=store.fail:next=1,doc=receipt", "--set=rule.R-01=off")
	clock := emulator.NewClock(time.Date(2026, 6, 1, 9, 0, 0, 0, moscow))
	e, err := emulator.New(emulator.Options{Now: clock.Now, OFD: p.kkt, Rand: rand.New(rand.NewPCG(1, 2))})
	require.NoError(t, err)
	k := e.KKT()
	made := func(_ kkt.Result, err error) { t.Helper(); require.NoError(t, err); clock.Advance(time.Minute) }
	made(k.Register(registration(fiscal.FFD12, false)))
	made(k.OpenShift(kkt.Cashier{Name: cashier}))
	bill := sale(fiscal.Sell)
	bill.BuyerContact, bill.Cashier = contact, kkt.Cashier{Name: cashier}
	made(k.Receipt(bill))
	bill.Payments.Cash += 100 // paid is not what was sold: findings, when the register lets it
	_, _ = k.Receipt(bill)
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, _ = e.Exchange(t.Context()) // the injected failure is tried again
		if atLeast3.MatchString(p.ask("GET", "/counters", "")) {
			break
		}
		require.True(t, time.Now().Before(until), p.log())
	}
	require.NoError(t, e.Close())
	require.Equal(t, exitFine, p.stop(syscall.SIGTERM))

	log := p.log()
	require.Contains(t, log, "msg=exchange")
	require.Contains(t, log, "injected=store.fail")
	for _, secret := range []string{contact, contact[2:], cashier, "Иванова"} {
		assert.NotContains(t, log, secret)
		assert.NotContains(t, log, fmt.Sprintf("%x", secret))
	}
	stored, err := os.ReadFile(db)
	require.NoError(t, err)
	assert.Contains(t, string(stored), contact, "it was there to be told")
	for _, line := range strings.Split(log[strings.Index(log, "time="):], "\n") {
		for _, m := range logKey.FindAllStringSubmatch(quoted.ReplaceAllString(line, `""`), -1) {
			assert.Contains(t, logKeys, m[1], line)
		}
	}
}

// atLeast3 documents: the registration, the shift and the receipt.
var atLeast3 = regexp.MustCompile(`"documents":[3-9]`)

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
