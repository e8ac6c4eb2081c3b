package report

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// TestDocument is a fiscal document that went over the wire in a case, with the
// requisites that tell it from all others. A requisite that could not be read is
// empty.
type TestDocument struct {
	Case   string // name of the case
	Form   string // "кассовый чек"
	FD     string
	FN     string
	RNM    string
	INN    string
	Time   string // wall clock of the register
	Shift  string
	Total  string // roubles
	FPD    string // as printed
	Answer string // what came back, in Russian
	Broken bool   // the document could not be read whole
}

// documentsShown is how many documents of a case the record lists; the rest is
// counted and stands in the trace.
const documentsShown = 50

// documents lists the documents of a case in order, and how many were left out.
func (k *Keys) documents(r *Result) (all []TestDocument, left int) {
	for i := range r.Exchanges {
		e := &r.Exchanges[i]
		for _, side := range []struct{ text, other string }{{e.Sent, e.Received}, {e.Received, e.Sent}} {
			if len(all) >= documentsShown {
				left += k.countDocuments(side.text)
				continue
			}
			_, reports := k.explainAll(side.text)
			for _, piece := range reports {
				if d, ok := testDocument(piece); ok {
					d.Case, d.Answer = r.Name(), k.answer(side.other, e)
					all = append(all, d)
				}
			}
		}
	}
	return all, left
}

// countDocuments counts without looking inside: one container, one document, the
// operator's confirmations left out.
func (k *Keys) countDocuments(text string) int {
	const formAt = 2 * (30 + 5) // of the container header, in hex digits
	if len(text) < formAt+2 || text[formAt:formAt+2] == "07" {
		return 0
	}
	return 1
}

// testDocument reads the requisites from the tree; ok is false for what is no
// document of a register.
func testDocument(r *explain.Report) (d TestDocument, ok bool) {
	values := map[tlv.Tag]string{}
	for i := range r.Nodes {
		n := &r.Nodes[i]
		switch {
		case n.Tag != 0 && n.Tag != tlv.Tag(fiscal.FormOperatorAck):
			d.Form, ok = n.Name, true
			for j := range n.Children {
				c := &n.Children[j]
				if c.Tag == 0 {
					d.Broken = true
				} else if _, seen := values[c.Tag]; !seen {
					values[c.Tag] = plain(c)
				}
			}
		case n.Name == "зашифрованные данные":
			d.Form, ok = n.Name, true
		}
	}
	d.FD, d.FN, d.RNM, d.INN = values[ffd.TagFDNumber], values[ffd.TagFNNumber], values[ffd.TagKKTRegID], values[ffd.TagUserINN]
	d.Time, d.Shift, d.Total, d.FPD = values[ffd.TagDateTime], values[ffd.TagShiftNumber], values[ffd.TagTotalSum], values[ffd.TagFPD]
	return d, ok
}

// plain is the value of a leaf without quotes and padding.
func plain(n *explain.Node) string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(n.Value, "«"), "»"))
}

// answer says in a few words what a document was met with.
func (k *Keys) answer(text string, e *Exchange) string {
	_, reports := k.explainAll(text)
	for _, r := range reports {
		for i := range r.Nodes {
			if n := &r.Nodes[i]; n.Tag == tlv.Tag(fiscal.FormOperatorAck) {
				return acknowledged(n)
			}
		}
		if len(r.Nodes) > 1 {
			return "ответ, не подтверждение"
		}
	}
	return EndingText(e.Ending)
}

func acknowledged(n *explain.Node) string {
	text := "подтверждён"
	for i := range n.Children {
		c := &n.Children[i]
		switch c.Tag {
		case ffd.TagMessageToFN:
			for j := range c.Children {
				if code := &c.Children[j]; code.Tag == ffd.TagOFDResponseCode {
					text += ", код " + code.Value
				}
			}
		case ffd.TagOperatorMessage:
			text += ", сообщение оператора " + c.Value
		}
	}
	return text
}

// EndingText says in Russian how a connection looked after an exchange.
func EndingText(e conformance.Ending) string {
	switch e {
	case conformance.Answered:
		return "получен ответ"
	case conformance.Closed:
		return "соединение закрыто без полного ответа"
	case conformance.Reset:
		return "соединение сброшено (RST)"
	case conformance.Sent:
		return "ответа не ждали"
	case conformance.Hung:
		return "за отведённое время ответа нет"
	}
	return string(e)
}
