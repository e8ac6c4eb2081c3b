package kkt

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

var versions = []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}

// All reports of a life are clean of ФЛК findings, in every version.
func TestReports_PassFLK(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			s := newStand(t, Options{}, fn.Options{})
			s.clean(t, s.must(s.Register(registration(v))))
			s.clean(t, s.must(s.OpenShift(Cashier{})))
			s.clean(t, s.must(s.StateReport()))
			s.clean(t, s.must(s.Receipt(sale())))
			s.clean(t, s.must(s.CloseShift(Cashier{})))
			s.confirmAll()
			s.clean(t, s.must(s.StateReport()))
			c := Change{Registration: registration(v)}
			c.User = "ООО Новое имя"
			s.clean(t, s.must(s.ChangeRegistration(c)))
			s.confirmAll()
			s.clean(t, s.must(s.CloseArchive(Cashier{})))
			s.confirmAll()
			st, err := s.Driver().Status()
			require.NoError(t, err)
			assert.Equal(t, fnport.PhaseArchive, st.Phase)
			_, err = s.Receipt(sale())
			refusedBy(t, RuleFN, err)
		})
	}
}

// Registration settings reach the report and come back from the drive.
func TestRegister_ReadBack(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			r := registration(v)
			r.Encryption, r.Services, r.Lottery, r.Gambling, r.Excise = true, true, true, true, true
			r.Automatic, r.PrinterInMachine, r.MachineNumber = true, true, "17"
			if v < fiscal.FFD12 {
				r.Agents = AgentAttorney | AgentBankPayment
			} else {
				r.Marking, r.Vending, r.Catering, r.Wholesale, r.Insurance, r.Pawnshop = true, true, true, true, true, true
				r.Property, r.PropertyData = "реквизит", []byte{1, 2, 3}
			}
			s := newStand(t, Options{}, fn.Options{})
			d := s.must(s.Register(r))
			s.clean(t, d)
			if v == fiscal.FFD12 {
				assert.Equal(t, uint64(r.conditions()), d.Uint(ffd.TagUsageConditions))
			}
			s.Forget()
			got, ok, err := s.Registration()
			require.NoError(t, err)
			require.True(t, ok)
			r.FNSSite, r.KKTVersion = DefaultFNSSite, "001"
			assert.Equal(t, r, got)
		})
	}
}

func TestRegister_Refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule string
		with func(*Registration)
	}{
		"RNM check digits (O-004)": {"I-03", func(r *Registration) { r.RegNumber = r.RegNumber[:10] + "000000" }},
		"INN":                      {"I-04", func(r *Registration) { r.UserINN = "7702203277" }},
		"OFD INN":                  {"I-05", func(r *Registration) { r.OFDINN = "" }},
		"OFD of an autonomous":     {"I-05", func(r *Registration) { r.Autonomous = true }},
		"encryption, autonomous":   {"P-02", func(r *Registration) { r.Autonomous, r.Encryption, r.OFDINN = true, true, "" }},
		"automatic, no number":     {"P-03", func(r *Registration) { r.Automatic = true }},
		"printer, no automat":      {RuleRegistration, func(r *Registration) { r.PrinterInMachine = true }},
		"no tax":                   {"S-10", func(r *Registration) { r.Tax = 0 }},
		"no cashier":               {RuleRequired, func(r *Registration) { r.Cashier.Name = "" }},
		"no operator name":         {RuleRequired, func(r *Registration) { r.OFDName = "" }},
		"no sender":                {RuleRequired, func(r *Registration) { r.SellerAddress = "" }},
		"no user":                  {RuleRequired, func(r *Registration) { r.User = "" }},
		"FFD of nobody":            {RuleFFD, func(r *Registration) { r.FFD = fiscal.FFD12 + 1 }},
		"marking in 1.05":          {RuleFFD, func(r *Registration) { r.Marking = true }},
		"agents in 1.2":            {RuleFFD, func(r *Registration) { r.FFD, r.Agents = fiscal.FFD12, AgentOther }},
		"long name":                {"S-08", func(r *Registration) { r.User = strings.Repeat("О", 257) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, Options{}, fn.Options{})
			r := registration(fiscal.FFD105)
			c.with(&r)
			if c.rule == "I-04" { // keep the registration number fitting
				r.RegNumber = fiscal.MakeRegNumber(5, r.UserINN, r.KKTNumber)
			}
			_, err := s.Register(r)
			refusedBy(t, c.rule, err)
			s.must(s.Register(registration(fiscal.FFD105)))
			_, err = s.Register(registration(fiscal.FFD105))
			refusedBy(t, RuleFN, err)
		})
	}
}

// The format version is limited by the drive (FN-1 knows 1.05 only) and the register.
func TestRegister_Version(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{}, fn.Options{Number: "9999078900000001"})
	_, err := s.Register(registration(fiscal.FFD12))
	refusedBy(t, RuleFFD, err)
	r := registration(0)
	d := s.must(s.Register(r))
	assert.Equal(t, fiscal.FFD105, d.FFD())
	assert.False(t, d.Has(ffd.TagFNFFDVersion), "S-14: 1190 is 3 or 4 when present")

	s = newStand(t, Options{FFD: fiscal.FFD11}, fn.Options{})
	d = s.must(s.Register(registration(0)))
	assert.Equal(t, fiscal.FFD11, d.FFD())
}

// K-041: reasons are found by comparison, or given.
func TestChange_Reasons(t *testing.T) {
	t.Parallel()
	change := func(v fiscal.FFD, with func(*Change)) (*ffd.Document, error) {
		s := newStand(t, Options{}, fn.Options{})
		s.must(s.Register(registration(v)))
		s.confirmAll()
		reg, _, err := s.Registration()
		require.NoError(t, err)
		c := Change{Registration: reg}
		with(&c)
		res, err := s.ChangeRegistration(c)
		if err != nil {
			return nil, err
		}
		d := s.must(res, err)
		if c.OFDINN == testOFD {
			s.clean(t, d)
		}
		return d, nil
	}
	d, err := change(fiscal.FFD105, func(c *Change) { c.User, c.OFDINN, c.Excise = "ООО Другое", "7841465198", true })
	require.NoError(t, err)
	var codes []uint64
	for _, n := range d.All(ffd.TagChangeReason) {
		codes = append(codes, ffd.NodeUint(n))
	}
	assert.Equal(t, []uint64{2, 3, 4}, codes)

	d, err = change(fiscal.FFD11, func(c *Change) { c.Place, c.Tax, c.InternetOnly = "Киоск", TaxPatent, true })
	require.NoError(t, err)
	assert.Equal(t, uint64(ChangePlace|ChangeTax|ChangeToInternet), d.Uint(ffd.TagChangeReasons))

	d, err = change(fiscal.FFD12, func(c *Change) { c.Bits = ChangeOther })
	require.NoError(t, err)
	assert.Equal(t, uint64(ChangeOther), d.Uint(ffd.TagChangeReasons))

	_, err = change(fiscal.FFD105, func(*Change) {})
	refusedBy(t, "P-05", err)
	_, err = change(fiscal.FFD12, func(*Change) {})
	refusedBy(t, "P-06", err)
	_, err = change(fiscal.FFD12, func(c *Change) { c.UserINN = testOFD })
	refusedBy(t, "I-04", err)
	_, err = change(fiscal.FFD12, func(c *Change) { c.RegNumber = fiscal.MakeRegNumber(6, testINN, testFactory) })
	refusedBy(t, "I-03", err)
	_, err = change(fiscal.FFD12, func(c *Change) { c.Bits = ChangeFN })
	refusedBy(t, RuleRegistration, err)
}

// a change of the format version comes right after a state report with
// nothing unsent.
func TestChange_FFD(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{}, fn.Options{})
	s.must(s.Register(registration(fiscal.FFD105)))
	c := Change{Registration: registration(fiscal.FFD12)}
	_, err := s.ChangeRegistration(c)
	refusedBy(t, "Q-10", err)
	s.confirmAll()
	res, err := s.ChangeRegistration(c)
	require.NoError(t, err)
	assert.Equal(t, fiscal.FDNumber(3), res.FD)
	d := s.must(res, err)
	assert.Equal(t, fiscal.FFD12, d.FFD())
	assert.Equal(t, uint64(ChangeFFD), d.Uint(ffd.TagChangeReasons))
	before, err := s.Driver().FindDocument(2)
	require.NoError(t, err)
	assert.Equal(t, fiscal.FormCurrentStateReport, before.Form)
	assert.Zero(t, before.Unsent)
	s.must(s.OpenShift(Cashier{}))
	s.clean(t, s.must(s.Receipt(sale())))
}

// K-003, K-040, K-050, K-051, K-056 and the order of documents.
func TestKKT_Order(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{}, fn.Options{Settings: fn.Settings{Registrations: 2}})
	_, err := s.OpenShift(Cashier{})
	refusedBy(t, RuleNotRegistered, err)
	_, err = s.StateReport()
	refusedBy(t, RuleNotRegistered, err)
	_, err = s.CloseArchive(Cashier{})
	refusedBy(t, RuleNotRegistered, err)
	s.must(s.Register(registration(fiscal.FFD105)))
	_, err = s.Receipt(sale())
	refusedBy(t, RuleShift, err)
	_, err = s.CloseShift(Cashier{})
	refusedBy(t, RuleShift, err)
	s.must(s.OpenShift(Cashier{}))
	_, err = s.OpenShift(Cashier{})
	refusedBy(t, RuleShift, err)
	c := Change{Registration: registration(fiscal.FFD105)}
	c.User = "Другое"
	_, err = s.ChangeRegistration(c)
	refusedBy(t, RuleShift, err) // K-040
	_, err = s.CloseArchive(Cashier{})
	refusedBy(t, RuleShift, err) // K-050
	s.must(s.CloseShift(Cashier{}))
	s.must(s.ChangeRegistration(c))
	c.User = "Третье"
	_, err = s.ChangeRegistration(c)
	refusedBy(t, "FN-012", err) // K-003
	_, err = s.CloseArchive(Cashier{})
	r := refusedBy(t, "FN-010", err) // K-051
	assert.Contains(t, r.Text, "4")
	s.confirmAll()
	s.must(s.CloseArchive(Cashier{}))
	d := s.must(s.StateReport()) // K-056: form 21 works in phase 07h
	assert.Equal(t, uint64(1), d.Uint(ffd.TagUnsentCount))
}

// K-012: time before the last document is refused with a reason.
func TestKKT_ClockBack(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD105))
	s.at = begin.Add(-2 * time.Hour)
	_, err := s.Receipt(sale())
	refusedBy(t, "FN-030", err)
}

// K-063, K-064: 30 days without confirmation stop the work until they come.
func TestKKT_ThirtyDays(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{}, fn.Options{})
	s.must(s.Register(registration(fiscal.FFD105)))
	s.at = begin.Add(31 * 24 * time.Hour)
	_, err := s.OpenShift(Cashier{})
	r := refusedBy(t, "FN-024", err)
	assert.Contains(t, r.Text, "30 дней")
	s.confirmAll()
	d := s.must(s.OpenShift(Cashier{}))
	assert.False(t, d.Has(ffd.TagOFDResponseTimeoutSign))
}

// K-046: keys over with an open shift: no sale, closing works.
func TestKKT_KeysOver(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{}, fn.Options{Settings: fn.Settings{KeyDays: 1}})
	s.must(s.Register(registration(fiscal.FFD12)))
	s.must(s.OpenShift(Cashier{}))
	s.confirmAll()
	s.at = begin.Add(3 * 24 * time.Hour)
	_, err := s.Receipt(sale())
	require.Error(t, err)
	s.must(s.CloseShift(Cashier{}))
	_, err = s.OpenShift(Cashier{})
	r := refusedBy(t, "FN-024", err)
	assert.Contains(t, r.Text, "ключей")
	s.confirmAll()
	s.must(s.CloseArchive(Cashier{}))
}

func TestReplaceFN_KeepsOldOnFailure(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD105))
	used := trading(t, Options{}, registration(fiscal.FFD105))
	_, err := s.ReplaceFN(fnport.Local(used.device), Change{})
	refusedBy(t, RuleFN, err)
	s.must(s.Receipt(sale()))

	fresh := newDevice(t, fn.Options{Number: "9999078902000009"})
	res, err := s.ReplaceFN(fnport.Local(fresh), Change{})
	require.NoError(t, err)
	assert.Equal(t, fiscal.FDNumber(1), res.FD)
	d := s.must(res, err)
	assert.Equal(t, uint64(1), d.Uint(ffd.TagChangeReason))
	assert.Equal(t, fiscal.FNNumber("9999078902000009"), d.FNNumber())
	assert.Equal(t, "ООО Ромашка", d.Text(ffd.TagUser), "the registration goes over to the new drive")
}

// FFD 1.0: a document carries neither 1209 nor what came with 1.05, the drive is
// registered so, and payments of later formats are refused (flk.md S-12).
func TestRegister_FFD10(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{}, fn.Options{})
	doc := s.must(s.Register(registration(fiscal.FFD10)))
	for _, tag := range later {
		assert.Nil(t, doc.Field(tag), tag)
	}
	v, _, err := s.Driver().FFD()
	require.NoError(t, err)
	assert.Equal(t, fiscal.FFD10, v)
	s.Forget()
	reg, ok, err := s.Registration()
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, fiscal.FFD10, reg.FFD)
	s.must(s.OpenShift(Cashier{}))
	r := sale()
	r.Payments = Payments{Cash: 5000, Prepaid: 5000}
	_, err = s.Receipt(r)
	refusedBy(t, RuleFFD, err)
	doc = s.must(s.Receipt(sale()))
	for _, tag := range later {
		assert.Nil(t, doc.Field(tag), tag)
	}
	s.must(s.CloseShift(Cashier{}))
	s.confirmAll()
	up := Change{Registration: registration(fiscal.FFD105), Reasons: []uint8{4}}
	doc = s.must(s.ChangeRegistration(up))
	assert.Equal(t, fiscal.FFD105, doc.FFD())
}
