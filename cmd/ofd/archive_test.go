package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// cliRun runs a command in this process.
func cliRun(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	require.Equal(t, want, run(args, nil, &out, &errs), "%s\n%s", out.String(), errs.String())
	return out.String(), errs.String()
}

// A backup taken from a running server under load is restored: it verifies, and every
// confirmation that a register had before the backup began is repeated from it byte
// for byte.
func TestBackup_RestoresConfirmations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := filepath.Join(dir, "ofd.db")
	p := start(t, db, "--clock=2026-08-01T09:02:01Z")
	const registers, before = 3, 12
	type kept struct {
		doc   servertest.Doc
		reply []byte
	}
	var mu sync.Mutex
	var had []kept // before the backup
	ready, stop := make(chan struct{}, registers), make(chan struct{})
	var wg sync.WaitGroup
	for n := range registers {
		wg.Go(func() {
			c, err := servertest.Dial(p.kkt)
			if !assert.NoError(t, err) {
				return
			}
			defer c.Close()
			r := servertest.NewRegister(n+1, fiscal.FFD105)
			for i := 0; ; i++ {
				var doc servertest.Doc
				switch i {
				case 0:
					doc = r.Registration()
				case 1:
					doc = r.OpenShift()
				default:
					doc = r.Receipt(100)
				}
				m, err := c.Exchange(doc.Message)
				if !assert.NoError(t, err) {
					ready <- struct{}{}
					return
				}
				if i < before {
					mu.Lock()
					had = append(had, kept{doc, m.Raw})
					mu.Unlock()
				}
				if i == before {
					ready <- struct{}{}
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range registers {
		<-ready
	}
	copied := filepath.Join(dir, "copy.db")
	cliRun(t, exitFine, "backup", "--store=sqlite:"+db, "--out="+copied)
	close(stop)
	wg.Wait()
	assert.Equal(t, exitFine, p.stop(syscall.SIGTERM))

	for _, base := range []string{db, copied} {
		out, _ := cliRun(t, exitFine, "verify", "--store=sqlite:"+base)
		assert.Contains(t, out, fmt.Sprintf("%d drives", registers))
		assert.Contains(t, out, "clean")
	}
	restored := start(t, copied, "--clock=2026-08-01T09:02:01Z")
	require.Len(t, had, registers*before)
	for _, k := range had {
		m, err := servertest.Send(restored.kkt, k.doc.Message)
		require.NoError(t, err)
		assert.Equal(t, k.reply, m.Raw, "FN %s FD %d", k.doc.FN, k.doc.FD)
	}
	assert.Equal(t, exitFine, restored.stop(syscall.SIGTERM))
}

// The whole way of a base: exported, imported, compared, damaged, and old enough to be
// deleted.
func TestArchive_Commands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, other := "sqlite:"+filepath.Join(dir, "ofd.db"), "sqlite:"+filepath.Join(dir, "other.db")
	p := start(t, strings.TrimPrefix(db, "sqlite:"), "--clock=2020-08-01T09:02:01Z")
	r := servertest.NewRegister(1, fiscal.FFD105)
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(100), r.Receipt(200)} {
		_, err := servertest.Send(p.kkt, d.Message)
		require.NoError(t, err)
	}
	assert.Equal(t, exitFine, p.stop(syscall.SIGTERM))

	file := filepath.Join(dir, "base.ndjson")
	cliRun(t, exitFine, "export", "--store="+db, "--out="+file)
	_, said := cliRun(t, exitFine, "import", "--store="+other, "--in="+file)
	assert.Contains(t, said, "imported 1 drives, 4 documents")
	_, said = cliRun(t, exitFine, "import", "--store="+other, "--in="+file)
	assert.Contains(t, said, "nothing to do")
	back, _ := cliRun(t, exitFine, "export", "--store="+other, "--out=-")
	first, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(first), back)

	out, _ := cliRun(t, exitFine, "retention", "--store="+other, "--dry-run")
	assert.Contains(t, out, "3 documents to delete, places 1 to 3")
	out, _ = cliRun(t, exitFine, "retention", "--store="+other, "--who=me")
	assert.Contains(t, out, "3 documents deleted")
	out, _ = cliRun(t, exitFine, "verify", "--store="+other)
	assert.Contains(t, out, "1 documents, 1 confirmations, ")
	assert.Contains(t, out, "3 documents deleted by it")
	_, said = cliRun(t, exitFailed, "import", "--store="+other, "--in="+file)
	assert.Contains(t, said, "the base is not empty: line 2")

	// A server does it by itself.
	p = start(t, strings.TrimPrefix(db, "sqlite:"), "--retention", "--clock=2025-08-01T09:02:02Z")
	require.Eventually(t, func() bool { return strings.Contains(p.log(), "deleted after their term") }, 60*time.Second, 10*time.Millisecond)
	assert.Equal(t, exitFine, p.stop(syscall.SIGTERM))
	out, _ = cliRun(t, exitFine, "verify", "--store="+db)
	assert.Contains(t, out, "3 documents deleted by it")

	raw, err := os.ReadFile(filepath.Join(dir, "other.db"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.db"), raw[:len(raw)/2], 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "text.db"), []byte("no base at all, but some text long enough"), 0o600))
	for _, name := range []string{"broken.db", "text.db"} {
		var w strings.Builder
		assert.Contains(t, []int{exitFailed, exitUnreachable}, run([]string{"verify", "--store=sqlite:" + filepath.Join(dir, name)}, nil, io.Discard, &w), w.String())
	}
	_, said = cliRun(t, exitUnreachable, "verify", "--store=postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	assert.Contains(t, said, "--store=")
	cliRun(t, exitUsage, "backup", "--out=x") // no store
}
