package explain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// message explains a session header and what follows it.
func (r *Report) message(ctx context.Context, o Options) {
	if len(r.raw) < wire.HeaderLen {
		r.Nodes = []Node{{Len: len(r.raw), Name: "часть заголовка сообщения", Raw: r.raw,
			Problem: fmt.Sprintf("обрывается: нужно %d байт", wire.HeaderLen)}}
		r.check("заголовок сообщения", false, fiscal.IncompleteBody.String())
		return
	}
	h, notes, err := wire.ParseHeader((*[wire.HeaderLen]byte)(r.raw), o.Profile)
	node := headerNode(&h, r.raw)
	body := r.raw[wire.HeaderLen:]
	if err == nil && len(body) == int(h.BodyLen) && h.Flags.CRCMode() == wire.CRCWhole {
		var d wire.Decoder
		d.Profile = o.Profile
		d.Feed(r.raw)
		_, err = d.Next()
	}
	markProblem(node.Children, 0, err)
	r.Nodes = append(r.Nodes, node)
	r.verdict("заголовок сообщения", err, notes)
	if len(body) < int(h.BodyLen) {
		r.check("длина тела", false, fmt.Sprintf("%s: обещано %d байт, есть %d", fiscal.IncompleteBody, h.BodyLen, len(body)))
	}
	if h.Service() {
		r.Kind = "служебный режим"
		return
	}
	fn, _ := h.FNNumber()
	r.container(ctx, wire.HeaderLen, int(h.BodyLen), fn, o)
}

func (r *Report) verdict(name string, err error, notes []wire.Note) {
	var detail []string
	for _, n := range notes {
		detail = append(detail, n.Text)
	}
	if err != nil {
		detail = append(detail, err.Error())
	}
	r.check(name, err == nil, strings.Join(detail, "; "))
}

// markProblem puts the error of a wire reader on the node where its offset lies.
func markProblem(nodes []Node, base int, err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		return
	}
	at := base + e.Offset
	for i := range nodes {
		if n := &nodes[i]; at >= n.Offset && at < n.Offset+max(n.Len, 1) {
			n.Problem = fmt.Sprintf("%s %s: ожидалось %s, есть %s", e.Fault.ID(), e.Fault, e.Expected, e.Got)
		}
	}
}

func headerNode(h *wire.Header, raw []byte) Node {
	leaf := func(offset, length int, name, value string) Node {
		return Node{Offset: offset, Len: length, Name: name, Value: value, Raw: raw[offset : offset+length]}
	}
	return Node{Len: wire.HeaderLen, Name: "заголовок сообщения", Children: []Node{
		leaf(0, 4, "сигнатура", signatureText(h.Signature)),
		leaf(4, 2, "S-версия", sVersionText(h.SVersion)),
		leaf(6, 2, "P-версия", pVersionText(h.PVersion)),
		leaf(8, 16, "номер ФН", strings.TrimRight(string(printable(h.FN[:])), " ")),
		leaf(24, 2, "длина тела", fmt.Sprintf("%d", h.BodyLen)),
		leaf(26, 2, "флаги", flagsText(h.Flags)),
		leaf(28, 2, "контрольный код", fmt.Sprintf("%04x", h.CRC)),
	}}
}

func printable(b []byte) []byte {
	out := append([]byte{}, b...)
	for i, c := range out {
		if c < 0x20 || c > 0x7E {
			out[i] = '?'
		}
	}
	return out
}

func signatureText(s wire.Signature) string {
	switch s {
	case wire.SignatureOFD:
		return "обмен с ОФД"
	case wire.SignatureMarking:
		return "маркировка и ключи"
	}
	return "неизвестна"
}

func sVersionText(v wire.SVersion) string {
	switch v {
	case wire.SVersionOFD:
		return "протокол сеанса 1.1"
	case wire.SVersionMarking:
		return "сервер маркировки"
	case wire.SVersionKeyUpdate:
		return "обновление ключей"
	case wire.SVersionProbe:
		return "проверка связи"
	}
	return "неизвестна"
}

func pVersionText(v wire.PVersion) string {
	for _, ffd := range []fiscal.FFD{fiscal.FFD10, fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		if wire.PVersionFor(ffd) == v {
			return "ФФД " + ffd.String()
		}
	}
	switch v {
	case wire.PVersion{0x00, 0x01}, wire.PVersion{0x00, 0x02}:
		return "ранняя форма записи"
	}
	return "не из списка"
}

func flagsText(f wire.Flags) string {
	parts := []string{fmt.Sprintf("%04x", uint16(f))}
	if f.HasContainer() {
		parts = append(parts, "есть контейнер")
	} else {
		parts = append(parts, "без контейнера")
	}
	if f.AwaitsAnswer() {
		parts = append(parts, "ждёт ответа")
	}
	if p := f.Priority(); p > 0 {
		parts = append(parts, fmt.Sprintf("приоритет %d", p))
	}
	return strings.Join(append(parts, fmt.Sprintf("режим контрольного кода %d", f.CRCMode())), ", ")
}

// container explains a container that starts at offset and should have size bytes.
func (r *Report) container(ctx context.Context, offset, size int, session fiscal.FNNumber, o Options) {
	b := r.raw[offset:]
	if len(b) > size {
		b = b[:size]
	}
	if len(b) < wire.ContainerHeaderLen {
		r.Nodes = append(r.Nodes, Node{Offset: offset, Len: len(b), Name: "часть контейнера", Raw: b,
			Problem: fmt.Sprintf("обрывается: нужно не меньше %d байт", wire.ContainerHeaderLen)})
		r.check("контейнер", false, fiscal.TruncatedContainer.String())
		return
	}
	c, notes, err := wire.ParseContainer(b, o.Profile)
	node := containerNode(&c, offset)
	markProblem(node.Children, offset, err)
	r.verdict("контейнер", err, notes)
	if fn, bcdErr := c.FNNumber(); session != "" && (bcdErr != nil || fn != session) {
		node.Children[5].Problem = fmt.Sprintf("%s %s: в заголовке сообщения %s", fiscal.FNNumberMismatch.ID(), fiscal.FNNumberMismatch, session)
		r.check("номер ФН в заголовках", false, "номера ФН в заголовке сообщения и в контейнере различны")
	}
	r.Nodes = append(r.Nodes, node)
	r.payload(ctx, &c, offset, o)
}

func containerNode(c *wire.Container, base int) Node {
	leaf := func(offset, length int, name, value string) Node {
		return Node{Offset: base + offset, Len: length, Name: name, Value: value, Raw: c.Raw[offset : offset+length]}
	}
	fn, err := c.FNNumber()
	if err != nil {
		fn = "не читается"
	}
	service := "открытые данные"
	if c.Encrypted() {
		service = "данные зашифрованы"
	}
	return Node{Offset: base, Len: wire.ContainerHeaderLen, Name: "заголовок контейнера", Children: []Node{
		leaf(wire.OffLength, 2, "длина", fmt.Sprintf("%d", c.Length)),
		leaf(wire.OffCRC, 2, "контрольный код", fmt.Sprintf("%04x", c.CRC)),
		leaf(wire.OffType, 1, "тип контейнера", map[byte]string{wire.TypeFN: "ФН", wire.TypeOFD: "ПКЗ сервера"}[c.Type]),
		leaf(wire.OffForm, 1, "тип данных", fmt.Sprintf("%d, %s", c.Form, c.Form)),
		leaf(wire.OffVersion, 1, "версия формата", fmt.Sprintf("%d", c.Version)),
		leaf(wire.OffFN, 8, "номер ФН", string(fn)),
		leaf(wire.OffService, 2, "служебные данные 1", service),
		leaf(wire.OffFD, 3, "номер ФД", fmt.Sprintf("%d", c.FD)),
		leaf(wire.OffNonce, 5, "служебные данные 2", ""),
		leaf(wire.OffTail, 5, "служебные данные 2, продолжение", ""),
		leaf(wire.OffSTLVSize, 2, "размер STLV", fmt.Sprintf("%d", c.STLVSize)),
	}}
}
