package conformance

import (
	"context"
	"time"
)

// Target is what is under test. What more it can do it says by the interfaces below.
type Target interface {
	// Addr is where an operator takes documents, "host:port"; empty for a register,
	// which comes to the harness.
	Addr() string
	// String names the target in reports.
	String() string
}

// Stored is a target that tells what it stored.
type Stored interface {
	// Documents returns how many documents of a drive the server shows as accepted.
	Documents(ctx context.Context, fn string) (int, error)
}

// Clocked is a target whose clock can be set.
type Clocked interface {
	// SetClock makes the server's clock stand at t and has it look after its drives as
	// the calendar demands; the zero time returns to the target's own clock.
	SetClock(ctx context.Context, t time.Time) error
}

// Fresh is a target that can forget.
type Fresh interface {
	// Reset gives the server an empty store. Its address may change.
	Reset(ctx context.Context) error
}

// Configurable is a target whose settings can be changed. Names are those of the
// server's own settings ("unknown_fn", "ack.extra_bits"), and besides:
//
//	policy          sign policies: "reject" for all drives, or rules as "NUMBER=external 9999*=auto"
//	plugin          "silent": drives whose policy is external have a verifier that never answers
//	plugin.limit    how long such a verifier is waited for, a duration
//	timeouts.scale  factor of all time limits, as "0.01"
//	marking         "down": the marking operator is out of order
//
// The server starts anew with an empty store; nil brings the defaults back.
type Configurable interface {
	Configure(ctx context.Context, settings map[string]string) error
}

// Restartable is a target that can be stopped and started on the same store.
type Restartable interface {
	// Restart stops the server as a power cut would and starts it again.
	Restart(ctx context.Context) error
	// CutAfterStore makes the server die once, after it stored the next document and
	// before it answers; Restart then brings it back.
	CutAfterStore(ctx context.Context) error
}

// Prepared is a target that is told which case comes before each, one at a time: a
// program that is started anew for every case.
type Prepared interface {
	Single
	Prepare(ctx context.Context, id, variant string) error
}

// Twinned is a target that can have a second operator beside it.
type Twinned interface {
	// Twin starts an operator with another INN and an empty store.
	Twin(ctx context.Context, ofd string) (Target, func() error, error)
}

// Marking is a target that takes messages about marking codes.
type Marking interface {
	// MarkingAddr is where it takes them; it may be Addr.
	MarkingAddr() string
}

// Inspector is a target that shows what it keeps.
type Inspector interface {
	Drive(ctx context.Context, fn string) (Drive, error)
	Document(ctx context.Context, fn string, fd uint32) (Document, error)
	ByFPD(ctx context.Context, fpd string) ([]Document, error)
	Incidents(ctx context.Context, fn string) ([]Incident, error)
	Quarantine(ctx context.Context, fn string) ([]Incident, error)
}

// Drive is a drive as the target shows it. The zero value is a drive it never heard
// of.
type Drive struct {
	FN, Status, RegID, UserINN, User, KKTNumber, Address, Policy string
	FFD                                                          byte
	LastFD                                                       uint32
	Documents                                                    int
	Gaps                                                         []Gap
}

// Gap is a run of missing numbers.
type Gap struct{ From, To uint32 }

// Document is a stored document as the target shows it. The zero value is a document
// it does not have.
type Document struct {
	FN         string
	FD         uint32
	Form       int
	DateTime   string    // 1012: the register's wall clock, "2006-01-02T15:04:05"
	ReceivedAt time.Time // UTC
	FPD        uint32
	Fault      string // row of transport.md section 10 ("E-18"); empty for a clean document
	FaultName  string // "flk_failed"
	Rules      []string
	Fields     map[string]any // the document under the tax service's names
	FPS        string         // verdict on the message sign
	Message    []byte
	Confirmed  bool
}

// Incident is something the target shows to people, or a message it keeps apart.
type Incident struct {
	FD    uint32
	Fault string // row of transport.md section 10
	Text  string
}

// missing returns what the target lacks of what a case needs.
func (r *Runner) missing(needs Capability) Capability {
	if t, ok := r.Target.(KKTTarget); ok {
		return needs &^ t.Can()
	}
	for _, has := range []struct {
		c  Capability
		ok bool
	}{
		{NeedsStore, is[Stored](r.Target)}, {NeedsClock, is[Clocked](r.Target)}, {NeedsFresh, is[Fresh](r.Target)},
		{NeedsInspect, is[Inspector](r.Target)}, {NeedsSettings, is[Configurable](r.Target)}, {NeedsRestart, is[Restartable](r.Target)},
		{NeedsTwin, is[Twinned](r.Target)}, {NeedsMarking, is[Marking](r.Target)},
	} {
		if has.ok {
			needs &^= has.c
		}
	}
	return needs
}

func is[T any](t Target) bool {
	_, ok := t.(T)
	return ok
}
