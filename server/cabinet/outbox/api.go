package outbox

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/fiscalbench/fiscalbench/server/notify"
)

// last is a message as tests of a bench read it.
type last struct {
	ID      string         `json:"id"`
	Kind    string         `json:"kind"`
	Channel notify.Channel `json:"channel"`
	To      string         `json:"to"`
	Subject string         `json:"subject,omitempty"`
	Text    string         `json:"text"`
	State   notify.State   `json:"state"`
	Created time.Time      `json:"created"`
	Code    string         `json:"code,omitempty"` // six digits in the text
	Link    string         `json:"link,omitempty"` // first in the text
	Links   []string       `json:"links,omitempty"`
}

var code = regexp.MustCompile(`(?:^|\D)(\d{6})(?:\D|$)`)

// API answers GET /bench/v1/outbox/last?to=PART with the newest message to an address
// or number, its code and its link (SIM-01). It asks for no login: whoever serves it
// sees that only the bench does.
func API(s *notify.Service) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /bench/v1/outbox/last", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		q := r.URL.Query()
		if q.Get("to") == "" {
			problem(w, http.StatusBadRequest, "Нужен параметр to: адрес или номер.")
			return
		}
		all, err := s.Messages(r.Context(), notify.Filter{To: q.Get("to"), Kind: q.Get("kind"), Channel: notify.Channel(q.Get("channel")), Limit: 1})
		if err != nil {
			problem(w, http.StatusInternalServerError, "Исходящие не читаются.")
			return
		}
		if len(all) == 0 {
			problem(w, http.StatusNotFound, "Этому адресату ничего не отправлялось.")
			return
		}
		m := all[0]
		one := last{ID: m.ID, Kind: m.Kind, Channel: m.Channel, To: m.To, Subject: m.Subject, Text: m.Text, State: m.State, Created: m.Created, Links: links(m.Text)}
		if found := code.FindStringSubmatch(m.Text); found != nil {
			one.Code = found[1]
		}
		if len(one.Links) > 0 {
			one.Link = one.Links[0]
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(one)
	})
	return mux
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": detail})
}
