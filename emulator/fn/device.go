package fn

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// Device is one drive. It is not safe for concurrent use: a drive takes strictly
// one command at a time.
type Device struct {
	number fiscal.FNNumber
	model  Model
	set    Settings
	signer sign.Signer
	km     MarkingSigner // nil: no marking keys
	timer  func() time.Duration
	faults faultState

	st      state
	archive archive
	store   store
	ofd     outbox // documents for the operator
	notices outbox // notifications of sale for the marking operator

	doc    *draft // the document being made; nil when none
	cursor cursor // reading of a document or a registration TLV by TLV
	mark   timerMark
}

// state is what a drive remembers apart from its archive, its 30-day store and its
// queues. It is written into a snapshot as it is.
type state struct {
	Phase      Phase
	Clock      moment // of the last command that carried a time
	LastDoc    moment // time of the last document
	LifeEnd    moment // last day of the keys' life; 0 before registration
	Regs       []registration
	Shift      shift
	Messages   byte        // bits of 1206 received and not yet reported (TRN-080)
	Totals     totals      // since registration (1157)
	Unsent     [4]opTotals // of unconfirmed receipts (1158)
	Errors     []byte      // last refusals, command and code in pairs (35h)
	Speed      byte        // of ABh
	Transport  bool        // 21h
	Marking    marking
	KeyUpdated moment // of the marking keys
	KeyRequest *entry // to the key service, not answered yet
}

// New makes a drive that is ready for fiscalisation (phase 0x01), or not yet when
// Options.Unprepared says so. Errors name the option and why.
func New(o Options) (*Device, error) {
	o, err := o.resolve()
	if err != nil {
		return nil, err
	}
	d := &Device{number: o.Number, model: o.Model, set: o.Settings, signer: o.Signer, km: o.Marking, timer: o.PowerTimer}
	d.wipe()
	if o.Unprepared {
		d.st.Phase = PhaseSetup
	}
	d.faults.set(o.Faults)
	return d, nil
}

// wipe makes the drive new; its number and keys stay.
func (d *Device) wipe() {
	d.st = state{Phase: PhaseReady}
	d.archive, d.store = archive{}, newStore()
	d.ofd, d.notices = outbox{}, outbox{}
	d.doc, d.cursor, d.mark = nil, cursor{}, timerMark{}
}

// Number of the drive.
func (d *Device) Number() fiscal.FNNumber { return d.number }

// Model of the drive.
func (d *Device) Model() Model { return d.model }

// Settings of the drive, defaults filled in.
func (d *Device) Settings() Settings { return d.set }

// PowerCut takes the power away and gives it back: an unfinished document is lost
// (FN-034), reading starts anew, the transport is down until 21h, timers start over.
// Everything else stays.
func (d *Device) PowerCut() {
	d.doc, d.cursor, d.mark = nil, cursor{}, timerMark{}
	d.ofd.reset()
	d.notices.reset()
	d.st.Transport = false
	d.st.Marking.Current = nil
}

// Exec does one command: at most 1024 bytes of data (fn.md section 9), but 07h takes
// one long field whole, which a serial line could not carry. Bad input is
// refused with a code and a reason, and changes nothing but the list of last errors
// and the clock by which ages are counted. The answer's data belongs to the caller.
func (d *Device) Exec(cmd byte, data []byte) Answer {
	fault := d.faults.take(cmd)
	if fault.powerLoss {
		d.PowerCut()
		return Answer{Code: DriveError, Why: "питание ФН пропало (переключатель сбоя)", Line: Line{Silent: true}}
	}
	var a Answer
	switch {
	case fault.answer != nil:
		a = Answer{Code: *fault.answer, Data: fault.data, Why: "ответ задан переключателем сбоя"}
	default:
		out, r := d.dispatch(cmd, data)
		if r == nil {
			a = Answer{Code: Done, Data: out}
		} else {
			a = Answer{Code: r.code, Data: r.data, Why: r.why}
		}
	}
	if a.Code != Done {
		d.noteError(cmd, a.Code)
	}
	a.Line = fault.line
	a.Warning = d.warnings() != 0
	return a
}

// maxErrors is how many refusals 35h remembers: 256 bytes.
const maxErrors = 128

func (d *Device) noteError(cmd byte, c Code) {
	d.st.Errors = append(d.st.Errors, cmd, byte(c))
	if over := len(d.st.Errors) - 2*maxErrors; over > 0 {
		d.st.Errors = append(d.st.Errors[:0], d.st.Errors[over:]...)
	}
}

// reg is the registration in force; nil before the first.
func (d *Device) reg() *registration {
	if len(d.st.Regs) == 0 {
		return nil
	}
	return &d.st.Regs[len(d.st.Regs)-1]
}

// ffd is the format version in force; 0 before registration.
func (d *Device) ffd() fiscal.FFD {
	if r := d.reg(); r != nil {
		return r.FFD
	}
	return 0
}

// lastFD is the number of the last document; 0 when there is none.
func (d *Device) lastFD() uint32 { return uint32(len(d.archive.records)) }
