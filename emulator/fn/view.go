package fn

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// View is what a person wants to know of a drive at a glance: for control ports and
// logs. Times are the register's wall clock shown in UTC; zero when there is none.
type View struct {
	Number        fiscal.FNNumber  `json:"number"`
	Model         string           `json:"model"`
	Phase         Phase            `json:"phase"`
	FFD           fiscal.FFD       `json:"ffd"` // 0 before registration
	RegNumber     fiscal.RegNumber `json:"reg_number,omitempty"`
	UserINN       fiscal.INN       `json:"user_inn,omitempty"`
	OFDINN        fiscal.INN       `json:"ofd_inn,omitempty"`
	Autonomous    bool             `json:"autonomous,omitempty"`
	LastFD        fiscal.FDNumber  `json:"last_fd"`
	LastTime      time.Time        `json:"last_time,omitzero"`
	ShiftOpen     bool             `json:"shift_open"`
	Shift         uint16           `json:"shift"`
	Receipts      uint16           `json:"receipts"` // in the shift
	Unconfirmed   int              `json:"unconfirmed"`
	Notices       int              `json:"notices"` // of marked goods, not sent
	Warnings      byte             `json:"warnings"`
	LifeEnd       time.Time        `json:"life_end,omitzero"`
	DaysLeft      int              `json:"days_left"`
	Registrations int              `json:"registrations"`
	StoreBytes    int              `json:"store_bytes"` // of the 30-day store in use
	Document      byte             `json:"document"`    // being made; 0 none
}

// View tells the state of the drive without a command: nothing changes by it.
func (d *Device) View() View {
	v := View{
		Number: d.number, Model: d.model.Name, Phase: d.st.Phase, FFD: d.ffd(), LastFD: fiscal.FDNumber(d.lastFD()),
		LastTime: momentTime(d.st.LastDoc), ShiftOpen: d.st.Shift.Open, Shift: d.st.Shift.Number, Receipts: d.st.Shift.Receipts,
		Unconfirmed: d.ofd.count(), Notices: d.notices.count(), Warnings: d.warnings(), LifeEnd: momentTime(d.st.LifeEnd),
		Registrations: len(d.st.Regs), StoreBytes: d.store.used,
	}
	if reg := d.reg(); reg != nil {
		v.RegNumber, v.UserINN, v.OFDINN, v.Autonomous = reg.RNM, reg.INN, reg.OFD, reg.autonomous()
		v.DaysLeft = d.lifeDays(d.st.Clock, d.st.LifeEnd)
	}
	if d.doc != nil {
		v.Document = byte(d.doc.Kind)
	}
	return v
}

// Speed is the code that ABh set.
func (d *Device) Speed() byte { return d.st.Speed }

func momentTime(m moment) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.Unix(m, 0).UTC()
}
