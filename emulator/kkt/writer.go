package kkt

import (
	"slices"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// writer makes the fields that a register hands to its drive. It asks the document
// tables whether a field may stand where it is written, and the dictionary how long
// it may be. The first refusal sticks.
type writer struct {
	b        tlv.Builder
	v        fiscal.FFD // whose tables are asked; those of 1.05 for a document of 1.0
	old      bool       // FFD 1.0: what came later is left out
	form     fiscal.Form
	path     []tlv.Tag
	waived   []string
	warnings []string
	refusal  *Refusal
}

func (k *KKT) writer(v fiscal.FFD, form fiscal.Form) *writer {
	return &writer{v: max(v, fiscal.FFD105), old: v == fiscal.FFD10, form: form, path: make([]tlv.Tag, 0, 4), waived: k.opts.Waive}
}

// done returns the fields written, or why there are none.
func (w *writer) done() ([]byte, error) {
	if w.refusal != nil {
		return nil, w.refusal
	}
	return w.b.Bytes()
}

// refuse records a broken rule, or a warning when the rule is waived.
func (w *writer) refuse(rule, format string, args ...any) {
	w.add(refuse(rule, format, args...))
}

func (w *writer) add(r *Refusal) {
	switch {
	case slices.Contains(w.waived, r.Rule):
		w.warnings = append(w.warnings, r.Rule+" не применяется: "+r.Text)
	case w.refusal == nil:
		w.refusal = r
	}
}

// check is add for the checks that return a *Refusal as an error.
func (w *writer) check(err error) {
	if r, ok := err.(*Refusal); ok && r != nil {
		w.add(r)
	}
}

// place names the field being written: "1059/1030 «наименование…»".
func (w *writer) place() string {
	s := "реквизит " + tlv.PathString(w.path)
	if info := ffd.Lookup(w.path[len(w.path)-1]); info != nil {
		s += " «" + info.Name + "»"
	}
	return s
}

// later came with FFD 1.05 and after it: a document of FFD 1.0 has none of them. No
// paper with the tables of FFD 1.0 is at hand; the rest is as in 1.05.
var later = []tlv.Tag{ffd.TagFFDVersion, ffd.TagKKTFFDVersion, ffd.TagFNFFDVersion, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum,
	ffd.TagPrintInMachineSign}

// field calls write when the document's table allows the tag here.
func (w *writer) field(tag tlv.Tag, write func(info *ffd.TagInfo)) {
	if w.old && slices.Contains(later, tag) {
		return
	}
	w.path = append(w.path, tag)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	info := ffd.Lookup(tag)
	row := ffd.RowAt(w.v, w.form, w.path)
	if info == nil || row == nil || row.Electronic == ffd.NotInForm {
		w.refuse(RuleFFD, "%s: нет в документе «%s» ФФД %s", w.place(), w.form, w.v)
		if info == nil || w.refusal != nil {
			return
		}
	}
	write(info)
}

// text writes s when it is not empty.
func (w *writer) text(tag tlv.Tag, s string) {
	if s == "" {
		return
	}
	w.field(tag, func(info *ffd.TagInfo) {
		out, replaced, bad := encodable(s)
		if bad != 0 {
			w.refuse(RuleText, "%s: символа %q (U+%04X) нет в CP866", w.place(), string(bad), bad)
			return
		}
		if replaced != nil {
			w.warnings = append(w.warnings, replacedWarning(w.place(), replaced))
		}
		n := len([]rune(out))
		if info.Length > 0 && n > info.Length {
			w.refuse("S-08", "%s: %d символов, допустимо %d", w.place(), n, info.Length)
			if w.refusal != nil {
				return
			}
		}
		if info.Fixed && n <= info.Length {
			w.b.FixedText(tag, out, info.Length)
		} else {
			w.b.Text(tag, out)
		}
	})
}

// require is text for a field that the document cannot do without.
func (w *writer) require(tag tlv.Tag, s string) {
	if s == "" {
		w.path = append(w.path, tag)
		w.refuse(RuleRequired, "%s: не задан", w.place())
		w.path = w.path[:len(w.path)-1]
		return
	}
	w.text(tag, s)
}

func (w *writer) texts(tag tlv.Tag, all []string) {
	for _, s := range all {
		w.text(tag, s)
	}
}

// inn writes an INN after checking its check digits; "" is left out.
func (w *writer) inn(tag tlv.Tag, n fiscal.INN, rule string) {
	if n == "" {
		return
	}
	w.field(tag, func(*ffd.TagInfo) {
		if err := n.Check(); err != nil && n != fiscal.NoINN {
			w.refuse(rule, "%s: %s", w.place(), innFault(n))
			if w.refusal != nil {
				return
			}
		}
		w.b.FixedText(tag, string(n), fiscal.INNLen)
	})
}

// innFault says in Russian why an INN is wrong.
func innFault(n fiscal.INN) string {
	if len(n) != 10 && len(n) != 12 {
		return "ИНН из " + strconv.Itoa(len(n)) + " знаков, нужно 10 или 12 цифр"
	}
	return "контрольные цифры ИНН не сходятся"
}

// byte writes a number after checking that the lists of values know it.
func (w *writer) byte(tag tlv.Tag, n uint8) {
	w.field(tag, func(*ffd.TagInfo) {
		if set := ffd.Values(tag, w.v, w.form); set != nil && !set.Unverified && !set.Allows(uint64(n)) {
			w.refuse("S-10", "%s: значение %d не допускается", w.place(), n)
		}
		w.b.Byte(tag, n)
	})
}

func (w *writer) flag(tag tlv.Tag, v bool) {
	w.field(tag, func(*ffd.TagInfo) { w.b.Bool(tag, v) })
}

// set writes a flag of value 1 only.
func (w *writer) set(tag tlv.Tag, v bool) {
	if v {
		w.flag(tag, true)
	}
}

func (w *writer) sum(tag tlv.Tag, k fiscal.Kopecks) {
	if w.old && k != 0 && slices.Contains(later, tag) {
		w.refuse(RuleFFD, "реквизит %d: такой оплаты в ФФД 1.0 нет", tag)
	}
	w.field(tag, func(*ffd.TagInfo) {
		if k < 0 || k > fiscal.MaxKopecks {
			w.refuse(RuleValue, "%s: сумма %s вне пределов", w.place(), k)
			return
		}
		w.b.VLN(tag, uint64(k))
	})
}

func (w *writer) optionalSum(tag tlv.Tag, k *fiscal.Kopecks) {
	if k != nil {
		w.sum(tag, *k)
	}
}

func (w *writer) vln(tag tlv.Tag, n uint64) {
	w.field(tag, func(*ffd.TagInfo) { w.b.VLN(tag, n) })
}

func (w *writer) uint32(tag tlv.Tag, n uint32) {
	w.field(tag, func(*ffd.TagInfo) { w.b.Uint32(tag, n) })
}

func (w *writer) quantity(tag tlv.Tag, q Quantity) {
	w.field(tag, func(info *ffd.TagInfo) {
		if n := len(q.Append(nil)); n > info.Length {
			w.refuse("S-08", "%s: %d байт, допустимо %d", w.place(), n, info.Length)
			return
		}
		w.b.FVLN(tag, q.FVLN)
	})
}

// time writes the wall clock of t.
func (w *writer) time(tag tlv.Tag, t time.Time) {
	w.field(tag, func(*ffd.TagInfo) { w.b.Time(tag, tlv.WallClock(t)) })
}

func (w *writer) raw(tag tlv.Tag, value []byte) {
	if len(value) == 0 {
		return
	}
	w.field(tag, func(info *ffd.TagInfo) {
		if info.Length > 0 && len(value) > info.Length {
			w.refuse("S-08", "%s: %d байт, допустимо %d", w.place(), len(value), info.Length)
			return
		}
		w.b.Raw(tag, value)
	})
}

// group writes an STLV and checks its length, the counters excepted.
func (w *writer) group(tag tlv.Tag, inside func()) {
	w.field(tag, func(info *ffd.TagInfo) {
		before := w.b.Len()
		w.b.STLV(tag, func(*tlv.Builder) { inside() })
		if n := w.b.Len() - before - tlv.HeaderLen; info.Length > 0 && n > info.Length {
			w.refuse("S-08", "%s: %d байт, допустимо %d", w.place(), n, info.Length)
		}
	})
}
