package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// documentColumns are the requisites of a test document in the record.
var documentColumns = []string{"Документ", "ФД", "ФН", "РНМ", "ИНН", "Дата и время", "Смена", "Сумма", "ФПД", "Ответ"}

func (d TestDocument) requisites() []string {
	form := d.Form
	if d.Broken {
		form += " (читается не весь)"
	}
	return []string{form, d.FD, d.FN, d.RNM, d.INN, d.Time, d.Shift, d.Total, d.FPD, d.Answer}
}

// documentGroup is a run of documents of one drive in one case.
type documentGroup struct {
	Title     string
	Documents []TestDocument
}

// groups joins the documents that differ in nothing but their own requisites, so
// that a page need not repeat the numbers of the register.
func groups(all []TestDocument) []documentGroup {
	var out []documentGroup
	for _, d := range all {
		parts := []string{d.Case}
		for _, r := range [][2]string{{"ФН", d.FN}, {"РНМ", d.RNM}, {"ИНН", d.INN}} {
			if r[1] != "" {
				parts = append(parts, r[0]+" "+r[1])
			}
		}
		title := strings.Join(parts, " · ")
		if n := len(out); n == 0 || out[n-1].Title != title {
			out = append(out, documentGroup{Title: title})
		}
		last := &out[len(out)-1]
		last.Documents = append(last.Documents, d)
	}
	return out
}

// facts say what was tested, when and how, in pairs of name and value.
func facts(p *page) [][2]string {
	kinds := map[string]string{"ofd": "оператор фискальных данных", "kkt": "контрольно-кассовая техника", "pair": "ККТ и ОФД вместе"}
	kind := p.Run.Target.Kind
	if k := kinds[kind]; k != "" {
		kind = k
	}
	keys := "TB-GOST-1, ключ стенда открытый"
	if p.Run.Target.Key != "test" {
		keys = "TB-GOST-1, ключ свой"
	}
	return [][2]string{
		{"Объект испытаний", strings.Trim(p.Run.Target.Name+", "+kind, ", ")},
		{"ИНН оператора", p.Run.Target.OFD},
		{"Начало", moment(p.Run.Started)},
		{"Длительность", seconds(p.Run.Seconds)},
		{"Зерно (seed)", p.Run.Seed + " (по нему испытание повторяется байт в байт)"},
		{"Средство испытаний", p.Run.Tool},
		{"Фискальные признаки", keys},
		{"Повторить", p.again()},
	}
}

// WriteProtocol writes the draft of a test record («Протокол испытаний») as
// Markdown. keys may be nil: then the public ones are used when the run used them.
func (r *Run) WriteProtocol(w io.Writer, keys *Keys) error { return r.page(keys).markdown(w) }

func (p *page) markdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "# Протокол испытаний\n\nЧерновик, составлен программой; вступает в силу после подписи.\n\n## 1. Что и когда испытывалось\n\n")
	for _, f := range facts(p) {
		fmt.Fprintf(out, "- %s: %s\n", f[0], md(f[1]))
	}
	var counts strings.Builder
	if err := templates.ExecuteTemplate(&counts, "counts", p.Counts); err != nil {
		return fmt.Errorf("report: making the record: %w", err)
	}
	fmt.Fprintf(out, "\n## 2. Итог\n\nОбъект испытаний: **%s**. Случаев %d: %s.\n", p.Verdict, p.Counts.Total(), counts.String())
	if p.Run.Ended != Complete {
		fmt.Fprint(out, "\nИспытание не доведено до конца.\n")
	}
	if len(p.Run.Faults) > 0 {
		fmt.Fprint(out, "\n**Во время испытания нарочно вносились сбои; результаты ничего не говорят о соответствии:**\n\n")
		for _, f := range p.Run.Faults {
			fmt.Fprintf(out, "- %s\n", md(faultRu(f)))
		}
	}
	p.mdResults(out)
	p.mdDeviations(out)
	p.mdDocuments(out)
	fmt.Fprint(out, "\n## 6. Подписи\n\nИспытание провёл ____________________ (должность, фамилия, подпись, дата)\n\n"+
		"Представитель заявителя ____________________ (должность, фамилия, подпись, дата)\n")
	return out.Flush()
}

func (p *page) mdResults(w io.Writer) {
	fmt.Fprintf(w, "\n## 3. Результаты\n\n%s\n", englishNote)
	for _, a := range p.Areas {
		fmt.Fprintf(w, "\n### %s\n\n| Случай | Требование | Источник | Результат |\n| --- | --- | --- | --- |\n", md(a.Title))
		for _, c := range a.Cases {
			fmt.Fprintf(w, "| %s | %s | %s [%s] | %s |\n", md(c.Name()), md(c.Russian.Text), md(c.Source), md(string(c.Mark)), md(c.Badge+after(": ", reasonRu(c.Reason).Text)))
		}
	}
}

// faultRu is an injected fault in Russian.
func faultRu(f Fault) string {
	text := map[string]string{"operator": "оператор", "register": "касса"}[f.End] + ": " + f.Rule
	if f.Fired != nil {
		text += fmt.Sprintf(", сработало раз: %d", *f.Fired)
	}
	return text
}

func (p *page) mdDeviations(w io.Writer) {
	fmt.Fprint(w, "\n## 4. Отклонения\n\n")
	none := true
	for _, a := range p.Areas {
		for _, c := range a.Cases {
			if len(c.Bad) == 0 {
				continue
			}
			none = false
			expected := ""
			if c.Expected != nil {
				expected = " Ожидалось: " + md(c.Expected.Reason) + "."
			}
			fmt.Fprintf(w, "**%s** %s%s\n\n", md(c.Name()), md(c.Russian.Text), expected)
			for _, k := range c.Bad {
				fmt.Fprintf(w, "- %s [%s]: ожидалось %s, получено %s\n", md(k.Name), md(string(k.Mark)), md(shortValueRu(k.Expected)), md(shortValueRu(k.Seen)))
			}
			fmt.Fprintln(w)
		}
	}
	if none {
		fmt.Fprintln(w, "Нет.")
	}
}

func (p *page) mdDocuments(w io.Writer) {
	fmt.Fprint(w, "\n## 5. Тестовые документы\n\n")
	if len(p.Documents) == 0 {
		fmt.Fprintln(w, "Документы не передавались.")
		return
	}
	fmt.Fprintf(w, "| Случай | %s |\n|%s\n", strings.Join(documentColumns, " | "), strings.Repeat(" --- |", len(documentColumns)+1))
	for _, d := range p.Documents {
		cells := d.requisites()
		for i := range cells {
			cells[i] = md(cells[i])
		}
		fmt.Fprintf(w, "| %s | %s |\n", md(d.Case), strings.Join(cells, " | "))
	}
	for _, l := range p.Left {
		fmt.Fprintf(w, "\n%s: не перечислено документов: %d; все — в trace/%s.ndjson.\n", md(l.Case), l.N, md(l.Case))
	}
}

var mdEscaper = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`,
	"\r", " ", "\n", " ")

// md keeps text from being read as Markdown or HTML.
func md(s string) string { return strings.Map(shown, mdEscaper.Replace(s)) }

// again is the command that repeats the whole.
func (p *page) again() string {
	if strings.HasPrefix(p.Run.Target.Flags, "watch ") {
		return "conformance " + p.Run.Target.Flags
	}
	return strings.Join(strings.Fields("conformance run "+p.Run.Target.Flags+" --seed "+p.Run.Seed), " ")
}
