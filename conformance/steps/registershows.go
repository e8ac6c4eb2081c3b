package steps

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func (w *world) registerChecks() []definition {
	return []definition{
		{in: then, looks: true, sentence: [2]string{"the register refuses because of {text}", "касса отказывает: {text}"}, do: w.refusesBecause},
		{in: then, looks: true, sentence: [2]string{"the register refuses by rule {rule}", "касса отказывает по правилу {rule}"}, do: w.refusesBy},
		{in: then, looks: true, sentence: [2]string{"the document is not finished", "документ не сформирован"}, do: w.notFinished},
		{in: then, looks: true, sentence: [2]string{"the exchange fails", "обмен не удаётся"}, do: w.exchangeFails},
		{in: then, looks: true, sentence: [2]string{"the operator closes the connection without an answer", "оператор закрывает соединение без ответа"}, do: w.operatorCloses},
		{in: then, sentence: [2]string{"the drive holds {n} unsent document(s)", "в ФН {n} непереданный/непереданных документ/документа/документов"}, do: w.unsent},
		{in: then, sentence: [2]string{"the drive is {phase}", "ФН находится в фазе {phase}"}, do: w.phaseIs},
		{in: then, sentence: [2]string{"the last document is a(n) {form} with number {n}", "последний документ — {form} с номером {n}"}, do: w.lastIs},
		{in: then, sentence: [2]string{"the last document warns {warning}", "последний документ предупреждает {warning}"}, do: w.warns},
		{in: then, sentence: [2]string{"the last document does not warn {warning}", "последний документ не предупреждает {warning}"}, do: w.warnsNot},
		{in: then, sentence: [2]string{"the last document gives the reason {reason}", "последний документ называет причину: {reason}"}, do: w.givesReason},
		{in: then, sentence: [2]string{"the last document counts {n} unsent document(s)", "последний документ насчитывает {n} непереданный/непереданных документ/документа/документов"}, do: w.counts},
		{in: then, sentence: [2]string{"the last document names no operator", "последний документ не называет оператора"}, do: w.namesNobody},
		{in: then, sentence: [2]string{"the confirmation objects to nothing", "в подтверждении нет возражений"}, do: w.noObjection},
		{in: then, sentence: [2]string{"the confirmation says that the document failed control", "в подтверждении сказано, что документ не прошёл контроль"}, do: w.failedControl},
		{in: then, sentence: [2]string{"the confirmation announces that the operator stops its work", "в подтверждении сказано, что оператор прекращает работу"}, do: w.announcesStop},
		{in: then, sentence: [2]string{"the operator repeats its first answer", "оператор повторяет свой первый ответ"}, do: w.repeats},
		{in: then, sentence: [2]string{"the register has opened {n} connection(s)", "касса открыла {n} соединение/соединения/соединений"}, do: w.connections},
	}
}

// differs is a failed comparison.
func differs(what string, want, got any) error {
	return fmt.Errorf("%s: expected %v, seen %v", what, want, got)
}

func same[T comparable](what string, want, got T) error {
	if want != got {
		return differs(what, want, got)
	}
	return nil
}

// view is the drive at a glance.
func (w *world) view() (v fn.View) {
	_ = w.emu.Do(func(d *fn.Device) error { v = d.View(); return nil })
	return v
}

// takeRefusal is the refusal that a step expects; it is then dealt with.
func (w *world) takeRefusal() (*kkt.Refusal, error) {
	err := w.refusal
	w.refusal = nil
	if err == nil {
		return nil, errors.New("the register refused nothing")
	}
	var r *kkt.Refusal
	if !errors.As(err, &r) {
		return nil, fmt.Errorf("the register did not refuse but failed: %w", err)
	}
	return r, nil
}

func (w *world) refusesBecause(text string) error {
	r, err := w.takeRefusal()
	if err != nil {
		return err
	}
	if !strings.Contains(r.Text, unquote(text)) {
		return differs("the register's reason", text, r.Text)
	}
	return nil
}

func (w *world) refusesBy(rule string) error {
	r, err := w.takeRefusal()
	if err != nil {
		return err
	}
	return same("the rule of the refusal", rule, r.Rule)
}

// notFinished is a document that came to nothing without a refusal.
func (w *world) notFinished() error {
	err := w.refusal
	w.refusal = nil
	var r *kkt.Refusal
	switch {
	case err == nil:
		return errors.New("the document was made")
	case errors.As(err, &r):
		return fmt.Errorf("the register refused: %w", err)
	}
	return nil
}

func (w *world) exchangeFails() error {
	err := w.exchange
	w.exchange = nil
	if err == nil {
		return errors.New("the exchange did not fail")
	}
	return nil
}

func (w *world) operatorCloses() error {
	if err := w.exchangeFails(); err != nil {
		return err
	}
	log := w.line.exchanges()
	if len(log) == 0 {
		return errors.New("nothing was sent")
	}
	switch e := log[len(log)-1]; {
	case len(e.Reply) > 0:
		return differs("the operator's answer", "none", fmt.Sprintf("%d bytes", len(e.Reply)))
	case !e.Closed:
		return differs("the connection", "closed by the operator", "open and silent")
	}
	return nil
}

func (w *world) unsent(n int) error {
	if _, err := w.register(); err != nil {
		return err
	}
	return same("unsent documents", n, w.view().Unconfirmed)
}

func (w *world) phaseIs(text string) error {
	want, err := phases.find(text)
	if err != nil {
		return err
	}
	if _, err := w.register(); err != nil {
		return err
	}
	return same("phase of the drive", want, w.view().Phase)
}

// lastDocument is the last document as the drive keeps it.
func (w *world) lastDocument() (*ffd.Document, error) {
	if w.last.FD == 0 {
		return nil, errors.New("no document was made")
	}
	return ffd.Decode(w.last.STLV)
}

func (w *world) lastIs(form string, number int) error {
	want, err := forms.find(form)
	if err != nil {
		return err
	}
	if err := same("number of the last document", fiscal.FDNumber(number), w.last.FD); err != nil {
		return err
	}
	return same("the last document", want, w.last.Form)
}

func (w *world) warning(text string) (carried bool, err error) {
	v, err := warnings.find(text)
	if err != nil {
		return false, err
	}
	d, err := w.lastDocument()
	if err != nil {
		return false, err
	}
	return d.Uint(tlv.Tag(v.tag)) == 1, nil
}

func (w *world) warns(text string) error {
	carried, err := w.warning(text)
	if err == nil && !carried {
		err = fmt.Errorf("the last document does not warn %s", text)
	}
	return err
}

func (w *world) warnsNot(text string) error {
	carried, err := w.warning(text)
	if err == nil && carried {
		err = fmt.Errorf("the last document warns %s", text)
	}
	return err
}

func (w *world) givesReason(text string) error {
	want, err := reasons.find(text)
	if err != nil {
		return err
	}
	d, err := w.lastDocument()
	if err != nil {
		return err
	}
	if bits := d.Field(ffd.TagChangeReasons); bits != nil {
		if got := kkt.ChangeBits(ffd.NodeUint(bits)); got&want.bit == 0 {
			return differs("reasons of the change (1205)", fmt.Sprintf("%#x among them", want.bit), fmt.Sprintf("%#x", got))
		}
		return nil
	}
	var got []uint64
	for _, n := range d.All(ffd.TagChangeReason) {
		if got = append(got, ffd.NodeUint(n)); ffd.NodeUint(n) == want.code {
			return nil
		}
	}
	return differs("reasons of the change (1101)", want.code, got)
}

func (w *world) counts(n int) error {
	d, err := w.lastDocument()
	if err != nil {
		return err
	}
	return same("unsent documents by the last document (1097)", uint64(n), d.Uint(ffd.TagUnsentCount))
}

func (w *world) namesNobody() error {
	d, err := w.lastDocument()
	if err != nil {
		return err
	}
	return same("operator named by the last document (1017)", string(fiscal.NoINN), d.Text(ffd.TagOFDINN))
}

// Codes and bits of a confirmation (transport.md 8.2, 8.3).
const (
	codeControl = 14
	bitControl  = 0x02
)

func (w *world) confirmed() (link.Event, error) {
	if w.link.Kind == 0 {
		return w.link, errors.New("nothing was confirmed")
	}
	return w.link, nil
}

func (w *world) noObjection() error {
	e, err := w.confirmed()
	if err == nil && (e.Code != 0 || e.Message != 0) {
		err = differs("the confirmation", "no objection", fmt.Sprintf("1022 = %d, 1206 = %#02x", e.Code, e.Message))
	}
	return err
}

func (w *world) failedControl() error {
	e, err := w.confirmed()
	if err == nil && e.Code != codeControl && e.Message&bitControl == 0 {
		err = differs("the confirmation", "1022 = 14 or 1206 with bit 1", fmt.Sprintf("1022 = %d, 1206 = %#02x", e.Code, e.Message))
	}
	return err
}

func (w *world) announcesStop() error {
	e, err := w.confirmed()
	if err == nil && e.Message&bitStops == 0 {
		err = differs("the confirmation", "1206 with bit 7", fmt.Sprintf("1206 = %#02x", e.Message))
	}
	return err
}

// repeats compares the last two answers to one message.
func (w *world) repeats() error {
	var answers [][]byte
	log := w.line.exchanges()
	for i := len(log) - 1; i >= 0 && len(answers) < 2; i-- {
		if len(log[i].Reply) > 0 && sameDocument(log[i].Message, log[len(log)-1].Message) {
			answers = append(answers, log[i].Reply)
		}
	}
	switch {
	case len(answers) < 2:
		return fmt.Errorf("the operator answered the last document %d times", len(answers))
	case !bytes.Equal(answers[0], answers[1]):
		return differs("the second answer", "the same bytes as the first", "others")
	}
	return nil
}

// sameDocument compares the containers of two messages.
func sameDocument(a, b []byte) bool {
	return len(a) > wire.HeaderLen && len(b) > wire.HeaderLen && bytes.Equal(a[wire.HeaderLen:], b[wire.HeaderLen:])
}

func (w *world) connections(n int) error {
	var reached int
	w.line.set(func(l *line) { reached = l.reached })
	return same("connections", n, reached)
}
