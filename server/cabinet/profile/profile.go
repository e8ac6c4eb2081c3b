// Package profile is the section «Профиль» of the cabinet: requisites, accounts,
// password, contacts, sessions, and the people of the organisation with their rights
// (CAB-043, CAB-045, CAB-046, CAB-050 to CAB-053, CAB-902, CAB-912).
package profile

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area. Fleet is needed: rights are cut to its departments and outlets.
type Options struct {
	Fleet *fleet.Service
	// OutsideName is the outside provider that people may come in by, Outside the address
	// that begins to bind an account of it; empty: none.
	OutsideName, Outside string
	// Keys are the API keys of an organisation, for their names in the journal; nil: none.
	Keys func(ctx context.Context, v access.Viewer) ([]integration.Key, error)
}

type area struct {
	a     *account.Service
	fleet *fleet.Service
	o     Options

	card, accounts, password, contacts, people, journal *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	t := func(name string) *page.Templates {
		return f.Templates(files, "templates/"+name+".html", "templates/tabs.html")
	}
	p := &area{a: f.Accounts(), fleet: o.Fleet, o: o, card: t("card"), accounts: t("accounts"), password: t("password"), contacts: t("contacts"), people: t("people"), journal: t("journal")}
	f.Person("GET /lk/profile", p.showCard)
	f.Client("POST /lk/profile", access.EditOrg, p.doCard)
	f.Person("GET /lk/profile/accounts", p.showAccounts)
	f.Person("POST /lk/profile/accounts", p.doAccount)
	f.Person("GET /lk/profile/password", p.showPassword)
	f.Person("POST /lk/profile/password", p.doPassword)
	f.Person("GET /lk/profile/registration", p.showContacts)
	f.Person("POST /lk/profile/registration", p.doContacts)
	f.Person("POST /lk/profile/sessions", p.doSession)
	f.Person("POST /lk/profile/identities", p.doIdentity)
	f.Client("GET /lk/profile/users", access.ManageUsers, p.showPeople)
	f.Client("POST /lk/profile/users", access.ManageUsers, p.doPeople)
	f.Client("GET /lk/profile/journal", access.ManageUsers, p.showJournal)
}

// form is what the templates take.
type form struct {
	Card     account.Card
	Edit     bool
	Version  int64
	Value    map[string]string
	Wrong    invalid.Fields
	Orgs     []account.Org
	Sessions []account.Session
	Bound    []account.Identity
	Outside  string // where to bind another one; empty: nowhere
	Provider string // of those that can be bound
	People   []account.Colleague
	Roles    []access.Role
	Tree     *fleet.Tree
	Events   []account.Event
	Names    map[string]string // of people by id
	Keys     map[string]string // names of API keys by id
	About    string            // only entries about that
	Next     string
}

// wrong shows the page again with what is wrong at each field.
func wrong(v *page.Visit, t *page.Templates, f form, err error) error {
	fields, err := page.Fields(err)
	if err != nil {
		return err
	}
	f.Wrong = fields
	return v.RenderStatus(http.StatusUnprocessableEntity, t, f)
}

func (p *area) showCard(v *page.Visit) error {
	o := v.Org
	return v.Render(p.card, form{Card: account.Card{Name: o.Name, FullName: o.FullName, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, Address: o.Address, Email: o.Email,
		Phone: o.Phone, TimeZone: o.TimeZone}, Version: o.Version, Edit: v.Viewer.Can(access.EditOrg)})
}

func (p *area) doCard(v *page.Visit) error {
	c := account.Card{Name: v.Form("name"), FullName: v.Form("fullName"), INN: v.Form("inn"), KPP: v.Form("kpp"), OGRN: v.Form("ogrn"), Address: v.Form("address"),
		Email: v.Form("email"), Phone: v.Form("phone"), TimeZone: v.Form("timeZone")}
	version, err := strconv.ParseInt(v.Form("version"), 10, 64)
	if err != nil {
		return account.ErrStale
	}
	if err := p.a.SetCard(v.R.Context(), v.Viewer, c, version); err != nil {
		return wrong(v, p.card, form{Card: c, Version: version, Edit: true}, err)
	}
	v.Say("Реквизиты сохранены.")
	return v.Redirect("/lk/profile")
}

func (p *area) orgs(v *page.Visit) (f form, err error) {
	f.Orgs, err = p.a.Orgs(v.R.Context(), v.User.ID)
	return f, err
}

func (p *area) showAccounts(v *page.Visit) error {
	f, err := p.orgs(v)
	if err != nil {
		return err
	}
	return v.Render(p.accounts, f)
}

// doAccount adds another organisation to the same login (CAB-043).
func (p *area) doAccount(v *page.Visit) error {
	o, err := p.a.AddOrg(v.R.Context(), v.User.ID, v.Form("name"))
	if err != nil {
		f, failed := p.orgs(v)
		if failed != nil {
			return failed
		}
		return wrong(v, p.accounts, f, err)
	}
	v.Say("Аккаунт «" + o.Name + "» добавлен. Переключиться между организациями можно по названию вверху страницы.")
	return v.Redirect("/lk/profile/accounts")
}

func (p *area) showPassword(v *page.Visit) error { return v.Render(p.password, form{}) }

func (p *area) doPassword(v *page.Visit) error {
	err := p.a.ChangePassword(v.R.Context(), v.Session, v.R.PostFormValue("current"), v.R.PostFormValue("password"), v.R.PostFormValue("repeated"))
	if err != nil {
		return wrong(v, p.password, form{}, err)
	}
	v.Say("Пароль изменён, остальные сеансы закрыты.")
	return v.Redirect("/lk/profile/password")
}

func (p *area) contactsForm(v *page.Visit) (f form, err error) {
	f.Value = map[string]string{"name": v.User.Name, "login": v.User.Login, "email": v.User.Email, "phone": v.User.Phone}
	if f.Sessions, err = p.a.Sessions(v.R.Context(), v.User.ID); err != nil {
		return f, err
	}
	f.Outside, f.Provider = p.o.Outside, p.o.OutsideName
	f.Bound, err = p.a.Identities(v.R.Context(), v.User.ID)
	return f, err
}

func (p *area) showContacts(v *page.Visit) error {
	f, err := p.contactsForm(v)
	if err != nil {
		return err
	}
	return v.Render(p.contacts, f)
}

// doContacts changes what a person says of themselves; a new number or address stays
// aside until it is proved (CAB-053).
func (p *area) doContacts(v *page.Visit) error {
	ctx := v.R.Context()
	var err error
	to := "/lk/profile/registration"
	switch v.Form("do") {
	case "name":
		if err = p.a.SetName(ctx, v.User.ID, v.Form("name"), v.Form("login")); err == nil {
			v.Say("Сохранено.")
		}
	case "email":
		if err = p.a.ChangeEmail(ctx, v.User.ID, v.Form("email")); err == nil {
			v.Say("На новый адрес отправлено письмо: он сменит прежний, когда вы откроете ссылку.")
		}
	case "phone":
		if err = p.a.ChangePhone(ctx, v.User.ID, v.Form("phone")); err == nil {
			to = "/lk/profile/registration?code=yes"
			v.Say("На новый номер отправлен код.")
		}
	case "code":
		if err = p.a.ConfirmPhone(ctx, v.User.ID, v.Form("code")); err == nil {
			v.Say("Номер подтверждён.")
		}
	default:
		return page.ErrNotFound
	}
	if err != nil {
		f, failed := p.contactsForm(v)
		if failed != nil {
			return failed
		}
		for name := range f.Value {
			if v.R.PostForm.Has(name) {
				f.Value[name] = v.Form(name)
			}
		}
		return wrong(v, p.contacts, f, err)
	}
	return v.Redirect(to)
}

func (p *area) doSession(v *page.Visit) error {
	if err := p.a.EndSession(v.R.Context(), v.User.ID, v.Form("session")); err != nil {
		return err
	}
	v.Say("Сеанс закрыт.")
	return v.Redirect("/lk/profile/registration")
}

// doIdentity unbinds an account elsewhere (CAB-035).
func (p *area) doIdentity(v *page.Visit) error {
	if err := p.a.Unbind(v.R.Context(), v.Session, v.Form("issuer"), v.Form("subject")); err != nil {
		if errors.Is(err, account.ErrNotFound) {
			return page.ErrNotFound
		}
		return err
	}
	v.Say("Учётная запись отвязана: войти через неё больше нельзя. Остальные сеансы закрыты.")
	return v.Redirect("/lk/profile/registration")
}

func (p *area) peopleForm(v *page.Visit) (f form, err error) {
	ctx := v.R.Context()
	f.Roles = slices.DeleteFunc(access.Roles(), func(r access.Role) bool { return !v.Viewer.Can(r.Rights()) })
	if f.People, err = p.a.Colleagues(ctx, v.Viewer); err != nil {
		return f, err
	}
	f.Tree, err = p.fleet.Tree(ctx, v.Viewer)
	return f, err
}

func (p *area) showPeople(v *page.Visit) error {
	f, err := p.peopleForm(v)
	if err != nil {
		return err
	}
	return v.Render(p.people, f)
}

func (p *area) doPeople(v *page.Visit) error {
	ctx := v.R.Context()
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	var branches []string
	for _, b := range v.R.PostForm["branch"] {
		if b != "" {
			branches = append(branches, b)
		}
	}
	var err error
	switch role := access.Role(v.Form("role")); v.Form("do") {
	case "invite":
		err = p.a.Invite(ctx, v.Viewer, v.Form("email"), v.Form("name"), role, branches)
	case "role":
		err = p.a.Give(ctx, v.Viewer, v.Form("user"), role, branches)
	case "remove":
		err = p.a.Remove(ctx, v.Viewer, v.Form("user"))
	default:
		return page.ErrNotFound
	}
	if err != nil {
		f, failed := p.peopleForm(v)
		if failed != nil {
			return failed
		}
		f.Value = map[string]string{"email": v.Form("email"), "name": v.Form("name")}
		return wrong(v, p.people, f, err)
	}
	v.Say("Готово.")
	return v.Redirect("/lk/profile/users")
}

const eventsOnPage = 50

func (p *area) showJournal(v *page.Visit) error {
	ctx := v.R.Context()
	f := form{About: v.Form("about"), Keys: map[string]string{}}
	events, err := p.a.Events(ctx, v.Viewer, account.EventFilter{About: f.About, Before: v.Form("before"), Limit: eventsOnPage + 1})
	if err != nil {
		return err
	}
	f.Events = events
	if len(events) > eventsOnPage {
		f.Events = events[:eventsOnPage]
		next := url.Values{"before": {f.Events[eventsOnPage-1].ID}}
		if f.About != "" {
			next.Set("about", f.About)
		}
		f.Next = "/lk/profile/journal?" + next.Encode()
	}
	if f.Names, err = p.a.Authors(ctx, v.Viewer, f.Events); err != nil {
		return err
	}
	if p.o.Keys != nil && v.Viewer.Can(access.ManageKeys) {
		keys, err := p.o.Keys(ctx, v.Viewer)
		if err != nil {
			return err
		}
		for _, k := range keys {
			f.Keys[k.ID] = k.Name
		}
	}
	return v.Render(p.journal, f)
}
