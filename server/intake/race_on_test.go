//go:build race

package intake

// slowPeers is fewer under the race detector, which makes each ten times as dear.
const slowPeers = 100
