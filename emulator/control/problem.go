package control

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
)

// Error is the body of every answer that is not 2xx.
type Error struct {
	Code    string `json:"code"` // invalid, refused, unreachable, conflict, not_found, too_large, method_not_allowed, internal
	Message string `json:"message"`
	Rule    string `json:"rule,omitempty"` // broken rule of the register ("M-03"), or answer code of the drive ("15h")
}

// problem is an Error with its status.
type problem struct {
	status int
	body   Error
}

func (p *problem) Error() string { return p.body.Code + ": " + p.body.Message }

func invalid(format string, args ...any) error {
	return &problem{http.StatusBadRequest, Error{Code: "invalid", Message: fmt.Sprintf(format, args...)}}
}

// fail answers an error. What is not known is logged in full and shown as internal.
func (h *handler) fail(w http.ResponseWriter, err error) {
	p := explain(err)
	if p.status == http.StatusInternalServerError {
		h.log.Error("request failed", "err", err)
	}
	h.reply(w, p.status, p.body)
}

func explain(err error) *problem {
	var p *problem
	var refusal *kkt.Refusal
	var drive *fn.Error
	var exchange *link.Error
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		out := &problem{http.StatusUnprocessableEntity, Error{Code: "refused", Message: refusal.Text, Rule: refusal.Rule}}
		if errors.As(refusal.Err, &drive) {
			out.body.Rule += fmt.Sprintf(" %02Xh", byte(drive.Answer.Code))
		}
		return out
	case errors.As(err, &drive):
		return &problem{http.StatusUnprocessableEntity, Error{Code: "refused", Message: drive.Answer.Why, Rule: fmt.Sprintf("%02Xh", byte(drive.Answer.Code))}}
	case errors.As(err, &exchange):
		return &problem{http.StatusBadGateway, Error{Code: "unreachable", Message: exchange.Error()}}
	case errors.Is(err, ErrNoOperator):
		return &problem{http.StatusConflict, Error{Code: "conflict", Message: "the register has no operator: start it with --ofd, or name one by PUT /setup"}}
	case errors.Is(err, ErrWorking):
		return &problem{http.StatusConflict, Error{Code: "conflict", Message: "the register sends by its timers: PUT /sending first"}}
	case errors.Is(err, ErrNoModel), errors.Is(err, ErrBadNumber), errors.Is(err, ErrBadSetup):
		return &problem{http.StatusBadRequest, Error{Code: "invalid", Message: err.Error()}}
	case errors.As(err, &big):
		return &problem{http.StatusRequestEntityTooLarge, Error{Code: "too_large", Message: fmt.Sprintf("body longer than %d bytes", big.Limit)}}
	}
	return &problem{http.StatusInternalServerError, Error{Code: "internal", Message: "internal error"}}
}
