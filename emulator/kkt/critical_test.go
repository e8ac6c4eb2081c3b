package kkt

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// K-049: with a critical error of the drive the register stops selling; closing the
// shift stays possible.
func TestCriticalError_StopsSales(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD105))
	require.NoError(t, s.device.SetFaults(fn.Faults{Critical: true}))
	_, err := s.Receipt(sale())
	refusedBy(t, RuleFN, err)
	_, err = s.CloseShift(Cashier{})
	require.NoError(t, err)
	_, err = s.OpenShift(Cashier{})
	refusedBy(t, RuleFN, err)
}
