package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// O-002: a new drive takes the registration number over; the old one is replaced.
func TestServer_ReplacedDrive(t *testing.T) {
	t.Parallel()
	b := startSQLite(t)
	old, taken := servertest.NewRegister(1, fiscal.FFD105), servertest.NewRegister(2, fiscal.FFD105)
	taken.RegID = old.RegID
	b.confirmed(old.Registration(), taken.Change(1))
	assert.Equal(t, store.DriveReplaced, b.drive(old.FN).Status)
	assert.Equal(t, store.DriveActive, b.drive(taken.FN).Status)
	b.confirmed(old.OpenShift()) // what was still in its queue
	assert.Equal(t, store.DriveReplaced, b.drive(old.FN).Status)
}

// O-004, O-036: what one document alone gets wrong.
func TestServer_FailedControl(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	r.RegID = "0000000001000001"
	wrong := r.Registration()
	assert.Equal(t, 14, b.ack(wrong).Code)
	assert.Equal(t, fiscal.FLKFailed, b.document(wrong).Fault)
	assert.Contains(t, b.rules(wrong), "I-03")

	r = servertest.NewRegister(2, fiscal.FFD12)
	b.confirmed(r.Registration(), r.OpenShift())
	r.FFD = fiscal.FFD105
	odd := r.Receipt(1)
	a := b.ack(odd)
	assert.Equal(t, 14, a.Code, "a confirmation has the format of its document (TRN-070)")
	assert.Contains(t, b.rules(odd), "S-13")
}

// O-005, O-041: a registration that names another operator, and a register that
// leaves for one. With a key of ours only: the drive of another operator would sign
// with another key.
func TestServer_OtherOperator(t *testing.T) {
	t.Parallel()
	const other fiscal.INN = "7841465198"
	to := func(v fiscal.FFD, leaves bool, n int) (*servertest.Register, []servertest.Doc) {
		r := servertest.NewRegister(n, v)
		var docs []servertest.Doc
		if leaves {
			docs = append(docs, r.Registration())
		}
		r.OFD = other
		d := r.Registration()
		if leaves {
			r.FD--
			d = r.Change(2)
		}
		r.OFD = servertest.OFD
		return r, append(docs, r.Seal(d.Form, d.FD, d.STLV))
	}
	for _, c := range []struct {
		name   string
		ffd    fiscal.FFD
		leaves bool
		status store.DriveStatus
		code   int
		bits   int
	}{
		{"registers, 1.05", fiscal.FFD105, false, store.DriveUnregistered, 14, -1},
		{"registers, 1.2", fiscal.FFD12, false, store.DriveUnregistered, -1, 0x42},
		{"leaves, 1.05", fiscal.FFD105, true, store.DriveGone, 14, -1},
		{"leaves, 1.1", fiscal.FFD11, true, store.DriveGone, -1, 0x42},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			r, docs := to(c.ffd, c.leaves, 1)
			b.confirmed(docs[:len(docs)-1]...)
			last := docs[len(docs)-1]
			a := b.ack(last)
			assert.Equal(t, c.code, a.Code)
			assert.Equal(t, c.bits, a.Bits, "contact the operator, and I-05")
			assert.Equal(t, fiscal.OFDMismatch, b.document(last).Fault)
			assert.Equal(t, c.status, b.drive(r.FN).Status)
			assert.Equal(t, []string{"в отчете о регистрации указан другой ОФД"}, b.incidents(r.FN))
		})
	}
	t.Run("verified with the key of the operator in force", func(t *testing.T) {
		t.Parallel()
		a := start(t)
		b := start(t, func(o *server.Options) { o.OFD = other })
		r := servertest.NewRegister(1, fiscal.FFD105)
		a.confirmed(r.Registration(), r.OpenShift(), r.CloseShift())
		r.OFD = other
		moved := []servertest.Doc{r.Change(2), r.OpenShift()}
		assert.Nil(t, a.exchange(moved[0].Message), "not our key any more")
		b.confirmed(moved...)
		assert.Empty(t, b.drive(r.FN).Gaps, "documents of the other operator are not missing here")
	})
}

// O-042: form 11 with another INN or registration number than form 1.
func TestServer_ChangedIdentity(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	b.confirmed(r.Registration())
	r.RegID = fiscal.MakeRegNumber(77, r.UserINN, r.Factory)
	d := r.Change(3)
	assert.Equal(t, 14, b.ack(d).Code)
	assert.Equal(t, []string{"I-03"}, b.rules(d))
	assert.Equal(t, []string{"отчет об изменении параметров регистрации меняет РНМ в том же ФН"}, b.incidents(r.FN))
}

// O-051: after form 6 only form 21 is sound.
func TestServer_AfterClose(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	b.confirmed(r.Registration(), r.OpenShift(), r.Receipt(1), r.CloseShift(), r.CloseArchive(), r.State(0))
	d := r.OpenShift()
	assert.Equal(t, 14, b.ack(d).Code)
	assert.Equal(t, fiscal.AfterClose, b.document(d).Fault)
	assert.Equal(t, []string{"документ после закрытия ФН"}, b.incidents(r.FN))
	assert.Equal(t, store.DriveClosed, b.drive(r.FN).Status)
}

// O-046: a reminder for a drive that sends nothing.
func TestServer_SweepRemindsOfKeys(t *testing.T) {
	t.Parallel()
	now := servertest.Clock
	b := startSQLite(t, func(o *server.Options) { o.Now = func() time.Time { return now } })
	r := servertest.NewRegister(1, fiscal.FFD11)
	b.confirmed(r.Registration())
	for _, c := range []struct{ days, incidents int }{{1079, 0}, {1081, 1}, {1090, 1}, {1107, 2}, {1109, 2}, {1120, 2}} {
		now = servertest.Clock.AddDate(0, 0, c.days)
		require.NoError(t, b.srv.Sweep(t.Context()))
		assert.Len(t, b.incidents(r.FN), c.incidents, c.days)
	}
}

// The reminder of the calendar is not raised again by the next document, nor after a
// restart, nor that of a document by the calendar (O-046).
func TestServer_RemindsOnce(t *testing.T) {
	t.Parallel()
	for name, sweepFirst := range map[string]bool{"calendar first": true, "document first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var days atomic.Int64
			b := startSQLite(t, func(o *server.Options) {
				o.Now = func() time.Time { return servertest.Clock.AddDate(0, 0, int(days.Load())) }
			})
			r := servertest.NewRegister(1, fiscal.FFD11)
			b.confirmed(r.Registration())
			wanted := 0
			for _, day := range []int64{1081, 1107} { // 30 days and 3
				days.Store(day)
				wanted++
				steps := []func(){
					func() { require.NoError(t, b.srv.Sweep(t.Context())) },
					func() { b.confirmed(r.State(0), r.State(0)) },
				}
				if !sweepFirst {
					slices.Reverse(steps)
				}
				for _, step := range append(steps, steps...) {
					step()
					reminders := 0
					for _, text := range b.incidents(r.FN) {
						if strings.Contains(text, "срок действия ключей ФП заканчивается") {
							reminders++
						}
					}
					assert.Equal(t, wanted, reminders, "day %d", day)
				}
			}
		})
	}
}

func TestServer_Handler(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	b := start(t, func(o *server.Options) { o.Registry = registry })
	r := servertest.NewRegister(1, fiscal.FFD105)
	b.confirmed(r.Registration())
	web := httptest.NewServer(b.srv.Handler())
	defer web.Close()
	get := func(path string) (int, string) {
		resp, err := web.Client().Get(web.URL + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	code, body := get("/healthz")
	assert.Equal(t, http.StatusOK, code, body)
	require.Eventually(t, func() bool { // counted when the answer has left
		_, body = get("/metrics")
		return strings.Contains(body, "ofd_confirmations_total 1")
	}, 5*time.Second, 2*time.Millisecond)
	for _, line := range []string{`ofd_documents_total{form="1",verdict="accepted"} 1`, "ofd_commit_seconds_count 1",
		"ofd_store_waiting 0", `ofd_messages_total{kind="document"} 1`} {
		assert.Contains(t, body, line)
	}
	code, body = get("/bench/v1/drives/" + string(r.FN))
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, body, string(r.RegID))
	require.NoError(t, b.srv.Shutdown(t.Context()))
	code, body = get("/healthz")
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Contains(t, body, "draining")
}

func TestNew_RefusesBadOptions(t *testing.T) {
	t.Parallel()
	b := start(t)
	_, err := server.New(server.Options{})
	assert.ErrorContains(t, err, "no store")
	_, err = server.New(server.Options{Store: b.store, OFD: "123"})
	assert.ErrorContains(t, err, "own INN")
	registry := prometheus.NewRegistry()
	_, err = server.New(server.Options{Store: b.store, Registry: registry, Policies: policies(t, sign.PolicyAuto)})
	require.NoError(t, err)
	_, err = server.New(server.Options{Store: b.store, Registry: registry})
	assert.ErrorContains(t, err, "registering metrics")
}
