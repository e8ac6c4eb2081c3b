package kkt

import (
	"fmt"
	"io"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// finish makes the result of a report.
func (k *KKT) finish(form fiscal.Form, f fnport.Formed, at time.Time, shift uint16, warnings []string) (Result, error) {
	res := Result{Form: form, FD: f.FD, FPD: f.FPD, DateTime: at, Shift: shift, Warnings: warnings}
	return res, k.readBack(&res)
}

// readBack fetches the finished document from the drive and prints it.
func (k *KKT) readBack(res *Result) error {
	k.log.Info("document made", "fn", k.fn, "fd", res.FD, "kind", int(res.Form), "shift", res.Shift)
	if k.opts.NoReadBack {
		return nil
	}
	stlv, err := k.drive.Document(res.FD)
	switch {
	case fnport.Code(err) == fn.NoData: // a 30-day store too small to keep it
		res.Warnings = append(res.Warnings, "ФН не хранит документ в полном виде")
		return nil
	case err != nil:
		return fmt.Errorf("kkt: reading document %d back: %w", res.FD, err)
	}
	res.STLV = stlv
	if k.opts.Printer != nil {
		k.print(res)
	}
	return nil
}

// qr is the text of the QR code of a receipt (flk.md section 12).
func (k *KKT) qr(res *Result, op fiscal.OperationType) string {
	return ffd.QR{Time: res.DateTime, Total: res.Total, FN: k.fn, FD: res.FD, FPD: res.FPD, Operation: op}.String()
}

// print writes the document as text. A printer that fails is a warning: the
// document is made, whatever the paper says.
func (k *KKT) print(res *Result) {
	d, err := ffd.Decode(res.STLV)
	if err == nil {
		res.Text, err = Print(d)
	}
	if err == nil {
		_, err = io.WriteString(k.opts.Printer, res.Text+"\n")
	}
	if err != nil {
		res.Warnings = append(res.Warnings, "документ не напечатан: "+err.Error())
	}
}
