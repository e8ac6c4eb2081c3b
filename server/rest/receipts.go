package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
)

// parseFD reads a document number.
func parseFD(s string) (fiscal.FDNumber, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return fiscal.FDNumber(n), err
}

// receiptInput are the requisites of a receipt or the text of its QR code.
type receiptInput struct {
	FN string `query:"fn" doc:"Номер ФН, 16 цифр"`
	FD string `query:"fd" doc:"Номер документа"`
	FP string `query:"fp" doc:"ФПД, до 10 цифр"`
	QR string `query:"qr" doc:"Текст QR-кода вместо трёх чисел"`
}

func (in receiptInput) key() (k receiptcheck.Key, err error) {
	wrong := func(field, text string) error {
		p := problem(http.StatusBadRequest, "invalid", text)
		p.Field = field
		return p
	}
	if in.QR != "" {
		q, err := ffd.ParseQR(in.QR)
		if err != nil {
			return k, wrong("qr", "Это не текст QR-кода чека.")
		}
		return receiptcheck.Key{FN: q.FN, FD: q.FD, FPD: q.FPD}, nil
	}
	if k.FN, err = fiscal.ParseFNNumber(in.FN); err != nil || len(k.FN) != fiscal.FNNumberLen {
		return k, wrong("fn", "Номер ФН — 16 цифр.")
	}
	if k.FD, err = parseFD(in.FD); err != nil || k.FD == 0 {
		return k, wrong("fd", "Номер документа — число.")
	}
	sign, err := strconv.ParseUint(in.FP, 10, 32)
	if err != nil || len(in.FP) > 10 {
		return k, wrong("fp", "ФПД — до 10 цифр.")
	}
	k.FPD = fiscal.FPD(sign)
	return k, nil
}

// receiptAnswer is 200 with a document or 202 with the time to ask again.
type receiptAnswer struct {
	Status      int
	ContentType string `header:"Content-Type"`
	RetryAfter  string `header:"Retry-After"`
	Body        []byte
}

// receipts is the public answer about a receipt (OPR-061).
func (a *api) receipts() {
	if a.o.Check == nil && a.o.Accounts != nil {
		return
	}
	op := operation(http.MethodGet, "/public/v1/receipts", "checkReceipt", "Проверка чека", "Есть ли чек у оператора; без ключа")
	object := &huma.Schema{Type: "object", AdditionalProperties: true, Description: "document — конверт с документом без персональных данных, qr — текст QR-кода"}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "Чек есть", Content: map[string]*huma.MediaType{"application/json": {Schema: object}}},
		"202": {Description: "Касса обслуживается, до этого номера её документы ещё не дошли: Retry-After", Content: map[string]*huma.MediaType{"application/json": {Schema: object}}},
	}
	op.Errors = []int{400, 404, 429}
	open(a, op, func(ctx context.Context, in *receiptInput) (*receiptAnswer, error) {
		if err := a.o.Check.Allow(addressOf(ctx)); err != nil {
			return nil, err
		}
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		r, err := a.o.Check.Find(ctx, k.FN, k.FD, k.FPD)
		var notYet *receiptcheck.NotYet
		if errors.As(err, &notYet) {
			b, err := json.Marshal(map[string]string{"status": "not_received", "detail": "Документ с этим номером ещё не дошёл до оператора: спросите позже."})
			return &receiptAnswer{http.StatusAccepted, "application/json", strconv.Itoa(int(notYet.Wait.Seconds())), b}, err
		}
		if errors.Is(err, receiptcheck.ErrNotFound) {
			return nil, problem(http.StatusNotFound, "receipt-not-found", "Чек не найден: он ещё не передан, ушёл другому оператору или в числах опечатка.")
		}
		if err != nil {
			return nil, err
		}
		document, err := ffd.AppendJSON(nil, r.Parsed, ffd.JSONOptions{NoPersonal: true})
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(map[string]any{"document": json.RawMessage(document), "qr": r.QRText(), "receivedAt": instant(r.ReceivedAt)})
		return &receiptAnswer{Status: http.StatusOK, ContentType: "application/json", Body: b}, err
	})
}
