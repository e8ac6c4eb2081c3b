package integration

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
)

// DeliveryState is where a delivery is.
type DeliveryState string

// States.
const (
	Queued    DeliveryState = "queued"
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed"
)

// Delivery is one event on its way to one address.
type Delivery struct {
	ID      string // grows with time
	Hook    string
	Org     string
	Event   Event
	Body    []byte // JSON as it is sent
	State   DeliveryState
	Tries   int
	Status  int    // of the last answer; 0: none came
	Reason  string // why the last try failed, in Russian
	Created time.Time
	Due     time.Time // not to be sent earlier
	Done    time.Time // of the last try; zero: not tried
}

// Message is the body of a delivery (API-07).
type Message struct {
	ID         string            `json:"id"` // of the event: the same in every try and resend
	Type       Event             `json:"type"`
	OccurredAt time.Time         `json:"occurredAt"`
	Data       any               `json:"data"`
	Links      map[string]string `json:"links"`
}

// DeliveryTerm is how long a delivery is tried.
const DeliveryTerm = 24 * time.Hour

// keptFor is how long deliveries are listed.
const keptFor = 30 * 24 * time.Hour

// pauses between tries; the last is repeated until the term is over.
var pauses = []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

// pause after so many tries.
func pause(tries int) time.Duration { return pauses[min(max(tries, 1), len(pauses))-1] }

// delivery makes one of a message.
func (s *Service) delivery(h Hook, m Message) (Delivery, error) {
	now := s.o.Now()
	tail, err := ident.Tail(s.o.Random)
	if err != nil {
		return Delivery{}, err
	}
	id := ident.After(now, tail)
	if m.ID == "" {
		m.ID = "evt_" + tail
	}
	if m.Links == nil {
		m.Links = map[string]string{}
	}
	m.OccurredAt = m.OccurredAt.UTC()
	body, err := json.Marshal(m)
	if err != nil {
		return Delivery{}, fmt.Errorf("integration: %w", err)
	}
	return Delivery{ID: id, Hook: h.ID, Org: h.Org, Event: m.Type, Body: body, State: Queued, Created: now, Due: now}, nil
}

// Deliveries of a hook, the newest first.
func (s *Service) Deliveries(ctx context.Context, v access.Viewer, hook, before string, limit int) ([]Delivery, error) {
	if _, err := s.hook(ctx, v, hook); err != nil {
		return nil, err
	}
	return s.store.Deliveries(ctx, hook, before, limit)
}

// Resend puts an earlier delivery on its way again, with the same body.
func (s *Service) Resend(ctx context.Context, v access.Viewer, hook, id string) (Delivery, error) {
	h, err := s.hook(ctx, v, hook)
	if err != nil {
		return Delivery{}, err
	}
	old, err := s.store.Delivery(ctx, hook, id)
	if err != nil {
		return Delivery{}, err
	}
	return s.put(ctx, v, DeedResend, h, old.Event, old.Body, "событие «"+old.Event.Title()+"»", "доставка "+old.ID)
}

// TestHook sends a test event.
func (s *Service) TestHook(ctx context.Context, v access.Viewer, hook string) (Delivery, error) {
	h, err := s.hook(ctx, v, hook)
	if err != nil {
		return Delivery{}, err
	}
	d, err := s.delivery(h, Message{Type: Test, OccurredAt: s.o.Now(), Data: map[string]string{"webhook": h.ID}})
	if err != nil {
		return Delivery{}, err
	}
	return s.put(ctx, v, DeedTestHook, h, d.Event, d.Body)
}

// put sends what the viewer asked for.
func (s *Service) put(ctx context.Context, v access.Viewer, deed string, h Hook, e Event, body []byte, said ...string) (Delivery, error) {
	d, err := s.delivery(h, Message{Type: e})
	if err != nil {
		return Delivery{}, err
	}
	d.Body = body
	note, err := s.noteHook(v, deed, h, said...)
	if err != nil {
		return Delivery{}, err
	}
	if err := s.store.AddDelivery(ctx, d, note); err != nil {
		return Delivery{}, err
	}
	s.awake()
	return d, nil
}

func (s *Service) awake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Sign is the header OFD-Signature of a body: "t=…,v1=…", HMAC-SHA256 of the time in
// Unix seconds, a dot and the body.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

const (
	lookEvery  = 2 * time.Second
	watchEvery = 10 * time.Second
	sweepEvery = time.Hour
	senders    = 4
	atOnce     = 64
	// lease is how long a try may take before another server takes it up.
	lease = time.Minute
)

// Run watches registers, sends deliveries and drops old ones until ctx ends; it
// returns ctx's error.
func (s *Service) Run(ctx context.Context) error {
	look, watch, sweep := time.NewTicker(lookEvery), time.NewTicker(watchEvery), time.NewTicker(sweepEvery)
	defer look.Stop()
	defer watch.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		case <-s.wake:
		case <-watch.C:
			if err := s.Watch(ctx); err != nil && ctx.Err() == nil {
				s.o.Logger.Error("watching for webhooks", "err", err)
			}
		case <-sweep.C:
			s.sweep(ctx)
		}
		if _, err := s.SendDue(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("sending webhooks", "err", err)
		}
	}
}

func (s *Service) sweep(ctx context.Context) {
	now := s.o.Now()
	_, err := s.store.DropDeliveries(ctx, now.Add(-keptFor))
	_, err2 := s.store.DropAnswers(ctx, now.Add(-AnswerTerm))
	if err := errors.Join(err, err2); err != nil && ctx.Err() == nil {
		s.o.Logger.Error("dropping old deliveries", "err", err)
	}
}

// SendDue tries every delivery whose time has come and tells how many there were.
func (s *Service) SendDue(ctx context.Context) (int, error) {
	due, err := s.store.Due(ctx, s.o.Now(), atOnce)
	if err != nil {
		return 0, err
	}
	work := make(chan Delivery)
	errs := make(chan error, len(due))
	var wait sync.WaitGroup
	for range min(senders, len(due)) {
		wait.Go(func() {
			for d := range work {
				errs <- s.try(ctx, d)
			}
		})
	}
	for _, d := range due {
		work <- d
	}
	close(work)
	wait.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return len(due), err
}

// try sends a delivery once. The try is claimed first, so that of several servers one
// sends.
func (s *Service) try(ctx context.Context, d Delivery) error {
	now := s.o.Now()
	tries := d.Tries
	d.Tries, d.Due, d.Done = tries+1, now.Add(lease), now
	if err := s.store.Settle(ctx, d, tries); err != nil {
		if errors.Is(err, ErrStale) {
			return nil
		}
		return err
	}
	h, err := s.store.Hook(ctx, d.Org, d.Hook)
	if errors.Is(err, ErrNotFound) {
		return nil // and its deliveries are gone with it
	}
	if err != nil {
		return err
	}
	d.Status, d.Reason = 0, ""
	lasting := false
	if h.Off {
		d.Reason, lasting = "веб-хук выключен", true
	} else {
		d.Status, d.Reason = s.call(ctx, h, d)
	}
	if ctx.Err() != nil {
		return ctx.Err() // the lease brings it back
	}
	now = s.o.Now()
	d.Done = now
	switch {
	case d.Reason == "":
		d.State = Delivered
	case lasting || now.Add(pause(d.Tries)).After(d.Created.Add(DeliveryTerm)):
		d.State = Failed
	default:
		d.Due = now.Add(pause(d.Tries))
	}
	if err := s.store.Settle(ctx, d, d.Tries); err != nil && !errors.Is(err, ErrStale) {
		return err
	}
	return nil
}

// call makes the request; reason is empty when it was answered with 2xx.
func (s *Service) call(ctx context.Context, h Hook, d Delivery) (status int, reason string) {
	if s.seal == nil {
		return 0, "на сервере нет ключа шифрования"
	}
	secret, err := s.seal.open(h.Secret, h.ID)
	if err != nil {
		return 0, "секрет веб-хука не читается"
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, "адрес не разбирается"
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "ofd-webhooks/1")
	r.Header.Set("OFD-Event", string(d.Event))
	r.Header.Set("OFD-Delivery", d.ID)
	r.Header.Set("OFD-Signature", Sign(string(secret), s.o.Now(), d.Body))
	resp, err := s.client.Do(r)
	if err != nil {
		return 0, reasonOf(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, fmt.Sprintf("ответ %d", resp.StatusCode)
	}
	return resp.StatusCode, ""
}

// reasonOf says why no answer came, without addresses and names.
func reasonOf(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errPrivate):
		return "адрес ведёт во внутреннюю сеть"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "нет ответа за 10 секунд"
	}
	return "соединиться не удалось"
}
