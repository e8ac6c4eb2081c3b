package receipts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// standIn is the user of receipts that do not name theirs.
var standIn = fiscal.WithCheckDigits("770000000")

// How long one new drive serves. Keys live at least 410 days (fn.md 5.1); a drive that
// sends to nobody blocks after 30.
const (
	maxSpan   = 400 * 24 * time.Hour
	maxUnsent = 29 * 24 * time.Hour
)

// groupKey is what a registration fixes for all receipts of a register.
type groupKey struct {
	inn       fiscal.INN
	ffd       fiscal.FFD
	bso       bool
	automatic bool
	internet  bool
}

type member struct {
	index int
	at    time.Time // never before the one ahead
	*Receipt
	notes []Note // found by grouping
}

type group struct {
	key     groupKey
	members []member
}

// groups sorts receipts into registers, each in the order of time and no longer than
// span.
func groups(all []*Receipt, undated time.Time, span time.Duration) []group {
	byKey := map[groupKey]int{}
	var out []group
	for i, r := range all {
		k := groupKey{inn: r.Owner.INN, ffd: r.FFD, automatic: r.Owner.Automatic, internet: r.Owner.InternetOnly,
			bso: r.Form == fiscal.FormBSO || r.Form == fiscal.FormBSOCorrection}
		if k.inn == "" {
			k.inn = standIn
		}
		g, ok := byKey[k]
		if !ok {
			g = len(out)
			byKey[k] = g
			out = append(out, group{key: k})
		}
		m := member{index: i, at: r.Origin.Time.Truncate(time.Minute), Receipt: r}
		if r.Origin.Time.IsZero() {
			m.at = undated
			m.notes = append(m.notes, Note{Path: r.Origin.Path, Reason: Derived, Text: "время чека неизвестно: принято " + undated.Format("02.01.2006 15:04")})
		}
		out[g].members = append(out[g].members, m)
	}
	var split []group
	for _, g := range out {
		slices.SortStableFunc(g.members, func(a, b member) int { return a.at.Compare(b.at) })
		start := 0
		for i := range g.members {
			if g.members[i].at.Sub(g.members[start].at) > span {
				split = append(split, group{g.key, g.members[start:i:i]})
				start = i
			}
		}
		split = append(split, group{g.key, g.members[start:]})
	}
	for i := range split {
		split[i].remark()
	}
	return split
}

const (
	unknownUser    = "Пользователь в выгрузке не указан"
	unknownAddress = "Адрес в выгрузке не указан"
	unknownPlace   = "Место расчетов в выгрузке не указано"
	unknownCashier = "Кассир"
	noAddress      = "none"
)

// first is the text that all members have, or the one for none: what only some have
// must not be put into the others' receipts.
func (g *group) first(get func(*Receipt) string, none string) string {
	s := get(g.members[0].Receipt)
	for _, m := range g.members {
		if get(m.Receipt) == "" {
			return none
		}
	}
	return s
}

func address(r *Receipt) string { return r.Sale.Address }
func place(r *Receipt) string   { return r.Sale.Place }
func user(r *Receipt) string    { return r.Owner.User }

// seller is the address of the sender where one is needed.
func seller(r *Receipt) string {
	if r.Sale.SellerAddress == "" && r.Sale.BuyerContact == "" {
		return noAddress
	}
	return r.Sale.SellerAddress
}

// remark notes what members get from the registration.
func (g *group) remark() {
	name, site := g.userName(), g.site()
	for i := range g.members {
		m := &g.members[i]
		add := func(reason Reason, text string) {
			m.notes = append(m.notes, Note{Path: m.Origin.Path, Reason: reason, Text: text})
		}
		switch {
		case m.Owner.User == "":
			add(Derived, "наименование пользователя не указано: в чеке «"+name+"»")
		case m.Owner.User != name:
			add(Derived, "наименование пользователя в чеке — из регистрации кассы: «"+name+"»")
		}
		if m.Sale.Address == "" {
			add(Derived, "адрес расчетов не указан: в чеке «"+g.first(address, unknownAddress)+"»")
		}
		if m.Sale.Place == "" {
			add(Derived, "место расчетов не указано: в чеке «"+g.first(place, unknownPlace)+"»")
		}
		if m.Sale.Cashier.Name == "" && !g.key.automatic {
			add(Derived, "кассир не указан: в чеке «"+unknownCashier+"»")
		}
		if m.Sale.BuyerContact != "" && m.Sale.SellerAddress == "" {
			add(Derived, "адрес отправителя чека не указан: в чеке none")
		}
		switch {
		case m.Owner.FNSSite == "":
			add(Derived, "адрес сайта ФНС не указан: в чеке "+site)
		case m.Owner.FNSSite != site:
			add(Derived, "адрес сайта ФНС в чеке — из регистрации кассы: "+site)
		}
	}
}

func (g *group) userName() string {
	for _, m := range g.members {
		if m.Owner.User != "" {
			return user(m.Receipt)
		}
	}
	return unknownUser
}

func (g *group) site() string {
	for _, m := range g.members {
		if m.Owner.FNSSite != "" {
			return m.Owner.FNSSite
		}
	}
	return kkt.DefaultFNSSite
}

// registration is a register that may issue every receipt of the group.
func (g *group) registration(o *ReissueOptions) kkt.Registration {
	r := kkt.Registration{
		FFD: g.key.ffd, User: g.userName(), UserINN: g.key.inn, Address: g.first(address, unknownAddress), Place: g.first(place, unknownPlace),
		OFDINN: o.OFDINN, OFDName: o.OFDName, FNSSite: g.site(), SellerAddress: g.first(seller, noAddress),
		Modes:   kkt.Modes{Automatic: g.key.automatic, InternetOnly: g.key.internet, BSO: g.key.bso},
		Cashier: kkt.Cashier{Name: unknownCashier},
	}
	serial := uint64(0)
	for _, m := range g.members {
		if r.KKTNumber == "" && len(m.Origin.KKT) <= 20 {
			r.KKTNumber = m.Origin.KKT
		}
		if serial == 0 && len(m.Origin.Reg) == 16 {
			if n, ok := rational(m.Origin.Reg[:10]); ok && n.IsInt() {
				serial = n.Num().Uint64()
			}
		}
		if r.MachineNumber == "" {
			r.MachineNumber = m.Owner.MachineNumber
		}
		r.Tax |= m.Sale.Tax
		g.modes(&r, m.Receipt)
	}
	if serial == 0 {
		serial = 1 + o.Rand.Uint64N(9_999_999_999)
	}
	if r.KKTNumber == "" || strings.Trim(r.KKTNumber, "0123456789") != "" {
		r.KKTNumber = fmt.Sprintf("%014d", o.Rand.Uint64N(1e14))
	}
	if !g.key.automatic {
		r.MachineNumber = ""
	}
	r.RegNumber = fiscal.MakeRegNumber(serial, r.UserINN, r.KKTNumber)
	return r
}

// modes sets the signs that the items of a receipt need.
func (g *group) modes(r *kkt.Registration, receipt *Receipt) {
	agents := receipt.Sale.Agent
	for i := range receipt.Sale.Items {
		it := &receipt.Sale.Items[i]
		agents |= it.Agent
		switch it.Subject {
		case 2:
			r.Excise = true
		case 30, 31:
			r.Excise, r.Marking = true, true
		case 32, 33:
			r.Marking = true
		case 5, 6, 26:
			r.Gambling = true
		case 7, 8:
			r.Lottery = true
		}
		if ffd.ScanProductCode(it.Code).Kind.Marked() {
			r.Marking = true
		}
	}
	if g.key.ffd < fiscal.FFD12 {
		r.Agents |= agents
		r.Marking = false
	}
}
