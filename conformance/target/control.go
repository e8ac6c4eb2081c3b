package target

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator/control"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Control is a register that runs already and is driven over its HTTP control port
// (package emulator/control, kkt serve). There is one register for all cases.
//
// A port that has /setup gives each case a register of its own: a new drive, a clock,
// timers, and the address of the case's operator. At one that has not, each case
// begins by resetting the debug drive, and the register was told once where its
// operator is, so that the harness listens there.
type Control struct {
	addr         string
	ofd, marking string
	can          conformance.Capability
	setup        bool
}

// NewControl judges the register whose control port is addr, of which nothing is known
// but what every such port can do. It sends to ofd and, when that is not empty, asks
// about marking codes at marking.
func NewControl(addr, ofd, marking string) *Control {
	return &Control{addr: addr, ofd: ofd, marking: marking, can: conformance.NeedsTill | conformance.NeedsDrive}
}

// FindControl is NewControl that asks the port what it can do. Empty addresses are
// chosen for each case when the register can be told; otherwise it is an error.
func FindControl(ctx context.Context, addr, ofd, marking string) (*Control, error) {
	c := NewControl(addr, ofd, marking)
	r := &remote{base: "http://" + addr}
	if err := r.look(ctx); err != nil {
		return nil, fmt.Errorf("the control port of the register does not answer: %w", err)
	}
	var api struct {
		Paths map[string]any `json:"paths"`
	}
	if err := r.call(ctx, http.MethodGet, "/openapi.json", nil, &api); err != nil {
		return nil, fmt.Errorf("the control port of the register does not say what it can: %w", err)
	}
	has := func(path string) bool { return api.Paths[path] != nil }
	c.can = conformance.NeedsTill
	if has("/fn/exec") && has("/faults") && has("/power-cut") {
		c.can |= conformance.NeedsDrive
	}
	if has("/setup") && has("/sending") {
		c.setup = true
		c.can |= conformance.NeedsSetup | conformance.NeedsScale | conformance.NeedsStill | conformance.NeedsNames
		if has("/trace/take") {
			c.can |= conformance.NeedsTrace | conformance.NeedsLine
		}
		if has("/shown") {
			c.can |= conformance.NeedsShown
		}
	}
	if !c.setup && ofd == "" {
		return nil, errors.New("the control port of the register has no /setup: say where the register sends")
	}
	return c, nil
}

// Injected are the faults that the register was started with.
func (c *Control) Injected(ctx context.Context) ([]string, error) {
	s, err := (&remote{base: "http://" + c.addr}).status(ctx)
	return s.Injected, err
}

// Addr is empty: the register comes to the harness.
func (*Control) Addr() string { return "" }

// String names the target.
func (c *Control) String() string { return "register at " + c.addr }

// Can is what its port can do.
func (c *Control) Can() conformance.Capability { return c.can }

// Single: there is one register.
func (*Control) Single() {}

// Eager: a register that cannot be set up sends each document as it is made.
func (c *Control) Eager() bool { return !c.setup }

// Listen is where the register sends.
func (c *Control) Listen() (ofd, marking string) { return c.ofd, c.marking }

// Open makes the register anew, or resets its drive.
func (c *Control) Open(ctx context.Context, o conformance.KKTOptions) (conformance.Register, error) {
	r := &remote{base: "http://" + c.addr, setup: c.setup}
	if c.setup {
		var s control.Status
		if err := r.call(ctx, http.MethodPut, "/setup", setup(o), &s); err != nil {
			return nil, err
		}
		r.number = string(s.Drive.Number)
		return r, nil
	}
	if o.MarkingAddr != "" && c.marking == "" {
		return nil, fmt.Errorf("target: %w: it has no marking operator", conformance.ErrCannot)
	}
	if err := r.put(ctx, "/faults", fn.Faults{}); err != nil {
		return nil, err
	}
	if code, _, err := r.Exec(ctx, fn.CmdReset, []byte{fn.CmdFormReceipt}); err != nil || code != 0 {
		return nil, errors.Join(err, fmt.Errorf("target: the drive answers %02Xh to its reset: it must be a debug one", code))
	}
	return r, r.look(ctx)
}

// setup is a case's register as the port is asked for it.
func setup(o conformance.KKTOptions) control.Setup {
	wall := time.Date(o.Start.Year(), o.Start.Month(), o.Start.Day(), o.Start.Hour(), o.Start.Minute(), 0, 0, moscow)
	s := control.Setup{Number: fiscal.FNNumber(o.FN), Time: &wall, Operator: o.OFDAddr, Marking: o.MarkingAddr, Resolver: o.Resolver, OneShot: o.OneShot,
		Scale: o.Scale, Line: o.Line, Sending: control.SendWhenTold,
		Settings: driveSettings(o.Drive)}
	if o.Drive.StrictLife {
		s.Model = strictModel
	}
	return s
}

// remote is a register behind its control port.
type remote struct {
	base   string
	number string
	setup  bool // the register was made for the case

	commands []conformance.Command // taken and not asked for yet
	line     []byte
}

func (r *remote) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		return problem(path, reply.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("target: reading %s: %w", path, err)
	}
	return nil
}

func (r *remote) post(ctx context.Context, path string, in, out any) error {
	return r.call(ctx, http.MethodPost, path, in, out)
}

func (r *remote) put(ctx context.Context, path string, in any) error {
	return r.call(ctx, http.MethodPut, path, in, nil)
}

var driveCode = regexp.MustCompile(`\b([0-9A-F]{2})h$`)

// problem turns an answer that is not 200 into a refusal or an error.
func problem(path string, status int, body []byte) error {
	var e control.Error
	if err := json.Unmarshal(body, &e); err != nil {
		return fmt.Errorf("target: %s answers %d", path, status)
	}
	if e.Code != "refused" {
		return fmt.Errorf("target: %s: %s: %s", path, e.Code, e.Message)
	}
	out := &conformance.Refused{Rule: e.Rule, Text: e.Message}
	if m := driveCode.FindStringSubmatch(e.Rule); m != nil {
		n, err := strconv.ParseUint(m[1], 16, 8)
		if err != nil {
			return err
		}
		out.Code = byte(n)
	}
	return out
}

// FN is the number of the drive.
func (r *remote) FN() string { return r.number }

func (r *remote) status(ctx context.Context) (s control.Status, err error) {
	err = r.call(ctx, http.MethodGet, "/status", nil, &s)
	return s, err
}

func (r *remote) look(ctx context.Context) error {
	s, err := r.status(ctx)
	r.number = string(s.Drive.Number)
	return err
}

// Do carries an order out.
func (r *remote) Do(ctx context.Context, o conformance.Order) (conformance.Made, error) {
	if o.WrongClock != 0 {
		if err := r.advance(ctx, o.WrongClock, true); err != nil {
			return conformance.Made{}, err
		}
		defer func() { _ = r.advance(ctx, -o.WrongClock, true) }() // the next call meets what is wrong
	}
	path, in, err := r.order(ctx, o)
	if err != nil {
		return conformance.Made{}, err
	}
	var d control.Document
	if err := r.post(ctx, path, in, &d); err != nil {
		return conformance.Made{}, err
	}
	if o.Do == conformance.OrderReplaceDrive {
		if err := r.look(ctx); err != nil {
			return conformance.Made{}, err
		}
	}
	var fpd uint64
	if d.FPD != "" { // an order that makes no document has none
		fpd, err = strconv.ParseUint(d.FPD, 10, 32)
	}
	if err != nil {
		return conformance.Made{}, fmt.Errorf("target: %s: sign %q", path, d.FPD)
	}
	stlv, err := hex.DecodeString(d.STLV)
	return conformance.Made{Form: int(d.Code), FD: uint32(d.FD), FPD: uint32(fpd), Shift: uint32(d.Shift), Number: uint32(d.Number),
		STLV: stlv, Printed: d.Text, QR: d.QR, Warnings: d.Warnings}, err
}

// order is the request that carries an order out.
func (r *remote) order(ctx context.Context, o conformance.Order) (path string, in any, err error) {
	switch o.Do {
	case conformance.OrderRegister:
		return "/register", registration(o), nil
	case conformance.OrderChange:
		c, err := change(o, func() (kkt.Registration, bool, error) { return r.inForce(ctx) })
		return "/change", c, err
	case conformance.OrderReplaceDrive:
		reg, _, err := r.inForce(ctx)
		return "/replace-fn", struct {
			Number fiscal.FNNumber `json:"number"`
			Change kkt.Change      `json:"change"`
		}{fiscal.FNNumber(o.NewFN), kkt.Change{Registration: reg}}, err
	case conformance.OrderOpenShift:
		return "/open", struct{}{}, nil
	case conformance.OrderSell:
		return "/receipt", receipt(o), nil
	case conformance.OrderCorrect:
		s, err := r.status(ctx)
		return "/correction", correction(o, s.Time), err
	case conformance.OrderStateReport:
		return "/state", struct{}{}, nil
	case conformance.OrderCloseShift:
		return "/close", struct{}{}, nil
	case conformance.OrderCloseArchive:
		return "/close-archive", struct{}{}, nil
	case conformance.OrderUpdateKeys:
		return "/update-keys", struct{}{}, nil
	}
	return "", nil, unknown(o)
}

func (r *remote) inForce(ctx context.Context) (kkt.Registration, bool, error) {
	s, err := r.status(ctx)
	if err != nil || s.Registration == nil {
		return kkt.Registration{}, false, err
	}
	return *s.Registration, true, nil
}

// Exchange sends what waits.
func (r *remote) Exchange(ctx context.Context) error {
	return r.post(ctx, "/exchange", struct{}{}, nil)
}

// Work lets the register send by its timers until ctx ends. One that cannot be told
// works by itself all the time.
func (r *remote) Work(ctx context.Context) error {
	if r.setup {
		if err := r.put(ctx, "/sending", sending{control.SendByTimers}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	if r.setup {
		return r.put(context.WithoutCancel(ctx), "/sending", sending{control.SendWhenTold})
	}
	return nil
}

type sending struct {
	Sending control.Sending `json:"sending"`
}

// Advance lets time pass.
func (r *remote) Advance(ctx context.Context, d time.Duration) error {
	return r.advance(ctx, d, false)
}

func (r *remote) advance(ctx context.Context, d time.Duration, clockOnly bool) error {
	return r.post(ctx, "/clock/advance", struct {
		Duration  string `json:"duration"`
		ClockOnly bool   `json:"clock_only,omitempty"`
	}{d.String(), clockOnly && r.setup}, nil)
}

// Time is the register's wall clock.
func (r *remote) Time(ctx context.Context) (time.Time, error) {
	s, err := r.status(ctx)
	t := s.Time
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC), err
}

// Shown are the codes that the register told.
func (r *remote) Shown(ctx context.Context) ([]conformance.Shown, error) {
	if !r.setup {
		return nil, conformance.ErrCannot
	}
	var list struct{ Items []control.Shown }
	if err := r.call(ctx, http.MethodGet, "/shown", nil, &list); err != nil {
		return nil, err
	}
	var all []conformance.Shown
	for _, s := range list.Items {
		all = append(all, conformance.Shown(s))
	}
	return all, nil
}

// Close leaves the register as it is.
func (r *remote) Close() error { return nil }

// Commands since the last call.
func (r *remote) Commands() []conformance.Command {
	r.take()
	all := r.commands
	r.commands = nil
	return all
}

// Line are the bytes written since the last call.
func (r *remote) Line() []byte {
	r.take()
	all := r.line
	r.line = nil
	return all
}

// take fetches what was recorded. A port that does not answer any more fails the next
// order.
func (r *remote) take() {
	var got control.Recorded
	if err := r.post(context.Background(), "/trace/take", struct{}{}, &got); err != nil {
		return
	}
	for _, c := range got.Commands {
		cmd, err1 := strconv.ParseUint(c.Command, 16, 8)
		code, err2 := strconv.ParseUint(c.Code, 16, 8)
		data, err3 := hex.DecodeString(c.Data)
		answer, err4 := hex.DecodeString(c.Answer)
		if errors.Join(err1, err2, err3, err4) == nil {
			r.commands = append(r.commands, conformance.Command{Cmd: byte(cmd), Data: data, Code: byte(code), Warning: c.Warning, Answer: answer})
		}
	}
	if b, err := hex.DecodeString(got.Line); err == nil {
		r.line = append(r.line, b...)
	}
}

// Drive is the state of the drive.
func (r *remote) Drive(ctx context.Context) (conformance.DriveView, error) {
	s, err := r.status(ctx)
	if err != nil {
		return conformance.DriveView{}, err
	}
	d := view(s.Drive)
	code, answer, err := r.Exec(ctx, fn.CmdExchangeStatus, nil)
	if err == nil && code == 0 {
		d.linkState(answer)
	}
	return d.DriveView, err
}

// Faults sets the drive's switches.
func (r *remote) Faults(ctx context.Context, f conformance.DriveFaults) error {
	return r.put(ctx, "/faults", faults(f))
}

// Exec gives the drive a command.
func (r *remote) Exec(ctx context.Context, cmd byte, data []byte) (byte, []byte, error) {
	var out struct{ Code, Data string }
	err := r.post(ctx, "/fn/exec", struct {
		Command string `json:"command"`
		Data    string `json:"data"`
	}{fmt.Sprintf("%02X", cmd), hex.EncodeToString(data)}, &out)
	if err != nil {
		return 0, nil, err
	}
	code, err := strconv.ParseUint(out.Code, 16, 8)
	if err != nil {
		return 0, nil, fmt.Errorf("target: /fn/exec: code %q", out.Code)
	}
	answer, err := hex.DecodeString(out.Data)
	return byte(code), answer, err
}

// PowerCut takes the power away and gives it back.
func (r *remote) PowerCut(ctx context.Context) error {
	return r.post(ctx, "/power-cut", struct{}{}, nil)
}
