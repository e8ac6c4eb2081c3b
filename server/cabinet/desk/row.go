package desk

import (
	"bytes"
	"context"
	"html/template"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// row is an exchange as the page and the stream show it.
type row struct {
	Seen
	Time              string
	Words             bool // bytes and words may be shown
	Request, Response []*explain.Report
}

var results = map[string]string{"accepted": "принят", "flagged": "принят с замечаниями", "refused": "отказано", "repeated": "повтор", "service": "проверка связи", "marking": "маркировка"}

// Result is what became of it, in Russian.
func (r row) ResultText() string {
	if text, ok := results[r.Result]; ok {
		return text
	}
	return r.Result
}

// Chip is the class of the result.
func (r row) Chip() string {
	switch {
	case r.Result == "accepted":
		return "good"
	case r.Result == "refused" || r.Unsent:
		return "bad"
	case r.Fault != fiscal.FaultNone || len(r.Injected) > 0:
		return "warn"
	}
	return ""
}

// Pieces are both directions with their names.
func (r row) Pieces() []piece {
	return []piece{{"Запрос кассы", len(r.Exchange.Request), r.Request}, {"Ответ оператора", len(r.Exchange.Response), r.Response}}
}

type piece struct {
	Name    string
	Len     int
	Reports []*explain.Report
}

// draw makes the HTML of an exchange. Requisites of buyers are hidden, and all of the
// content from those who may not see documents.
func (a *area) draw(ctx context.Context, s Seen, words bool, zone *time.Location) (template.HTML, error) {
	r := row{Seen: s, Time: s.At.In(zone).Format("02.01.2006 15:04:05"), Words: words}
	if words {
		r.Request, r.Response = taken(ctx, s.Exchange.Request), taken(ctx, s.Exchange.Response)
	}
	var b bytes.Buffer
	if err := a.row.Execute(&b, r); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}

func taken(ctx context.Context, raw []byte) []*explain.Report {
	if len(raw) == 0 {
		return nil
	}
	reports := explain.Bytes(ctx, raw, explain.Options{})
	for _, r := range reports {
		mask(r.Nodes)
	}
	return reports
}

// shown is how many bytes of a piece without a name are shown: what could not be read
// may hold anything.
const shown = 40

func mask(nodes []explain.Node) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.Tag != 0 && ffd.Personal(n.Tag):
			n.Value, n.Raw, n.Children = "скрыто", nil, nil
		case n.Tag == 0 && len(n.Raw) > shown:
			n.Raw = n.Raw[:shown]
		}
		mask(n.Children)
	}
}
