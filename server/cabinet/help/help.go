// Package help is the pages that explain: «Помощь» with contacts and answers
// (CAB-170, CAB-173) and «Сведения об операторе» (CAB-158).
package help

import (
	"embed"

	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area.
type Options struct {
	KKTAddr string // where registers connect, "HOST:PORT"
	Site    string
	Bench   bool
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	about, questions := f.Templates(files, "templates/about.html"), f.Templates(files, "templates/help.html")
	f.Guest("GET /help", func(v *page.Visit) error { return v.Render(questions, o) })
	f.Guest("GET /about", func(v *page.Visit) error { return v.Render(about, o) })
}
