package target

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports that no system gives to outgoing connections unasked: Linux begins at 32768,
// and few programs of a test machine listen here.
const firstPort, lastPort = 20_000, 32_000

// FreeAddr is an address of this machine that nobody listens on, for an operator that
// will come and go there: a port that the system chose could be taken by any outgoing
// connection meanwhile.
func FreeAddr(ctx context.Context) (addr string, err error) {
	var lc net.ListenConfig
	for range 100 {
		addr = fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort)) // which one means nothing to a run
		var ln net.Listener
		if ln, err = lc.Listen(ctx, "tcp", addr); err == nil {
			return addr, ln.Close()
		}
	}
	return "", fmt.Errorf("target: looking for a free port: %w", err)
}
