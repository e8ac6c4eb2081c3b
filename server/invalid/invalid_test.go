package invalid_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/invalid"
)

func TestFields_TellEveryOne(t *testing.T) {
	t.Parallel()
	bad := invalid.Fields{}
	require.NoError(t, bad.Err(), "nothing is wrong")
	bad.Add("inn", "")
	require.NoError(t, bad.Err(), "an empty text is no mistake")
	bad.Add("inn", "Нужны 10 или 12 цифр.")
	bad.Add("inn", "Другое.")
	bad.Add("", "Не сохранено.")
	bad.Add("email", "Нужен адрес.")
	require.EqualError(t, bad.Err(), "invalid: Не сохранено.; email: Нужен адрес.; inn: Нужны 10 или 12 цифр.")
	var found invalid.Fields
	require.ErrorAs(t, bad.Err(), &found)
	assert.Equal(t, "Нужны 10 или 12 цифр.", found["inn"], "the first text of a field stays")
}
