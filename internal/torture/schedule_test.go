package torture

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/internal/baddisk"
)

// kind is how a round ends.
type kind uint8

const (
	killServer    kind = iota // kill -9
	cutPower                  // the disk under SQLite fails, tears, and then loses its power with the server
	killDatabase              // all its processes, by kill -9
	crashDatabase             // the main process alone, by kill -9
	abortDatabase             // SIGQUIT: an end without a checkpoint
	killBackend               // kill -9 of one process that serves a connection
	fillDisk                  // no room is left, for a while
	fillAndKill               // and the server is killed meanwhile
	kinds
)

var kindNames = [kinds]string{"kill -9", "power cut", "database kill -9", "postmaster kill -9", "database abort", "backend kill -9", "disk full", "disk full and kill -9"}

func (k kind) String() string { return kindNames[k] }

// round is one round of torture.
type round struct {
	kind      kind
	after     time.Duration // from the first moment to the end
	registers trouble       // of the line between registers and server
	database  trouble       // of the line between server and database
	disk      baddisk.Options
}

func (r round) String() string {
	s := fmt.Sprintf("%s after %s; registers: %s; database: %s", r.kind, r.after, r.registers, r.database)
	if r.kind == cutPower {
		s += "; disk: " + r.disk.String()
	}
	return s
}

// plan is how many rounds of each kind there are.
type plan map[kind]int

// Moments of the end of a round.
const shortestRound, longestRound = 20 * time.Millisecond, 320 * time.Millisecond

// schedule draws the rounds: one seed gives one schedule.
func schedule(seed uint64, p plan) (rounds []round) {
	r := rand.New(rand.NewPCG(seed, 0x70727475))
	for k := range kinds {
		for range p[k] {
			one := round{kind: k, after: shortestRound + time.Duration(r.Int64N(int64(longestRound-shortestRound))), registers: draw(r), database: draw(r)}
			one.disk = baddisk.Options{Seed: r.Uint64N(1 << 32), Torn: 0.5, Lost: 0.2 + 0.6*r.Float64(), After: 200 + r.IntN(2000)}
			if r.IntN(4) > 0 { // in the middle of a transaction, else between two
				one.disk.Cut = one.disk.After + r.IntN(2000)
			}
			switch r.IntN(4) { // the rest loses its power out of health
			case 0:
				one.disk.Write, one.disk.Sync = 0.002, 0.02
			case 1:
				one.disk.Read, one.disk.Full = 0.002, 0.01
			case 2:
				one.disk.Sync = 0.2
			}
			rounds = append(rounds, one)
		}
	}
	r.Shuffle(len(rounds), func(i, j int) { rounds[i], rounds[j] = rounds[j], rounds[i] })
	return rounds
}

func TestSchedule_IsRepeatedBySeed(t *testing.T) {
	t.Parallel()
	p := plan{killServer: 20, cutPower: 5, killDatabase: 5}
	assert.Equal(t, schedule(1, p), schedule(1, p))
	assert.NotEqual(t, schedule(1, p), schedule(2, p))
	assert.Len(t, schedule(1, p), 30)
}
