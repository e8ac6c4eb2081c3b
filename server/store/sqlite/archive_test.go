package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func openArchive(t testing.TB, place string) archive.Base {
	a, err := sqlite.OpenArchive(t.Context(), file(place), false)
	require.NoError(t, err)
	return a
}

func TestStore_Chain(t *testing.T) {
	t.Parallel()
	storetest.ExerciseChain(t, open, openArchive, 1)
}

func TestOpenArchive_MakesNothing(t *testing.T) {
	t.Parallel()
	place := t.TempDir()
	_, err := sqlite.OpenArchive(t.Context(), file(place), false)
	require.ErrorIs(t, err, archive.ErrNoBase)
	assert.NoFileExists(t, file(place))
}

// A backup under load is a base of its own: whole, verified, with all that was
// accepted before it began. The place of an older one is left alone.
func TestArchive_Backup(t *testing.T) {
	t.Parallel()
	place := t.TempDir()
	s := open(t, place)
	defer func() { require.NoError(t, s.Close()) }()
	const before = 50
	for i := int64(1); i <= before; i++ {
		require.NoError(t, s.Accept(t.Context(), storetest.Sample("9999078900000001", i, fiscal.FDNumber(i))))
	}
	stop, stopped := make(chan struct{}), make(chan int64)
	go func() {
		i := int64(before)
		for {
			select {
			case <-stop:
				stopped <- i
				return
			default:
			}
			i++
			if !assert.NoError(t, s.Accept(t.Context(), storetest.Sample("9999078900000001", i, fiscal.FDNumber(i)))) {
				<-stop
				stopped <- i
				return
			}
		}
	}()
	a, err := sqlite.OpenArchive(t.Context(), file(place), false)
	require.NoError(t, err)
	to := filepath.Join(t.TempDir(), "backup.db")
	require.NoError(t, os.WriteFile(to+".part", []byte("of a backup that was broken off"), 0o600))
	require.NoError(t, a.Backup(t.Context(), to))
	close(stop)
	last := <-stopped
	require.ErrorIs(t, a.Backup(t.Context(), to), os.ErrExist)
	require.NoError(t, a.Close())
	assert.NoFileExists(t, to+".part")

	restored, err := sqlite.OpenArchive(t.Context(), to, false)
	require.NoError(t, err)
	v := storetest.RequireChains(t, restored)
	assert.GreaterOrEqual(t, v.Documents, int64(before))
	assert.LessOrEqual(t, v.Documents, last)
	again, err := sqlite.Open(to, sqlite.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, again.Close()) }()
	require.NoError(t, again.Accept(t.Context(), storetest.Sample("9999078900000001", v.Documents+1, fiscal.FDNumber(v.Documents+1))))
}
