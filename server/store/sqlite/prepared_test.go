package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// More statements than are kept, asked by many at once while others push theirs out:
// each gets the answer to its own.
func TestPrepared_GivesEachItsOwn(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	db.SetMaxOpenConns(4)
	p := newPrepared(db)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 150 {
				n := (i*7 + worker%2*100) % (maxPrepared + 50)
				st, done, err := p.take(t.Context(), fmt.Sprintf("SELECT %d + ?", n))
				if !assert.NoError(t, err) {
					return
				}
				var got int
				assert.NoError(t, st.QueryRowContext(t.Context(), i).Scan(&got))
				assert.Equal(t, n+i, got)
				assert.NoError(t, done())
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, p.recent.Len(), maxPrepared)
	assert.Len(t, p.texts, p.recent.Len())
	_, _, err = p.take(t.Context(), "SELECT nothing FROM nowhere")
	require.Error(t, err)
	st, done, err := p.take(t.Context(), "SELECT 1")
	require.NoError(t, err)
	for n := range maxPrepared + 1 {
		_, done, err := p.take(t.Context(), fmt.Sprintf("SELECT %d", n+2))
		require.NoError(t, err)
		require.NoError(t, done())
	}
	var one int
	require.NoError(t, st.QueryRowContext(t.Context()).Scan(&one), "pushed out, but in use")
	require.NoError(t, done())
	require.Error(t, st.QueryRowContext(t.Context()).Scan(&one), "closed by its last user")
	require.NoError(t, p.close())
}
