// Package registers is the section «Кассы» of the cabinet: how to set a register up,
// connecting, cards, the tree of departments and outlets, the archive (CAB-060 to
// CAB-082).
package registers

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area. Fleet is needed.
type Options struct {
	Fleet *fleet.Service
	// KKTAddr is where registers connect, "HOST:PORT" (CAB-060).
	KKTAddr string
	// Ledger tells what was sold in the current shift (CAB-074).
	Ledger *ledger.Service
}

type area struct {
	o Options
	f *page.Frame

	list, card, edit, settings, tree, node, upload *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	t := func(name string) *page.Templates { return f.Templates(files, "templates/"+name+".html") }
	a := &area{o: o, f: f, list: t("list"), card: t("card"), edit: t("edit"), settings: t("settings"), tree: t("tree"), node: t("node"), upload: t("upload")}
	f.Client("GET /lk/registers", access.SeeRegisters, a.showList)
	f.Client("POST /lk/registers", access.EditRegisters, a.doArchive)
	f.Client("GET /lk/registers/settings", access.SeeRegisters, a.showSettings)
	f.Client("GET /lk/registers/new", access.EditRegisters, a.showNew)
	f.Client("POST /lk/registers/new", access.EditRegisters, a.doConnect)
	f.Client("GET /lk/registers/upload", access.EditRegisters, a.showUpload)
	f.Client("POST /lk/registers/upload", access.EditRegisters, a.doUpload)
	f.Client("GET /lk/registers/upload/template", access.EditRegisters, a.template)
	f.Client("GET /lk/registers/{reg}", access.SeeRegisters, a.showCard)
	f.Client("GET /lk/registers/{reg}/edit", access.EditRegisters, a.showEdit)
	f.Client("POST /lk/registers/{reg}/edit", access.EditRegisters, a.doEdit)
	f.Client("GET /lk/outlets", access.SeeRegisters, a.showTree)
	f.Client("GET /lk/outlets/new", access.EditRegisters, a.showNode)
	f.Client("GET /lk/outlets/{id}", access.EditRegisters, a.showNode)
	f.Client("POST /lk/outlets/{id}", access.EditRegisters, a.doNode)
}

// fail turns errors of the service into pages.
func fail(err error) error {
	switch {
	case errors.Is(err, fleet.ErrNotFound):
		return page.ErrNotFound
	case errors.Is(err, fleet.ErrStale):
		return &page.Failure{Status: http.StatusConflict, Title: "Данные изменились", Text: "Пока вы правили форму, её сохранил кто-то другой. Откройте страницу ещё раз."}
	}
	return err
}

// row is a register as a line of a list.
type row struct {
	fleet.Entry
	Lights fleet.Lights
	Outlet string // full name
}

// rows of entries with their lights, by the viewer's thresholds.
func (a *area) rows(v *page.Visit, entries []fleet.Entry, tree *fleet.Tree) ([]row, error) {
	t, _, err := a.o.Fleet.Thresholds(v.R.Context(), v.Viewer)
	if err != nil {
		return nil, err
	}
	all := make([]row, len(entries))
	for i, e := range entries {
		all[i] = row{e, a.o.Fleet.Lights(e, t, a.f.Now(), zone(v, tree, e)), tree.FullName(e.Register.Outlet)}
	}
	return all, nil
}

// zone where the register stands: that of its outlet, else the organisation's.
func zone(v *page.Visit, tree *fleet.Tree, e fleet.Entry) *time.Location {
	if name := tree.Node(e.Outlet).TimeZone; name != "" {
		if z, err := time.LoadLocation(name); err == nil {
			return z
		}
	}
	return v.Zone()
}

func (a *area) showList(v *page.Visit) error {
	ctx := v.R.Context()
	tree, err := a.o.Fleet.Tree(ctx, v.Viewer)
	if err != nil {
		return err
	}
	every, err := a.o.Fleet.Registers(ctx, v.Viewer, fleet.Filter{})
	if err != nil {
		return err
	}
	archived := v.Form("tab") == "archive"
	f := fleet.Filter{Text: v.Form("q"), Branch: v.Form("branch"), Group: v.Form("group"), Archived: &archived}
	found, err := a.o.Fleet.Registers(ctx, v.Viewer, f)
	if err != nil {
		return err
	}
	rows, err := a.rows(v, found, tree)
	if err != nil {
		return err
	}
	d := struct {
		Rows             []row
		Filter           fleet.Filter
		Tree             *fleet.Tree
		Groups           []string
		Active, Archived int
		Archive          bool
		Edit             bool
	}{Rows: rows, Filter: f, Tree: tree, Groups: groups(every), Archive: archived, Edit: v.Viewer.Can(access.EditRegisters)}
	for _, e := range every {
		if e.Register.Archived.IsZero() {
			d.Active++
		} else {
			d.Archived++
		}
	}
	return v.Render(a.list, d)
}

func groups(entries []fleet.Entry) (all []string) {
	for _, e := range entries {
		for _, g := range e.Groups {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	slices.Sort(all)
	return all
}

// doArchive moves the ticked registers to the archive or back (CAB-081, CAB-082).
func (a *area) doArchive(v *page.Visit) error {
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	var regs []fiscal.RegNumber
	for _, r := range v.R.PostForm["reg"] {
		regs = append(regs, fiscal.RegNumber(r))
	}
	if len(regs) == 0 {
		v.Say("Отметьте хотя бы одну кассу.")
		return v.Redirect("/lk/registers")
	}
	work, said, to := a.o.Fleet.Archive, "В архив перенесено касс: %d.", "/lk/registers?tab=archive"
	if v.Form("do") == "restore" {
		work, said, to = a.o.Fleet.Restore, "Возвращено из архива касс: %d.", "/lk/registers"
	}
	err := work(v.R.Context(), v.Viewer, regs...)
	var bad invalid.Fields
	if errors.As(err, &bad) {
		v.Say(bad[""])
		return v.Redirect("/lk/registers?tab=archive")
	}
	if err != nil {
		return fail(err)
	}
	v.Say(fmt.Sprintf(said, len(regs)))
	return v.Redirect(to)
}

func (a *area) showCard(v *page.Visit) error {
	ctx, reg := v.R.Context(), fiscal.RegNumber(v.R.PathValue("reg"))
	e, err := a.o.Fleet.Register(ctx, v.Viewer, reg)
	if err != nil {
		return fail(err)
	}
	tree, err := a.o.Fleet.Tree(ctx, v.Viewer)
	if err != nil {
		return err
	}
	rows, err := a.rows(v, []fleet.Entry{e}, tree)
	if err != nil {
		return err
	}
	drives, err := a.o.Fleet.Drives(ctx, v.Viewer, reg)
	if err != nil {
		return err
	}
	places, err := a.o.Fleet.Places(ctx, v.Viewer, reg)
	if err != nil {
		return err
	}
	current, err := a.now(v, e)
	if err != nil {
		return err
	}
	latest, err := a.latest(v, reg)
	if err != nil {
		return err
	}
	return v.Render(a.card, struct {
		row
		Current *now
		Latest  []store.Projection
		Drives  []fleet.Drive
		Places  []fleet.Stay
		Tree    *fleet.Tree
		Memory  float64
		Edit    bool
		Journal bool // may be read
	}{rows[0], current, latest, drives, places, tree, a.o.Fleet.Memory(e), v.Viewer.Can(access.EditRegisters), v.Viewer.Can(access.ManageUsers)})
}

// showSettings tells what to write into a register, and whether it ever came here
// (CAB-060).
func (a *area) showSettings(v *page.Visit) error {
	d := struct {
		Host, Port string
		Asked      string
		Seen       *fleet.Entry
		Found      bool
	}{Asked: v.Form("reg")}
	d.Host, d.Port = split(a.o.KKTAddr)
	if d.Asked != "" {
		e, err := a.o.Fleet.Register(v.R.Context(), v.Viewer, fiscal.RegNumber(d.Asked))
		switch {
		case err == nil:
			d.Found, d.Seen = true, &e
		case !errors.Is(err, fleet.ErrNotFound):
			return err
		}
	}
	return v.Render(a.settings, d)
}
