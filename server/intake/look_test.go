package intake

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// Whoever looks on sees every exchange with its bytes, broken ones too, and which
// drive is on which connection.
func TestIntake_ShowsExchangesAndConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := make(chan Exchange, 10)
		s := serve(t, func(o *Options) { o.Look = func(e Exchange) { seen <- e } })
		r := servertest.NewRegister(1, fiscal.FFD105)
		c := s.dial()
		time.Sleep(time.Second) // of the bubble: the order of connections is that of time
		silent := s.dial()
		reg, shift := r.Registration(), r.OpenShift()
		for _, d := range []servertest.Doc{reg, shift} {
			answered(t, c, d.Message)
			e := <-seen
			assert.Equal(t, "accepted", e.Result)
			assert.Equal(t, d.FD, e.FD)
			assert.Equal(t, r.FN, e.FN)
			assert.Equal(t, d.Message, e.Request)
			assert.NotEmpty(t, e.Response)
			assert.False(t, e.At.IsZero())
		}
		synctest.Wait()
		all := s.in.Connections()
		require.Len(t, all, 2)
		assert.Equal(t, r.FN, all[0].FN)
		assert.EqualValues(t, 2, all[0].Messages)
		assert.Empty(t, all[1].FN, "nothing was said on it")

		broken := append([]byte(nil), r.Receipt(100).Message...)
		broken[0]++
		_, _ = silent.Write(broken) // not all of it is read
		e := <-seen
		assert.Equal(t, "refused", e.Result)
		assert.NotEqual(t, fiscal.FaultNone, e.Fault)
		assert.NotEmpty(t, e.Request)
		assert.Nil(t, e.Response)
		require.NoError(t, c.Close())
		synctest.Wait()
		require.NoError(t, s.in.Shutdown(t.Context()))
		assert.Empty(t, s.in.Connections())
	})
}
