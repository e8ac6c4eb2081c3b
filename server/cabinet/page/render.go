package page

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Templates are a page inside the layout.
type Templates struct{ t *template.Template }

// view is what a template sees: the visit's frame and, as .D, the data of the page.
type view struct {
	*Visit
	D        any
	Said     string
	Sections []Section
	Path     string
	OFDName  string
	OFDINN   string
	Contacts Contacts
	Bench    bool
	Version  string
}

// Templates parses files of an area. The first defines "title" and "main" and may
// define "actions" (buttons beside the title); layouts and parts are there already.
// It panics on a template that does not parse: those are part of the program.
func (f *Frame) Templates(files fs.FS, names ...string) *Templates {
	t := template.New("base.html").Funcs(functions(f))
	template.Must(t.ParseFS(templates, "templates/base.html", "templates/parts.html"))
	template.Must(t.ParseFS(files, names...))
	return &Templates{t}
}

func (t *Templates) execute(w io.Writer, v *Visit, data any) error {
	d := view{Visit: v, D: data, Said: v.said(), Path: v.R.URL.Path, OFDName: v.frame.o.OFDName, OFDINN: v.frame.o.OFDINN, Contacts: v.frame.o.Contacts, Bench: v.frame.o.Bench, Version: v.frame.version}
	for _, s := range v.frame.o.Sections {
		if v.Viewer.Can(s.Right) {
			d.Sections = append(d.Sections, s)
		}
	}
	if err := t.t.Execute(w, d); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// functions of all templates.
func functions(f *Frame) template.FuncMap {
	return template.FuncMap{
		"asset":   func(name string) string { return "/assets/" + name + "?v=" + f.version },
		"icon":    Icon,
		"money":   func(k fiscal.Kopecks) string { return Money(k) },
		"count":   func(n any) string { return group(fmt.Sprint(n)) },
		"decimal": Decimal,
		"date":    func(t time.Time, z *time.Location) string { return format(t.In(z), "02.01.2006") },
		"time":    func(t time.Time, z *time.Location) string { return format(t.In(z), "02.01.2006 15:04") },
		"exact":   func(t time.Time, z *time.Location) string { return format(t.In(z), "02.01.2006 15:04:05") },
		// local is the time that a register's clock showed: never moved to a zone.
		"local":   func(t time.Time) string { return format(t, "02.01.2006 15:04") },
		"rfc":     func(t time.Time) string { return t.Format(time.RFC3339) },
		"dict":    dict,
		"plural":  Plural,
		"checked": Checked,
		"zones":   Zones,
		"active": func(path, section string) bool {
			return path == section || (section != "/lk" && strings.HasPrefix(path, section+"/"))
		},
	}
}

// Checked tells what came of a check: "yes", "no", or "skipped" when nothing was checked.
// Templates ask it because a pointer to false is true to them.
func Checked(ok *bool) string {
	switch {
	case ok == nil:
		return "skipped"
	case *ok:
		return "yes"
	}
	return "no"
}

func format(t time.Time, layout string) string {
	if t.IsZero() {
		return "—"
	}
	return t.Format(layout)
}

// dict makes a map of names and values, for parts that take several.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("page: dict with %d values", len(pairs))
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("page: dict: name %v is not a text", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

const thin = "\u00a0" // between thousands; no line ends there

// Money is a sum in roubles with kopecks: "1 234 567,89 ₽".
func Money(k fiscal.Kopecks) string {
	sign, n := "", int64(k)
	if n < 0 {
		sign, n = "−", -n
	}
	return sign + group(strconv.FormatInt(n/100, 10)) + fmt.Sprintf(",%02d", n%100) + thin + "₽"
}

// Decimal is a number with so many digits after the comma: "41,2".
func Decimal(v float64, digits int) string {
	return strings.NewReplacer(".", ",", "-", "−").Replace(strconv.FormatFloat(v, 'f', digits, 64))
}

func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(thin)
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Plural picks the form of a word that goes with n: "касса", "кассы", "касс".
func Plural(n int, one, few, many string) string {
	n %= 100
	switch {
	case n%10 == 1 && n != 11:
		return one
	case n%10 >= 2 && n%10 <= 4 && (n < 12 || n > 14):
		return few
	}
	return many
}

var moscow = time.FixedZone("МСК", 3*60*60)
