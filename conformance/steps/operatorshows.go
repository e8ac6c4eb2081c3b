package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

func (w *world) operatorChecks() []definition {
	return []definition{
		{in: then, sentence: [2]string{"the operator keeps {n} document(s) of the drive", "у оператора {n} документ/документа/документов этого ФН"}, do: w.keeps},
		{in: then, sentence: [2]string{"the operator keeps every document of the drive", "у оператора все документы этого ФН"}, do: w.keepsAll},
		{in: then, sentence: [2]string{"the operator keeps these documents:", "у оператора такие документы:"}, do: w.keepsThese},
		{in: then, sentence: [2]string{"the former operator keeps {n} document(s) of the drive", "у прежнего оператора {n} документ/документа/документов этого ФН"}, do: w.formerKeeps},
		{in: then, sentence: [2]string{"the operator has no remarks", "у оператора нет замечаний"}, do: w.noRemarks},
		{in: then, sentence: [2]string{"the operator remarks {rule} in the last document", "оператор отмечает {rule} в последнем документе"}, do: w.remarks},
		{in: then, sentence: [2]string{"the operator has an incident about {text}", "у оператора есть инцидент: {text}"}, do: w.incident},
		{in: then, sentence: [2]string{"the operator has no incidents", "у оператора нет инцидентов"}, do: w.noIncident},
		{in: then, sentence: [2]string{"the operator keeps the message in quarantine", "оператор держит сообщение в карантине"}, do: w.quarantine},
		{in: then, sentence: [2]string{"the operator shows the drive as {status}", "оператор показывает ФН как {status}"}, do: w.shownAs},
		{in: then, sentence: [2]string{"the operator shows the former drive as {status}", "оператор показывает прежний ФН как {status}"}, do: w.formerShownAs},
		{in: then, sentence: [2]string{"the operator shows the user as {text}", "оператор показывает пользователя {text}"}, do: w.shownUser},
		{in: then, sentence: [2]string{"the operator shows the address as {text}", "оператор показывает адрес {text}"}, do: w.shownAddress},
		{in: then, sentence: [2]string{"the operator misses documents {n} to {n}", "оператору не хватает документов с {n} по {n}"}, do: w.misses},
		{in: then, sentence: [2]string{"the operator misses no documents", "у оператора нет пропусков"}, do: w.missesNone},
		{in: then, sentence: [2]string{"the operator received document {n} {n} {unit} after it was made", "оператор получил документ {n} через {n} {unit} после его формирования"}, do: w.receivedAfter},
	}
}

// number of the drive in use.
func (w *world) number() (string, error) {
	if _, err := w.register(); err != nil {
		return "", err
	}
	return string(w.emu.Number()), nil
}

// inspect is the operator in use as something that shows what it keeps.
func (w *world) inspect(ctx context.Context) (conformance.Inspector, string, error) {
	number, err := w.number()
	if err != nil {
		return nil, "", err
	}
	if err := w.setClocks(ctx); err != nil {
		return nil, "", err
	}
	i, err := can[conformance.Inspector](w.operator, "way to show what it keeps")
	return i, number, err
}

func (w *world) keepsAt(ctx context.Context, t conformance.Target, n int) error {
	number, err := w.number()
	if err != nil {
		return err
	}
	s, err := can[conformance.Stored](t, "list of stored documents")
	if err != nil {
		return err
	}
	got, err := s.Documents(ctx, number)
	if err != nil {
		return err
	}
	return same("documents at the operator", n, got)
}

func (w *world) keeps(ctx context.Context, n int) error { return w.keepsAt(ctx, w.operator, n) }

func (w *world) formerKeeps(ctx context.Context, n int) error {
	if w.former == nil {
		return errors.New("the register has had one operator only")
	}
	return w.keepsAt(ctx, w.former, n)
}

func (w *world) keepsAll(ctx context.Context) error {
	if err := w.keeps(ctx, int(w.last.FD)); err != nil {
		return err
	}
	return w.unsent(0)
}

func (w *world) keepsThese(ctx context.Context, table *godog.Table) error {
	shows, number, err := w.inspect(ctx)
	if err != nil {
		return err
	}
	for i, row := range table.Rows {
		if len(row.Cells) != 2 {
			return fmt.Errorf("row %d of the table has %d cells: want number and document", i+1, len(row.Cells))
		}
		fd, err := strconv.ParseUint(row.Cells[0].Value, 10, 32)
		if err != nil {
			return fmt.Errorf("row %d of the table: number %q", i+1, row.Cells[0].Value)
		}
		want, err := forms.find(row.Cells[1].Value)
		if err != nil {
			return err
		}
		d, err := shows.Document(ctx, number, uint32(fd))
		if err != nil {
			return err
		}
		if d.FD == 0 {
			return fmt.Errorf("the operator has no document %d", fd)
		}
		if err := same(fmt.Sprintf("document %d", fd), want, fiscal.Form(d.Form)); err != nil {
			return err
		}
	}
	return w.keeps(ctx, len(table.Rows))
}

// noRemarks looks at every document of the drive, at incidents and at quarantine.
func (w *world) noRemarks(ctx context.Context) error {
	shows, number, err := w.inspect(ctx)
	if err != nil {
		return err
	}
	for fd := uint32(1); fd <= uint32(w.last.FD); fd++ {
		d, err := shows.Document(ctx, number, fd)
		if err != nil {
			return err
		}
		if len(d.Rules) > 0 || d.Fault != "" {
			return differs(fmt.Sprintf("remarks on document %d", fd), "none", strings.TrimSpace(d.FaultName+" "+strings.Join(d.Rules, ", ")))
		}
	}
	return w.noIncident(ctx)
}

func (w *world) remarks(ctx context.Context, rule string) error {
	shows, number, err := w.inspect(ctx)
	if err != nil {
		return err
	}
	d, err := shows.Document(ctx, number, uint32(w.last.FD))
	if err != nil {
		return err
	}
	if !slices.Contains(d.Rules, rule) {
		return differs(fmt.Sprintf("remarks on document %d", w.last.FD), rule, d.Rules)
	}
	return nil
}

func (w *world) incident(ctx context.Context, text string) error {
	shows, number, err := w.inspect(ctx)
	if err != nil {
		return err
	}
	all, err := shows.Incidents(ctx, number)
	if err != nil {
		return err
	}
	for _, i := range all {
		if strings.Contains(i.Text, unquote(text)) {
			return nil
		}
	}
	return differs("incidents", text, all)
}

func (w *world) noIncident(ctx context.Context) error {
	shows, number, err := w.inspect(ctx)
	if err != nil {
		return err
	}
	all, err := shows.Incidents(ctx, number)
	if err == nil && len(all) > 0 {
		err = differs("incidents", "none", all)
	}
	return err
}

func (w *world) quarantine(ctx context.Context) error {
	shows, number, err := w.inspect(ctx)
	if err != nil {
		return err
	}
	all, err := shows.Quarantine(ctx, number)
	if err == nil && len(all) == 0 {
		err = errors.New("the quarantine is empty")
	}
	return err
}

func (w *world) shown(ctx context.Context, number string) (conformance.Drive, error) {
	shows, _, err := w.inspect(ctx)
	if err != nil {
		return conformance.Drive{}, err
	}
	d, err := shows.Drive(ctx, number)
	if err == nil && d.FN == "" {
		err = fmt.Errorf("the operator knows no drive %s", number)
	}
	return d, err
}

func (w *world) status(ctx context.Context, number, text string) error {
	want, err := statuses.find(text)
	if err != nil {
		return err
	}
	d, err := w.shown(ctx, number)
	if err != nil {
		return err
	}
	return same("the drive is shown as", want, store.DriveStatus(d.Status))
}

func (w *world) shownAs(ctx context.Context, text string) error {
	number, err := w.number()
	if err != nil {
		return err
	}
	return w.status(ctx, number, text)
}

func (w *world) formerShownAs(ctx context.Context, text string) error {
	if w.oldFN == "" {
		return errors.New("the register has had one drive only")
	}
	return w.status(ctx, string(w.oldFN), text)
}

func (w *world) card(ctx context.Context, what, want string, field func(conformance.Drive) string) error {
	number, err := w.number()
	if err != nil {
		return err
	}
	d, err := w.shown(ctx, number)
	if err != nil {
		return err
	}
	return same(what, unquote(want), field(d))
}

func (w *world) shownUser(ctx context.Context, name string) error {
	return w.card(ctx, "the user", name, func(d conformance.Drive) string { return d.User })
}

func (w *world) shownAddress(ctx context.Context, address string) error {
	return w.card(ctx, "the address", address, func(d conformance.Drive) string { return d.Address })
}

func (w *world) gaps(ctx context.Context, want ...conformance.Gap) error {
	number, err := w.number()
	if err != nil {
		return err
	}
	d, err := w.shown(ctx, number)
	if err == nil && !slices.Equal(want, d.Gaps) {
		err = differs("missing documents", want, d.Gaps)
	}
	return err
}

func (w *world) misses(ctx context.Context, from, to int) error {
	return w.gaps(ctx, conformance.Gap{From: uint32(from), To: uint32(to)})
}

func (w *world) missesNone(ctx context.Context) error { return w.gaps(ctx) }

// receivedAfter compares the operator's time of arrival with the wall clock in the
// document, in whole minutes as documents have it.
func (w *world) receivedAfter(ctx context.Context, fd, n int, unit string) error {
	want, err := w.span(n, unit)
	if err != nil {
		return err
	}
	shows, number, err := w.inspect(ctx)
	if err != nil {
		return err
	}
	if w.opts.Target != nil {
		return skip("clock of the scenario's own")
	}
	d, err := shows.Document(ctx, number, uint32(fd))
	if err != nil {
		return err
	}
	made, err := time.ParseInLocation("2006-01-02T15:04:05", d.DateTime, place)
	if err != nil {
		return err
	}
	return same("time on the way", want, d.ReceivedAt.Sub(made))
}
