package cases

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// atOnce is how many registers of a crowd talk at the same time: the server's
// default limit of connections from one address leaves room for more.
const atOnce = 200

// crowd lets n registers send the messages that make gives, each register on one
// connection, all at the same time, and judges every answer.
func crowd(ctx context.Context, r *conformance.Run, n int, make func(*model.Register) [][]byte) {
	n = r.Crowd(n)
	registers := []*model.Register{}
	for range n {
		registers = append(registers, r.Standard())
	}
	var mu sync.Mutex
	var took []time.Duration
	problems := map[string]string{} // by register: the first thing wrong
	var wg sync.WaitGroup
	slots := makeSlots(atOnce)
	for _, reg := range registers {
		conn := r.Dial(ctx).Quiet()
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			times, wrong := walk(conn, reg, make(reg))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, times...)
			if wrong != "" {
				problems[reg.FN] = wrong
			}
		})
	}
	wg.Wait()
	first := ""
	for _, reg := range registers {
		if p := problems[reg.FN]; p != "" && first == "" {
			first = "drive " + reg.FN + ": " + p
		}
	}
	r.Expect("crowd/confirmed", conformance.TB, fmt.Sprintf("every document of %d registers is confirmed by its own confirmation", n), len(problems) == 0, "no problem", fmt.Sprintf("%d registers with problems; %s", len(problems), first))
	if len(took) > 0 {
		slices.Sort(took)
		at := took[len(took)*99/100]
		r.Expect("crowd/time", conformance.TB, "99 % of the answers come within 3 s", at <= 3*time.Second, "3s", at)
	}
}

func makeSlots(n int) chan struct{} { return make(chan struct{}, n) }

// walk sends messages one after another and reads their answers without recording
// them.
func walk(c *conformance.Conn, reg *model.Register, messages [][]byte) (took []time.Duration, wrong string) {
	for i, m := range messages {
		start := time.Now()
		if _, err := c.Write(m); err != nil {
			return took, fmt.Sprintf("document %d cannot be sent: %v", i+1, err)
		}
		reply, end := c.Receive()
		took = append(took, time.Since(start))
		if end != conformance.Answered {
			return took, fmt.Sprintf("document %d: the connection is %s", i+1, end)
		}
		a, bad := model.ReadAck(reg, m, reply)
		if len(bad) > 0 {
			return took, fmt.Sprintf("document %d: %s: expected %s, seen %s", i+1, bad[0].Check, bad[0].Expected, bad[0].Seen)
		}
		if a.Code > 0 || a.Message > 0 {
			return took, fmt.Sprintf("document %d: 1022 = %d, 1206 = %d", i+1, a.Code, a.Message)
		}
	}
	return took, ""
}
