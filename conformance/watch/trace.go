package watch

import (
	"encoding/hex"
	"encoding/json"
	"io"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// tracer writes every exchange as a line of JSON, as in the traces of a run. Case is
// the number of the drive.
type tracer struct {
	w   io.Writer
	n   map[string]int
	err error
}

func (t *tracer) write(x *exchange) {
	if t.w == nil || t.err != nil {
		return
	}
	if t.n == nil {
		t.n = map[string]int{}
	}
	name := x.fn
	if name == "" {
		name = "unknown"
	}
	t.n[name]++
	b, err := json.Marshal(report.TraceLine{Case: name, N: t.n[name], Exchange: x.heard()})
	if err == nil {
		_, err = t.w.Write(append(b, '\n'))
	}
	t.err = err
}

// heard is the exchange as one that the register began.
func (x *exchange) heard() report.Exchange {
	return report.Exchange{Sent: hex.EncodeToString(x.answer), Received: hex.EncodeToString(x.raw), Ending: x.end(), Incoming: true}
}

// asked is the exchange as the operator is judged by it.
func (x *exchange) asked() report.Exchange {
	return report.Exchange{Sent: hex.EncodeToString(x.raw), Received: hex.EncodeToString(x.answer), Ending: x.end()}
}

func (x *exchange) end() conformance.Ending {
	if x.ending == "" {
		return conformance.Hung
	}
	return x.ending
}
