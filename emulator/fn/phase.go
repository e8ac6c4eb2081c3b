package fn

// Phase of life of a drive: accumulating bits, strictly one way (fn.md section 3).
type Phase byte

// Phases. 0x00 → 0x01 happens at the maker's: see Options.Unprepared and Prepare.
const (
	PhaseSetup      Phase = 0x00
	PhaseReady      Phase = 0x01
	PhaseFiscal     Phase = 0x03
	PhasePostFiscal Phase = 0x07
	PhaseArchive    Phase = 0x0F
)

// String is the Russian name of the phase.
func (p Phase) String() string {
	switch p {
	case PhaseSetup:
		return "настройка"
	case PhaseReady:
		return "готовность к фискализации"
	case PhaseFiscal:
		return "фискальный режим"
	case PhasePostFiscal:
		return "постфискальный режим"
	case PhaseArchive:
		return "чтение данных из архива ФН"
	}
	return "неизвестная фаза"
}

// phases is a set of phases in which a command is allowed (fn.md 3.1).
type phases byte

const (
	inReady phases = 1 << iota
	inFiscal
	inPostFiscal
	inArchive
	inSetup

	everywhere = inReady | inFiscal | inPostFiscal | inArchive
	always     = everywhere | inSetup
)

func (s phases) has(p Phase) bool {
	switch p {
	case PhaseSetup:
		return s&inSetup != 0
	case PhaseReady:
		return s&inReady != 0
	case PhaseFiscal:
		return s&inFiscal != 0
	case PhasePostFiscal:
		return s&inPostFiscal != 0
	case PhaseArchive:
		return s&inArchive != 0
	}
	return false
}

// leavePostFiscal moves to archive reading once nothing waits to be confirmed
// (fn.md section 4).
func (d *Device) leavePostFiscal() {
	if d.st.Phase == PhasePostFiscal && d.ofd.count() == 0 {
		d.st.Phase = PhaseArchive
	}
}

// Prepare is the maker's part: it takes a drive from phase 0x00 to 0x01. In any
// other phase it does nothing.
func (d *Device) Prepare() {
	if d.st.Phase == PhaseSetup {
		d.st.Phase = PhaseReady
	}
}
