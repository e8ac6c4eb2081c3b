package registers

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// split divides an address; one without a port is all host.
func split(addr string) (host, port string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, ""
	}
	return host, port
}

// form is a register or a node that is typed in.
type form struct {
	Register fleet.Register
	Node     fleet.Node
	Target   string // revenue aimed at, as typed
	New      bool
	Journal  bool // may be read
	Tree     *fleet.Tree
	Wrong    invalid.Fields
}

func (a *area) form(v *page.Visit, t *page.Templates, f form, err error) error {
	status := http.StatusOK
	var bad invalid.Fields
	switch {
	case errors.As(err, &bad):
		f.Wrong, status = bad, http.StatusUnprocessableEntity
	case err != nil:
		return fail(err)
	}
	tree, err := a.o.Fleet.Tree(v.R.Context(), v.Viewer)
	if err != nil {
		return err
	}
	f.Tree, f.Journal = tree, v.Viewer.Can(access.ManageUsers)
	return v.RenderStatus(status, t, f)
}

func (a *area) showNew(v *page.Visit) error {
	return a.form(v, a.edit, form{New: true, Register: fleet.Register{Outlet: v.Form("outlet")}}, nil)
}

// typed is the register of the form.
func typed(v *page.Visit) fleet.Register {
	version, _ := strconv.ParseInt(v.Form("version"), 10, 64)
	return fleet.Register{RegID: fiscal.RegNumber(v.Form("regId")), Serial: v.Form("serial"), FN: fiscal.FNNumber(v.Form("fn")), Name: v.Form("name"),
		Model: v.Form("model"), Outlet: v.Form("outlet"), Groups: strings.Split(v.Form("groups"), ","), Version: version}
}

func (a *area) doConnect(v *page.Visit) error {
	r, err := a.o.Fleet.Connect(v.R.Context(), v.Viewer, typed(v))
	if err != nil {
		return a.form(v, a.edit, form{New: true, Register: typed(v)}, err)
	}
	v.Say("Касса «" + r.Name + "» добавлена. Запишите в неё адрес оператора: документы появятся сами.")
	return v.Redirect("/lk/registers/settings?reg=" + string(r.RegID))
}

func (a *area) showEdit(v *page.Visit) error {
	e, err := a.o.Fleet.Register(v.R.Context(), v.Viewer, fiscal.RegNumber(v.R.PathValue("reg")))
	if err != nil {
		return fail(err)
	}
	return a.form(v, a.edit, form{Register: e.Register}, nil)
}

func (a *area) doEdit(v *page.Visit) error {
	r := typed(v)
	r.RegID = fiscal.RegNumber(v.R.PathValue("reg"))
	if v.Form("do") == "remove" {
		return a.doRemove(v, r.RegID)
	}
	if err := a.o.Fleet.Change(v.R.Context(), v.Viewer, r); err != nil {
		return a.form(v, a.edit, form{Register: r}, err)
	}
	v.Say("Сохранено.")
	return v.Redirect("/lk/registers/" + string(r.RegID))
}

// doRemove takes a register out of the list; one that has documents goes to the archive.
func (a *area) doRemove(v *page.Visit, reg fiscal.RegNumber) error {
	archived, err := a.o.Fleet.Remove(v.R.Context(), v.Viewer, reg)
	if err != nil {
		return fail(err)
	}
	if archived {
		v.Say("От кассы приходили документы: она перенесена в архив, документы остаются.")
		return v.Redirect("/lk/registers?tab=archive")
	}
	v.Say("Касса удалена.")
	return v.Redirect("/lk/registers")
}

func (a *area) showTree(v *page.Visit) error {
	ctx := v.R.Context()
	tree, err := a.o.Fleet.Tree(ctx, v.Viewer)
	if err != nil {
		return err
	}
	active := false
	entries, err := a.o.Fleet.Registers(ctx, v.Viewer, fleet.Filter{Archived: &active})
	if err != nil {
		return err
	}
	rows, err := a.rows(v, entries, tree)
	if err != nil {
		return err
	}
	type line struct {
		fleet.Node
		Depth              int
		Green, Yellow, Red int
		Total              int
	}
	lines := []line{}
	for _, n := range tree.Nodes() {
		l := line{Node: n, Depth: tree.Depth(n.ID)}
		for _, r := range rows {
			if !tree.Under(r.Register.Outlet, n.ID) {
				continue
			}
			l.Total++
			switch r.Lights.Worst {
			case fleet.Green:
				l.Green++
			case fleet.Yellow:
				l.Yellow++
			case fleet.Red:
				l.Red++
			}
		}
		lines = append(lines, l)
	}
	return v.Render(a.tree, lines)
}

func (a *area) showNode(v *page.Visit) error {
	f := form{New: true, Node: fleet.Node{Kind: fleet.Outlet, Parent: v.Form("parent")}}
	if v.Form("kind") == string(fleet.Department) {
		f.Node.Kind = fleet.Department
	}
	if id := v.R.PathValue("id"); id != "" {
		tree, err := a.o.Fleet.Tree(v.R.Context(), v.Viewer)
		if err != nil {
			return err
		}
		found := false
		for _, n := range tree.Nodes() {
			if n.ID == id {
				f.Node, f.New, found = n, false, true
			}
		}
		if !found {
			return page.ErrNotFound
		}
	}
	if f.Node.Target > 0 {
		f.Target = f.Node.Target.String()
	}
	return a.form(v, a.node, f, nil)
}

func (a *area) doNode(v *page.Visit) error {
	ctx, id := v.R.Context(), v.R.PathValue("id")
	if v.Form("do") == "remove" {
		err := a.o.Fleet.RemoveNode(ctx, v.Viewer, id)
		if errors.Is(err, fleet.ErrNotEmpty) {
			text := "Сначала перенесите отсюда кассы и точки."
			if errors.Is(err, fleet.ErrStood) {
				text = "Здесь стояли кассы: точка нужна отчётам за то время."
			}
			v.Say(text)
			return v.Redirect("/lk/outlets/" + id)
		}
		if err != nil {
			return fail(err)
		}
		v.Say("Удалено.")
		return v.Redirect("/lk/outlets")
	}
	n := fleet.Node{Kind: fleet.Kind(v.Form("kind")), Parent: v.Form("parent"), Name: v.Form("name"), Address: v.Form("address"), TimeZone: v.Form("timeZone")}
	n.Version, _ = strconv.ParseInt(v.Form("version"), 10, 64)
	bad := invalid.Fields{}
	degrees := func(name string) float64 {
		text := strings.ReplaceAll(v.Form(name), ",", ".")
		if text == "" {
			return 0
		}
		d, err := strconv.ParseFloat(text, 64)
		if err != nil {
			bad["lat"] = "Широта и долгота — числа градусов, например 55,75."
		}
		return d
	}
	n.Lat, n.Lon = degrees("lat"), degrees("lon")
	if text := strings.NewReplacer(" ", "", "\u00a0", "", ",", ".").Replace(v.Form("target")); text != "" {
		target, err := fiscal.ParseKopecks(text)
		if err != nil {
			bad["target"] = "Сумма в рублях, например 1500000."
		}
		n.Target = target
	}
	f := form{New: id == "new", Node: n, Target: v.Form("target")}
	f.Node.ID = id
	if len(bad) > 0 {
		return a.form(v, a.node, f, bad)
	}
	var err error
	if id == "new" {
		_, err = a.o.Fleet.AddNode(ctx, v.Viewer, n)
	} else {
		n.ID = id
		err = a.o.Fleet.SetNode(ctx, v.Viewer, n)
	}
	if err != nil {
		return a.form(v, a.node, f, err)
	}
	v.Say("Сохранено.")
	return v.Redirect("/lk/outlets")
}
