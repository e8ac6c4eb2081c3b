package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// documentData is what is told of a document: no personal data, no content.
type documentData struct {
	FN       fiscal.FNNumber      `json:"fiscalDriveNumber"`
	FD       fiscal.FDNumber      `json:"fiscalDocumentNumber"`
	RegID    fiscal.RegNumber     `json:"kktRegId"`
	Kind     string               `json:"kind"`
	DateTime string               `json:"dateTime"`
	Shift    uint32               `json:"shiftNumber,omitempty"`
	Type     fiscal.OperationType `json:"operationType,omitempty"`
	Total    fiscal.Kopecks       `json:"totalSum"`
}

// eventsOf a document.
func eventsOf(d *store.Document) []Event {
	switch d.Form {
	case fiscal.FormOpenShift:
		return []Event{DocumentReceived, ShiftOpened}
	case fiscal.FormCloseShift:
		return []Event{DocumentReceived, ShiftClosed}
	}
	return []Event{DocumentReceived}
}

// follow makes deliveries of documents for those webhooks that may see them.
func (s *Service) follow(ctx context.Context, from int64, docs []store.Document) error {
	hooks, err := s.store.Hooks(ctx, "")
	if err != nil {
		return err
	}
	var all []Delivery
	for _, h := range hooks {
		if !h.Wants(DocumentReceived) && !h.Wants(ShiftOpened) && !h.Wants(ShiftClosed) {
			continue
		}
		some, err := s.documentsFor(ctx, h, docs)
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	if err := s.store.Advance(ctx, from, docs[len(docs)-1].ID, all); err != nil {
		return err
	}
	if len(all) > 0 {
		s.awake()
	}
	return nil
}

func (s *Service) documentsFor(ctx context.Context, h Hook, docs []store.Document) (all []Delivery, err error) {
	v, err := s.eyes(ctx, h)
	if err != nil || !v.Can(ReadDocuments.needed()) {
		return nil, err
	}
	sight, err := s.o.Fleet.Sight(ctx, v, fleet.Filter{})
	if err != nil {
		return nil, err
	}
	for i := range docs {
		d := &docs[i]
		dated := d.DateTime
		if dated.IsZero() {
			dated = d.ReceivedAt
		}
		if d.ReceivedAt.Before(h.Created) || !sight.Shows(d.RegID, d.UserINN, dated) {
			continue
		}
		for _, e := range eventsOf(d) {
			if !h.Wants(e) {
				continue
			}
			m := Message{ID: fmt.Sprintf("evt_%s_%d_%s", d.FN, d.FD, strings.ReplaceAll(string(e), ".", "_")), Type: e, OccurredAt: d.ReceivedAt,
				Data: documentData{FN: d.FN, FD: d.FD, RegID: d.RegID, Kind: d.Form.JSONName(), DateTime: d.DateTime.Format(wallClock), Shift: d.Shift,
					Type: d.Operation, Total: d.Total},
				Links: map[string]string{"document": s.o.Site + "/api/v1/documents/" + string(d.FN) + "/" + strconv.FormatUint(uint64(d.FD), 10)}}
			one, err := s.delivery(h, m)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// seen is what a hook's watcher remembers of a register.
type seen struct {
	Archived bool            `json:"archived"`
	Light    string          `json:"light"`
	FN       fiscal.FNNumber `json:"fn"`
	Expiring bool            `json:"expiring"`
}

// messageMark is the subject of the mark that holds the last failure told, reportMark
// of that which holds the last reports told.
const (
	messageMark = "message"
	reportMark  = "report"
)

// Watch looks at what documents do not say: registers that came, went and changed
// colour, drives, reports that were made, messages that failed. Of several servers one
// tells.
func (s *Service) Watch(ctx context.Context) error {
	hooks, err := s.store.Hooks(ctx, "")
	if err != nil {
		return err
	}
	for _, h := range hooks {
		err = errors.Join(err, s.watchHook(ctx, h, false))
	}
	return err
}

// watchHook compares what the hook may see with what it saw last. The first look only
// remembers.
func (s *Service) watchHook(ctx context.Context, h Hook, first bool) error {
	v, err := s.eyes(ctx, h)
	if err != nil || !v.Can(access.SeeRegisters) {
		return err
	}
	before, err := s.store.Marks(ctx, h.ID)
	if err != nil {
		return err
	}
	entries, err := s.o.Fleet.Registers(ctx, v, fleet.Filter{})
	if err != nil {
		return err
	}
	w := watcher{s: s, h: h, first: first, changed: map[string]string{}}
	for _, e := range entries {
		if err := w.register(e, before); err != nil {
			return err
		}
	}
	if v.Can(access.SeeMessages) && v.Whole() && !v.Picked() && !v.Dated() && s.o.Outbox != nil {
		if err := w.messages(ctx, before[messageMark]); err != nil {
			return err
		}
	}
	if s.o.Reports != nil && v.Can(ReadReports.needed()) {
		if err := w.reports(ctx, v, before[reportMark]); err != nil {
			return err
		}
	}
	if len(w.changed) == 0 {
		return nil
	}
	if err := s.store.Note(ctx, h.ID, before, w.changed, w.told); err != nil {
		if errors.Is(err, ErrStale) {
			return nil // another server looks at this hook: it tells, or the next look does
		}
		return err
	}
	if len(w.told) > 0 {
		s.awake()
	}
	return nil
}

type watcher struct {
	s       *Service
	h       Hook
	first   bool
	changed map[string]string
	told    []Delivery
}

func (w *watcher) tell(e Event, at time.Time, data any, links map[string]string) error {
	return w.tellOnce("", e, at, data, links)
}

// tellOnce gives the event an id of its own; empty: a new one.
func (w *watcher) tellOnce(id string, e Event, at time.Time, data any, links map[string]string) error {
	if w.first || !w.h.Wants(e) {
		return nil
	}
	d, err := w.s.delivery(w.h, Message{ID: id, Type: e, OccurredAt: at, Data: data, Links: links})
	w.told = append(w.told, d)
	return err
}

// register tells what changed of one.
func (w *watcher) register(e fleet.Entry, before map[string]string) error {
	now := w.s.o.Now()
	l := w.s.o.Fleet.Lights(e, fleet.DefaultThresholds(), now, moscow)
	is := seen{Archived: !e.Archived.IsZero(), Light: l.Worst.String(), FN: e.Drive(), Expiring: e.Seen() && l.Drive.Colour >= fleet.Yellow}
	subject := "register:" + string(e.RegID)
	text, err := json.Marshal(is)
	if err != nil {
		return fmt.Errorf("integration: %w", err)
	}
	if before[subject] == string(text) {
		return nil
	}
	w.changed[subject] = string(text)
	data := map[string]any{"kktRegId": e.RegID, "name": e.Name}
	links := map[string]string{"register": w.s.o.Site + "/api/v1/registers/" + string(e.RegID)}
	if before[subject] == "" {
		return w.tell(RegisterConnected, e.Connected, data, links)
	}
	var was seen
	if err := json.Unmarshal([]byte(before[subject]), &was); err != nil {
		return fmt.Errorf("integration: reading a mark: %w", err)
	}
	with := func(pairs ...any) map[string]any {
		all := map[string]any{"kktRegId": e.RegID, "name": e.Name}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i].(string)] = pairs[i+1]
		}
		return all
	}
	if is.Archived && !was.Archived {
		err = errors.Join(err, w.tell(RegisterArchived, e.Archived, data, links))
	}
	if is.Light != was.Light {
		err = errors.Join(err, w.tell(RegisterLightChanged, now, with("light", is.Light, "previous", was.Light, "reason", l.Reason()), links))
	}
	if is.FN != was.FN && was.FN != "" && is.FN != "" {
		err = errors.Join(err, w.tell(DriveReplaced, now, with("fiscalDriveNumber", is.FN, "previous", was.FN), links))
	}
	if is.Expiring && (!was.Expiring || is.FN != was.FN) {
		err = errors.Join(err, w.tell(DriveExpiring, now, with("fiscalDriveNumber", is.FN, "reason", l.Drive.Reason), links))
	}
	return err
}

var moscow = time.FixedZone("МСК", 3*60*60)

// messages tells of failures since the mark: the time of the last one told.
func (w *watcher) messages(ctx context.Context, mark string) error {
	since, _ := strconv.ParseInt(mark, 10, 64)
	failed, err := w.s.o.Outbox.Messages(ctx, notify.Filter{Org: w.h.Org, State: notify.Failed, Limit: 100})
	if err != nil {
		return err
	}
	last := since
	for i := len(failed) - 1; i >= 0; i-- {
		m := &failed[i]
		at := m.Done.UnixNano()
		if at <= since || !strings.Contains(m.About, "/") {
			continue // told already, or not to a buyer
		}
		last = max(last, at)
		data := map[string]any{"id": m.ID, "channel": m.Channel, "reason": m.Reason, "about": m.About}
		if err := w.tell(MessageFailed, m.Done, data, nil); err != nil {
			return err
		}
	}
	if last != since {
		w.changed[messageMark] = strconv.FormatInt(last, 10)
	}
	return nil
}

// reported is what a hook's watcher remembers of reports: those made in the last while
// that were told of. Reports are kept in another order than they are made in, by
// several servers, so the last one alone would not do.
type reported struct {
	Since time.Time `json:"since"`
	Told  []string  `json:"told,omitempty"` // made at Since or later
}

// reportWindow is how much later than another that was made after it a report may be
// kept.
const reportWindow = 10 * time.Minute

// reports tells of files that were made and can be read.
func (w *watcher) reports(ctx context.Context, v access.Viewer, mark string) error {
	was := reported{Since: w.h.Created}
	if mark != "" {
		if err := json.Unmarshal([]byte(mark), &was); err != nil {
			return fmt.Errorf("integration: reading a mark: %w", err)
		}
	}
	if now := w.s.o.Now(); was.Since.After(now) {
		was.Since = now.Add(-reportWindow) // the bench's clock went back
	}
	made, err := w.s.o.Reports.Made(ctx, v, was.Since)
	if err != nil {
		return err
	}
	is := reported{Since: was.Since}
	for _, j := range made {
		if late := j.Made.Add(-reportWindow); late.After(is.Since) {
			is.Since = late
		}
	}
	for _, j := range made {
		if !j.Made.Before(is.Since) {
			is.Told = append(is.Told, j.ID)
		}
		if slices.Contains(was.Told, j.ID) || !j.State.HasFile() || j.Made.Before(w.h.Created) {
			continue
		}
		data := map[string]any{"id": j.ID, "kind": j.Kind, "rows": j.Rows, "size": j.Size, "expiresAt": j.Expires.UTC()}
		if !j.Params.From.IsZero() {
			data["from"], data["to"] = j.Params.From.Format(wallClock), j.Params.To.Format(wallClock)
		}
		at := w.s.o.Site + "/api/v1/reports/" + j.ID
		if err := w.tellOnce("evt_report_"+j.ID, ReportReady, j.Made, data, map[string]string{"report": at, "file": at + "/file"}); err != nil {
			return err
		}
	}
	text, err := json.Marshal(is)
	if err != nil {
		return fmt.Errorf("integration: %w", err)
	}
	if len(is.Told) > 0 && string(text) != mark {
		w.changed[reportMark] = string(text)
	}
	return nil
}

// wallClock is how a register's own time is written.
const wallClock = "2006-01-02T15:04:05"
