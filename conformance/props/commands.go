package props

import (
	"time"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// commands makes documents by raw commands of the drive.
type commands struct{}

func (commands) make(m *machine, k life.Kind, s life.Sale, o order) (made, error) {
	at := m.now()
	err := m.begin(k, at)
	if c, ok := codeOf(err); !ok || c != life.Done {
		if !ok {
			return made{}, err
		}
		return made{code: c, heard: timed(k), num: absent}, nil
	}
	if err := m.ask.Data(m.fields(k, s)); err != nil {
		return made{}, err
	}
	got, err := m.form(k, at, s, o)
	c, ok := codeOf(err)
	if !ok {
		return made{}, err
	}
	got.code, got.heard = c, true
	if c != life.Done {
		return got, m.ask.Cancel()
	}
	got.stlv, err = m.ask.Document(fiscal.FDNumber(got.fd))
	return got, err
}

// timed reports whether a document is begun with a time.
func timed(k life.Kind) bool {
	return k != life.Registration && k != life.Change && k != life.CloseArchive
}

// begin sends the command that begins a document.
func (m *machine) begin(k life.Kind, at time.Time) error {
	switch k {
	case life.Registration, life.Change:
		kind := fnport.FirstRegistration
		if k == life.Change {
			kind = fnport.ChangeOnly
		}
		if m.terms.FFD >= fiscal.FFD11 {
			return m.ask.BeginRegistrationV2(kind, m.terms.FFD)
		}
		return m.ask.BeginRegistration(kind)
	case life.OpenShift:
		return m.ask.BeginOpenShift(at)
	case life.CloseShift:
		return m.ask.BeginCloseShift(at)
	case life.Receipt:
		return m.ask.BeginReceipt(at)
	case life.Correction:
		return m.ask.BeginCorrection(at)
	case life.StateReport:
		return m.ask.BeginStateReport(at)
	}
	return m.ask.BeginCloseArchive()
}

// form sends the command that finishes a document.
func (m *machine) form(k life.Kind, at time.Time, s life.Sale, o order) (got made, err error) {
	var f fnport.Formed
	got.num = absent
	switch k {
	case life.Registration, life.Change:
		f, err = m.formRegistration(k, at, o)
	case life.OpenShift:
		f, err = m.ask.OpenShift()
		got.num = int(f.Number)
	case life.CloseShift:
		f, err = m.ask.CloseShift()
		got.num = int(f.Number)
	case life.Receipt, life.Correction:
		f, err = m.ask.FormReceipt(at, fiscal.OperationType(s.Operation), fiscal.Kopecks(s.Kopecks))
		got.num = int(f.Number)
	case life.StateReport:
		var r fnport.StateReport
		r, err = m.ask.FormStateReport()
		f = r.Formed
		if err == nil && int(r.Unconfirmed) != m.model.Queue() {
			m.fail("19h: %d unconfirmed documents, must be %d", r.Unconfirmed, m.model.Queue())
		}
	case life.CloseArchive:
		rnm := regNumber
		if o.otherRNM {
			rnm = fiscal.MakeRegNumber(2, userINN, factory)
		}
		f, err = m.ask.CloseArchive(at, rnm)
	}
	got.fd, got.fpd = uint32(f.FD), f.FPD
	return got, err
}

func (m *machine) formRegistration(k life.Kind, at time.Time, o order) (fnport.Formed, error) {
	p := fnport.RegistrationParams{Time: at, INN: userINN, RegNumber: regNumber, Tax: m.terms.taxByte(), OFD: ofdINN}
	if m.terms.Autonomous {
		p.Mode, p.OFD = p.Mode|fnport.ModeAutonomous, fiscal.NoINN
	}
	if m.terms.Services {
		p.Mode |= fnport.ModeServices
	}
	if k == life.Change {
		p.Type, p.Reason, p.Reasons = fnport.ChangeOnly, 3, 1<<3 // another place
		if o.otherINN {
			p.INN, p.RegNumber = otherINN, fiscal.MakeRegNumber(1, otherINN, factory)
		}
	}
	if m.terms.FFD >= fiscal.FFD11 {
		return m.ask.FormRegistrationV2(p)
	}
	return m.ask.FormRegistration(p)
}

// fields are the register's part of a document.
func (m *machine) fields(k life.Kind, s life.Sale) []byte {
	var b tlv.Builder
	if k != life.Registration && k != life.Change {
		b.Text(ffd.TagCashier, "Кассир")
	}
	switch k {
	case life.Registration, life.Change:
		b.Text(ffd.TagKKTNumber, factory)
		b.Text(ffd.TagUser, "ООО Ромашка")
		b.Text(ffd.TagRetailPlaceAddress, "г. Москва")
		b.Text(ffd.TagRetailPlace, "магазин")
		if !m.terms.Autonomous {
			b.FixedText(ffd.TagOFDINN, string(ofdINN), fiscal.INNLen)
		}
	case life.Receipt, life.Correction:
		m.settlement(&b, k, s)
	case life.CloseArchive:
		b.Text(ffd.TagUser, "ООО Ромашка")
	}
	if k == life.Registration || k == life.Change || k == life.OpenShift {
		b.Text(ffd.TagKKTVersion, "2.0")
		b.Byte(ffd.TagKKTFFDVersion, byte(m.terms.FFD))
	}
	b.Byte(ffd.TagFFDVersion, byte(m.terms.FFD))
	out, err := b.Bytes()
	if err != nil {
		m.fail("fields of a %s: %v", k, err)
	}
	return out
}

func (m *machine) settlement(b *tlv.Builder, k life.Kind, s life.Sale) {
	b.Byte(ffd.TagAppliedTaxationType, m.terms.taxByte())
	b.STLV(ffd.TagItem, func(b *tlv.Builder) {
		b.Text(ffd.TagItemName, "Хлеб")
		b.VLN(ffd.TagPrice, s.Kopecks)
		b.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: 1})
		b.VLN(ffd.TagItemSum, s.Kopecks)
	})
	b.VLN(ffd.TagCashTotalSum, s.Kopecks)
	for _, tag := range []tlv.Tag{ffd.TagEcashTotalSum, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum} {
		b.VLN(tag, 0)
	}
	b.VLN(ffd.TagNDSNo, s.Kopecks)
	if k == life.Correction {
		b.Byte(ffd.TagCorrectionType, 0)
		b.STLV(ffd.TagCorrectionBase, func(b *tlv.Builder) { b.Time(ffd.TagCorrectionDocumentDate, m.now().Truncate(life.Day)) })
	}
}

// Ways to disturb a document between its first command and its last.
const (
	disturbCancel = iota
	disturbPower
	disturbOther
	disturbLate
	disturbWrongEnd
)

var disturbances = []string{"cancelled", "the power goes", "another document is begun", "finished later", "another document's end is asked for"}

// disturbed begins a document and does something to it.
func (m *machine) disturbed(k life.Kind, s life.Sale) {
	m.t.Helper()
	how := rapid.IntRange(0, len(disturbances)-1).Draw(m.t, "disturbance")
	at := m.now()
	m.trace.Add("", "%s %s begun: %s", stamp(at), k, disturbances[how])
	if c := m.beginOne(k, at); c != life.Done {
		m.expect()
		return
	}
	if err := m.ask.Data(m.fields(k, s)); err != nil {
		m.fail("07h: %v", err)
	}
	switch how {
	case disturbPower:
		m.drive.PowerCut()
		m.model.PowerCut()
	case disturbOther:
		m.agree("begin of another document", m.model.Begin(life.StateReport, at), m.ask.BeginStateReport(at))
	case disturbLate:
		m.advance(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 25 * time.Hour, 31 * life.Day}).Draw(m.t, "later"))
	case disturbWrongEnd:
		end := m.ask.CloseShift
		if k == life.CloseShift {
			end = m.ask.OpenShift
		}
		_, err := end()
		m.agree("the end of another document", wrongEnd(), err)
	}
	if how == disturbLate || how == disturbOther || how == disturbWrongEnd {
		m.finishOne(k, s)
	}
	if m.model.Making != 0 {
		if err := m.ask.Cancel(); err != nil {
			m.fail("06h: %v", err)
		}
		m.model.Cancel()
	}
	m.expect()
}

func wrongEnd() (r life.Reasons) {
	r.No("the end of another document", life.WrongState)
	return r
}

func (m *machine) beginOne(k life.Kind, at time.Time) life.Code {
	m.t.Helper()
	c := m.agree("begin of a "+k.String(), m.model.Begin(k, at), m.begin(k, at))
	if timed(k) {
		m.model.Hear(at, c)
	}
	if c == life.Done {
		m.model.Start(k, at)
	}
	return c
}

// finishOne finishes the document being made at the present moment.
func (m *machine) finishOne(k life.Kind, s life.Sale) {
	m.t.Helper()
	at := m.now()
	if k == life.OpenShift || k == life.CloseShift || k == life.StateReport {
		at = m.model.Begun // these have no time of their own
	}
	got, err := m.form(k, at, s, order{})
	c := m.agree("end of a "+k.String(), m.model.Finish(k, at), err)
	m.model.Hear(at, c)
	if c != life.Done {
		return
	}
	if got.stlv, err = m.ask.Document(fiscal.FDNumber(got.fd)); err != nil {
		m.fail("45h of document %d: %v", got.fd, err)
	}
	m.madeOne(m.finish(at, s), &got)
}
