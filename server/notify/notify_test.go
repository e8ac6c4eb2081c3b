package notify_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

var _ account.Messenger = (*notify.Service)(nil)

type bench struct {
	*notify.Service
	now time.Time
	sms notify.StandIn
}

func newBench(t *testing.T, mail notify.Carrier) *bench {
	t.Helper()
	t.Parallel()
	o, err := office.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	b := &bench{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	b.Service, err = notify.New(notify.Options{Store: o.Messages(), SMS: &b.sms, Mail: mail, OFDName: "Испытательный ОФД", Site: "https://ofd.example", Now: func() time.Time { return b.now }})
	require.NoError(t, err)
	return b
}

func (b *bench) only(t *testing.T) notify.Message {
	t.Helper()
	all, err := b.Messages(context.Background(), notify.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 1)
	m, err := b.Message(context.Background(), all[0].ID)
	require.NoError(t, err)
	return m
}

// NTF-01, SIM-01
func TestSMS_CodeAndSegments(t *testing.T) {
	b := newBench(t, nil)
	require.NoError(t, b.SMS(context.Background(), "NTF-01", "+79001112233", map[string]string{"code": "012345", "minutes": "5"}))
	m := b.only(t)
	assert.Contains(t, m.Text, "012345")
	assert.Contains(t, m.Text, "5 мин", "how long it lives")
	assert.Equal(t, notify.Queued, m.State)
	assert.Equal(t, 1, m.Segments(), "one segment is enough")
	n, err := b.Step(context.Background())
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, notify.Delivered, b.only(t).State)
}

func TestMessage_Segments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 1, strings.Repeat("a", 160): 1, strings.Repeat("a", 161): 2, strings.Repeat("ж", 70): 1, strings.Repeat("ж", 71): 2,
		strings.Repeat("ж", 134): 2, strings.Repeat("ж", 135): 3, strings.Repeat("😀", 36): 2} {
		assert.Equal(t, want, notify.Message{Channel: notify.SMS, Text: text}.Segments(), text)
	}
}

// NTF-02, NTF-06, NTF-07: each letter holds what the table says, in text and in HTML.
func TestLetters_HoldWhatTheyMust(t *testing.T) {
	for kind, one := range map[string]struct {
		data map[string]string
		must []string
	}{
		"NTF-02": {map[string]string{"link": "https://ofd.example/confirm?token=x", "address": "a@b.example", "who": "Иван Петров"}, []string{"https://ofd.example/confirm?token=x", "a@b.example", "Указал пользователь: Иван Петров."}},
		"NTF-06": {map[string]string{"link": "https://ofd.example/reset?token=x"}, []string{"https://ofd.example/reset?token=x", "один раз"}},
		"NTF-07": {map[string]string{"login": "ivan", "org": "Ромашка"}, []string{"ivan", "Ромашка"}},
	} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t, nil)
			require.NoError(t, b.Letter(context.Background(), kind, "a@b.example", one.data))
			m := b.only(t)
			assert.NotEmpty(t, m.Subject)
			for _, want := range one.must {
				assert.Contains(t, m.Text, want)
				assert.Contains(t, m.HTML, want)
			}
		})
	}
	b := newBench(t, nil)
	require.Error(t, b.Letter(context.Background(), "NTF-02", "a@b.example", nil), "a letter without its link is not written")
}

// SIM-01: refused for good, down for a while.
func TestStandIn_Misbehaves(t *testing.T) {
	b := newBench(t, nil)
	ctx := context.Background()
	b.sms.Set(notify.Faults{Down: true, Refuse: []string{"000"}})
	require.NoError(t, b.SMS(ctx, "NTF-01", "+79001112233", map[string]string{"code": "1", "minutes": "5"}))
	for try := 1; try <= 5; try++ {
		n, err := b.Step(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		m := b.only(t)
		assert.Equal(t, notify.Queued, m.State)
		assert.True(t, m.Due.After(b.now), "the next try waits")
		n, err = b.Step(ctx)
		require.NoError(t, err)
		assert.Zero(t, n)
		b.now = m.Due
	}
	_, err := b.Step(ctx)
	require.NoError(t, err)
	m := b.only(t)
	assert.Equal(t, notify.Failed, m.State)
	assert.Equal(t, "Не удалось отправить за 6 попыток.", m.Reason)

	b.sms.Set(notify.Faults{Refuse: []string{"000"}})
	require.NoError(t, b.SMS(ctx, "NTF-01", "+79000000000", map[string]string{"code": "1", "minutes": "5"}))
	_, err = b.Step(ctx)
	require.NoError(t, err)
	all, err := b.Messages(ctx, notify.Filter{To: "000"})
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, notify.Failed, all[0].State)
	assert.Equal(t, 1, all[0].Tries)
}

// SIM-01: what a stand-in delays waits in the outbox; it holds up neither the other
// channel nor the sender, and is delivered once its time has come.
func TestStandIn_DelaysItsOwnOnly(t *testing.T) {
	b := newBench(t, nil)
	ctx := context.Background()
	b.sms.Set(notify.Faults{Delay: 10 * time.Minute})
	const many = 120 // more than are taken up at once
	for range many {
		require.NoError(t, b.SMS(ctx, "NTF-01", "+79001112233", map[string]string{"code": "1", "minutes": "5"}))
	}
	require.NoError(t, b.Letter(ctx, "NTF-06", "a@b.example", map[string]string{"link": "https://x.example"}))
	count := func(s notify.State) int {
		all, err := b.Messages(ctx, notify.Filter{State: s, Limit: 1000})
		require.NoError(t, err)
		return len(all)
	}
	drain := func() {
		for n := 1; n > 0; {
			var err error
			n, err = b.Step(ctx)
			require.NoError(t, err)
		}
	}
	drain()
	assert.Equal(t, 1, count(notify.Delivered), "the letter")
	assert.Equal(t, many, count(notify.Queued))
	b.now = b.now.Add(10*time.Minute - 1)
	drain()
	assert.Equal(t, many, count(notify.Queued))
	b.now = b.now.Add(1)
	drain()
	assert.Equal(t, many+1, count(notify.Delivered))
	all, err := b.Messages(ctx, notify.Filter{Channel: notify.SMS, Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, 1, all[0].Tries, "waiting is no try")
}

// SIM-01: a report of the delivery comes a while after the message went; it is sent until
// then, and is not carried again.
func TestStandIn_ReportsLater(t *testing.T) {
	b := newBench(t, nil)
	ctx := context.Background()
	b.sms.Set(notify.Faults{Report: time.Minute})
	require.NoError(t, b.SMS(ctx, "NTF-01", "+79001112233", map[string]string{"code": "1", "minutes": "5"}))
	_, err := b.Step(ctx)
	require.NoError(t, err)
	m := b.only(t)
	assert.Equal(t, notify.Sent, m.State)
	assert.Equal(t, notify.Awaited, m.Reason)
	b.sms.Set(notify.Faults{Down: true}) // the message is through all the same
	b.now = b.now.Add(time.Minute - 1)
	n, err := b.Step(ctx)
	require.NoError(t, err)
	assert.Zero(t, n)
	b.now = b.now.Add(1)
	_, err = b.Step(ctx)
	require.NoError(t, err)
	m = b.only(t)
	assert.Equal(t, notify.Delivered, m.State)
	assert.Empty(t, m.Reason)
	assert.Equal(t, 1, m.Tries)
}

// SIM-02: old messages are dropped, younger ones stay.
func TestDrop_OldOnes(t *testing.T) {
	b := newBench(t, nil)
	ctx := context.Background()
	for range 2 {
		require.NoError(t, b.SMS(ctx, "NTF-01", "+79001112233", map[string]string{"code": "1", "minutes": "5"}))
		b.now = b.now.Add(24 * time.Hour)
	}
	n, err := b.Drop(ctx, b.now.Add(-25*time.Hour))
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
	assert.Equal(t, b.now.Add(-24*time.Hour), b.only(t).Created.UTC())
}

// dying is a carrier that ends its server's work half way, so many times.
type dying struct {
	deaths, got int
}

func (d *dying) Carry(_ context.Context, _ notify.Message) error {
	if d.deaths > 0 {
		d.deaths--
		runtime.Goexit() // nothing after it happens
	}
	d.got++
	return nil
}

// NTF-11, SIM-02: a server that dies while it sends loses no letter: after a while the
// next one takes it up, and gives up on one that always kills it.
func TestSend_IsTakenUpAfterADeath(t *testing.T) {
	for want, deaths := range map[notify.State]int{notify.Delivered: 2, notify.Failed: 100} {
		t.Run(string(want), func(t *testing.T) {
			d := &dying{deaths: deaths}
			b := newBench(t, d)
			ctx := context.Background()
			require.NoError(t, b.Letter(ctx, "NTF-06", "a@b.example", map[string]string{"link": "https://x.example"}))
			for range 10 {
				_, err := b.Step(ctx)
				require.NoError(t, err)
				if b.only(t).State == notify.Sent {
					n, err := b.Step(ctx)
					require.NoError(t, err)
					assert.Zero(t, n, "not before its time is over")
				}
				b.now = b.now.Add(5 * time.Minute)
			}
			m := b.only(t)
			assert.Equal(t, want, m.State)
			if want == notify.Delivered {
				assert.Equal(t, 1, d.got)
				assert.Equal(t, 3, m.Tries)
			}
		})
	}
}

// meeting is a carrier whose deliveries wait for each other.
type meeting struct{ there chan struct{} }

func (m meeting) Carry(ctx context.Context, _ notify.Message) error {
	select {
	case m.there <- struct{}{}:
	case <-m.there:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// SIM-02: deliveries of a channel go side by side: two that wait for each other both
// end.
func TestStep_SideBySide(t *testing.T) {
	b := newBench(t, meeting{make(chan struct{})})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range 4 {
		require.NoError(t, b.Letter(ctx, "NTF-06", "a@b.example", map[string]string{"link": "https://x.example"}))
	}
	_, err := b.Step(ctx)
	require.NoError(t, err)
	all, err := b.Messages(ctx, notify.Filter{State: notify.Delivered})
	require.NoError(t, err)
	assert.Len(t, all, 4)
}

// mailbox is a real SMTP server that keeps letters.
type mailbox struct {
	mu      sync.Mutex
	letters []string
	refuse  bool
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &delivery{box: m}, nil }

type delivery struct{ box *mailbox }

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (d *delivery) Rcpt(string, *smtp.RcptOptions) error {
	if d.box.refuse {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	d.box.mu.Lock()
	defer d.box.mu.Unlock()
	d.box.letters = append(d.box.letters, string(b))
	return err
}
func (d *delivery) Reset()        {}
func (d *delivery) Logout() error { return nil }

func (m *mailbox) serve(t *testing.T) *notify.SMTP {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := smtp.NewServer(m)
	s.Domain = "localhost"
	go func() {
		if err := s.Serve(ln); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { _ = s.Close() })
	return &notify.SMTP{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, From: "ОФД <noreply@ofd.example>"}
}

// SIM-02: a letter with a file through a real server, and one it refuses for good.
func TestSMTP_Carry(t *testing.T) {
	box := &mailbox{}
	b := newBench(t, box.serve(t))
	ctx := context.Background()
	_, err := b.Put(ctx, notify.Message{Kind: "NTF-08", Channel: notify.Letter, To: "a@b.example", Subject: "Отчет готов", Text: "Файл приложен.", HTML: "<p>Файл приложен.</p>",
		Sender: "ООО Ромашка", ReplyTo: "shop@b.example",
		Files: []notify.File{{Name: "отчет.xlsx", Type: "application/octet-stream", Data: []byte("PK")}, {Name: "qr.png", Type: "image/png", Data: []byte("x"), ID: "qr"}}})
	require.NoError(t, err)
	_, err = b.Step(ctx)
	require.NoError(t, err)
	require.Equal(t, notify.Delivered, b.only(t).State)
	require.Len(t, box.letters, 1)
	for _, want := range []string{"To: <a@b.example>", "noreply@ofd.example", "text/plain", "text/html", "application/octet-stream", "Reply-To: <shop@b.example>", "Content-Id: <qr>", "=?UTF-8?"} {
		assert.Contains(t, box.letters[0], want)
	}
	box.refuse = true
	_, err = b.Put(ctx, notify.Message{Kind: "NTF-08", Channel: notify.Letter, To: "gone@b.example", Subject: "x", Text: "x"})
	require.NoError(t, err)
	_, err = b.Step(ctx)
	require.NoError(t, err)
	all, err := b.Messages(ctx, notify.Filter{To: "gone"})
	require.NoError(t, err)
	assert.Equal(t, notify.Failed, all[0].State)
}

func TestRun_SendsAndEnds(t *testing.T) {
	b := newBench(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	require.NoError(t, b.SMS(ctx, "NTF-01", "+79001112233", map[string]string{"code": "1", "minutes": "5"}))
	require.Eventually(t, func() bool {
		all, err := b.Messages(context.Background(), notify.Filter{State: notify.Delivered})
		return err == nil && len(all) == 1
	}, time.Minute, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
