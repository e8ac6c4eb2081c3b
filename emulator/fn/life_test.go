package fn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// A whole life: fn.md section 4, K-001, K-055.
func TestDevice_LivesFromReadyToArchive(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD10, fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, v)
			require.Equal(t, PhaseReady, r.st.Phase)
			r.register(regFirst, 0)
			require.Equal(t, PhaseFiscal, r.st.Phase)
			for range 3 {
				r.later(time.Hour)
				r.open()
				r.sell(12345)
				r.sell(1)
				r.correct(1, 500)
				r.state()
				r.later(time.Hour)
				r.close()
				docs := r.deliverAll()
				require.NotEmpty(t, docs)
			}
			r.register(regChange, 4)
			r.no(WrongState, CmdBeginCloseArchive) // FN-010
			r.deliverAll()
			r.closeFN()
			require.Equal(t, PhasePostFiscal, r.st.Phase)
			r.no(WrongState, CmdBeginOpenShift, r.stamp()) // K-056
			r.state()
			docs := r.deliverAll()
			require.Len(t, docs, 2)
			assert.Equal(t, fiscal.FormCloseArchive, docs[0].Form)
			assert.Equal(t, PhaseArchive, r.st.Phase)
			r.no(WrongState, CmdExchangeStatus)
			assert.Equal(t, uint32(1+3*6+1+1+1), r.lastFD())
		})
	}
}
