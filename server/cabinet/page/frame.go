package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
)

//go:embed assets
var assets embed.FS

//go:embed templates/*.html
var templates embed.FS

// Options of the frame. Accounts is needed.
type Options struct {
	Accounts *account.Service
	// OFDName and OFDINN say whose cabinet it is.
	OFDName, OFDINN string
	// Contacts of the support stand on every page (CAB-170).
	Contacts Contacts
	// Secure marks cookies for TLS only: set it when people come by https.
	Secure bool
	// Bench shows what only a test bench has: moved clock, outbox, protocol desk.
	Bench    bool
	Sections []Section
	Now      func() time.Time // time.Now when nil
	// Moved is how far the bench's clock was moved: then every page shows its date
	// (SIM-11). It cannot be moved when nil.
	Moved  func() time.Duration
	Logger *slog.Logger // nil discards
}

// Contacts of the support; empty ones are not shown.
type Contacts struct{ Phone, Email, Address string }

// String is all of them in a line.
func (c Contacts) String() string {
	parts := slices.DeleteFunc([]string{c.Phone, c.Email, c.Address}, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

// Section is an entry of the menu.
type Section struct {
	Title string // in Russian, as people read it
	Path  string
	Icon  string       // name of an icon
	Right access.Right // without it the section is not shown
	Short string       // title in the bottom bar; Title when empty
	Phone bool         // one of the four of the bottom bar on a phone (CAB-181)
}

// Frame is the cabinet without its pages. Mount pages on it, then serve it.
type Frame struct {
	o       Options
	mux     *http.ServeMux
	version string // changes with the assets: part of their addresses
	errors  *Templates
}

// New makes a frame.
func New(o Options) (*Frame, error) {
	if o.Accounts == nil {
		return nil, errors.New("page: accounts are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Frame{o: o, mux: http.NewServeMux()}
	version, err := digestOf(assets)
	if err != nil {
		return nil, err
	}
	f.version = version
	f.errors = f.Templates(templates, "templates/error.html")
	f.mux.Handle("GET /assets/", f.assets())
	f.mux.HandleFunc("GET /manifest.webmanifest", f.file("assets/manifest.webmanifest", "application/manifest+json"))
	// A service worker rules over the folder it is served from.
	f.mux.HandleFunc("GET /worker.js", f.file("assets/worker.js", "text/javascript; charset=utf-8"))
	f.mux.HandleFunc("GET /favicon.ico", f.file("assets/icon-192.png", "image/png"))
	f.Guest("GET /offline", func(v *Visit) error { return v.Render(f.errors, offline) })
	f.Guest("/", func(v *Visit) error { return ErrNotFound })
	return f, nil
}

var offline = &Failure{Title: "Нет связи", Text: "Страница откроется, когда связь вернётся.", Status: http.StatusOK}

func digestOf(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:6]), err
}

// assets serves the embedded files; their addresses hold the version, so they may be
// kept for ever.
func (f *Frame) assets() http.Handler {
	files := http.FileServerFS(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		if r.URL.Query().Get("v") == f.version {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		files.ServeHTTP(w, r)
	})
}

func (f *Frame) file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := assets.ReadFile(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(b)
	}
}

// policy lets pages use what this server gives and nothing else: no inline script or
// style, no other site, no frame around.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP serves the pages that were mounted.
func (f *Frame) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
	if f.o.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	// Browsers say where a form comes from; those of other sites are refused.
	if err := crossOrigin.Check(r); err != nil {
		http.Error(w, "Запрос с другого сайта отклонён.", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	f.mux.ServeHTTP(w, r)
}

var crossOrigin = http.NewCrossOriginProtection()

// maxBody bounds what a form may carry, an uploaded table included.
const maxBody = 8 << 20

// Guest mounts a page for everybody. pattern is one of http.ServeMux. When somebody
// is logged in the visit knows it.
func (f *Frame) Guest(pattern string, h func(*Visit) error) {
	f.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v := &Visit{W: w, R: r, frame: f}
		if err := v.identify(); err != nil {
			f.fail(v, err)
			return
		}
		if err := h(v); err != nil {
			f.fail(v, err)
		}
	})
}

// Person mounts a page for whoever is logged in, an organisation chosen or not.
func (f *Frame) Person(pattern string, h func(*Visit) error) {
	f.Guest(pattern, func(v *Visit) error {
		if v.User.ID == "" {
			return v.toLogin()
		}
		v.W.Header().Set("Cache-Control", "no-store")
		return h(v)
	})
}

// Client mounts a page for members of the chosen organisation who have the right.
func (f *Frame) Client(pattern string, right access.Right, h func(*Visit) error) {
	f.Person(pattern, func(v *Visit) error {
		if v.Viewer.Org() == "" {
			return v.Redirect("/lk/choose")
		}
		if err := v.Viewer.Need(right); err != nil {
			return err
		}
		return h(v)
	})
}

// Handle mounts any handler, as downloads for guests; what it does for safety beyond
// the headers is its own affair.
func (f *Frame) Handle(pattern string, h http.Handler) { f.mux.Handle(pattern, h) }

// ClientAddress is the address a request came from, without the port.
func ClientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Now is the bench's clock.
func (f *Frame) Now() time.Time { return f.o.Now() }

// Accounts is the service of people.
func (f *Frame) Accounts() *account.Service { return f.o.Accounts }

// Contacts of the support.
func (f *Frame) Contacts() Contacts { return f.o.Contacts }

// Logger of the frame.
func (f *Frame) Logger() *slog.Logger { return f.o.Logger }
