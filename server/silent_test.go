package server_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// mute is a verifier of another scheme that may fall silent, as a plug-in whose process
// hangs: what it splits is unverifiable then, and it confirms nothing.
type mute struct {
	sign.Verifier
	silent atomic.Bool
}

func (m *mute) Open(ctx context.Context, fn fiscal.FNNumber, ofd fiscal.INN, c wire.Container) (sign.Opened, error) {
	o, err := m.Verifier.Open(ctx, fn, ofd, c)
	if m.silent.Load() {
		o.FPS = sign.Unverifiable
	}
	return o, err
}

func (m *mute) Confirm(ctx context.Context, r sign.ConfirmRequest) ([]byte, error) {
	if m.silent.Load() {
		return nil, errors.New("no answer in 5s")
	}
	return m.Verifier.Confirm(ctx, r)
}

// fiscal-sign.md section 7: without a verdict in time the document is accepted, or the
// connection closed, by setting. Accepted is stored: its confirmation follows when it
// comes again and the verifier speaks.
func TestServer_SilentVerifier(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]bool{"accept": false, "close": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &mute{Verifier: sign.NewTBGOST1(sign.TBGOST1Options{})}
			all, err := sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyExternal, External: m, CloseWithoutVerdict: closes})
			require.NoError(t, err)
			b := startSQLite(t, func(o *server.Options) { o.Policies = all })
			r := servertest.NewRegister(1, fiscal.FFD105)
			b.confirmed(r.Registration())
			m.silent.Store(true)
			shift := r.OpenShift()
			_, err = servertest.Send(b.addr, shift.Message)
			require.Error(t, err, "closed without an answer")
			_, err = b.store.Document(t.Context(), r.FN, shift.FD)
			if closes {
				require.ErrorIs(t, err, store.ErrNotFound)
			} else {
				d := b.document(shift)
				assert.Empty(t, d.Confirmation)
				assert.Equal(t, "unverifiable", d.FPS)
			}
			_, err = servertest.Send(b.addr, shift.Message)
			require.Error(t, err, "silent still")
			m.silent.Store(false)
			b.confirmed(shift, r.Receipt(100))
			stats, err := b.store.Stats(t.Context())
			require.NoError(t, err)
			assert.EqualValues(t, 3, stats.Documents, "nothing twice")
		})
	}
}
