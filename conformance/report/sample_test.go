package report_test

import (
	"encoding/hex"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

// outcomes are one result of every kind, with bytes of the vectors and text that a
// careless writer would break on.
func outcomes() []conformance.Result {
	v := fiscaltest.Protocol()
	message := func(id string) string { return hex.EncodeToString(v.Message(id).Hex) }
	negative := func(id string) string {
		for _, n := range v.Negative {
			if n.ID == id {
				return hex.EncodeToString(n.Hex)
			}
		}
		panic("no vector " + id)
	}
	broken := v.Message("tb-confirmation").Hex.Bytes()
	broken[35] = 3 // the form in the container header
	ok := conformance.Check{Name: "answer/confirmation", Requirement: "the answer is a right confirmation of the document sent",
		Mark: conformance.Doc, Level: conformance.Must, OK: true}
	confirmed := conformance.Exchange{Sent: message("tb-receipt"), Received: message("tb-confirmation"), Ending: conformance.Answered}
	base := conformance.Result{Of: conformance.OFD, Mark: conformance.Doc, Level: conformance.Must, Source: "transport.md 8",
		Checks: []conformance.Check{}, Exchanges: []conformance.Exchange{}}
	result := func(id, path, title string, o conformance.Outcome, took time.Duration, change func(*conformance.Result)) conformance.Result {
		r := base
		r.ID, r.Path, r.Title, r.Outcome, r.Took = id, path, title, o, took
		change(&r)
		return r
	}
	return []conformance.Result{
		result("O-001", "registration/new-drive", "A new drive is registered.", conformance.Fail, 40*time.Millisecond, func(r *conformance.Result) {
			r.Checks = []conformance.Check{ok, {Name: "container/form", Requirement: "the answer is a right confirmation of the document sent",
				Mark: conformance.Doc, Level: conformance.Must, Expected: "7", Seen: "3", Offset: 35}}
			r.Exchanges = []conformance.Exchange{confirmed, {Sent: message("tb-receipt"), Received: hex.EncodeToString(broken), Ending: conformance.Answered}}
		}),
		result("O-020", "receipt/confirmed-byte-for-byte", "The receipt of the vectors gets exactly the confirmation of the vectors.", conformance.Pass, 12345*time.Microsecond, func(r *conformance.Result) {
			r.Variant, r.Tags = "ffd1.05", []string{"smoke"}
			r.Checks, r.Exchanges = []conformance.Check{ok, ok}, []conformance.Exchange{confirmed}
		}),
		result("O-030", "receipt/encrypted", "An encrypted receipt gets an encrypted confirmation.", conformance.Pass, 15*time.Millisecond, func(r *conformance.Result) {
			r.Variant, r.Checks = "ffd1.05+encrypted", []conformance.Check{ok}
			r.Exchanges = []conformance.Exchange{{Sent: message("tb-receipt-encrypted"), Received: message("tb-confirmation-encrypted"), Ending: conformance.Answered}}
		}),
		result("O-028", "receipt/confirmation-time", "The confirmation carries the operator's time in UTC.", conformance.Skip, 0, func(r *conformance.Result) {
			r.Reason = "the target has not a clock that can be set"
		}),
		result("O-070", "header/signature", "An unknown signature is refused.", conformance.Warn, 7*time.Millisecond, func(r *conformance.Result) {
			r.Mark, r.Source = conformance.TB, "transport.md E-01"
			r.Checks = []conformance.Check{{Name: "connection/no-answer", Requirement: "An unknown signature is refused. (neg-01)", Mark: conformance.TB,
				Level: conformance.Must, Expected: "no byte", Seen: "193"}}
			r.Exchanges = []conformance.Exchange{{Sent: negative("neg-01"), Received: message("tb-confirmation"), Ending: conformance.Answered}}
		}),
		result("O-075", "header/container-crc", "A wrong check code of the container is refused.", conformance.Fail, 9*time.Millisecond, func(r *conformance.Result) {
			r.Level = conformance.Should
			r.Checks = []conformance.Check{{Name: "connection/ended", Requirement: `closed <or> reset & "no" byte ]]> | _x_`, Mark: conformance.Doc,
				Level: conformance.Must, Expected: "closed or reset", Seen: "hung"}}
			r.Exchanges = []conformance.Exchange{{Sent: negative("neg-09"), Ending: conformance.Hung, Note: "reply.drop"}}
		}),
		result("O-088", "number/sent-twice", "The same document sent again gets the same confirmation.", conformance.Blocked, 3*time.Millisecond, func(r *conformance.Result) {
			r.Reason = "registration: connection/answered: expected answered, seen reset"
			r.Checks = []conformance.Check{{Name: "connection/answered", Requirement: "the server answers on the same connection", Mark: conformance.Doc,
				Level: conformance.Must, Expected: "answered", Seen: "reset"}}
			r.Exchanges = []conformance.Exchange{{Sent: negative("neg-20"), Ending: conformance.Reset}}
		}),
		result("O-089", "number/two-documents", "Another document under a number that was confirmed is refused.", conformance.Error, 5*time.Second, func(r *conformance.Result) {
			r.Reason = "the target does not take a connection: dial tcp 127.0.0.1:7777: connect: connection refused\x00\x1b[31m"
		}),
		result("K-020", "exchange/one-receipt", "A receipt is sent, confirmed and leaves the queue.", conformance.Pass, 250*time.Millisecond, func(r *conformance.Result) {
			r.Of, r.Checks = conformance.KKT, []conformance.Check{ok}
			r.Exchanges = []conformance.Exchange{{Received: message("tb-receipt"), Sent: message("tb-confirmation"), Ending: conformance.Closed, Incoming: true}}
		}),
	}
}

// sample is a run with every outcome; one failure is foretold and one entry of the
// expectations file is stale.
func sample() *report.Run {
	r := report.From(&conformance.Summary{Seed: 18446744073709551615, Target: "built-in <operator>", Results: outcomes()})
	r.Tool, r.Started, r.Seconds = "conformance test", time.Date(2026, 8, 1, 12, 2, 1, 0, time.FixedZone("MSK", 3*3600)).UTC(), 5.336345
	r.Target = report.Target{Kind: "ofd", Name: r.Target.Name, Flags: "--self", OFD: "7704358518", Key: "test"}
	r.Selected = len(r.Results)
	for i := range r.Results {
		if r.Results[i].ID == "O-075" {
			r.Results[i].Expected = &report.Expected{Reason: "ticket 17", Until: "2026-12-31"}
		}
	}
	r.Complaint = []string{"known.yaml, entry 2: O-020@ffd1.05 is expected to end in fail and passes: delete the entry (ticket 9)"}
	return r
}
