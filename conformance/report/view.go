package report

import (
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// page is what the templates show.
type page struct {
	Run       *Run
	Verdict   string // in Russian
	Class     string // of the verdict, for colour
	Counts    Counts
	Matrix    matrix
	Attention []caseView // what did not pass, worst first
	Areas     []areaView
	Documents []TestDocument
	Left      []leftOut
}

type areaView struct {
	Name, Title string
	Cases       []caseView
}

// caseView is a case as the page shows it.
type caseView struct {
	*Result
	Badge, Class string
	Russian      speech // title
	Open         bool   // show everything at once
	Bad, Good    []Check
	Exchanges    []exchangeView
	Omitted      int // exchanges that are only in the trace
	Again        string
}

// exchangeView is an exchange as the page shows it.
type exchangeView struct {
	N            int
	Open         bool
	Ending, Note string
	Sides        []side // in the order in which they went
}

type side struct {
	Who    string
	Bytes  int
	Hex    string // shortened
	Pieces []Piece
}

// How many exchanges of a case the page shows: decoded ones of a case that passed,
// decoded ones of one that did not, and lines of hex beside them. The rest stands in
// the trace.
const (
	decodedPassed = 1
	decodedFailed = 6
	listed        = 12
)

func (r *Run) page(keys *Keys) *page {
	keys = r.keys(keys)
	p := &page{Run: r, Counts: r.Count(), Matrix: r.matrix()}
	p.Verdict, p.Class = verdictText(r.Verdict())
	if len(r.Faults) > 0 {
		p.Verdict += ", сбои вносились нарочно"
	}
	for _, a := range r.Areas() {
		v := areaView{Name: a.Name, Title: a.Title}
		for _, k := range a.Results {
			v.Cases = append(v.Cases, r.caseView(k, keys))
			docs, left := keys.documents(k)
			p.Documents = append(p.Documents, docs...)
			if left > 0 {
				p.Left = append(p.Left, leftOut{k.Name(), left})
			}
		}
		p.Areas = append(p.Areas, v)
	}
	for _, o := range []conformance.Outcome{conformance.Fail, conformance.Error, conformance.Blocked, conformance.Warn, conformance.Skip} {
		for _, a := range p.Areas {
			for _, c := range a.Cases {
				if c.Outcome == o {
					p.Attention = append(p.Attention, c)
				}
			}
		}
	}
	return p
}

// leftOut says how many documents of a case are not listed.
type leftOut struct {
	Case string
	N    int
}

func verdictText(v Verdict) (text, class string) {
	switch v {
	case Conformant:
		return "соответствует", "pass"
	case NotConformant:
		return "не соответствует", "fail"
	}
	return "проверка не завершена", "error"
}

// badges name outcomes in Russian.
var badges = map[conformance.Outcome]string{
	conformance.Pass: "пройден", conformance.Fail: "не пройден", conformance.Warn: "замечание", conformance.Skip: "пропущен",
	conformance.Blocked: "заблокирован", conformance.Error: "ошибка стенда",
}

func badge(r *Result) string {
	if r.Expected != nil {
		return badges[r.Outcome] + " (ожидалось)"
	}
	return badges[r.Outcome]
}

func (r *Run) caseView(k *Result, keys *Keys) caseView {
	v := caseView{Result: k, Badge: badge(k), Class: string(k.Outcome), Russian: titleRu(k), Again: r.Again(k)}
	v.Open = k.Outcome != conformance.Pass && k.Outcome != conformance.Skip
	for _, c := range k.Checks {
		if c.OK {
			v.Good = append(v.Good, c)
		} else {
			v.Bad = append(v.Bad, c)
		}
	}
	at, offset := k.offending(v.Bad)
	room := decodedPassed
	if v.Open {
		room = decodedFailed
	}
	n := len(k.Exchanges)
	for i := range k.Exchanges {
		decoded := i == at || n-i <= room
		if !decoded && i >= listed {
			v.Omitted++
			continue
		}
		mark := -1
		if i == at {
			mark = offset
		}
		v.Exchanges = append(v.Exchanges, k.Exchanges[i].view(i+1, decoded, mark, keys))
		v.Exchanges[len(v.Exchanges)-1].Open = v.Open && i == at
	}
	return v
}

func (e *Exchange) view(n int, decoded bool, offset int, keys *Keys) exchangeView {
	v := exchangeView{N: n, Ending: EndingText(e.Ending), Note: e.Note}
	if e.Incoming {
		v.Ending = incomingText(e.Ending)
	}
	sent, received := newSide("стенд отправил", e.Sent), newSide("стенд получил", e.Received)
	if decoded {
		sent.Pieces, received.Pieces = keys.decode(e.Sent, -1), keys.decode(e.Received, offset)
	}
	v.Sides = []side{sent, received}
	if e.Incoming {
		v.Sides = []side{received, sent}
	}
	return v
}

func newSide(who, hex string) side { return side{Who: who, Bytes: len(hex) / 2, Hex: shortHexRu(hex)} }

// incomingText says what the target did after it was answered.
func incomingText(e conformance.Ending) string {
	switch e {
	case conformance.Closed:
		return "после ответа закрыл соединение"
	case conformance.Reset:
		return "после ответа сбросил соединение (RST)"
	case conformance.Hung:
		return "после ответа молчал"
	}
	return "обмен продолжился"
}

func shortHexRu(s string) string {
	if s == "" {
		return "ничего"
	}
	if len(s) <= 2*hexShown {
		return s
	}
	return s[:2*hexShown] + "…"
}

// Digits shows an offset.
func (l Line) Digits() string { return fmt.Sprintf("%05d", l.Offset) }

// Short is the line's hex, shortened when long.
func (l Line) Short() string {
	if len(l.Hex) <= 2*hexShown || strings.ContainsRune(l.Hex, ' ') {
		return l.Hex
	}
	return fmt.Sprintf("%s… %d байт", l.Hex[:2*hexShown], len(l.Hex)/2)
}
