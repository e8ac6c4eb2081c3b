package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// What cases of a register need.
const (
	till  = conformance.NeedsTill
	drive = till | conformance.NeedsDrive
	trace = drive | conformance.NeedsTrace
)

// kkt is a case of a register.
func kkt(id, path string, mark conformance.Mark, source, title string, needs conformance.Capability, run func(ctx context.Context, r *conformance.Run)) conformance.Case {
	c := conformance.Case{ID: id, Path: path, Of: conformance.KKT, Mark: mark, Source: source, Title: title, Needs: needs, Run: run}
	switch id {
	case "K-021", "K-022", "K-061", "K-071", "K-073", "K-092", "K-095", "K-096", "K-098", "K-099", "K-100":
		c.Waits = true // the R set
	}
	switch id {
	case "K-001", "K-020", "K-061", "K-070", "K-090":
		c.Tags = smoke
	}
	return c
}

// in gives the case variants.
func in(ways []conformance.Variant, c conformance.Case) conformance.Case {
	c.Variants = ways
	return c
}

// Orders in short.
var (
	sell       = conformance.Order{Do: conformance.OrderSell}
	openShift  = conformance.Order{Do: conformance.OrderOpenShift}
	closeShift = conformance.Order{Do: conformance.OrderCloseShift}
	stateOrder = conformance.Order{Do: conformance.OrderStateReport}
	closeDrive = conformance.Order{Do: conformance.OrderCloseArchive}
)

// register is the order of the variant.
func register(r *conformance.Run) conformance.Order {
	return conformance.Order{Do: conformance.OrderRegister, Encrypt: r.Variant().Encrypt}
}

// beginRegistration and formRegistration are the drive's commands of the version.
func formRegistration(r *conformance.Run) byte {
	if r.FFD() < 3 {
		return 0x03
	}
	return 0xA3
}

// begun is where most cases start: a registered register with an open shift, all
// sent.
func begun(ctx context.Context, r *conformance.Run, o conformance.DeskOptions) *conformance.Desk {
	d := r.Desk(ctx, o)
	d.Begin(ctx, conformance.Order{})
	return d
}

// last is the last message that came.
func last(d *conformance.Desk) *model.Message {
	all := d.Operator.Heard()
	if len(all) == 0 {
		return &model.Message{}
	}
	return all[len(all)-1].Message
}

// count is how many of the commands are one.
func count(all []conformance.Command, cmd byte) (n int) {
	for _, c := range all {
		if c.Cmd == cmd {
			n++
		}
	}
	return n
}

// codes are the commands in order, of those named.
func codes(all []conformance.Command, of ...byte) (seen []byte) {
	for _, c := range all {
		for _, x := range of {
			if c.Cmd == x {
				seen = append(seen, c.Cmd)
			}
		}
	}
	return seen
}

// answered is the last answer to a command: code and data.
func answered(all []conformance.Command, cmd byte) (code byte, data []byte) {
	for _, c := range all {
		if c.Cmd == cmd {
			code, data = c.Code, c.Answer
		}
	}
	return code, data
}

// code demands the drive's answer code behind a refusal.
func code(r *conformance.Run, mark conformance.Mark, refused *conformance.Refused, want ...byte) {
	ok := false
	for _, w := range want {
		ok = ok || refused.Code == w
	}
	r.Expect("register/code", mark, "the refusal is the drive's", ok, fmt.Sprintf("%02Xh", want), fmt.Sprintf("%02Xh (%s)", refused.Code, refused.Rule))
}

// quick makes the 300 s of an answer 0.3 s.
const quick = 0.001

// working lets the register exchange by itself and returns how to stop it.
func working(ctx context.Context, d *conformance.Desk) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = d.KKT.Work(ctx) }() // ends with the context
	return func() { cancel(); <-done }
}

func registerCases() (all []conformance.Case) {
	for _, group := range [][]conformance.Case{kktRegistration, kktShift, kktReceipt, kktChange, kktDrive, kktClosing, kktOutage, kktReply, kktMarking, driveOrder, driveLimits, driveRegistration, driveExchange, driveContent, driveArchive, driveData, kktTill, kktLink} {
		all = append(all, group...)
	}
	return all
}
