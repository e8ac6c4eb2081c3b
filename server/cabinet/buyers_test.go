package cabinet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/cabinet/outbox"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// seller is an owner with a connected register and messages switched on.
func (p *person) seller() *till {
	p.t.Helper()
	p.owner()
	p.post("/lk/registers/new", "regId", number(1), "serial", serial, "name", "Касса 1")
	status, _, body := p.post("/lk/buyers", "version", "0", "sms", "yes", "letters", "yes", "sender", "Магазин Ромашка")
	require.Equal(p.t, http.StatusOK, status)
	require.Contains(p.t, body, "Настройки сохранены")
	r := p.till(1, moscow)
	r.keep(r.OpenShift())
	return r
}

// deliver sends what is to be sent.
func (p *person) deliver() {
	p.t.Helper()
	require.NoError(p.t, p.buyers.Follower(p.documents).CatchUp(context.Background()))
	_, err := p.outbox.Step(context.Background())
	require.NoError(p.t, err)
}

// CAB-140, CAB-141, CAB-906, CAB-918: switched on, two receipts reach their buyers; the state stands at each receipt.
func TestBuyers_FromSettingsToTheReceipt(t *testing.T) {
	p := newPerson(t)
	r := p.seller()
	_, _, body := p.get("/lk/buyers/packages")
	assert.Contains(t, body, "Пакетов пока нет")
	_, _, body = p.post("/lk/buyers/packages", "size", "100")
	assert.Contains(t, body, "Пакет добавлен")
	bySMS, byLetter := r.sell(buyerPhone), r.sell(buyerMail)
	p.deliver()
	p.settle()
	_, _, body = p.get("/lk/buyers/messages")
	assert.Contains(t, body, "доставлено")
	assert.NotContains(t, body, buyerPhone, "addresses are masked")
	assert.NotContains(t, body, buyerMail)
	assert.Contains(t, body, "b***@mail.example")
	for _, s := range []sale{bySMS, byLetter} {
		_, _, body = p.get(fmt.Sprintf("/lk/documents/%s/%d", s.FN, s.FD))
		assert.Contains(t, body, "Покупателю", "delivery state at the receipt")
		assert.Contains(t, body, "доставлено")
	}
	_, _, body = p.get("/lk/buyers")
	assert.Contains(t, body, `<span class="label">Осталось SMS</span><span class="value">99</span>`)
	assert.Contains(t, body, `<span class="label">SMS за 30 дней</span><span class="value">1</span>`)
	assert.Contains(t, body, `<span class="label">Письма за 30 дней</span><span class="value">1</span>`)
	for range 70 {
		r.sell(buyerPhone)
	}
	p.deliver()
	_, _, body = p.get("/lk/buyers")
	assert.Contains(t, body, "Пакет SMS заканчивается: осталось 29")
	for range 30 {
		r.sell(buyerPhone)
	}
	s := r.sell(buyerMail)
	for range 3 {
		p.deliver()
	}
	_, _, body = p.get("/lk/buyers")
	assert.Contains(t, body, "чеки по SMS не отправляются, письма отправляются")
	_, _, body = p.get("/lk/buyers/messages?state=no-package")
	assert.Equal(t, 1, strings.Count(body, `data-label="Чек"`))
	_, _, body = p.get(fmt.Sprintf("/lk/documents/%s/%d", s.FN, s.FD))
	assert.Contains(t, body, "доставлено", "e-mail goes on")

	all, err := p.outbox.Messages(context.Background(), notify.Filter{State: notify.NoPackage})
	require.NoError(t, err)
	p.post("/lk/buyers/packages", "size", "100")
	_, _, body = p.post("/lk/buyers/messages", "id", all[0].ID)
	assert.Contains(t, body, "поставлено в очередь", "by hand")
	status, _, _ := p.post("/lk/buyers/messages", "id", "ghost")
	assert.Equal(t, http.StatusNotFound, status)
}

// NTF-10: link and "not mine" of a letter lead to pages that work.
func TestBuyers_LinksOfALetterWork(t *testing.T) {
	p := newPerson(t)
	r := p.seller()
	s := r.sell(buyerMail)
	p.deliver()
	api := httptest.NewServer(outbox.API(p.outbox))
	t.Cleanup(api.Close)
	status, _, body := p.get(api.URL + "/bench/v1/outbox/last?to=" + buyerMail)
	require.Equal(t, http.StatusOK, status)
	var last struct {
		Link  string
		Links []string
		To    string
	}
	require.NoError(t, json.Unmarshal([]byte(body), &last))
	guest := p.another()
	_, at, body := guest.get(last.Link)
	assert.Equal(t, s.Link, at)
	assert.Contains(t, body, "Чек подлинный")
	require.Len(t, last.Links, 2)
	_, _, body = guest.get(last.Links[1])
	assert.Contains(t, body, "Больше не присылать")
	_, id, _ := strings.Cut(last.Links[1], "m=")
	_, _, body = guest.post("/check/not-mine", "m", id)
	assert.Contains(t, body, "больше не будет присылать")
	r.sell(buyerMail)
	p.deliver()
	_, _, body = p.get("/lk/buyers/messages?state=suppressed")
	assert.Contains(t, body, "адресат отказался")
	_, _, body = p.get("/lk/buyers/refused")
	assert.Contains(t, body, "не мой чек")
	_, _, body = p.post("/lk/buyers/refused", "address", buyerMail, "do", "release")
	assert.Contains(t, body, "Отказов нет")
	status, _, _ = p.get(api.URL + "/bench/v1/outbox/last?to=ghost@x.example")
	assert.Equal(t, http.StatusNotFound, status)
}

// CAB-142: logo, colours, texts and links with a preview; on the page, in the letter and in the PDF; requisites and QR stay.
func TestDesign_AppliesEverywhere(t *testing.T) {
	p := newPerson(t)
	r := p.seller()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 60, 20))))
	save := func(logo []byte, pairs ...string) (int, string) {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		for i := 0; i < len(pairs); i += 2 {
			require.NoError(t, form.WriteField(pairs[i], pairs[i+1]))
		}
		if logo != nil {
			w, err := form.CreateFormFile("logo", "logo.png")
			require.NoError(t, err)
			_, err = w.Write(logo)
			require.NoError(t, err)
		}
		require.NoError(t, form.Close())
		status, _, body := p.read(p.c.Post(p.site.URL+"/lk/buyers/design", form.FormDataContentType(), &b))
		return status, body
	}
	status, body := save([]byte("<svg/>"), "version", "1", "header", "Спасибо!")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Файл не читается как PNG.")
	assert.Contains(t, body, "Спасибо!", "what was typed stays")
	status, _ = save(bytes.Repeat([]byte("x"), 300<<10), "version", "1")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	status, body = save(picture.Bytes(), "version", "1", "accent", "#aa0033", "back", "#ffeeee", "header", "Спасибо за покупку", "footer", "Ждём <script>вас</script>", "title0", "Акции", "url0", "https://shop.example/sale")
	require.Equal(t, http.StatusOK, status, body)
	for _, want := range []string{"Оформление сохранено", "Спасибо за покупку", "КАССОВЫЙ ЧЕК", `aria-label="QR-код чека"`, `src="/lk/buyers/design/letter`} {
		assert.Contains(t, body, want, "preview")
	}
	resp, letter := p.download("/lk/buyers/design/letter")
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox")
	for _, want := range []string{"#aa0033", "#ffeeee", "data:image/png;base64,", "КАССОВЫЙ ЧЕК", "https://shop.example/sale"} {
		assert.Contains(t, string(letter), want)
	}
	_, pdf := p.download("/lk/buyers/design/sample.pdf")
	assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))

	s := r.sell(buyerMail)
	p.deliver()
	resp, raw := p.download(s.Link)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	for _, want := range []string{"Спасибо за покупку", "/logo.png", "/style.css", "&lt;script&gt;", "=123.45", `class="qr"`, "Акции"} {
		assert.Contains(t, string(raw), want)
	}
	look := fmt.Sprintf("/check/design/%s/%s/", inn, number(1))
	_, css := p.download(look + "style.css")
	assert.Contains(t, string(css), "#aa0033")
	resp, _ = p.download(look + "logo.png")
	assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
	_, query, _ := strings.Cut(s.Link, "?")
	_, pdf = p.download("/check/r/pdf?" + query)
	assert.Contains(t, string(pdf), "https://shop.example/sale")
	assert.Contains(t, string(pdf), "/Subtype /Image")
	_, pdf = p.download(fmt.Sprintf("/lk/documents/%s/%d/pdf", s.FN, s.FD))
	assert.Contains(t, string(pdf), "https://shop.example/sale")
	sent, err := p.outbox.Messages(context.Background(), notify.Filter{To: buyerMail})
	require.NoError(t, err)
	m, err := p.outbox.Message(context.Background(), sent[0].ID)
	require.NoError(t, err)
	for _, want := range []string{"Спасибо за покупку", "#aa0033", "cid:logo", "cid:qr", "=123.45"} {
		assert.Contains(t, m.HTML, want)
	}
}

// SIM-01, SIM-02: letters with HTML in a frame of its own, text, files, search, links, retention, faults.
func TestOutbox(t *testing.T) {
	p := newPerson(t)
	r := p.seller()
	p.post("/lk/buyers/packages", "size", "100")
	r.sell(buyerMail)
	r.sell(buyerPhone)
	p.deliver()
	_, _, body := p.get("/lk/outbox?to=mail.example")
	assert.Contains(t, body, buyerMail)
	assert.NotContains(t, body, buyerPhone)
	all, err := p.outbox.Messages(context.Background(), notify.Filter{To: buyerMail})
	require.NoError(t, err)
	resp, page := p.download("/lk/outbox/" + all[0].ID)
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "frame-src 'self'")
	for _, want := range []string{"Открыть ссылку", "qr.png", "<iframe", "sandbox=", "Магазин Ромашка", "=123.45"} {
		assert.Contains(t, string(page), want)
	}
	resp, letter := p.download("/lk/outbox/" + all[0].ID + "/html")
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox")
	assert.Contains(t, string(letter), `src="data:image/png;base64,`)
	resp, picture := p.download("/lk/outbox/" + all[0].ID + "/file/0")
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.True(t, bytes.HasPrefix(picture, []byte("\x89PNG")))

	_, _, body = p.post("/lk/outbox/faults", "channel", "sms", "refuse", "111", "delay", "0")
	assert.Contains(t, body, "Поведение заглушки изменено")
	r.sell(buyerPhone)
	p.deliver()
	_, _, body = p.get("/lk/outbox?channel=sms&state=failed")
	assert.Contains(t, body, "Адресат недоступен.")
	p.post("/lk/outbox/faults", "channel", "email", "down", "yes")
	r.sell("late@mail.example")
	p.deliver()
	_, _, body = p.get("/lk/outbox?to=late@")
	assert.Contains(t, body, "в очереди")
	status, _, _ := p.post("/lk/outbox/faults", "channel", "sms", "delay", "9999")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	p.post("/lk/outbox/faults", "channel", "email", "refuse", "bounce")
	r.sell("bounce@mail.example")
	p.deliver()
	_, _, body = p.get("/lk/outbox?to=bounce@")
	assert.Contains(t, body, "не доставлено")
	assert.Contains(t, body, "Адресат недоступен.")
	_, _, body = p.post("/lk/outbox/faults", "channel", "sms", "report", "30")
	assert.Contains(t, body, `name="report" inputmode="numeric" value="30"`)
	s := r.sell("+79005556677")
	p.deliver()
	_, _, body = p.get("/lk/outbox?to=5556677")
	assert.Contains(t, body, "Ждём отчёта о доставке.")
	assert.Contains(t, body, "отправлено")
	p.moved.Add(int64(31 * time.Second))
	p.deliver()
	_, _, body = p.get(fmt.Sprintf("/lk/documents/%s/%d", s.FN, s.FD))
	assert.Contains(t, body, "доставлено")
	assert.NotContains(t, body, "Ждём отчёта")

	_, _, body = p.post("/lk/outbox/drop", "days", "1")
	assert.Contains(t, body, "Удалено сообщений: 0")
	_, _, body = p.post("/lk/outbox/drop", "days", "0")
	assert.Contains(t, body, "Ничего не найдено")
	status, _, _ = p.another().get("/lk/outbox")
	assert.Equal(t, http.StatusOK, status) // the login page
	_, at, _ := p.another().get("/lk/outbox")
	assert.Contains(t, at, "/lk/login")
}

// CAB-170, CAB-173, CAB-158
func TestHelpAndAbout(t *testing.T) {
	p := newPerson(t)
	for _, path := range []string{"/help", "/about", "/lk/login", "/check"} {
		_, _, body := p.get(path)
		assert.Contains(t, body, "+7 495 000-00-00", path)
		assert.Contains(t, body, "help@ofd.example", path)
	}
	_, _, body := p.get("/help")
	for _, want := range []string{"Письмо не пришло", "Сколько длится пробный период", "Как войти по электронной подписи", "127.0.0.1:7777"} {
		assert.Contains(t, body, want)
	}
	_, _, body = p.get("/about")
	for _, want := range []string{"Сведения об операторе", "Испытательный ОФД", "7704358518", "127.0.0.1:7777", "испытательный стенд"} {
		assert.Contains(t, body, want)
	}
}

// CAB-102: paper with QR, PDF, JSON, tags, container.
func TestDocument_Views(t *testing.T) {
	p := newPerson(t)
	r := p.seller()
	s := r.sell(buyerMail)
	base := fmt.Sprintf("/lk/documents/%s/%d", s.FN, s.FD)
	_, _, body := p.get(base)
	for _, want := range []string{"КАССОВЫЙ ЧЕК", s.QRText, "Печать", base + "/pdf", base + "/json", base + "/message", "Таблица реквизитов", "Замечаний нет", "Получен"} {
		assert.Contains(t, body, want)
	}
	for _, want := range []string{`class="mono depth-1">1020</td>`, `class="mono depth-2">1030</td>`} {
		assert.Contains(t, body, want, "tags inside tags")
	}
	assert.NotContains(t, body, buyerMail)
	resp, pdf := p.download(base + "/pdf")
	assert.Equal(t, "application/pdf", resp.Header.Get("Content-Type"))
	assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
	_, message := p.download(base + "/message")
	assert.Equal(t, s.Message, message)
	printed, err := ffd.Decode(s.STLV)
	require.NoError(t, err)
	for line := range strings.Lines(ffd.Print(printed, ffd.PrintOptions{MaskPersonal: true})) {
		assert.Contains(t, body, strings.TrimSpace(line), "every requisite on paper")
	}
	assert.Regexp(t, `(?s)<div class="paper">.*<svg`, body, "with the code")
	resp, text := p.download(base + "/json")
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	var doc struct{ Receipt map[string]any }
	require.NoError(t, json.Unmarshal(text, &doc))
	assert.EqualValues(t, 12345, doc.Receipt["totalSum"])
	assert.NotContains(t, string(text), buyerMail)
	_, text = p.download(base + "/json?personal=yes")
	assert.Contains(t, string(text), buyerMail, "asked for")
	for _, fd := range []int{1, 2} { // reports have no QR and can be drawn, too
		_, pdf = p.download(fmt.Sprintf("/lk/documents/%s/%d/pdf", s.FN, fd))
		assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
		status, _, body := p.get(fmt.Sprintf("/lk/documents/%s/%d", s.FN, fd))
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, `class="paper"`)
	}
	_, at, _ := p.another().get(base + "/pdf")
	assert.Contains(t, at, "/lk/login")
}
