package buyers

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/mail"
	"strings"
	plain "text/template"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/paper"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/store"
)

//go:embed texts
var texts embed.FS

var (
	letterText = plain.Must(plain.ParseFS(texts, "texts/receipt.txt"))
	letterHTML = template.Must(template.ParseFS(texts, "texts/receipt.html"))
)

// About is how a message names the document it is about.
func About(fn fiscal.FNNumber, fd fiscal.FDNumber) string { return fmt.Sprintf("%s/%d", fn, fd) }

// Link to a receipt on our site.
func (s *Service) Link(fn fiscal.FNNumber, fd fiscal.FDNumber, fpd fiscal.FPD) string {
	return s.o.Site + receiptcheck.Key{FN: fn, FD: fd, FPD: fpd}.Path()
}

// sms says РНМ, sum, time, ФПД and link, in Latin letters: 160 of them are one
// segment, of Russian ones 70.
func (s *Service) sms(d *store.Document, doc *ffd.Document) notify.Message {
	fpd, at, link := doc.FPD(), doc.DateTime().Format("02.01.06 15:04"), s.Link(d.FN, d.FD, doc.FPD())
	m := notify.Message{Channel: notify.SMS, Text: fmt.Sprintf("RNM %s Summa %v %s FPD %s %s", d.RegID, doc.Sum(ffd.TagTotalSum), at, fpd.Paper(), link)}
	if m.Segments() > 1 {
		m.Text = fmt.Sprintf("%s %v %s %s %s", d.RegID, doc.Sum(ffd.TagTotalSum), at, fpd.Paper(), link)
	}
	return m
}

// notMine stands in a letter where the id of the message goes: only whoever got the
// letter knows it.
const notMine = "0message0id0"

func (s *Service) sign(text, id string) string { return strings.ReplaceAll(text, notMine, id) }

// letterData is what the letter's texts name.
type letterData struct {
	Title, Seller, Paper, QRText string
	Link, NotMine                string
	Formed, Received             string
	OFD, Contacts                string
	Accent, OnAccent, Back       string
	Logo                         bool
	Design                       *paper.Design
	QR, LogoSource               template.URL
}

// data for the letter about a document; masked hides personal data.
func (s *Service) data(d *store.Document, doc *ffd.Document, settings *Settings, masked bool) letterData {
	l := letterData{
		Title: fmt.Sprintf("%s № %d от %s", upper(d.Form.String()), d.FD, doc.DateTime().Format("02.01.2006 15:04")), Seller: settings.Sender,
		Paper: ffd.Print(doc, ffd.PrintOptions{MaskPersonal: masked}), QRText: ffd.QRText(doc), Link: s.Link(d.FN, d.FD, doc.FPD()),
		Formed: doc.DateTime().Format("02.01.2006 15:04"), Received: d.ReceivedAt.In(s.o.Zone).Format("02.01.2006 15:04 MST"),
		OFD: s.o.OFDName, Contacts: s.o.Contacts, Logo: len(settings.Design.Logo) > 0, Design: &settings.Design, QR: "cid:qr", LogoSource: "cid:logo",
	}
	if l.Seller == "" {
		l.Seller = doc.Text(ffd.TagUser)
	}
	l.Seller, l.Paper = clean(l.Seller), clean(l.Paper)
	l.Accent, l.OnAccent, l.Back = settings.Design.Colours()
	return l
}

// clean takes out what is no text and no base keeps as text: registers send anything.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

func upper(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// letter about a document, without address and kind. For a copy that somebody asked
// for personal data is hidden and nothing is attached.
func (s *Service) letter(d *store.Document, doc *ffd.Document, settings *Settings, copied bool) (notify.Message, error) {
	l := s.data(d, doc, settings, copied)
	if !copied {
		l.NotMine = s.o.Site + "/check/not-mine?m=" + notMine
	}
	m := notify.Message{Channel: notify.Letter, Subject: l.Title, Sender: l.Seller}
	if l.Seller != "" {
		m.Subject += " — " + l.Seller
	}
	if a, err := mail.ParseAddress(doc.Text(ffd.TagSellerAddress)); err == nil {
		m.ReplyTo = a.Address
	}
	var b bytes.Buffer
	if err := letterText.Execute(&b, l); err != nil {
		return m, fmt.Errorf("buyers: writing a letter: %w", err)
	}
	m.Text = b.String()
	b.Reset()
	if err := letterHTML.Execute(&b, l); err != nil {
		return m, fmt.Errorf("buyers: writing a letter: %w", err)
	}
	m.HTML = b.String()
	qr, err := paper.QRPNG(l.QRText)
	if err != nil {
		return m, fmt.Errorf("buyers: writing a letter: %w", err)
	}
	m.Files = append(m.Files, notify.File{Name: "qr.png", Type: "image/png", Data: qr, ID: "qr"})
	if l.Logo {
		m.Files = append(m.Files, notify.File{Name: "logo.png", Type: "image/png", Data: settings.Design.Logo, ID: "logo"})
	}
	if settings.PDF && !copied {
		pdf, err := Sheet(d, doc, &settings.Design, false).PDF()
		if err != nil {
			return m, fmt.Errorf("buyers: writing a letter: %w", err)
		}
		m.Files = append(m.Files, notify.File{Name: fmt.Sprintf("%s-%d.pdf", d.FN, d.FD), Type: "application/pdf", Data: pdf})
	}
	return m, nil
}

// Sheet is a document to be drawn as PDF; masked hides personal data.
func Sheet(d *store.Document, doc *ffd.Document, design *paper.Design, masked bool) *paper.Sheet {
	s := &paper.Sheet{Title: fmt.Sprintf("%s № %d", upper(d.Form.String()), d.FD), Text: ffd.Print(doc, ffd.PrintOptions{MaskPersonal: masked}), At: doc.DateTime(), Design: design,
		Note: "Испытательный стенд: не оператор, разрешённый налоговой службой."}
	if d.Form.IsReceipt() || d.Form.IsCorrection() {
		s.QR = ffd.QRText(doc)
	}
	return s
}

// DesignOf is the design of the seller of a document; none when there is no seller
// with one.
func (s *Service) DesignOf(ctx context.Context, d *store.Document) (*paper.Design, error) {
	settings, err := s.sellerOf(ctx, d)
	return &settings.Design, err
}

// sellerOf are the settings of a document's seller, the zero value without one.
func (s *Service) sellerOf(ctx context.Context, d *store.Document) (Settings, error) {
	settings, err := s.store.Seller(ctx, d.UserINN, d.RegID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Settings{}, err
	}
	return settings, nil
}

// SendCopy sends a receipt to an address that somebody named who has all its numbers:
// without personal data. Whether the address wants no letters of the seller is not
// told. It fails with invalid.Fields.
func (s *Service) SendCopy(ctx context.Context, d *store.Document, doc *ffd.Document, address string) error {
	to, channel := contact(address)
	if channel != notify.Letter {
		return invalid.Fields{"email": "Адрес электронной почты, например ivan@example.ru."}
	}
	settings, err := s.sellerOf(ctx, d)
	if err != nil {
		return err
	}
	m, err := s.letter(d, doc, &settings, true)
	if err != nil {
		return err
	}
	m.Kind, m.To, m.About = Kind, to, About(d.FN, d.FD)
	if m, err = s.o.Notify.Draft(m); err != nil {
		return err
	}
	if settings.Org != "" {
		list, err := s.store.Suppressions(ctx, settings.Org)
		if err != nil {
			return err
		}
		for _, one := range list {
			if one.Address == normal(to) {
				m.State = notify.Suppressed
			}
		}
	}
	_, err = s.o.Notify.Put(ctx, m)
	return err
}
