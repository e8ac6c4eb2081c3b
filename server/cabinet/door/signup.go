package door

import (
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
)

func (d *door) doRegister(v *page.Visit) error {
	ctx := v.R.Context()
	user, err := d.a.Register(ctx, account.Application{OrgName: v.Form("org"), Contact: v.Form("contact"), Phone: v.Form("phone"), Email: v.Form("email"),
		Login: v.Form("login"), Password: v.R.PostFormValue("password"), Consent: v.Form("consent") == "yes", Address: v.From().Address})
	if err != nil {
		return again(v, d.register, err, "org", "contact", "phone", "email", "login", "consent")
	}
	token, _, err := d.a.Enter(ctx, user, v.From())
	if err != nil {
		return err
	}
	v.Open(token)
	if v.Form("phone") != "" {
		return v.Redirect("/lk/code")
	}
	return v.Redirect("/lk/letter")
}

func (d *door) showCode(v *page.Visit) error {
	if v.User.Phone == "" || !v.User.PhoneAt.IsZero() {
		return v.Redirect("/lk/letter")
	}
	return v.Render(d.code, form{Text: account.Mask(v.User.Phone)})
}

func (d *door) doCode(v *page.Visit) error {
	if err := d.a.ConfirmPhone(v.R.Context(), v.User.ID, v.Form("code")); err != nil {
		wrong, err := page.Fields(err)
		if err != nil {
			return err
		}
		return v.RenderStatus(422, d.code, form{Wrong: wrong, Text: account.Mask(v.User.Phone)})
	}
	return v.Redirect("/lk/letter")
}

func (d *door) doResend(v *page.Visit) error {
	to := "/lk/letter"
	if v.User.Phone != "" && v.User.PhoneAt.IsZero() {
		to = "/lk/code"
	}
	if err := d.a.Resend(v.R.Context(), v.User.ID); err != nil {
		wrong, err := page.Fields(err)
		if err != nil {
			return err
		}
		v.Say(wrong[""])
		return v.Redirect(to)
	}
	v.Say("Отправили ещё раз.")
	return v.Redirect(to)
}

func (d *door) showLetter(v *page.Visit) error {
	if !v.User.EmailAt.IsZero() {
		return v.Redirect("/lk")
	}
	return v.Render(d.letter, form{Text: account.Mask(v.User.Email)})
}

// showConfirm asks for a click: mail programs that open links beforehand must not
// spend a link that works once.
func (d *door) showConfirm(v *page.Visit) error {
	return v.Render(d.message, form{Value: map[string]string{"token": v.Form("token")}})
}

func (d *door) doConfirm(v *page.Visit) error {
	ctx := v.R.Context()
	user, err := d.a.ConfirmEmail(ctx, v.Form("token"))
	if err != nil {
		return err
	}
	v.Say("Адрес электронной почты подтверждён.")
	if v.User.ID == user {
		return v.Redirect("/lk")
	}
	token, _, err := d.a.Enter(ctx, user, v.From())
	if err != nil {
		return err
	}
	v.Open(token)
	return v.Redirect("/lk")
}
