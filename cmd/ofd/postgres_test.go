package main

import (
	"context"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// Two servers on one database: a register may go to either with each document and
// with each repeat, and one of them may be killed.
func TestServe_SharesPostgreSQL(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t, "empty", func(context.Context, string) error { return nil })
	one, two := start(t, db), start(t, db)
	r := servertest.NewRegister(1, fiscal.FFD105)
	docs := []servertest.Doc{r.Registration(), r.OpenShift()}
	for range 10 {
		docs = append(docs, r.Receipt(100))
	}
	send := func(p *program, d servertest.Doc) []byte {
		m, err := servertest.Send(p.kkt, d.Message)
		require.NoError(t, err)
		a, err := servertest.ReadAck(d, m)
		require.NoError(t, err)
		assert.True(t, a.Accepted(), "FD %d: code %d", d.FD, a.Code)
		return m.Raw
	}
	var replies [][]byte
	for i, d := range docs {
		first, second := one, two
		if i%2 == 1 {
			first, second = two, one
		}
		replies = append(replies, send(first, d))
		if i%3 == 0 {
			assert.Equal(t, replies[i], send(second, d), "FD %d: the other server repeats the confirmation", d.FD)
		}
	}
	require.NoError(t, one.cmd.Process.Kill())
	<-one.rest
	_ = one.cmd.Wait()
	for i, d := range docs {
		assert.Equal(t, replies[i], send(two, d), "FD %d", d.FD)
	}
	confirm(t, two.kkt, r.Receipt(100))
	assert.Equal(t, exitFine, two.stop(syscall.SIGTERM))
}
