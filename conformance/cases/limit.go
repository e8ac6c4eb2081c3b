package cases

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// The time limits of a server (transport.md TRN-064), and how much they are
// shortened for a case.
const (
	idleLimit    = 60 * time.Second
	silenceLimit = 30 * time.Second
	messageLimit = 120 * time.Second
	writeLimit   = 30 * time.Second

	shortened = 0.01
)

func short(limit time.Duration) time.Duration {
	return time.Duration(float64(limit) * shortened)
}

var quickly = map[string]string{"timeouts.scale": fmt.Sprint(shortened)}

// within demands that something took its limit, no less and at most five times as
// long.
func within(r *conformance.Run, requirement string, limit, took time.Duration) {
	r.Expect("time/limit", conformance.TB, requirement, took >= limit*9/10 && took <= 5*limit, limit, took)
}

var limits = []conformance.Case{
	{
		ID: "O-105", Path: "limit/oversize", Mark: conformance.TB, Source: "transport.md 6 TRN-050",
		Title: "A body length of 65 535 is refused before the body comes.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			d := &model.Document{Register: reg, Flags: 0x0014, PVersion: reg.PVersion}
			for _, size := range []int{65535, 32815} {
				r.Dial(ctx).Refused(d.Session(make([]byte, size))[:30], conformance.TB, "the connection ends after the header")
			}
		},
	},
	{
		ID: "O-106", Path: "limit/long-report", Mark: conformance.Doc, Source: "transport.md 6, flk.md S-03", Needs: conformance.NeedsSettings | conformance.NeedsInspect, Variants: conformance.EachFFD,
		Title: "A shift report of 5 000 bytes is refused, or confirmed with a finding when the setting says so.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, setting := range []string{"check", "any"} {
				r.Configure(ctx, map[string]string{"form_length": setting})
				reg := r.Standard()
				c := r.Dial(ctx)
				r.Given("a registered drive", func() { c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc) })
				d := reg.OpenShift()
				d.Add(model.TLV(1276, make([]byte, 4986-d.Len())))
				if setting == "check" {
					r.Dial(ctx).Refused(d.Bytes(), conformance.Doc, "a report longer than its form allows gets no answer")
					continue
				}
				r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.Doc)
				rule := "S-03"
				if reg.FFD == 4 {
					rule = "S-04"
				}
				r.ExpectRule(ctx, reg.FN, d.FD, rule, conformance.Doc)
			}
		},
	},
	{
		ID: "O-107", Path: "limit/truncated", Mark: conformance.TB, Source: "transport.md 6 TRN-051",
		Title: "A container of 20 bytes is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			d := &model.Document{Register: reg, Flags: 0x0014, PVersion: reg.PVersion}
			r.Dial(ctx).Refused(d.Session(make([]byte, 20)), conformance.TB, "a container shorter than its header gets no answer")
		},
	},
	{
		ID: "O-108", Path: "limit/slow-peers", Mark: conformance.TB, Source: "transport.md 7.2 TRN-064", Needs: conformance.NeedsSettings, Settings: quickly, Tags: soak,
		Title: "A peer that sends a byte a second is cut off at the limit of a message; a thousand of them stop nobody.",
		Run: func(ctx context.Context, r *conformance.Run) {
			slowPeers(ctx, r, 1000)
		},
	},
	{
		ID: "O-109", Path: "limit/segments", Mark: conformance.TB, Source: "transport.md 7.2", Variants: []conformance.Variant{{FFD: 2, Split: 1}, {FFD: 3, Split: 7}, {FFD: 4, Split: 29}, {FFD: 2, Encrypt: true, Split: 31}},
		Title: "Messages split into segments of 1, 7, 29 and 31 bytes are confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			r.CleanCode(reg, c.Accepted(reg, reg.Receipt(100).Bytes(), conformance.TB), conformance.TB)
		},
	},
	{
		ID: "O-110", Path: "limit/half-close", Mark: conformance.TB, Source: "transport.md 7.2 TRN-065", Variants: conformance.EachFFD,
		Title: "A client that shuts its writing half after a message still gets its answer.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			c := r.Dial(ctx)
			m := reg.Registration().Bytes()
			c.Send(m)
			c.CloseWrite()
			c.Next(reg, m, conformance.TB)
			_, end := c.Receive()
			r.Expect("connection/ended", conformance.TB, "the server closes after the answer", ended(end), "closed", end)
		},
	},
	{
		ID: "O-111", Path: "limit/half-message", Mark: conformance.Doc, Source: "transport.md 7.2 TRN-065", Needs: conformance.NeedsStore,
		Title: "A client that shuts its writing half, or breaks the connection, inside a message gets nothing, and nothing is stored.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			m := reg.Registration().Bytes()
			c := r.Dial(ctx)
			c.Send(m[:len(m)/2])
			c.CloseWrite()
			reply, end := c.Receive()
			r.Expect("connection/no-answer", conformance.Doc, "half a message gets no answer", len(reply) == 0 && end != conformance.Hung, "closed", end)
			broken := r.Dial(ctx)
			broken.Send(m[:len(m)-1])
			broken.Break()
			n := r.Stored(ctx, reg.FN)
			r.Expect("store/nothing", conformance.Doc, "half a message is not stored", n == 0, 0, n)
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, m, conformance.Doc), conformance.Doc)
		},
	},
	{
		ID: "O-112", Path: "limit/never-reads", Mark: conformance.TB, Source: "transport.md 7.2 TRN-064", Needs: conformance.NeedsSettings, Settings: quickly,
		Title: "A client that never reads is cut off at the limit of an answer, and gets its confirmation when it comes again.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			m := reg.Receipt(100).Bytes()
			first := c.Accepted(reg, m, conformance.TB)
			deaf := r.Dial(ctx).Quiet()
			stuck := deaf.Flood(m, short(writeLimit)/3, 60*time.Second)
			r.Expect("connection/blocked", conformance.TB, "the server stops taking messages whose answers nobody reads", stuck, true, stuck)
			end, took := deaf.CutOff(m, 20*short(writeLimit))
			r.Expect("connection/ended", conformance.TB, "the server ends the connection while nobody reads", ended(end), "closed or reset", end)
			r.Expect("time/limit", conformance.TB, "it does so at the limit of an answer", took <= 10*short(writeLimit), short(writeLimit), took)
			again := r.Dial(ctx).Accepted(reg, m, conformance.TB)
			same(r, first.Bytes, [][]byte{again.Bytes})
		},
	},
	{
		ID: "O-113", Path: "limit/idle", Mark: conformance.Doc, Source: "transport.md 7.2 TRN-064", Needs: conformance.NeedsSettings | conformance.NeedsInspect, Settings: quickly,
		Title: "An idle connection is closed quietly at the idle limit, used before or not.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, used := trading(ctx, r, conformance.TB)
			unused := r.Dial(ctx)
			for _, c := range []*conformance.Conn{used, unused} {
				_, end := c.Receive()
				r.Expect("connection/ended", conformance.Doc, "the server closes without a byte and without a reset", end == conformance.Closed, conformance.Closed, end)
			}
			fresh := r.Dial(ctx)
			end, took := fresh.End(20 * short(idleLimit))
			r.Expect("connection/ended", conformance.Doc, "the server closes without a byte and without a reset", end == conformance.Closed, conformance.Closed, end)
			within(r, "it does so at the idle limit", short(idleLimit), took)
			r.ExpectIncident(ctx, reg.FN, "", "", 0, conformance.Doc)
		},
	},
	{
		ID: "O-114", Path: "limit/silence", Mark: conformance.TB, Source: "transport.md E-07", Needs: conformance.NeedsSettings, Settings: quickly,
		Title: "A message that stops short of the length it announced is dropped after the limit of silence.",
		Run: func(ctx context.Context, r *conformance.Run) {
			c := r.Dial(ctx)
			c.Send(vector("neg-04"))
			end, took := c.End(20 * short(silenceLimit))
			r.Expect("connection/ended", conformance.TB, "the server closes without a byte", ended(end), "closed or reset", end)
			within(r, "it does so at the limit of silence", short(silenceLimit), took)
			stillServes(ctx, r, conformance.TB)
		},
	},
}

// slowPeers opens n connections that send a message at one byte a second of the
// paper's time, and meanwhile a register that works as usual.
func slowPeers(ctx context.Context, r *conformance.Run, n int) {
	m := r.Standard().Registration().Bytes()
	n = r.Crowd(n)
	conns := make([]*conformance.Conn, n)
	for i := range conns {
		conns[i] = r.Dial(ctx).Quiet()
	}
	pace := short(silenceLimit) / 4 // many bytes of the paper's time in one: fewer wake-ups, the same limit
	stop := make(chan struct{})
	var wg sync.WaitGroup
	begun := time.Now()
	for _, c := range conns {
		wg.Go(func() {
			for i := range m {
				if _, err := c.Write(m[i : i+1]); err != nil {
					return
				}
				select {
				case <-stop:
					return
				case <-time.After(pace):
				}
			}
		})
	}
	reg := r.Standard()
	quick := r.Dial(ctx)
	start := time.Now()
	a := quick.Accepted(reg, reg.Registration().Bytes(), conformance.TB)
	r.CleanCode(reg, a, conformance.TB)
	took := time.Since(start)
	r.Expect("time/others", conformance.TB, "another register is answered within 3 s", took < 3*time.Second, "3s", took)
	open, early := 0, 0
	for _, c := range conns {
		end, _ := c.Ended(time.Until(begun.Add(5 * short(messageLimit))))
		at := time.Since(begun)
		switch {
		case !ended(end):
			open++
		case at < short(messageLimit)*9/10:
			early++
		}
	}
	close(stop)
	wg.Wait()
	r.Expect("connection/ended", conformance.TB, "every slow peer is cut off", open == 0, "none left", fmt.Sprintf("%d of %d left", open, n))
	r.Expect("time/limit", conformance.TB, "none is cut off before the limit of a message", early == 0, "none", fmt.Sprintf("%d of %d", early, n))
}
