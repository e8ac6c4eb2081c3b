package officetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
)

// journal is what the journal of an organisation must hold while a store is tried.
type journal struct {
	t        *testing.T
	accounts account.Store
	org      string
	want     []account.Event // the newest first
}

// entry is the next one to be written.
func (j *journal) entry() account.Event {
	return account.Event{ID: fmt.Sprintf("%03d", len(j.want)), At: epoch, Org: j.org, User: "u", Key: "k", Address: "192.0.2.1", Action: "x", Result: "ok", About: "y", Detail: "d"}
}

func (j *journal) same(why string) {
	j.t.Helper()
	all, err := j.accounts.Events(context.Background(), j.org, account.EventFilter{Limit: 100})
	require.NoError(j.t, err)
	assert.Equal(j.t, j.want, all, why)
}

// kept: the change went through, and the entry with it.
func (j *journal) kept(err error) {
	j.t.Helper()
	require.NoError(j.t, err)
	j.want = append([]account.Event{j.entry()}, j.want...)
	j.same("the entry stands")
}

// lost: the change failed, and its entry with it.
func (j *journal) lost(err, as error) {
	j.t.Helper()
	require.ErrorIs(j.t, err, as)
	j.same("a change that failed leaves no entry")
}
