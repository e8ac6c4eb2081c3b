package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// State is what the documents of a register say about it. Times named Wall are the
// register's own clock shown in UTC, without a zone; others are real.
type State struct {
	RegID   fiscal.RegNumber
	UserINN fiscal.INN

	FN        fiscal.FNNumber
	FFD       fiscal.FFD
	First     time.Time // arrival of the first document
	Last      time.Time // arrival of the last one
	LastFD    fiscal.FDNumber
	LastForm  fiscal.Form
	LastWall  time.Time
	Day       string    // date of LastWall, "2006-01-02"
	Today     int       // documents with that date (CAB-097)
	DriveFrom time.Time // wall time of the registration report with this drive (CAB-235); zero: not seen
	KeyUntil  time.Time // wall time the drive's key ends, by tag 1213 (STM-06); zero: not known

	ShiftOpen  bool
	Shift      uint32
	OpenedWall time.Time // of the open shift
	ClosedWall time.Time // of the last shift that was closed
	Cashier    string    // tag 1021 of the last document that names one

	// Warnings of the drive in the last shift report (tags 1050 to 1053).
	KeyEnds, KeyUrgent, MemoryFull, OFDTimeout bool
	Closed                                     bool // form 6 came
	ClosedEnd                                  time.Time

	FlawedFD   fiscal.FDNumber // last document with a broken rule of severity error (CAB-098)
	FlawedWall time.Time

	Registration Registration // of the last registration report
}

// Registration is what the last registration report says of the register (REP-05).
type Registration struct {
	User, Address, Place, Serial, Version, FNSSite, Sender, Machine string
	Taxation                                                        uint8
	Offline, Marking, Pawnshop, Insurance, Automatic, Internet      bool
}

// Drive is a drive that a register had (CAB-071).
type Drive struct {
	RegID     fiscal.RegNumber
	UserINN   fiscal.INN
	FN        fiscal.FNNumber
	From      time.Time // wall time of its registration report; zero: not seen
	First     time.Time // arrival of its first document
	Last      time.Time
	Documents fiscal.FDNumber // greatest document number
	KeyUntil  time.Time
	// MemoryFull: the register has said so of the drive once (tag 1052); memory is never
	// given back.
	MemoryFull bool
	Closed     bool
	ClosedWall time.Time // wall time of form 6
}

type stateKey struct {
	reg fiscal.RegNumber
	inn fiscal.INN
}

type driveKey struct {
	stateKey
	fn fiscal.FNNumber
}

// follow brings the states up to documents that came after from.
func (s *Service) follow(ctx context.Context, from int64, docs []store.Document) error {
	states, drives := map[stateKey]*State{}, map[driveKey]*Drive{}
	var order []stateKey
	var driveOrder []driveKey
	for i := range docs {
		d := &docs[i]
		if d.RegID == "" || d.UserINN == "" {
			continue // nobody's: not seen or not said
		}
		key := stateKey{d.RegID, d.UserINN}
		st, ok := states[key]
		if !ok {
			stored, err := s.store.States(ctx, d.UserINN, d.RegID)
			if err != nil {
				return err
			}
			st = &State{RegID: d.RegID, UserINN: d.UserINN}
			if len(stored) > 0 {
				st = &stored[0]
			}
			had, err := s.store.Drives(ctx, d.UserINN, d.RegID)
			if err != nil {
				return err
			}
			for _, one := range had {
				drives[driveKey{key, one.FN}] = &one
			}
			states[key], order = st, append(order, key)
		}
		dk := driveKey{key, d.FN}
		drive, ok := drives[dk]
		if !ok {
			drive = &Drive{RegID: d.RegID, UserINN: d.UserINN, FN: d.FN, First: d.ReceivedAt}
			drives[dk] = drive
		}
		if !slices.Contains(driveOrder, dk) {
			driveOrder = append(driveOrder, dk)
		}
		apply(st, drive, d)
	}
	changed := make([]State, len(order))
	for i, k := range order {
		changed[i] = *states[k]
	}
	had := make([]Drive, len(driveOrder))
	for i, k := range driveOrder {
		had[i] = *drives[k]
	}
	return s.store.Advance(ctx, from, docs[len(docs)-1].ID, changed, had)
}

// apply adds one document. Documents of a drive may come out of order, and those of
// a drive that was replaced after the first of the new one: only what is newer by the
// register's clock moves the state.
func apply(st *State, drive *Drive, d *store.Document) {
	if st.First.IsZero() {
		st.First = d.ReceivedAt
	}
	if d.ReceivedAt.After(st.Last) {
		st.Last = d.ReceivedAt
	}
	if d.ReceivedAt.After(drive.Last) {
		drive.Last = d.ReceivedAt
	}
	if slices.ContainsFunc(d.Findings, func(f flk.Finding) bool { return f.Severity == flk.Error }) && !d.DateTime.Before(st.FlawedWall) {
		st.FlawedFD, st.FlawedWall = d.FD, d.DateTime
	}
	newest := st.FN == d.FN && d.FD >= st.LastFD || st.FN != d.FN && !d.DateTime.Before(st.LastWall)
	drive.Documents = max(drive.Documents, d.FD)
	var doc *ffd.Document
	if len(d.STLV) > 0 {
		if parsed, err := ffd.Decode(d.STLV); err == nil {
			doc = parsed
		}
	}
	if doc != nil {
		lifeOfDrive(drive, d, doc)
	}
	if day := d.DateTime.Format(time.DateOnly); day == st.Day {
		st.Today++
	} else if day > st.Day {
		st.Day, st.Today = day, 1
	}
	if !newest {
		return
	}
	if st.FN != d.FN {
		st.KeyEnds, st.KeyUrgent, st.MemoryFull, st.OFDTimeout, st.Closed, st.ShiftOpen = false, false, false, false, false, false
	}
	st.FN, st.LastFD, st.LastForm, st.LastWall = d.FN, d.FD, d.Form, d.DateTime
	st.DriveFrom, st.KeyUntil = drive.From, drive.KeyUntil
	if d.FFD != 0 {
		st.FFD = d.FFD
	}
	switch d.Form {
	case fiscal.FormOpenShift:
		st.ShiftOpen, st.Shift, st.OpenedWall = true, d.Shift, d.DateTime
	case fiscal.FormCloseShift:
		st.ShiftOpen, st.Shift, st.ClosedWall = false, d.Shift, d.DateTime
	case fiscal.FormCloseArchive:
		st.ShiftOpen, st.Closed, st.ClosedEnd = false, true, d.DateTime
	case fiscal.FormFiscalReport, fiscal.FormFiscalReportCorrection:
		st.ShiftOpen = false
	}
	if doc == nil {
		return
	}
	if c := doc.Text(ffd.TagCashier); c != "" {
		st.Cashier = c
	}
	switch d.Form {
	case fiscal.FormOpenShift, fiscal.FormCloseShift:
		st.KeyEnds = doc.Uint(ffd.TagFNExhaustionSign) == 1
		st.KeyUrgent = doc.Uint(ffd.TagFNReplaceRequiredSign) == 1
		st.MemoryFull = doc.Uint(ffd.TagFNMemoryExceededSign) == 1
		st.OFDTimeout = doc.Uint(ffd.TagOFDResponseTimeoutSign) == 1
	case fiscal.FormFiscalReport, fiscal.FormFiscalReportCorrection:
		st.Registration = registration(doc)
	}
}

// lifeOfDrive notes when a drive began and when its key ends: the latest report with
// tag 1213 counts, its date plus so many days (STM-06).
func lifeOfDrive(drive *Drive, d *store.Document, doc *ffd.Document) {
	switch d.Form {
	case fiscal.FormFiscalReport, fiscal.FormFiscalReportCorrection:
		if drive.From.IsZero() || d.DateTime.Before(drive.From) {
			drive.From = d.DateTime
		}
	case fiscal.FormOpenShift, fiscal.FormCloseShift:
		drive.MemoryFull = drive.MemoryFull || doc.Uint(ffd.TagFNMemoryExceededSign) == 1
	case fiscal.FormCloseArchive:
		drive.Closed, drive.ClosedWall = true, d.DateTime
	}
	if doc.Has(ffd.TagKeyResource) {
		drive.KeyUntil = d.DateTime.Truncate(24*time.Hour).AddDate(0, 0, int(doc.Uint(ffd.TagKeyResource)))
	}
}

// Bits of tag 1290 (FFD 1.2).
const (
	signInternet  = 1 << 5
	signMarking   = 1 << 8
	signPawnshop  = 1 << 12
	signInsurance = 1 << 13
)

func registration(doc *ffd.Document) Registration {
	set := func(tag tlv.Tag) bool { return doc.Uint(tag) == 1 }
	signs := doc.Uint(ffd.TagUsageConditions)
	return Registration{
		User: doc.Text(ffd.TagUser), Address: doc.Text(ffd.TagRetailPlaceAddress), Place: doc.Text(ffd.TagRetailPlace), Serial: doc.Text(ffd.TagKKTNumber),
		Version: doc.Text(ffd.TagKKTVersion), FNSSite: doc.Text(ffd.TagFNSSite), Sender: doc.Text(ffd.TagSellerAddress), Machine: doc.Text(ffd.TagMachineNumber),
		Taxation: uint8(doc.Uint(ffd.TagTaxationType)), Offline: set(ffd.TagOfflineMode), Automatic: set(ffd.TagAutoMode), Internet: set(ffd.TagInternetSign) || signs&signInternet != 0,
		Marking: signs&signMarking != 0, Pawnshop: signs&signPawnshop != 0, Insurance: signs&signInsurance != 0,
	}
}
