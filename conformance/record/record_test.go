package record_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/record"
	"github.com/fiscalbench/fiscalbench/conformance/report"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// serve answers each message of a connection with what answer says; nil closes.
func serve(t *testing.T, answer func(n int, request []byte) []byte) (addr string, connections func() int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	count := make(chan int, 1)
	count <- 0
	go func() {
		messages := 0
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			count <- <-count + 1
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					break
				}
				messages++
				reply := answer(messages, buf[:n])
				if reply == nil {
					break
				}
				if _, err := c.Write(reply); err != nil {
					break
				}
			}
			c.Close()
		}
	}()
	return ln.Addr().String(), func() int { n := <-count; count <- n; return n }
}

func receipt() []byte      { return fiscaltest.Protocol().Message("tb-receipt").Hex.Bytes() }
func confirmation() []byte { return fiscaltest.Protocol().Message("tb-confirmation").Hex.Bytes() }

func exchange(received []byte, e conformance.Ending) report.Exchange {
	return report.Exchange{Sent: hex.EncodeToString(receipt()), Received: hex.EncodeToString(received), Ending: e}
}

func play(t *testing.T, addr string, exchanges ...report.Exchange) []record.Played {
	t.Helper()
	p := record.NewPlayer(record.Options{Addr: addr, Timeout: 300 * time.Millisecond, Keys: report.NewKeys(sign.MasterKey{}, "7704358518")})
	played, err := p.Play(context.Background(), &record.Trace{Case: "O-020", Exchanges: exchanges})
	require.NoError(t, err)
	require.Len(t, played, len(exchanges))
	return played
}

// later is the confirmation of another moment: 1012 and everything that follows from
// it differ, as the codes of the vectors' confirmation 14 do not.
func later(change func(c []byte)) []byte {
	m := confirmation()
	at := bytes.Index(m, model.U32(1012, 0)[:4])
	m[at+4]++
	m[len(m)-3]++ // the sign
	change(m)
	model.FixContainerCRC(m[30:])
	return m
}

func TestPlay_Compares(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		recorded report.Exchange
		answer   []byte
		want     record.Likeness
		says     string
	}{
		"byte for byte":        {exchange(confirmation(), conformance.Answered), confirmation(), record.Same, ""},
		"another time":         {exchange(confirmation(), conformance.Answered), later(func([]byte) {}), record.Alike, ""},
		"another code":         {exchange(confirmation(), conformance.Answered), fiscaltest.Protocol().Message("tb-confirmation-14").Hex.Bytes(), record.Different, "1022: recorded 00, now 0e"},
		"another FD number":    {exchange(confirmation(), conformance.Answered), later(func(c []byte) { c[49]++ }), record.Different, "номер ФД"},
		"refused then and now": {exchange(nil, conformance.Closed), nil, record.Same, ""},
		"reset then":           {exchange(nil, conformance.Reset), nil, record.Alike, ""},
		"answered now":         {exchange(nil, conformance.Closed), confirmation(), record.Different, "recorded closed, now answered"},
		"refused now":          {exchange(confirmation(), conformance.Answered), nil, record.Different, "recorded answered, now closed"},
		"silent now":           {exchange(confirmation(), conformance.Answered), []byte{}, record.Different, "now hung"},
		"half an answer":       {exchange(confirmation(), conformance.Answered), confirmation()[:40], record.Different, "now hung"},
		"not a message":        {exchange(make([]byte, 30), conformance.Answered), append(bytes.Repeat([]byte{1}, 24), 0, 0, 0, 0, 0, 0), record.Different, "recorded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serve(t, func(int, []byte) []byte { return tc.answer })
			played := play(t, addr, tc.recorded)[0]
			assert.Equal(t, tc.want, played.Likeness, "%v", played.Differences)
			if tc.says != "" {
				require.NotEmpty(t, played.Differences)
				assert.Contains(t, played.Differences[0], tc.says)
			}
		})
	}
}

// TestPlay_KeepsTheConnection as long as the target does.
func TestPlay_KeepsTheConnection(t *testing.T) {
	t.Parallel()
	addr, connections := serve(t, func(n int, request []byte) []byte {
		assert.Equal(t, receipt(), request)
		if n == 2 {
			return nil
		}
		return confirmation()
	})
	ok := exchange(confirmation(), conformance.Answered)
	played := play(t, addr, ok, exchange(nil, conformance.Closed), ok, ok)
	for _, p := range played {
		assert.Equal(t, record.Same, p.Likeness, p.N)
	}
	assert.Equal(t, 2, connections(), "one that the target closed, one after it")
}

func TestPlay_WhatTheTargetBeganIsNotPlayed(t *testing.T) {
	t.Parallel()
	incoming := exchange(confirmation(), conformance.Closed)
	incoming.Incoming = true
	assert.Equal(t, record.Unplayed, play(t, "127.0.0.1:1", incoming)[0].Likeness)
}

func TestPlay_NobodyListens(t *testing.T) {
	t.Parallel()
	_, err := record.NewPlayer(record.Options{Addr: "127.0.0.1:1"}).Play(context.Background(),
		&record.Trace{Case: "O-020", Exchanges: []report.Exchange{exchange(nil, conformance.Closed)}})
	assert.ErrorContains(t, err, "O-020, exchange 1")
}

// TestLoad reads what a run wrote, from its directory and from its trace directory.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := &report.Run{Version: report.Version, Seed: "1", Results: []report.Result{
		{ID: "O-020", Variant: "ffd1.2", Path: "a/b", Outcome: conformance.Pass, Exchanges: []report.Exchange{exchange(confirmation(), conformance.Answered)}},
		{ID: "O-020", Path: "a/b", Outcome: conformance.Pass, Exchanges: []report.Exchange{exchange(nil, conformance.Closed)}},
		{ID: "O-021", Path: "a/b", Outcome: conformance.Pass, Exchanges: []report.Exchange{exchange(nil, conformance.Hung)}},
		{ID: "O-022", Path: "a/b", Outcome: conformance.Error, Reason: "nothing was sent"},
	}}
	require.NoError(t, run.WriteDir(dir, nil))
	names := func(dir string, wanted ...string) (got []string) {
		all, err := record.Load(dir, wanted...)
		require.NoError(t, err)
		for _, tr := range all {
			got = append(got, tr.Case)
			require.Len(t, tr.Exchanges, 1)
		}
		return got
	}
	assert.ElementsMatch(t, []string{"O-020", "O-020@ffd1.2", "O-021"}, names(dir))
	assert.ElementsMatch(t, []string{"O-020", "O-020@ffd1.2", "O-021"}, names(filepath.Join(dir, report.TraceDir)))
	assert.ElementsMatch(t, []string{"O-020", "O-020@ffd1.2"}, names(dir, "O-020"))
	assert.Equal(t, []string{"O-020@ffd1.2"}, names(dir, "O-020@ffd1.2"))

	_, err := record.Load(dir, "O-022")
	assert.ErrorContains(t, err, "no trace of O-022")
	_, err = record.Load(t.TempDir())
	assert.ErrorContains(t, err, "no traces")
	_, err = record.Load(filepath.Join(dir, "nothing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	path := filepath.Join(dir, report.TraceDir, "O-021.ndjson")
	for text, want := range map[string]string{
		`{"case":"O-001","n":1,"sent":"","ending":"closed"}`: "is of case",
		`{"case":"O-021","n":2,"sent":"","ending":"closed"}`: "has number 2",
		`{"case":`: "line 1",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = record.Load(dir)
		assert.ErrorContains(t, err, want)
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add([]byte(`{"case":"O-001","n":1,"sent":"00","received":"01","ending":"answered"}` + "\n"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, err := report.ReadTrace(io.LimitReader(bytes.NewReader(b), 1<<16))
		if err != nil {
			return
		}
		for i, l := range lines {
			if l.N != i+1 {
				t.Fatal("numbers do not run")
			}
		}
	})
}
