package torture

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
)

// network is a bad line to an address.
type network struct {
	upstream, listen string
	proxy            *toxiproxy.Proxy
	ill              bool
}

func newNetwork(t *testing.T, upstream string) *network {
	t.Helper()
	listen, err := pgtest.FreeAddr()
	require.NoError(t, err)
	n := &network{upstream: upstream, listen: listen}
	n.replace(t, trouble{})
	t.Cleanup(func() { n.proxy.Stop() })
	return n
}

func (n *network) addr() string { return n.listen }

// replace puts another proxy in the place of the one before, whose connections are cut:
// to change the troubles of connections that live deadlocks in toxiproxy 2.5.
func (n *network) replace(t *testing.T, x trouble) {
	t.Helper()
	if n.proxy != nil {
		n.proxy.Stop()
	}
	n.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), t.Name(), n.listen, n.upstream)
	if x.kind != "" {
		toxicity := 1.0
		if x.cuts() {
			toxicity = 0.6
		}
		_, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":"one","type":%q,"stream":%q,"toxicity":%g,"attributes":{%s}}`,
			x.kind, x.stream, toxicity, x.attributes)))
		require.NoError(t, err)
	}
	require.NoError(t, n.proxy.Start())
}

// trouble is what a line does: kinds of toxiproxy with their attributes. Kinds that
// end a connection do so for some of them.
type trouble struct{ kind, stream, attributes string }

func (x trouble) String() string {
	if x.kind == "" {
		return "none"
	}
	return x.kind + " " + x.stream + " " + x.attributes
}

// cuts reports a trouble that breaks connections.
func (x trouble) cuts() bool {
	return x.kind == "reset_peer" || x.kind == "limit_data" || x.kind == "timeout"
}

// draw draws a trouble; half of the time there is none.
func draw(r *rand.Rand) trouble {
	stream := []string{"upstream", "downstream"}[r.IntN(2)]
	switch r.IntN(12) {
	case 0:
		return trouble{"latency", stream, fmt.Sprintf(`"latency":%d,"jitter":%d`, 1+r.IntN(20), r.IntN(20))}
	case 1:
		return trouble{"slicer", stream, fmt.Sprintf(`"average_size":%d,"size_variation":%d,"delay":%d`, 40+r.IntN(200), 20, r.IntN(200))}
	case 2:
		return trouble{"reset_peer", stream, fmt.Sprintf(`"timeout":%d`, r.IntN(10))}
	case 3:
		return trouble{"limit_data", stream, fmt.Sprintf(`"bytes":%d`, 100+r.IntN(4000))}
	case 4:
		return trouble{"bandwidth", stream, fmt.Sprintf(`"rate":%d`, 20+r.IntN(200))}
	case 5:
		return trouble{"timeout", stream, fmt.Sprintf(`"timeout":%d`, 1+r.IntN(100))}
	}
	return trouble{}
}

// suffer begins a trouble.
func (n *network) suffer(t *testing.T, x trouble) {
	t.Helper()
	n.replace(t, x)
	n.ill = true
}

// recover ends it.
func (n *network) recover(t *testing.T) {
	t.Helper()
	if n.ill {
		n.replace(t, trouble{})
		n.ill = false
	}
}
