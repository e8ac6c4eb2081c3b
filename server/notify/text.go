package notify

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
	plain "text/template"
)

//go:embed texts
var texts embed.FS

// One file for each kind: the first line is the subject (of an SMS: empty), the rest
// the text. The letter in HTML is the same text with paragraphs and links.
var (
	plains = plain.Must(plain.New("").Option("missingkey=error").ParseFS(texts, "texts/*.txt"))
	frame  = template.Must(template.ParseFS(texts, "texts/letter.html"))
)

// write makes subject, text and HTML of a kind. A value that the text names and data
// lacks is an error of the program that calls.
func write(kind string, data map[string]string) (subject, text, html string, err error) {
	var b bytes.Buffer
	if err := plains.ExecuteTemplate(&b, kind+".txt", data); err != nil {
		return "", "", "", fmt.Errorf("notify: writing %s: %w", kind, err)
	}
	subject, text, _ = strings.Cut(b.String(), "\n")
	text = strings.TrimSpace(text)
	b.Reset()
	if err := frame.Execute(&b, map[string]any{"Subject": subject, "Paragraphs": paragraphs(text), "OFD": data["ofd"], "Site": data["site"], "Contacts": data["contacts"]}); err != nil {
		return "", "", "", fmt.Errorf("notify: writing %s: %w", kind, err)
	}
	return subject, text, b.String(), nil
}

type paragraph struct{ Text, Link string }

// paragraphs of a text; a line that is an address becomes a link.
func paragraphs(text string) (all []paragraph) {
	for _, p := range strings.Split(text, "\n") {
		p = strings.TrimSpace(p)
		switch {
		case p == "":
		case strings.HasPrefix(p, "http://"), strings.HasPrefix(p, "https://"):
			all = append(all, paragraph{Link: p})
		default:
			all = append(all, paragraph{Text: p})
		}
	}
	return all
}
