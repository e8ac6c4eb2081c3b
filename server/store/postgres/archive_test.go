package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func openArchive(t testing.TB, place string) archive.Base {
	a, err := postgres.OpenArchive(t.Context(), database(t, place))
	require.NoError(t, err)
	return a
}

func TestStore_Chain(t *testing.T) {
	t.Parallel()
	storetest.ExerciseChain(t, open, openArchive, 2)
}
