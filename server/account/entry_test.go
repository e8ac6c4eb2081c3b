package account_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
)

// operator.md 1.3: an entry has who, with which key, from where and what; a long story is cut
// between letters.
func TestEntry_OfAViewer(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	v := access.View(access.Grant{Org: "o", User: "u", Key: "k"}).At("192.0.2.1")
	e, err := account.Entry(v, noon, bytes.NewReader(make([]byte, 9)), "key.create", "7", "ключ «учёт»", "права «чтение»")
	require.NoError(t, err)
	assert.Equal(t, account.Event{ID: "20260301T120000.000000000-AAAAAAAAAAAA", At: noon, Org: "o", User: "u", Key: "k", Address: "192.0.2.1",
		Action: "key.create", Result: "ok", About: "7", Detail: "ключ «учёт»; права «чтение»"}, e)
	e, err = account.Entry(v, noon, bytes.NewReader(make([]byte, 9)), "x", "", strings.Repeat("ж", 1001))
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("ж", 1000)+"…", e.Detail)
	_, err = account.Entry(v, noon, bytes.NewReader(nil), "x", "")
	require.Error(t, err, "no id, no entry")

	assert.Equal(t, []string{"имя: нет → «А»"}, account.Changed("имя", "", "А"))
	assert.Equal(t, []string{"имя: «А» → нет"}, account.Changed("имя", "А", ""))
	assert.Equal(t, []string{"без изменений"}, account.Unchanged(account.Changed("имя", "А", "А")))
	assert.Equal(t, []string{"имя «А»"}, account.Given("имя", "А"))
	assert.Empty(t, account.Given("имя", ""))
}
