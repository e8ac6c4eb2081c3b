package cases

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

const (
	answerTimer = 300 * time.Second // transport.md 7.1
	outageLimit = 30 * day
)

// comesBack opens the operator's port again.
func comesBack(ctx context.Context, d *conformance.Desk) {
	if err := d.Operator.Up(ctx); err != nil {
		d.Stop("listening again: %v", err)
	}
}

// settles waits until the drive's queue has so many documents.
func settles(ctx context.Context, d *conformance.Desk, want int) {
	deadline := time.Now().Add(d.Patience())
	for d.View(ctx).Queue != want && time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Millisecond):
		}
	}
	d.Queue(ctx, conformance.Doc, want, "the queue comes to this")
}

// silent is an operator that takes everything and never answers.
var silent = conformance.Reaction{Note: "no answer", Silent: true}

var kktOutage = []conformance.Case{
	in(conformance.EachFFD, kkt("K-060", "kkt-outage/refused", conformance.Doc, "transport.md 7.1", "While the operator's port is closed sales go on and the queue grows; the register tries again by itself.", drive|conformance.NeedsScale,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Operator.Down()
			stop := working(ctx, d)
			d.Do(ctx, conformance.Doc, sell)
			n := d.View(ctx).Queue
			d.Do(ctx, conformance.Doc, sell, sell)
			d.Queue(ctx, conformance.Doc, n+2, "the queue grows with each sale")
			heard := len(d.Operator.Heard())
			comesBack(ctx, d)
			came := d.Operator.Await(ctx, heard+3, d.Patience())
			d.Expect("wire/sent", conformance.Doc, "everything comes by itself when the port opens", came, true, came)
			settles(ctx, d, 0)
			stop()
			d.Fine(conformance.Doc)
		})),
	in(conformance.EachFFD, kkt("K-061", "kkt-outage/silent", conformance.Doc, "transport.md 7.1 TRN-060", "An operator that never answers is waited for 300 s, then left; the same bytes come again on a new connection.", drive|conformance.NeedsScale,
		func(ctx context.Context, r *conformance.Run) {
			if r.Alone() {
				d := r.Desk(ctx, conformance.DeskOptions{})
				start := time.Now()
				comesAgain(ctx, d, conformance.Doc, silent)
				took := time.Since(start)
				d.Expect("time/answer", conformance.Doc, "not before the answer timer", took >= d.Scaled(answerTimer)*9/10, d.Scaled(answerTimer), took)
				return
			}
			d := begun(ctx, r, conformance.DeskOptions{Scale: quick, OneShot: true})
			first := len(d.Operator.Heard())
			d.Operator.Next(silent)
			d.Do(ctx, conformance.Doc, sell)
			stop := working(ctx, d)
			defer stop()
			start := time.Now()
			d.Operator.Await(ctx, first+1, d.Patience())
			_, gone := d.Operator.AwaitLeft(ctx, first, d.Patience())
			took, limit := time.Since(start), d.Scaled(answerTimer)
			d.Expect("connection/left", conformance.Doc, "the register leaves the connection", gone, true, gone)
			d.Expect("time/answer", conformance.Doc, "it does so after the answer timer", took >= limit*9/10 && took < 4*limit, limit, took)
			again := d.Operator.Await(ctx, first+2, d.Patience())
			all := d.Operator.Heard()
			if !d.Expect("wire/again", conformance.Doc, "the document comes again", again, true, again) {
				return
			}
			d.Expect("wire/same", conformance.Doc, "with the same bytes", bytes.Equal(all[first].Raw, all[first+1].Raw), fmt.Sprintf("%x", all[first].Raw), fmt.Sprintf("%x", all[first+1].Raw))
			d.Expect("wire/connection", conformance.Doc, "on a new connection", all[first].Conn != all[first+1].Conn, "another", all[first+1].Conn)
			settles(ctx, d, 0)
		})),
	in(append([]conformance.Variant{{FFD: 1}}, conformance.EachFFD...), kkt("K-062", "kkt-outage/two-days", conformance.Doc, "fn.md 6", "After two days without a confirmation (five in FFD 1.0) the drive warns, not before, and the next reports carry 1053.", drive|conformance.NeedsStill,
		func(ctx context.Context, r *conformance.Run) {
			limit := 2 * day
			if r.FFD() == 1 {
				limit = 5 * day
			}
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Operator.Down()
			d.Do(ctx, conformance.Doc, sell) // the oldest unconfirmed
			d.Advance(ctx, day)
			m := model.ReadDocument(d.Do(ctx, conformance.Doc, closeShift).STLV)
			warnings(d, m, map[int]bool{1053: false})
			d.Advance(ctx, limit-day-time.Minute)
			d.Do(ctx, conformance.Doc, stateOrder)
			w := d.View(ctx).Warnings & 8
			d.Expect("drive/warnings", conformance.Doc, "a minute before there is no warning", w == 0, 0, w)
			d.Advance(ctx, 2*time.Minute)
			m = model.ReadDocument(d.Do(ctx, conformance.Doc, openShift).STLV)
			w = d.View(ctx).Warnings & 8
			d.Expect("drive/warnings", conformance.Doc, "after that the flag is set", w == 8, 8, w)
			warnings(d, m, map[int]bool{1053: true})
			d.Do(ctx, conformance.Doc, sell)
			m = model.ReadDocument(d.Do(ctx, conformance.Doc, closeShift).STLV)
			warnings(d, m, map[int]bool{1053: true})
		})),
	in(conformance.EachFFD, kkt("K-063", "kkt-outage/thirty-days", conformance.Doc, "fn.md 6", "After 30 days without a confirmation sales, opening and closing are refused and told; the exchange still works.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Operator.Down()
			d.Do(ctx, conformance.Doc, sell)
			d.Advance(ctx, outageLimit-time.Hour)
			d.Do(ctx, conformance.Doc, closeShift)
			d.Advance(ctx, time.Hour+time.Minute)
			blocked(ctx, d, openShift)
			d = begun(ctx, r, conformance.DeskOptions{})
			d.Operator.Down()
			d.Do(ctx, conformance.Doc, sell)
			d.Advance(ctx, outageLimit-time.Hour)
			d.Do(ctx, conformance.Doc, closeShift, openShift, sell)
			d.Advance(ctx, time.Hour+time.Minute)
			blocked(ctx, d, sell, conformance.Order{Do: conformance.OrderCorrect}, closeShift)
			comesBack(ctx, d)
			d.Sent(ctx, conformance.Doc)
			d.Queue(ctx, conformance.Doc, 0, "everything is confirmed at last")
		})),
	in(conformance.EachFFD, kkt("K-064", "kkt-outage/after-thirty-days", conformance.Doc, "fn.md 6", "When the operator answers after 30 days work resumes without a restart, and 1053 is gone from the next report.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Operator.Down()
			d.Do(ctx, conformance.Doc, sell)
			d.Advance(ctx, outageLimit+time.Hour)
			blocked(ctx, d, closeShift)
			comesBack(ctx, d)
			d.Sent(ctx, conformance.Doc)
			m := model.ReadDocument(d.Do(ctx, conformance.Doc, closeShift).STLV)
			warnings(d, m, map[int]bool{1053: false})
			d.Do(ctx, conformance.Doc, openShift, sell)
			d.Sent(ctx, conformance.Doc)
			d.Fine(conformance.Doc)
		})),
	kkt("K-065", "kkt-outage/name", conformance.Doc, "transport.md 2 TRN-002", "A name that does not resolve, and then resolves to another address, is looked up anew without a restart.", drive|conformance.NeedsScale|conformance.NeedsNames,
		func(ctx context.Context, r *conformance.Run) {
			names := r.Names(ctx)
			names.Point("127.0.0.1")
			d := r.Desk(ctx, conformance.DeskOptions{OneShot: true, Names: names})
			d.Begin(ctx, conformance.Order{})
			names.Point("")
			d.Do(ctx, conformance.Doc, sell)
			err := d.KKT.Exchange(ctx)
			d.Expect("exchange/failed", conformance.Doc, "an unknown name fails the attempt", err != nil, "an error", err)
			d.Queue(ctx, conformance.Doc, 1, "the document stays")
			asked, heard := names.Asks(), len(d.Operator.Heard())
			_, port, _ := net.SplitHostPort(d.Operator.Addr())
			moved := d.Elsewhere(ctx, net.JoinHostPort("127.0.0.2", port))
			names.Point("127.0.0.2")
			d.Sent(ctx, conformance.Doc)
			d.Expect("names/asked", conformance.Doc, "the name is looked up again", names.Asks() > asked, "more than "+fmt.Sprint(asked), names.Asks())
			n, old := len(moved.Heard()), len(d.Operator.Heard())-heard
			d.Expect("wire/moved", conformance.Doc, "the document comes to the new address", n == 1 && old == 0, "1 and 0", fmt.Sprint(n, " and ", old))
		}),
	in(conformance.EachFFD, kkt("K-066", "kkt-outage/while-reading", conformance.Doc, "transport.md 7.1", "A break in the middle of reading the drive is told to it (21h = 0 or 24h), and the next reading starts from offset 0.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, conformance.Order{Do: conformance.OrderSell, Items: 40})
			d.Faults(ctx, conformance.DriveFaults{Commands: []conformance.CommandFault{{Command: 0x23, Call: 2, Times: 1, Refuse: true, Answer: 0x03}}})
			d.Commands()
			err := d.KKT.Exchange(ctx)
			d.Expect("exchange/failed", conformance.Doc, "the attempt fails", err != nil, "an error", err)
			told := false
			for _, c := range d.Commands() {
				told = told || c.Cmd == 0x24 || c.Cmd == 0x21 && len(c.Data) == 1 && c.Data[0] == 0
			}
			d.Expect("drive/told", conformance.Doc, "the drive is told that reading ended", told, "21h 0 or 24h", told)
			d.Sent(ctx, conformance.Doc)
			for _, c := range d.Commands() {
				if c.Cmd == 0x23 {
					d.Expect("drive/offset", conformance.Doc, "the next reading starts from offset 0", len(c.Data) == 4 && c.Data[0]|c.Data[1] == 0, "offset 0", fmt.Sprintf("% x", c.Data))
					break
				}
			}
			d.Fine(conformance.Doc)
		})),
	in(conformance.From11, kkt("K-067", "kkt-outage/operator-ends", conformance.Doc, "transport.md 8.3", "Bit 7 of 1206 is shown: the operator stops its work.", till|conformance.NeedsShown,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			made := d.Do(ctx, conformance.Doc, sell)
			d.Operator.Next(conformance.Reaction{Note: "1206 = 0x80", Answer: message(d, 0x80)})
			d.Sent(ctx, conformance.Doc)
			shown(ctx, d, made.FD, 0, 0x80)
		})),
}

// blocked demands that the drive refuses these orders because of the operator's
// silence (15h).
func blocked(ctx context.Context, d *conformance.Desk, orders ...conformance.Order) {
	for _, o := range orders {
		code(d.Run, conformance.Doc, d.Refuses(ctx, conformance.Doc, "after 30 days it is refused to "+string(o.Do), o), 0x15)
	}
}
