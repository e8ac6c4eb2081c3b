package emulator

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// TestEmulator_ExchangesAfterPowerCut: a drive whose power was off has forgotten that
// the line is up (11h); the kept connection goes on being used all the same (K-013).
func TestEmulator_ExchangesAfterPowerCut(t *testing.T) {
	t.Parallel()
	e, _, clock := start(t, Options{}, time.Date(2026, 3, 2, 9, 0, 0, 0, moscow))
	_, err := e.KKT().Register(registration(fiscal.FFD105))
	require.NoError(t, err)
	n, err := e.Exchange(context.Background())
	require.NoError(t, err)
	require.Equal(t, 1, n)

	require.NoError(t, e.Do(func(d *fn.Device) error { d.PowerCut(); return nil }))
	e.KKT().Forget()
	clock.Advance(time.Minute)
	_, err = e.KKT().OpenShift(kkt.Cashier{})
	require.NoError(t, err)
	n, err = e.Exchange(context.Background())
	require.NoError(t, err)
	assert.Equal(t, 1, n)
}
