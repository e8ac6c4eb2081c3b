//go:build !race

package intake

// slowPeers is the number that O-108 names.
const slowPeers = 1000
