package cabinet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/cabinet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

const buyerPhone, buyerMail = "+79001112233", "buyer@mail.example"

func address(to string) func(*tlv.Builder) {
	return func(b *tlv.Builder) { b.Text(ffd.TagBuyerPhoneOrAddress, to) }
}

// sale is a receipt that somebody may check.
type sale struct {
	servertest.Doc
	FPD    fiscal.FPD
	QRText string
	Link   string // path
}

// sell gives a receipt of 123.45 with a buyer's address.
func (r *till) sell(to string) sale {
	r.p.t.Helper()
	d := r.Receipt(123_45, address(to))
	r.keep(d)
	doc, err := ffd.Decode(d.STLV)
	require.NoError(r.p.t, err)
	return sale{d, doc.FPD(), ffd.QRText(doc), fmt.Sprintf("/check/r?fn=%s&i=%d&fp=%s", d.FN, d.FD, doc.FPD().QR())}
}

func (p *person) sold(to string) sale {
	r := p.till(1, moscow)
	r.keep(r.OpenShift())
	return r.sell(to)
}

// fetch reads a page with its headers.
func (p *person) download(path string) (*http.Response, []byte) {
	p.t.Helper()
	resp, err := p.c.Get(p.site.URL + path)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp, b
}

// CAB-105, OPR-060: by three numbers without login; leading zeros are kept; nothing personal.
func TestCheck_ByRequisites(t *testing.T) {
	p := newPerson(t)
	s := p.sold(buyerMail)
	p = p.another() // a guest
	_, _, body := p.get("/check")
	for _, want := range []string{"Проверить чек", "Номер ФН", "Найти", "Поиск по ссылке"} {
		assert.Contains(t, body, want)
	}
	status, _, body := p.get(fmt.Sprintf("/check?fn=%s&fd=%d&fpd=%010d", s.FN, s.FD, s.FPD))
	require.Equal(t, http.StatusOK, status, body)
	for _, want := range []string{"КАССОВЫЙ ЧЕК", "=123.45", "Чек подлинный", s.QRText, `aria-label="QR-код чека"`, fmt.Sprintf("%010d", s.FPD), "<dt>Налоговая служба</dt><dd>стенд не передаёт документы", "PDF", "JSON", "Печать", "Отправить чек на почту", string(s.FN)} {
		assert.Contains(t, body, want)
	}
	assert.NotContains(t, body, "mail.example", "not even a part of it")
	assert.NotContains(t, body, "КАССИР")

	status, _, body = p.get(fmt.Sprintf("/check?fn=%s&fd=%d&fpd=%010d", s.FN, s.FD, s.FPD^1))
	assert.Equal(t, http.StatusNotFound, status)
	for _, want := range []string{"Чек не найден", "другой оператор", "ещё не передала", "ошибка", fmt.Sprintf(`value="%010d"`, s.FPD^1)} {
		assert.Contains(t, body, want, "a clear message with advice, what was typed stays")
	}
	resp, _ := p.download(fmt.Sprintf("/check?fn=%s&fd=%d&fpd=1", s.FN, s.FD+100))
	assert.Equal(t, http.StatusAccepted, resp.StatusCode, "served, not yet here")
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
	status, _, body = p.get("/check?fn=123&fd=&fpd=12345678901")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Номер ФН — 16 цифр.")
	assert.Contains(t, body, "ФПД — до 10 цифр")
}

// CAB-106: link from a message, text of the QR code, a foreign link.
func TestCheck_ByLink(t *testing.T) {
	p := newPerson(t)
	s := p.sold(buyerMail)
	for _, link := range []string{p.site.URL + s.Link, s.QRText} {
		status, at, body := p.get("/check?tab=link&link=" + strings.NewReplacer("&", "%26", "=", "%3D", ":", "%3A", "?", "%3F").Replace(link))
		require.Equal(t, http.StatusOK, status)
		assert.Equal(t, s.Link, at)
		assert.Contains(t, body, "=123.45")
	}
	status, _, body := p.get("/check?tab=link&link=https%3A%2F%2Freceipt.other.example%2F12345")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "ссылка на сайт другого оператора")
	status, _, body = p.get("/check?tab=link&link=абв")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "не похоже на ссылку")
}

// OPR-060, CAB-102: the receipt as PDF and JSON, without personal data, and by e-mail.
func TestCheck_FilesAndLetter(t *testing.T) {
	p := newPerson(t)
	s := p.sold(buyerMail)
	_, query, _ := strings.Cut(s.Link, "?")
	resp, pdf := p.download("/check/r/pdf?" + query)
	assert.Equal(t, "application/pdf", resp.Header.Get("Content-Type"))
	assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
	resp, text := p.download("/check/r/json?" + query)
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	var doc map[string]any
	require.NoError(t, json.Unmarshal(text, &doc))
	assert.Contains(t, string(text), "Хлеб ржаной")
	assert.NotContains(t, string(text), buyerMail)
	resp, _ = p.download("/check/r/pdf?" + strings.Replace(query, "fp=", "fp=1", 1))
	assert.NotEqual(t, http.StatusOK, resp.StatusCode)

	form := []string{"fn", string(s.FN), "i", fmt.Sprint(s.FD), "fp", s.FPD.QR(), "email"}
	status, _, body := p.post("/check/r/send", append(form, "nobody")...)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Адрес электронной почты, например")
	_, at, body := p.post("/check/r/send", append(form, "friend@mail.example")...)
	assert.Equal(t, s.Link, at)
	assert.Contains(t, body, "Чек будет отправлен")
	all, err := p.outbox.Messages(context.Background(), notify.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 1)
	m, err := p.outbox.Message(context.Background(), all[0].ID)
	require.NoError(t, err)
	assert.Equal(t, "friend@mail.example", m.To)
	assert.Contains(t, m.Text, "=123.45")
	assert.NotContains(t, m.Text+m.HTML, buyerMail)
	for range 5 {
		status, _, _ = p.post("/check/r/send", append(form, "friend@mail.example")...)
	}
	assert.Equal(t, http.StatusTooManyRequests, status, "nobody's mailbox is filled")
}

// CAB-105, OPR-062: limits per address with Retry-After, found or not.
func TestCheck_Limits(t *testing.T) {
	p := newPerson(t)
	s := p.sold("")
	last, found := 0, 0
	for i := range 25 {
		resp, _ := p.download(fmt.Sprintf("/check?fn=%s&fd=%d&fpd=%d", s.FN, s.FD, s.FPD+fiscal.FPD(i)))
		if last = resp.StatusCode; last == http.StatusTooManyRequests {
			assert.NotEmpty(t, resp.Header.Get("Retry-After"))
			continue
		}
		found++
	}
	assert.Equal(t, http.StatusTooManyRequests, last)
	assert.Equal(t, 20, found)
	status, _, body := p.get(s.Link)
	assert.Equal(t, http.StatusTooManyRequests, status, "a good key, too")
	assert.NotContains(t, body, "КАССОВЫЙ ЧЕК")
}

// OPR-063: addresses of other operators.
func TestCheck_Compatibility(t *testing.T) {
	p := newPerson(t)
	s := p.sold(buyerMail)
	status, _, body := p.get(fmt.Sprintf("/web/noauth/cheque?fn=%s&fp=%s&i=%d", s.FN, s.FPD.QR(), s.FD))
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "=123.45")
	status, _, body = p.get(fmt.Sprintf("/v01/show?fp=%s&s=123.45", s.FPD.QR()))
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, s.QRText)
	status, _, _ = p.get(fmt.Sprintf("/v01/show?fp=%s&s=123.46", s.FPD.QR()))
	assert.Equal(t, http.StatusNotFound, status)

	ask := func(body string) (int, map[string]any) {
		resp, err := p.c.Post(p.site.URL+"/api/tickets/find-ticket", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer resp.Body.Close()
		var got map[string]any
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&got))
		return resp.StatusCode, got
	}
	status, got := ask(fmt.Sprintf(`{"fiscalDriveId":"%s","fiscalDocumentNumber":%d,"fiscalId":"%s"}`, s.FN, s.FD, s.FPD.Paper()))
	assert.Equal(t, http.StatusOK, status)
	assert.EqualValues(t, 1, got["status"])
	uid, _ := got["uid"].(string)
	resp, text := p.download("/api/tickets/ticket/" + uid)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, string(text), "Хлеб ржаной")
	assert.NotContains(t, string(text), buyerMail)
	_, got = ask(fmt.Sprintf(`{"fiscalDriveId":"%s","fiscalDocumentNumber":%d,"fiscalId":1}`, s.FN, s.FD))
	assert.EqualValues(t, 0, got["status"])
	status, _ = ask("{")
	assert.Equal(t, http.StatusBadRequest, status)
	resp, text = p.download("/api/tickets/find-ticket?" + s.QRText)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, string(text), uid)
}

// OPR-063: without the setting there are no such addresses.
func TestCheck_CompatibilityIsASetting(t *testing.T) {
	p := newPerson(t)
	s := p.sold(buyerMail)
	check, err := receiptcheck.New(receiptcheck.Options{Documents: p.documents, Now: p.clock, Least: -1})
	require.NoError(t, err)
	h, err := cabinet.New(cabinet.Options{Accounts: p.accounts, Fleet: p.registers, Ledger: ledger.New(p.documents, p.documents), Reports: p.reports, Buyers: p.buyers, Check: check, Notify: p.outbox, Now: p.clock})
	require.NoError(t, err)
	for path, want := range map[string]int{
		"/web/noauth/cheque?fn=" + string(s.FN) + "&fp=" + s.FPD.QR() + fmt.Sprintf("&i=%d", s.FD): http.StatusNotFound, "/v01/show?s=123.45&fp=" + s.FPD.QR(): http.StatusNotFound, "/api/tickets/find-ticket?" + s.QRText: http.StatusNotFound,
		s.Link: http.StatusOK,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		assert.Equal(t, want, w.Code, path)
	}
}
