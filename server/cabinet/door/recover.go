package door

import (
	"net/http"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
)

func (d *door) showRecover(v *page.Visit) error {
	return v.Render(d.recover, form{Value: map[string]string{"login": v.Form("login")}})
}

// doRecover starts the recovery. The answer is the same for names nobody has.
func (d *door) doRecover(v *page.Visit) error {
	way, err := d.a.Forgot(v.R.Context(), v.Form("login"), v.From())
	if err != nil {
		return again(v, d.recover, err, "login")
	}
	f := form{Value: map[string]string{"login": v.Form("login")}}
	if way == account.ResetByPhone {
		f.Text = "sms"
		return v.Render(d.reset, f)
	}
	f.Text = "letter"
	return v.Render(d.recover, f)
}

func (d *door) doRecoverCode(v *page.Visit) error {
	err := d.a.ResetByCode(v.R.Context(), v.Form("login"), v.Form("code"), v.R.PostFormValue("password"), v.R.PostFormValue("repeated"), v.From())
	if err != nil {
		wrong, err := page.Fields(err)
		if err != nil {
			return err
		}
		return v.RenderStatus(http.StatusUnprocessableEntity, d.reset, form{Text: "sms", Wrong: wrong, Value: map[string]string{"login": v.Form("login")}})
	}
	v.Say("Доступ восстановлен: войдите с новым паролем.")
	return v.Redirect("/lk/login")
}

func (d *door) showReset(v *page.Visit) error {
	return v.Render(d.reset, form{Value: map[string]string{"token": v.Form("token")}})
}

func (d *door) doReset(v *page.Visit) error {
	err := d.a.ResetByLink(v.R.Context(), v.Form("token"), v.R.PostFormValue("password"), v.R.PostFormValue("repeated"), v.From())
	if err != nil {
		return again(v, d.reset, err, "token")
	}
	v.Forget()
	v.Say("Пароль изменён: войдите с новым.")
	return v.Redirect("/lk/login")
}

func (d *door) doForgotLogin(v *page.Visit) error {
	masked, err := d.a.ForgotLogin(v.R.Context(), v.Form("inn"), v.Form("kpp"), v.From())
	if err != nil {
		return again(v, d.forgot, err, "inn", "kpp")
	}
	text := "Организация с такими ИНН и КПП у нас не зарегистрирована."
	if masked != "" {
		text = "Логин отправлен на " + masked + "."
	}
	return v.Render(d.forgot, form{Text: text, Value: map[string]string{"inn": v.Form("inn"), "kpp": v.Form("kpp")}})
}
