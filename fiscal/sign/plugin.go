package sign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Defaults of a plug-in (fiscal-sign.md section 7).
const (
	DefaultPluginLimit = 5 * time.Second
	DefaultPluginPause = time.Second
)

// PluginOptions say how a plug-in process is run. Times are of the real clock: a
// real process answers.
type PluginOptions struct {
	Command []string      // program and its arguments; required
	Env     []string      // NAME=VALUE beside the environment of this process
	Limit   time.Duration // for one call; DefaultPluginLimit when zero
	Pause   time.Duration // between two starts of a process that ends; DefaultPluginPause when zero
	Logger  *slog.Logger  // gets what the process writes to stderr, as it stands; nil discards
}

// Plugin is a Verifier that asks a process: one JSON object a line, requests to its
// standard input, answers with the same id from its standard output in any order.
//
//	open    {fn, ofd_inn, container_hex}            → {verdict, stlv_hex, detail}
//	fpd     {fn, form, stlv_hex}                    → {verdict, detail}
//	confirm {fn, ofd_inn, request_header_hex, stlv_without_1078_hex, encrypt} → {container_hex}
//
// A request also has "id" and "call" (the first word above). An answer to a failed
// call is {id, error}, with "fault" when open met a transport fault. A process that
// ends, or writes what is no answer, is started again for the next call. A call
// without an answer within the limit gives the verdict Unverifiable: the document
// is then split as it stands, if it is plain; Confirm gives an error. Safe for
// concurrent use.
type Plugin struct {
	o      PluginOptions
	ctx    context.Context // of the processes
	cancel context.CancelFunc
	nextID atomic.Uint64

	mu      sync.Mutex
	proc    *pluginProcess
	started time.Time // of proc
	closed  bool
}

var _ Verifier = (*Plugin)(nil)

var errPluginDown = errors.New("the process ended and is not started again yet")

// StartPlugin starts the process, which lives until ctx ends or Close.
func StartPlugin(ctx context.Context, o PluginOptions) (*Plugin, error) {
	if len(o.Command) == 0 {
		return nil, errors.New("sign: plug-in: no command")
	}
	if o.Limit <= 0 {
		o.Limit = DefaultPluginLimit
	}
	if o.Pause <= 0 {
		o.Pause = DefaultPluginPause
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Plugin{o: o}
	p.ctx, p.cancel = context.WithCancel(ctx)
	if _, err := p.process(); err != nil {
		p.cancel()
		return nil, fmt.Errorf("sign: plug-in: %w", err)
	}
	return p, nil
}

// Close ends the process and waits for it. Calls under way get no verdict.
func (p *Plugin) Close() error {
	p.mu.Lock()
	p.closed = true
	proc := p.proc
	p.mu.Unlock()
	p.cancel()
	if proc != nil {
		<-proc.ended
	}
	return nil
}

// process is the running process, started again when it ended.
func (p *Plugin) process() (*pluginProcess, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.ctx.Err() != nil {
		return nil, errors.New("closed")
	}
	if p.proc != nil {
		select {
		case <-p.proc.ended:
			if time.Since(p.started) < p.o.Pause {
				return nil, errPluginDown
			}
			p.o.Logger.Warn("starting the sign plug-in again", "command", p.o.Command[0])
		default:
			return p.proc, nil
		}
	}
	p.started = time.Now()
	proc, err := startProcess(p.ctx, &p.o)
	if err != nil {
		return nil, err
	}
	p.proc = proc
	return proc, nil
}

// call asks the process once. An error other than that of ctx means no verdict.
func (p *Plugin) call(ctx context.Context, q pluginRequest) (a pluginAnswer, err error) {
	if err := ctx.Err(); err != nil {
		return a, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("sign: plug-in: %s: %w", q.Call, err)
		}
	}()
	proc, err := p.process()
	if err != nil {
		return a, err
	}
	q.ID = p.nextID.Add(1)
	line, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	limit := time.NewTimer(p.o.Limit)
	defer limit.Stop()
	answer := proc.expect(q.ID)
	defer proc.forget(q.ID)
	if err := proc.write(append(line, '\n'), time.Now().Add(p.o.Limit)); err != nil {
		return a, err
	}
	select {
	case a = <-answer:
	case <-proc.ended:
		return a, errors.New("the process ended")
	case <-limit.C:
		return a, fmt.Errorf("no answer within %v", p.o.Limit)
	case <-ctx.Done():
		return a, ctx.Err()
	}
	if a.Error == "" {
		return a, nil
	}
	if f, ok := fiscal.FaultByName(a.Fault); ok && f != fiscal.FaultNone {
		return a, &wire.Error{Fault: f, Offset: wire.ContainerHeaderLen, Expected: "a container that the plug-in reads", Got: a.Error}
	}
	return a, errors.New(a.Error)
}

// Open implements Verifier.
func (p *Plugin) Open(ctx context.Context, fn fiscal.FNNumber, ofd fiscal.INN, c wire.Container) (Opened, error) {
	a, err := p.call(ctx, pluginRequest{Call: callOpen, FN: fn, OFD: ofd, Container: c.Raw})
	var transport *wire.Error
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return Opened{}, err
	case errors.As(err, &transport):
		return Opened{}, transport
	default:
		return p.unverified(&c, err)
	}
	verdict, err := ParseVerdict(a.Verdict)
	if err == nil && (len(a.STLV) > 0 || verdict == OK) {
		_, err = checkSTLV(a.STLV)
	}
	switch {
	case err != nil:
		return p.unverified(&c, fmt.Errorf("sign: plug-in: open: %w", err))
	case len(a.STLV) == 0 && verdict == Unverifiable:
		return splitForeign(&c, a.Detail)
	}
	o := Opened{STLV: a.STLV, FPS: verdict, Detail: a.Detail}
	if len(a.STLV) > 0 && !c.Encrypted() && bytes.HasPrefix(c.Payload(), a.STLV) {
		o.Trailer = c.Payload()[len(a.STLV):]
	}
	return o, nil
}

// unverified takes a container for which the plug-in gave no verdict.
func (p *Plugin) unverified(c *wire.Container, cause error) (Opened, error) {
	p.o.Logger.Warn("no verdict from the sign plug-in", "fd", uint32(c.FD), "err", cause)
	return splitForeign(c, fmt.Sprintf("подпись не проверена: плагин не дал ответа (%v)", cause))
}

// CheckFPD implements Verifier.
func (p *Plugin) CheckFPD(ctx context.Context, fn fiscal.FNNumber, form fiscal.Form, stlv []byte) (Verdict, string, error) {
	a, err := p.call(ctx, pluginRequest{Call: callFPD, FN: fn, Form: form, STLV: stlv})
	if err == nil {
		var v Verdict
		if v, err = ParseVerdict(a.Verdict); err == nil {
			return v, a.Detail, nil
		}
	}
	if ctx.Err() != nil {
		return Skipped, "", err
	}
	p.o.Logger.Warn("no verdict from the sign plug-in", "fn", string(fn), "err", err)
	return Unverifiable, fmt.Sprintf("ФПД не проверен: плагин не дал ответа (%v)", err), nil
}

// Confirm implements Verifier. The container type of the request is not passed on:
// a plug-in chooses its own.
func (p *Plugin) Confirm(ctx context.Context, r ConfirmRequest) ([]byte, error) {
	if len(r.Request.Raw) < wire.ContainerHeaderLen {
		return nil, fmt.Errorf("sign: plug-in: confirming FD %d: the request has no container header", r.Request.FD)
	}
	a, err := p.call(ctx, pluginRequest{Call: callConfirm, FN: r.FN, OFD: r.OFD,
		RequestHeader: r.Request.Raw[:wire.ContainerHeaderLen], STLVWithout1078: r.STLV, Encrypt: r.Request.Encrypted()})
	if err != nil {
		return nil, err
	}
	if n := len(a.Container); n < wire.ContainerHeaderLen || n > 1<<16-1 {
		return nil, fmt.Errorf("sign: plug-in: confirm: container of %d bytes", n)
	}
	return a.Container, nil
}
