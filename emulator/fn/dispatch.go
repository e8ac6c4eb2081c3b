package fn

import "github.com/fiscalbench/fiscalbench/fiscal"

// handler does a command whose form, phase and state were checked. It returns the
// data of the answer, or why not.
type handler func(d *Device, data []byte) ([]byte, *refusal)

// shiftNeed says in which state of the shift a command is allowed.
type shiftNeed byte

const (
	anyShift shiftNeed = iota
	openShift
	closedShift
)

// docNeed says which document must be in the making.
type docNeed byte

const (
	anyDoc docNeed = iota // does not matter
	noDoc                 // none: this command begins one
	someDoc
	regDoc
	openingDoc
	closingDoc
	receiptDoc // receipt, БСО or correction of either
	stateDoc
	closeDoc
)

// command is a row of the table: what must hold before the handler is called.
type command struct {
	name     string
	min, max int // length of the data, bytes
	phases   phases
	shift    shiftNeed
	doc      docNeed
	model    fiscal.FFD // lowest highest-FFD of a model that knows the command
	ffd      fiscal.FFD // lowest registered FFD, else 0Ah
	run      handler
}

// maxData is the greatest length of a command's data (fn.md section 9).
const maxData = 1024

func (d *Device) dispatch(cmd byte, data []byte) ([]byte, *refusal) {
	c := commands[cmd]
	if c == nil || c.model > d.model.HighestFFD {
		return nil, refuse(BadCommand, "команда %02Xh неизвестна модели %s", cmd, d.model.Name)
	}
	if len(data) < c.min || len(data) > c.max {
		return nil, refuse(BadCommand, "%s (%02Xh): %d байт данных, нужно от %d до %d", c.name, cmd, len(data), c.min, c.max)
	}
	if !c.phases.has(d.st.Phase) {
		return nil, refuse(WrongState, "%s (%02Xh) не разрешена в фазе %#02x (%s)", c.name, cmd, byte(d.st.Phase), d.st.Phase)
	}
	if d.ffd() < c.ffd {
		return nil, refuse(NotForFFD, "%s (%02Xh) есть с ФФД %s, ФН зарегистрирован с ФФД %s", c.name, cmd, c.ffd, d.ffd())
	}
	if r := d.checkDoc(c.doc); r != nil {
		return nil, r
	}
	switch {
	case c.shift == openShift && !d.st.Shift.Open:
		return nil, refuse(WrongState, "%s (%02Xh): смена закрыта", c.name, cmd)
	case c.shift == closedShift && d.st.Shift.Open:
		return nil, refuse(WrongState, "%s (%02Xh): смена №%d открыта, закройте ее", c.name, cmd, d.st.Shift.Number)
	}
	return c.run(d, data)
}

func (d *Device) checkDoc(need docNeed) *refusal {
	if need == anyDoc {
		return nil
	}
	if d.doc == nil {
		if need == noDoc {
			return nil
		}
		return refuse(WrongState, "документ не начат")
	}
	if need == noDoc {
		return refuse(WrongState, "уже начат документ %02Xh, завершите его или отмените командой 06h", byte(d.doc.Kind))
	}
	if need != someDoc && d.doc.Kind.need() != need {
		return refuse(WrongState, "начат документ %02Xh, эта команда завершает другой", byte(d.doc.Kind))
	}
	return nil
}
