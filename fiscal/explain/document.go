package explain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// payload explains what follows a container header at base: signs, document,
// trailer.
func (r *Report) payload(ctx context.Context, c *wire.Container, base int, o Options) {
	at := base + wire.ContainerHeaderLen
	stlv, trailer := r.open(ctx, c, at, o)
	if stlv == nil {
		return
	}
	node, doc := documentNode(stlv, at)
	r.Nodes = append(r.Nodes, node)
	if len(trailer) > 0 {
		r.Nodes = append(r.Nodes, Node{Offset: at + len(stlv), Len: len(trailer), Name: trailerName(c.Form), Raw: trailer})
	}
	if fiscal.Form(doc.Form) != c.Form {
		r.check("форма документа", false, fmt.Sprintf("%s: в заголовке контейнера %d, в документе %d", fiscal.DataTypeMismatch, c.Form, doc.Form))
	}
	r.fpd(ctx, c, doc, o)
	r.control(doc, c, o)
}

func trailerName(f fiscal.Form) string {
	if f == fiscal.FormOperatorAck {
		return "ФПП"
	}
	return "ФПС"
}

// open splits the payload, decrypting and checking the message sign when keys are
// at hand. A nil document means that the bytes were shown as they are.
func (r *Report) open(ctx context.Context, c *wire.Container, at int, o Options) (stlv, trailer []byte) {
	name := trailerName(c.Form)
	if o.Scheme == nil {
		r.unchecked(name, "нет ключа")
	} else if stlv, trailer, ok := r.openSigned(ctx, name, c, o); ok {
		return stlv, trailer
	}
	if c.Encrypted() {
		r.Nodes = append(r.Nodes, Node{Offset: at, Len: len(c.Payload()), Name: "зашифрованные данные", Raw: c.Payload()})
		return nil, nil
	}
	stlv, trailer, err := wire.SplitPayload(c.Payload())
	if err == nil {
		return stlv, trailer
	}
	r.check("документ и подпись", false, err.Error())
	var e *wire.Error
	if errors.As(err, &e) && e.Fault == fiscal.BadTrailer {
		n := e.Offset - wire.ContainerHeaderLen
		return c.Payload()[:n], c.Payload()[n:]
	}
	return c.Payload(), nil
}

// openSigned opens with keys: a confirmation as its drive would, anything else as
// the operator would.
func (r *Report) openSigned(ctx context.Context, name string, c *wire.Container, o Options) (stlv, trailer []byte, ok bool) {
	fn, err := c.FNNumber()
	if err != nil {
		r.check(name, false, err.Error())
		return nil, nil, false
	}
	if c.Form == fiscal.FormOperatorAck {
		stlv, verdict, err := o.Scheme.Drive(fn, 0).OpenAck(o.OFD, *c)
		if err != nil {
			r.check(name, false, err.Error())
			return nil, nil, false
		}
		r.sign(name, verdict, "")
		if fpo, err := o.Scheme.CheckFPO(o.OFD, stlv); err == nil {
			r.sign("ФПО", fpo, "")
		}
		return stlv, c.Payload()[len(stlv):], true
	}
	opened, err := o.Scheme.Open(ctx, fn, o.OFD, *c)
	if err != nil {
		r.check(name, false, err.Error())
		return nil, nil, false
	}
	r.sign(name, opened.FPS, opened.Detail)
	return opened.STLV, opened.Trailer, opened.STLV != nil
}

func (r *Report) sign(name string, v sign.Verdict, detail string) {
	switch v {
	case sign.OK:
		r.check(name, true, detail)
	case sign.Unverifiable, sign.Skipped:
		r.unchecked(name, strings.Trim(v.String()+": "+detail, ": "))
	default:
		r.check(name, false, strings.Trim(v.String()+": "+detail, ": "))
	}
}

func (r *Report) fpd(ctx context.Context, c *wire.Container, d *ffd.Document, o Options) {
	if o.Scheme == nil || !d.Has(ffd.TagFPD) {
		return
	}
	fn, _ := c.FNNumber()
	v, detail, err := o.Scheme.CheckFPD(ctx, fn, d.Form, d.Raw)
	if err != nil {
		r.check("ФПД", false, err.Error())
		return
	}
	r.sign("ФПД", v, detail)
}

// control runs the checks of one document and puts their findings on it.
func (r *Report) control(d *ffd.Document, c *wire.Container, o Options) {
	fc := flk.Context{Now: o.Now, OFD: o.OFD}
	if c != nil {
		fn, _ := c.FNNumber()
		fc.Container = &flk.ContainerInfo{Form: c.Form, FN: fn, FD: c.FD}
	}
	r.Findings = flk.Check(d, fc, nil)
	errs := 0
	for _, f := range r.Findings {
		if f.Severity == flk.Error {
			errs++
		}
	}
	r.check("ФЛК", errs == 0, fmt.Sprintf("ошибок %d, предупреждений %d", errs, len(r.Findings)-errs))
}

// bareDocument explains an STLV that stands without a container; a sign of 8 or
// 10 bytes may follow it.
func (r *Report) bareDocument(o Options) {
	stlv, rest := r.raw, []byte(nil)
	if _, after, err := tlv.Outer(r.raw); err == nil {
		stlv, rest = r.raw[:len(r.raw)-len(after)], after
	}
	node, doc := documentNode(stlv, 0)
	r.Nodes = append(r.Nodes, node)
	switch len(rest) {
	case 0:
	case wire.SignLen, wire.TrailerLen:
		r.Nodes = append(r.Nodes, Node{Offset: len(stlv), Len: len(rest), Name: trailerName(doc.Form), Raw: rest})
	default:
		r.Nodes = append(r.Nodes, Node{Offset: len(stlv), Len: len(rest), Name: "лишние байты", Raw: rest, Problem: "после документа ждут 8 или 10 байт подписи"})
		r.check("подпись", false, fmt.Sprintf("%s: %d байт", fiscal.BadTrailer, len(rest)))
	}
	r.control(doc, nil, o)
}

// documentNode explains a document STLV at base. A broken one is explained up to
// the break.
func documentNode(stlv []byte, base int) (Node, *ffd.Document) {
	d, err := ffd.Decode(stlv)
	n := Node{Offset: base, Len: len(stlv), Tag: tlv.Tag(d.Form), Name: d.Form.String()}
	if d.Has(ffd.TagFFDVersion) {
		n.Value = "ФФД " + d.FFD().String()
	}
	n.Children = fieldNodes(d.Fields, base)
	var e *tlv.Error
	if errors.As(err, &e) {
		n.Children = append(n.Children, Node{Offset: base + e.Offset, Len: len(stlv) - e.Offset, Name: "не читается", Raw: stlv[e.Offset:], Problem: err.Error()})
	}
	return n, d
}

func fieldNodes(fields []tlv.Node, base int) []Node {
	nodes := make([]Node, 0, len(fields))
	for i := range fields {
		f := &fields[i]
		n := Node{Offset: base + f.Offset, Len: tlv.HeaderLen + len(f.Value), Tag: f.Tag, Name: "неизвестный тег"}
		if info := ffd.Lookup(f.Tag); info != nil {
			n.Name = info.Name
		}
		if f.Nested {
			n.Children = fieldNodes(f.Children, base)
		} else {
			n.Raw = f.Value
			n.Value = value(f)
		}
		nodes = append(nodes, n)
	}
	return nodes
}
