package marking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// DefaultDelay is how long the stand-in thinks (TRN-112).
const DefaultDelay = 200 * time.Millisecond

// Options of the stand-in. The zero value works.
type Options struct {
	Delay time.Duration    // before each answer: DefaultDelay when zero, none when negative
	Down  bool             // the marking operator is out of order: no answers (O-126)
	Signs *sign.TBGOST1    // over the public test key when nil
	Now   func() time.Time // of the times in answers: time.Now when nil
}

// Service answers messages of the marking exchange. Safe for concurrent use.
type Service struct {
	o     Options
	codes register
}

// New makes a stand-in that knows of no sales.
func New(o Options) *Service {
	switch {
	case o.Delay == 0:
		o.Delay = DefaultDelay
	case o.Delay < 0:
		o.Delay = 0
	}
	if o.Signs == nil {
		o.Signs = sign.NewTBGOST1(sign.TBGOST1Options{})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o: o}
}

// Result is what became of a message.
type Result struct {
	FN     fiscal.FNNumber
	Number fiscal.FDNumber // of the container header
	Form   fiscal.Form
	Fault  fiscal.Fault // why there is no answer; FaultNone also for a silent operator
	Detail string       // what was said, in one sentence
	Reply  []byte       // session header and container; nil: none
	Silent bool         // no answer, but nothing is wrong with the message
}

// Handle answers one message with a container. Headers without a body are service
// mode and not for Handle. It returns the context's error when it ends while the
// operator thinks.
func (s *Service) Handle(ctx context.Context, m *wire.Message) (Result, error) {
	var r Result
	c, _, err := wire.ParseContainer(m.Body(), wire.Strict)
	r.Form, r.Number = c.Form, c.FD
	if err != nil {
		return r.broken(err), nil
	}
	if r.FN, err = m.Header.FNNumber(); err == nil && c.FNBCD != r.FN.BCD() {
		err = errors.New("the container is of another FN")
	}
	if err != nil {
		r.Fault, r.Detail = fiscal.FNNumberMismatch, err.Error()
		return r, nil
	}
	signs := s.o.Signs.Marking(r.FN)
	stlv, verdict, err := signs.Open(c)
	switch {
	case err != nil:
		return r.broken(err), nil
	case verdict != sign.OK:
		r.Fault, r.Detail = fiscal.BadMessageSign, "подпись сообщения о маркировке не сходится"
		return r, nil
	}
	if s.o.Down {
		r.Silent, r.Detail = true, "оператор маркировки не работает"
		return r, nil
	}
	form, answer, err := s.answer(m.Header.SVersion, &r, stlv)
	if err != nil || answer == nil {
		return r, err
	}
	if err := s.think(ctx); err != nil {
		return r, err
	}
	container, err := signs.Answer(c, form, answer)
	if err != nil {
		return r, fmt.Errorf("marking: answering message %d: %w", c.FD, err)
	}
	r.Reply, err = wire.AppendMessage(nil, wire.Reply(m.Header, wire.CRCNone), container)
	return r, err
}

func (r Result) broken(err error) Result {
	r.Fault, r.Detail = fiscal.UnparseableDocument, err.Error()
	var e *wire.Error
	if errors.As(err, &e) {
		r.Fault = e.Fault
	}
	return r
}

func (s *Service) think(ctx context.Context) error {
	if s.o.Delay == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(s.o.Delay)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
