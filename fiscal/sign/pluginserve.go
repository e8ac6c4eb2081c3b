package sign

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// ServePlugin is the other end of the plug-in protocol: it answers the lines of r
// on w by asking v, one after another, until r ends. A plug-in written in Go is a
// main that calls it on its standard input and output. A line that is not a request
// ends it with an error.
func ServePlugin(ctx context.Context, v Verifier, r io.Reader, w io.Writer) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxPluginLine)
	out := json.NewEncoder(w)
	for lines.Scan() {
		var q pluginRequest
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return fmt.Errorf("sign: plug-in: reading a request: %w", err)
		}
		a := answerPlugin(ctx, v, &q)
		a.ID = q.ID
		if err := out.Encode(a); err != nil {
			return fmt.Errorf("sign: plug-in: writing an answer: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("sign: plug-in: reading requests: %w", err)
	}
	return nil
}

func answerPlugin(ctx context.Context, v Verifier, q *pluginRequest) pluginAnswer {
	switch q.Call {
	case callOpen:
		c, err := wire.ReadContainer(q.Container)
		if err != nil {
			return failure(err)
		}
		o, err := v.Open(ctx, q.FN, q.OFD, c)
		if err != nil {
			return failure(err)
		}
		return pluginAnswer{Verdict: o.FPS.String(), STLV: o.STLV, Detail: o.Detail}
	case callFPD:
		verdict, detail, err := v.CheckFPD(ctx, q.FN, q.Form, q.STLV)
		if err != nil {
			return failure(err)
		}
		return pluginAnswer{Verdict: verdict.String(), Detail: detail}
	case callConfirm:
		c, err := wire.ReadContainer(q.RequestHeader)
		if err != nil {
			return failure(err)
		}
		b, err := v.Confirm(ctx, ConfirmRequest{FN: q.FN, OFD: q.OFD, Request: c, STLV: q.STLVWithout1078})
		if err != nil {
			return failure(err)
		}
		return pluginAnswer{Container: b}
	}
	return pluginAnswer{Error: fmt.Sprintf("call %q is not known", q.Call)}
}

func failure(err error) pluginAnswer {
	a := pluginAnswer{Error: err.Error()}
	var e *wire.Error
	if errors.As(err, &e) {
		a.Fault = e.Fault.String()
	}
	return a
}
