package check

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
)

// Addresses of other operators, for programs that were written for them (OPR-063;
// operator.md section 6).
func (a *area) mountCompat(f *page.Frame) {
	f.Guest("GET /web/noauth/cheque", a.cheque)
	f.Guest("GET /v01/show", a.bySum)
	f.Guest("POST /api/tickets/find-ticket", a.findTicket)
	f.Guest("GET /api/tickets/find-ticket", a.findTicket)
	f.Guest("GET /api/tickets/ticket/{uid}", a.ticket)
}

// cheque is Платформа ОФД's page: fn, fp and i.
func (a *area) cheque(v *page.Visit) error { return a.byLink(v) }

// bySum is Такском's page: fp and s, the sum in roubles.
func (a *area) bySum(v *page.Visit) error {
	t := typed{FPD: v.Form("fp")}
	fpd, err := strconv.ParseUint(t.FPD, 10, 32)
	total, sumErr := fiscal.ParseKopecks(strings.ReplaceAll(v.Form("s"), ",", "."))
	if err != nil || sumErr != nil {
		t.Wrong = invalid.Fields{"fpd": "Нужны fp — число — и s — сумма в рублях."}
		return v.RenderStatus(http.StatusUnprocessableEntity, a.form, t)
	}
	if err := a.o.Check.Allow(page.ClientAddress(v.R)); err != nil {
		return a.missing(v, t, err)
	}
	r, err := a.o.Check.FindBySum(v.R.Context(), fiscal.FPD(fpd), total)
	if err != nil {
		return a.missing(v, t, err)
	}
	return a.showResult(v, r, nil, "")
}

// asked is the body of Первый ОФД's find-ticket; numbers come as numbers or texts.
type asked struct {
	FN  json.RawMessage `json:"fiscalDriveId"`
	FD  json.RawMessage `json:"fiscalDocumentNumber"`
	FPD json.RawMessage `json:"fiscalId"`
}

// ticketStatus is its answer: 1 there is a ticket, 0 there is none.
type ticketStatus struct {
	Status int    `json:"status"`
	UID    string `json:"uid,omitempty"`
}

// findTicket takes a JSON body or, by GET, the text of the QR code as the query.
func (a *area) findTicket(v *page.Visit) error {
	var key receiptcheck.Key
	var err error
	if v.R.Method == http.MethodPost {
		var q asked
		if err = json.NewDecoder(http.MaxBytesReader(v.W, v.R.Body, 4<<10)).Decode(&q); err == nil {
			plain := func(m json.RawMessage) string { return strings.Trim(string(m), `"`) }
			key, err = receiptcheck.ParseKey(plain(q.FN), plain(q.FD), plain(q.FPD))
		}
	} else {
		key, err = receiptcheck.ParseLink(a.o.Site, v.R.URL.RawQuery)
	}
	if err != nil {
		return writeJSON(v, http.StatusBadRequest, ticketStatus{})
	}
	r, err := a.find(v, key)
	if done, err := a.refused(v, err); done {
		return err
	}
	return writeJSON(v, http.StatusOK, ticketStatus{1, strings.Join([]string{string(r.FN), strconv.Itoa(int(r.FD)), r.FPD.QR()}, "-")})
}

// ticket is the document by the uid that findTicket gave.
func (a *area) ticket(v *page.Visit) error {
	parts := strings.Split(v.R.PathValue("uid"), "-")
	if len(parts) != 3 {
		return writeJSON(v, http.StatusNotFound, ticketStatus{})
	}
	key, err := receiptcheck.ParseKey(parts[0], parts[1], parts[2])
	if err != nil {
		return writeJSON(v, http.StatusNotFound, ticketStatus{})
	}
	r, err := a.find(v, key)
	if done, err := a.refused(v, err); done {
		return err
	}
	body, err := ffd.AppendJSON(nil, r.Parsed, ffd.JSONOptions{NoPersonal: true})
	if err != nil {
		return err
	}
	return writeJSON(v, http.StatusOK, struct {
		UID    string          `json:"uid"`
		Ticket json.RawMessage `json:"ticket"`
	}{v.R.PathValue("uid"), body})
}

// refused answers a program when nothing was found.
func (a *area) refused(v *page.Visit, err error) (done bool, _ error) {
	var later *receiptcheck.NotYet
	var many *receiptcheck.TooMany
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &many):
		v.W.Header().Set("Retry-After", strconv.Itoa(seconds(many.Wait)))
		return true, writeJSON(v, http.StatusTooManyRequests, ticketStatus{})
	case errors.Is(err, receiptcheck.ErrNotFound), errors.As(err, &later):
		return true, writeJSON(v, http.StatusOK, ticketStatus{})
	}
	return true, err
}

func writeJSON(v *page.Visit, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := v.W.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	v.W.WriteHeader(status)
	_, err = v.W.Write(b)
	return err
}
