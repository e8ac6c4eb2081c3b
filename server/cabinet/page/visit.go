package page

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
)

// Visit is one request of a person and the answer to it.
type Visit struct {
	W http.ResponseWriter
	R *http.Request

	// Of guests these are zero.
	Session account.Session
	User    account.User
	Org     account.Org
	Viewer  access.Viewer

	frame *Frame
	zone  *time.Location
}

const (
	sessionCookie = account.SessionCookie
	flashCookie   = "ofd_said"
)

// identify finds the session of the request.
func (v *Visit) identify() error {
	c, err := v.R.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	a, ctx := v.frame.o.Accounts, v.R.Context()
	session, user, err := a.Resume(ctx, c.Value)
	var refused *account.Refused
	if errors.As(err, &refused) {
		v.cookie(sessionCookie, "", -1)
		return nil
	}
	if err != nil {
		return err
	}
	v.Session, v.User = session, user
	if v.Viewer, err = a.Viewer(ctx, session); err != nil {
		return err
	}
	v.Viewer = v.Viewer.At(ClientAddress(v.R))
	if v.Viewer.Org() != "" {
		if v.Org, err = a.Org(ctx, v.Viewer); err != nil {
			return err
		}
	}
	return nil
}

func (v *Visit) cookie(name, value string, seconds int) {
	http.SetCookie(v.W, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: v.frame.o.Secure, SameSite: http.SameSiteLaxMode})
}

// Open gives the browser the token of a new session.
func (v *Visit) Open(token string) {
	v.cookie(sessionCookie, token, int(account.SessionTerm/time.Second))
}

// Forget takes the token from the browser.
func (v *Visit) Forget() { v.cookie(sessionCookie, "", -1) }

// From says where the person comes from.
func (v *Visit) From() account.From {
	return account.From{Address: ClientAddress(v.R), Agent: v.R.UserAgent()}
}

// Zone is the time zone of the organisation; Moscow when it has none.
func (v *Visit) Zone() *time.Location {
	if v.zone == nil {
		v.zone = moscow
		if v.Org.TimeZone != "" {
			if z, err := time.LoadLocation(v.Org.TimeZone); err == nil {
				v.zone = z
			}
		}
	}
	return v.zone
}

// Now is the bench's clock in the organisation's zone.
func (v *Visit) Now() time.Time { return v.frame.o.Now().In(v.Zone()) }

// Still asks anew whether the person is logged in and has the right, for answers that
// take long; the viewer is as of now then.
func (v *Visit) Still(r access.Right) bool {
	c, err := v.R.Cookie(sessionCookie)
	if err != nil {
		return false
	}
	session, _, err := v.frame.o.Accounts.Resume(v.R.Context(), c.Value)
	if err != nil {
		return false
	}
	viewer, err := v.frame.o.Accounts.Viewer(v.R.Context(), session)
	if err != nil || viewer.Org() != v.Viewer.Org() || !viewer.Can(r) {
		return false
	}
	v.Viewer = viewer.At(ClientAddress(v.R))
	return true
}

// Moved tells that the bench's clock was moved.
func (v *Visit) Moved() bool { return v.frame.o.Moved != nil && v.frame.o.Moved() != 0 }

// Form is a field of the form or of the address, without blanks around.
func (v *Visit) Form(name string) string { return strings.TrimSpace(v.R.FormValue(name)) }

// Redirect sends the browser to another page of the cabinet with GET.
func (v *Visit) Redirect(to string) error {
	http.Redirect(v.W, v.R, to, http.StatusSeeOther)
	return nil
}

// Say shows a sentence on the next page.
func (v *Visit) Say(text string) { v.cookie(flashCookie, url.QueryEscape(text), 60) }

// said takes what Say left.
func (v *Visit) said() string {
	c, err := v.R.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	v.cookie(flashCookie, "", -1)
	text, err := url.QueryUnescape(c.Value)
	if err != nil {
		return ""
	}
	return text
}

// toLogin sends a guest to the client door and back afterwards.
func (v *Visit) toLogin() error {
	if v.R.Method != http.MethodGet {
		return v.Redirect("/lk/login")
	}
	return v.Redirect("/lk/login?next=" + url.QueryEscape(v.R.URL.RequestURI()))
}

// Next is where the person wanted to go before the login: a path of this site.
func (v *Visit) Next() string { return Local(v.Form("next")) }

// Local is next when that is a path of this site, else the first page.
func Local(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n") {
		return "/lk"
	}
	return next
}

// Render writes a page with status 200.
func (v *Visit) Render(t *Templates, data any) error { return v.RenderStatus(http.StatusOK, t, data) }

// RenderStatus writes a page. Nothing is sent before all of it was made.
func (v *Visit) RenderStatus(status int, t *Templates, data any) error {
	var b bytes.Buffer
	if err := t.execute(&b, v, data); err != nil {
		return err
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.W.WriteHeader(status)
	_, _ = v.W.Write(b.Bytes())
	return nil
}

// Attach names the file that the answer is to be saved as.
func (v *Visit) Attach(name, kind string) {
	v.W.Header().Set("Content-Type", kind)
	v.W.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
}
