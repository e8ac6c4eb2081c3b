package account

import (
	"io"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
)

// maxDetail bounds what an entry says, in letters.
const maxDetail = 1000

// Entry is an entry of the journal about what the viewer does now (operator.md, 1.3). It is for
// services that write it in the transaction of the change itself, so that neither a page
// nor the API can leave it out, and a change that failed leaves none. About is where one
// looks for it, as in Event; said is put together to its detail. It fails only when
// random does.
func Entry(v access.Viewer, at time.Time, random io.Reader, action, about string, said ...string) (Event, error) {
	id, err := ident.Timed(at, random)
	if err != nil {
		return Event{}, err
	}
	detail := strings.Join(said, "; ")
	if letters := []rune(detail); len(letters) > maxDetail {
		detail = string(letters[:maxDetail]) + "…"
	}
	return Event{ID: id, At: at, Org: v.Org(), User: v.User(), Key: v.Key(), Address: v.Address(), Action: action, Result: "ok", About: about, Detail: detail}, nil
}

// Changed says in Russian what became of a field; nothing when it is as it was.
func Changed(what, before, after string) []string {
	if before == after {
		return nil
	}
	quoted := func(s string) string {
		if s == "" {
			return "нет"
		}
		return "«" + s + "»"
	}
	return []string{what + ": " + quoted(before) + " → " + quoted(after)}
}

// Given says in Russian what a field of something new is; nothing when it is empty.
func Given(what, value string) []string {
	if value == "" {
		return nil
	}
	return []string{what + " «" + value + "»"}
}

// Unchanged says what was changed, or that a record was saved as it was.
func Unchanged(said []string) []string {
	if len(said) == 0 {
		return []string{"без изменений"}
	}
	return said
}
