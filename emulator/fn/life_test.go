package fn

import (
	"bytes"
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

// Phase 0x00: the maker's; only status commands answer.
func TestDevice_WaitsForPreparation(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.Unprepared = true })
	assert.Zero(t, r.ok(CmdStatus)[0])
	r.ok(CmdNumber)
	r.no(WrongState, CmdBeginRegistration, []byte{0})
	r.no(WrongState, CmdExchangeStatus)
	d := r.clone()
	assert.Equal(t, PhaseSetup, d.View().Phase)
	r.Prepare()
	r.register(regFirst, 0)
	r.Prepare()
	assert.Equal(t, PhaseFiscal, r.View().Phase)
}

// 36 months, a shift every fifth day: the keys last, the 30-day store stays small, numbers have no
// gap, and a snapshot of it all loads.
func TestDevice_LivesThreeYears(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD12)
	r.register(regFirst, 0)
	r.deliverAll()
	for day := 0; day < 1095; day += 5 {
		r.open()
		r.sell(uint64(100 + day))
		r.later(12 * time.Hour)
		r.close()
		r.deliverAll()
		r.later(5*24*time.Hour - 12*time.Hour)
		require.LessOrEqual(t, len(r.store.docs), 3*7+1)
		require.LessOrEqual(t, len(r.store.order), 150)
	}
	assert.Equal(t, WarnNearEnd, r.warningByte(), "15 days left")
	var b bytes.Buffer
	require.NoError(t, r.Save(&b))
	d, err := Load(&b, Options{})
	require.NoError(t, err)
	assert.Equal(t, r.View(), d.View())
	r.closeFN()
	r.deliverAll()
	v := r.View()
	assert.Equal(t, PhaseArchive, v.Phase)
	assert.Equal(t, fiscal.FDNumber(1+3*219+1), v.LastFD)
	assert.Equal(t, uint16(219), v.Shift)
}
