package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
)

type faultsCmd struct {
	Target string `enum:",ofd,kkt" default:"" help:"Only points of the operator (ofd) or of the register (kkt)."`
	JSON   bool   `name:"json" help:"As JSON."`
}

// Run prints the fault points of both ends and how they are switched on.
func (c *faultsCmd) Run(s streams) error {
	sides := []fault.Side{fault.Operator, fault.Register}
	if c.Target != "" {
		sides = []fault.Side{sideOf(conformance.Party(c.Target))}
	}
	if c.JSON {
		all := map[string][]fault.Info{}
		for _, side := range sides {
			all[side.String()] = fault.Points(side)
		}
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	for _, side := range sides {
		fmt.Fprintf(s.out, "points of the %s\n", side)
		for _, p := range fault.Points(side) {
			fmt.Fprintf(s.out, "  %-16s %s (asked for %s)\n", p.Name, p.Text, p.Moment)
			for _, k := range p.Params {
				fmt.Fprintf(s.out, "  %-16s   %s: %s\n", "", parameter(&k), k.Text)
			}
		}
		fmt.Fprintln(s.out)
	}
	fmt.Fprint(s.out, faultUsage)
	return nil
}

func parameter(p *fault.Param) string {
	if len(p.Choices) > 0 {
		return p.Name + "=" + strings.Join(p.Choices, "|")
	}
	return p.Name + "=" + p.Default
}

const faultUsage = `A rule is NAME:TRIGGER[,FILTER…][,PARAMETER=VALUE…], as reply.drop:next=3 or send.truncate:rate=0.01,keep=-1.
Triggers: next=N nth=N every=N rate=P always. Filters: fn=NUMBER fd=N doc=KIND.

  ofd serve --inject RULE, kkt serve --inject RULE    a program of the bench, from its start (@FILE: a rule on each line)
  ofd serve --control HOST:PORT                       while it runs: POST /faults {"rules":["RULE"]}
  kkt serve --drive-faults JSON, PUT /faults          switches of the drive
  conformance run --self --inject RULE                the built-in end that is judged
  conformance run --addr … --control HOST:PORT        rules in force at an ofd serve are noted in the results

A run with faults is no verdict: its best exit code is 4, and every file says so.
`

func sideOf(p conformance.Party) fault.Side {
	if p == conformance.KKT {
		return fault.Register
	}
	return fault.Operator
}

// injecting is what misbehaves on purpose in a run.
type injecting struct {
	set  *fault.Set     // of the built-in end; nil: none
	told []report.Fault // what the target says of itself
	last uint64         // of the injected that are told already
}

// injection makes the set of --inject.
func (f *targetFlags) injection(seed uint64) (*injecting, error) {
	in := &injecting{}
	if len(f.Inject) == 0 {
		return in, nil
	}
	set, err := fault.Load(sideOf(f.party()), seed, f.Inject)
	if err != nil {
		return nil, fmt.Errorf("--inject: %w", err)
	}
	in.set = set
	return in, nil
}

// builtIn are the changes of a built-in end that has the faults.
func (in *injecting) operator() (all []func(*server.Options)) {
	if in.set != nil {
		all = append(all, func(o *server.Options) { o.Faults = in.set })
	}
	return all
}

func (in *injecting) register() (all []func(target.Parts)) {
	if in.set == nil {
		return nil
	}
	return append(all, func(p target.Parts) {
		if p.Link != nil {
			p.Link.Faults = in.set
		}
		if p.KKT != nil {
			p.KKT.Now = in.set.Clock(p.KKT.Now)
		}
	})
}

// mark notes the faults that were injected while a case ran.
func (in *injecting) mark(r *conformance.Result) {
	if in.set == nil {
		return
	}
	for _, i := range in.set.Injected(in.last) {
		in.last = i.Seq
		text := fmt.Sprintf("%s (event %d of %s)", i.Point, i.N, i.Rule)
		if i.Event.FN != "" {
			text += fmt.Sprintf(", fn %s fd %d", i.Event.FN, i.Event.FD)
		}
		r.Injected = append(r.Injected, text)
	}
}

// note writes down for the run what misbehaved.
func (in *injecting) note(run *report.Run) {
	run.Faults = append(run.Faults, in.told...)
	if in.set == nil {
		return
	}
	for _, r := range in.set.Rules() {
		fired := int(r.Fired)
		run.Faults = append(run.Faults, report.Fault{End: in.set.Side().String(), Rule: r.Text, Fired: &fired})
	}
}

// ofdRules asks the control port of an ofd serve for the rules in force.
func ofdRules(ctx context.Context, addr string) (all []report.Fault, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/faults", nil)
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the control port of the server: %w", err)
	}
	defer reply.Body.Close()
	var rules struct {
		Rules []struct {
			Rule  string
			Fired int
		}
	}
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the control port of the server answers %s", reply.Status)
	}
	if err := json.NewDecoder(reply.Body).Decode(&rules); err != nil {
		return nil, fmt.Errorf("the control port of the server: %w", err)
	}
	for _, r := range rules.Rules {
		all = append(all, report.Fault{End: fault.Operator.String(), Rule: r.Rule, Fired: &r.Fired})
	}
	return all, nil
}

// askFaults asks the target, when it can be asked, by what it misbehaves.
func (f *targetFlags) askFaults(ctx context.Context, under *reached) ([]report.Fault, error) {
	if c, ok := under.Target.(*target.Control); ok {
		rules, err := c.Injected(ctx)
		var all []report.Fault
		for _, r := range rules {
			all = append(all, report.Fault{End: fault.Register.String(), Rule: r})
		}
		return all, err
	}
	if f.party() == conformance.OFD && f.Control != "" {
		return ofdRules(ctx, f.controlAddr())
	}
	return nil, nil
}

// checkInject refuses rules where nothing built in could follow them.
func (f *targetFlags) checkInject() error {
	switch {
	case len(f.Inject) == 0:
		return nil
	case !f.Self:
		return errors.New("--inject is for the built-in end of --self; a program of the bench has a flag of the same name")
	case f.Target == string(conformance.Pair):
		return errors.New("--inject: say --target ofd or kkt: the points of a pair would be those of both ends")
	}
	_, err := f.injection(0)
	return err
}

// checkControl refuses an address that is none.
func (f *targetFlags) checkControl() error {
	if f.Control == "" || f.Control == "auto" {
		return nil
	}
	if _, _, err := net.SplitHostPort(f.controlAddr()); err != nil {
		return fmt.Errorf("--control: %w", err)
	}
	return nil
}
