package api

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// list is a page of rows. Next is what to pass as "after" to go on, also when the
// list is complete for now.
type list[T any] struct {
	Items    []T    `json:"items"`
	Next     int64  `json:"next"`
	Complete bool   `json:"complete"` // no more rows were there
	Total    *int64 `json:"total,omitempty"`
}

// makeList shows rows, oldest first.
func makeList[R, T any](page store.Page, rows []R, id func(*R) int64, show func(*R) T) list[T] {
	l := list[T]{Items: make([]T, len(rows)), Next: page.After, Complete: len(rows) < page.Rows()}
	for i := range rows {
		l.Items[i], l.Next = show(&rows[i]), id(&rows[i])
	}
	return l
}

func (a *api) stats(ctx context.Context, _ *query) (any, error) {
	return a.store.Stats(ctx)
}

// driveView is a drive under the names of the tax service.
type driveView struct {
	ID         int64             `json:"id"`
	FN         fiscal.FNNumber   `json:"fiscalDriveNumber"`
	Status     store.DriveStatus `json:"status"`
	RegID      fiscal.RegNumber  `json:"kktRegId"`
	UserINN    fiscal.INN        `json:"userInn"`
	User       string            `json:"user"`
	KKTNumber  string            `json:"kktNumber"`
	Address    string            `json:"retailPlaceAddress"`
	FFD        fiscal.FFD        `json:"fiscalDocumentFormatVer"`
	LastFD     fiscal.FDNumber   `json:"lastFiscalDocumentNumber"`
	LastAt     *time.Time        `json:"lastReceivedAt"`
	Documents  int64             `json:"documents"`
	SignPolicy string            `json:"signPolicy"`
	Gaps       []store.Gap       `json:"gaps"`
}

func showDrive(v *store.Drive) driveView {
	gaps := v.Gaps
	if gaps == nil {
		gaps = []store.Gap{}
	}
	return driveView{v.ID, v.FN, v.Status, v.RegID, v.UserINN, v.User, v.KKTNumber, v.Address, v.FFD,
		v.LastFD, instant(v.LastAt), v.Documents, v.Policy, gaps}
}

func (a *api) drives(ctx context.Context, q *query) (any, error) {
	page := q.page()
	if q.err != nil {
		return nil, q.err
	}
	rows, err := a.store.Drives(ctx, page)
	return makeList(page, rows, func(v *store.Drive) int64 { return v.ID }, showDrive), err
}

func (a *api) drive(ctx context.Context, q *query) (any, error) {
	fn := q.fn()
	if q.err != nil {
		return nil, q.err
	}
	v, err := a.store.Drive(ctx, fn)
	return showDrive(&v), err
}

type exchangeView struct {
	ID       int64           `json:"id"`
	At       *time.Time      `json:"at"`
	TookMS   float64         `json:"tookMs"`
	Peer     string          `json:"peer"`
	FN       fiscal.FNNumber `json:"fiscalDriveNumber"`
	FD       fiscal.FDNumber `json:"fiscalDocumentNumber"`
	Fault    *faultView      `json:"fault"`
	Detail   string          `json:"detail"`
	Request  *string         `json:"request"`
	Response *string         `json:"response"`
}

func (a *api) exchanges(ctx context.Context, q *query) (any, error) {
	fn, page := q.fn(), q.page()
	if q.err != nil {
		return nil, q.err
	}
	rows, err := a.store.Exchanges(ctx, fn, page)
	return makeList(page, rows, func(e *store.Exchange) int64 { return e.ID }, func(e *store.Exchange) exchangeView {
		return exchangeView{e.ID, instant(e.At), float64(e.Took) / float64(time.Millisecond), e.Peer, e.FN, e.FD, showFault(e.Fault), e.Detail,
			a.raw(e.Request), a.raw(e.Response)}
	}), err
}

type incidentView struct {
	ID    int64           `json:"id"`
	At    *time.Time      `json:"at"`
	FN    fiscal.FNNumber `json:"fiscalDriveNumber"`
	FD    fiscal.FDNumber `json:"fiscalDocumentNumber"`
	Fault *faultView      `json:"fault"`
	Text  string          `json:"text"`
}

func (a *api) incidents(ctx context.Context, q *query) (any, error) {
	fn, page := q.fn(), q.page()
	if q.err != nil {
		return nil, q.err
	}
	rows, err := a.store.Incidents(ctx, fn, page)
	return makeList(page, rows, func(i *store.Incident) int64 { return i.ID }, func(i *store.Incident) incidentView {
		return incidentView{i.ID, instant(i.At), i.FN, i.FD, showFault(i.Fault), i.Text}
	}), err
}

type quarantineView struct {
	ID      int64           `json:"id"`
	At      *time.Time      `json:"at"`
	FN      fiscal.FNNumber `json:"fiscalDriveNumber"`
	FD      fiscal.FDNumber `json:"fiscalDocumentNumber"`
	Fault   *faultView      `json:"fault"`
	Detail  string          `json:"detail"`
	Message *string         `json:"message"`
}

func (a *api) quarantine(ctx context.Context, q *query) (any, error) {
	fn, page := q.fn(), q.page()
	if q.err != nil {
		return nil, q.err
	}
	rows, err := a.store.Quarantines(ctx, fn, page)
	return makeList(page, rows, func(m *store.Quarantined) int64 { return m.ID }, func(m *store.Quarantined) quarantineView {
		return quarantineView{m.ID, instant(m.At), m.FN, m.FD, showFault(m.Fault), m.Detail, a.raw(m.Message)}
	}), err
}

// faultView is a row of the fault table.
type faultView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func showFault(f fiscal.Fault) *faultView {
	if f == fiscal.FaultNone {
		return nil
	}
	return &faultView{f.ID(), f.String()}
}

// instant is a time of the server, null when unknown.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// raw is bytes in hex, null when there are none or they are not shown.
func (a *api) raw(b []byte) *string {
	if len(b) == 0 || a.o.HideRaw {
		return nil
	}
	s := hex.EncodeToString(b)
	return &s
}
