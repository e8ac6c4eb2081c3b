// Package door is how people come in: the public front page, registration, login,
// recovery, the choice of an organisation (CAB-001 to CAB-016, CAB-030 to CAB-043).
package door

import (
	"embed"
	"net/http"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

//go:embed templates/*.html
var files embed.FS

// Options of the doors; the zero value works.
type Options struct {
	// Outside is the address where people come in by an outside provider, and its name;
	// empty: none.
	Outside, OutsideName string
}

type door struct {
	a *account.Service
	o Options

	front, chooser, partner, login, password, register, code, letter, recover, reset, forgot, orgs, message *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	t := func(name string) *page.Templates { return f.Templates(files, "templates/"+name+".html") }
	d := &door{a: f.Accounts(), o: o, front: t("front"), chooser: t("chooser"), partner: t("partner"), login: t("login"), password: t("password"), register: t("register"),
		code: t("code"), letter: t("letter"), recover: t("recover"), reset: t("reset"), forgot: t("forgot"), orgs: t("orgs"), message: t("message")}
	show := func(pattern string, t *page.Templates) {
		f.Guest(pattern, func(v *page.Visit) error { return v.Render(t, form{}) })
	}
	show("GET /{$}", d.front)
	show("GET /login", d.chooser)
	show("GET /lk/register", d.register)
	f.Guest("POST /lk/register", d.doRegister)
	f.Guest("GET /lk/login", d.showLogin)
	f.Guest("POST /lk/login", d.doName)
	f.Guest("POST /lk/login/password", d.doPassword)
	show("GET /partner/login", d.partner)
	f.Guest("POST /partner/login", d.doPartner)
	f.Person("POST /lk/logout", d.doLogout)

	f.Person("GET /lk/code", d.showCode)
	f.Person("POST /lk/code", d.doCode)
	f.Person("POST /lk/resend", d.doResend)
	f.Person("GET /lk/letter", d.showLetter)
	f.Guest("GET /confirm", d.showConfirm)
	f.Guest("POST /confirm", d.doConfirm)

	f.Guest("GET /lk/recover", d.showRecover)
	f.Guest("POST /lk/recover", d.doRecover)
	f.Guest("POST /lk/recover/code", d.doRecoverCode)
	f.Guest("GET /reset", d.showReset)
	f.Guest("POST /reset", d.doReset)
	show("GET /lk/forgot-login", d.forgot)
	f.Guest("POST /lk/forgot-login", d.doForgotLogin)

	f.Person("GET /lk/choose", d.showOrgs)
	f.Person("POST /lk/choose", d.doChoose)
}

// form is what the templates of the doors take: what was typed and what is wrong.
type form struct {
	Value map[string]string
	Wrong invalid.Fields
	Orgs  []account.Org
	Text  string
	Options
	INN   bool // people may come in with an ИНН
	Which bool // and did: which login is theirs
}

// again shows a form once more with what was typed (nothing is lost) and what is
// wrong at each field; passwords are typed anew.
func again(v *page.Visit, t *page.Templates, err error, names ...string) error {
	wrong, err := page.Fields(err)
	if err != nil {
		return err
	}
	f := form{Value: map[string]string{}, Wrong: wrong}
	for _, n := range names {
		f.Value[n] = v.Form(n)
	}
	return v.RenderStatus(http.StatusUnprocessableEntity, t, f)
}

func (d *door) showLogin(v *page.Visit) error {
	if v.User.ID != "" {
		return v.Redirect("/lk")
	}
	return v.Render(d.login, form{Options: d.o, Value: map[string]string{"next": v.Form("next")}, INN: d.a.TakesINN()})
}

// doName is the first step: it shows the second whatever the name is, so that nobody
// learns who has an account (CAB-032). Whoever gave an ИНН is asked for the login too,
// whether the organisation has several users, one, or is not there (CAB-033).
func (d *door) doName(v *page.Visit) error {
	values := map[string]string{"login": v.Form("login"), "next": v.Form("next")}
	if values["login"] == "" {
		return v.RenderStatus(http.StatusUnprocessableEntity, d.login, form{Options: d.o, Value: values, INN: d.a.TakesINN(), Wrong: invalid.Fields{"login": "Укажите телефон, почту или имя пользователя."}})
	}
	return v.Render(d.password, form{Value: values, Which: d.a.ByINN(values["login"])})
}

func (d *door) doPassword(v *page.Visit) error {
	token, session, err := d.a.LoginAs(v.R.Context(), v.Form("login"), v.Form("which"), v.R.PostFormValue("password"), v.From())
	if err != nil {
		wrong, err := page.Fields(err)
		if err != nil {
			return err
		}
		f := form{Value: map[string]string{"login": v.Form("login"), "next": v.Form("next"), "which": v.Form("which")}, Wrong: wrong, Which: d.a.ByINN(v.Form("login"))}
		return v.RenderStatus(http.StatusUnprocessableEntity, d.password, f)
	}
	v.Open(token)
	if session.Org == "" {
		return v.Redirect("/lk/choose")
	}
	return v.Redirect(v.Next())
}

// doPartner refuses clients with the reason (CAB-002). There are no partners yet: the
// password is still checked first, so that nothing is told to strangers.
func (d *door) doPartner(v *page.Visit) error {
	token, _, err := d.a.Login(v.R.Context(), v.Form("login"), v.R.PostFormValue("password"), v.From())
	if err != nil {
		return again(v, d.partner, err, "login")
	}
	session, _, err := d.a.Resume(v.R.Context(), token)
	if err != nil {
		return err
	}
	if err := d.a.Logout(v.R.Context(), session); err != nil {
		return err
	}
	return again(v, d.partner, invalid.Fields{"": "Это учётная запись клиента. В кабинет партнёра она не входит, пока не зарегистрирована в этом качестве."}, "login")
}

func (d *door) doLogout(v *page.Visit) error {
	if err := d.a.Logout(v.R.Context(), v.Session); err != nil {
		return err
	}
	v.Forget()
	return v.Redirect("/")
}

func (d *door) showOrgs(v *page.Visit) error {
	orgs, err := d.a.Orgs(v.R.Context(), v.User.ID)
	if err != nil {
		return err
	}
	return v.Render(d.orgs, form{Orgs: orgs})
}

func (d *door) doChoose(v *page.Visit) error {
	if err := d.a.Choose(v.R.Context(), v.Session, v.Form("org")); err != nil {
		return err
	}
	return v.Redirect("/lk")
}
