package rest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// caller is who asks.
type caller struct {
	viewer access.Viewer
	key    *integration.Key // nil for a session
}

// name of the caller for limits and repeated requests.
func (c *caller) name() string {
	if c.key != nil {
		return "key " + c.key.ID
	}
	return "user " + c.viewer.Org() + " " + c.viewer.User()
}

type ctxKey int

const (
	callerKey ctxKey = iota
	traceKey
	addressKey
)

func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey).(*caller)
	return c
}

func traceOf(ctx context.Context) string {
	s, _ := ctx.Value(traceKey).(string)
	return s
}

func addressOf(ctx context.Context) string {
	s, _ := ctx.Value(addressKey).(string)
	return s
}

// maxBody bounds the body of a request.
const maxBody = 1 << 20

// around puts what every request needs before the operations: its number, who asks,
// limits, other sites, answers that were given before.
func (a *api) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trace := traceID(r.Header.Get("X-Request-Id"))
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		r = r.WithContext(context.WithValue(context.WithValue(r.Context(), traceKey, trace), addressKey, host))
		h := w.Header()
		h.Set("X-Request-Id", trace)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Add("Vary", "Origin, Authorization, Cookie, Accept")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		defer func() {
			if e := recover(); e != nil {
				if e == http.ErrAbortHandler {
					panic(e)
				}
				a.o.Logger.Error("api: panic", "trace", trace, "err", e, "stack", string(debug.Stack()))
				writeProblem(w, r, problem(http.StatusInternalServerError, "internal", "Сообщите traceId поддержке."))
			}
		}()
		if strings.HasPrefix(r.URL.Path, "/public/") || r.URL.Path == "/api/v1/openapi.json" || strings.HasPrefix(r.URL.Path, "/api/docs") {
			next.ServeHTTP(w, r)
			return
		}
		if p := a.enter(w, r, next); p != nil {
			writeProblem(w, r, p)
		}
	})
}

// enter lets a request in, or says why not.
func (a *api) enter(w http.ResponseWriter, r *http.Request, next http.Handler) *Problem {
	ctx, h := r.Context(), w.Header()
	if origin := r.Header.Get("Origin"); r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		allowed, err := a.o.Integration.AllowsOrigin(ctx, origin)
		if err != nil {
			return a.problemOf(ctx, err)
		}
		if !allowed {
			return problem(http.StatusForbidden, "origin", "Ни один ключ не разрешает запросы с этого сайта.")
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	c, p := a.identify(r)
	if p != nil {
		// Guesses of keys are limited by address.
		s, err := a.limits.Take(ctx, "api bad "+addressOf(ctx))
		if err != nil {
			return a.problemOf(ctx, err)
		}
		if s.Wait > 0 {
			p = problem(http.StatusTooManyRequests, "too_many", "С этого адреса слишком много неудачных попыток.")
			p.wait = s.Wait
		}
		return p
	}
	if p := a.cors(h, r, c); p != nil {
		return p
	}
	s, err := a.limits.Take(ctx, "api "+c.name())
	if err != nil {
		return a.problemOf(ctx, err)
	}
	h.Set("RateLimit-Limit", strconv.Itoa(a.o.PerMinute))
	h.Set("RateLimit-Remaining", strconv.Itoa(s.Left))
	h.Set("RateLimit-Reset", strconv.Itoa(int((s.Reset+time.Second-1)/time.Second)))
	if s.Wait > 0 {
		p := problem(http.StatusTooManyRequests, "too_many", "Предел запросов в минуту исчерпан.")
		p.wait = s.Wait
		return p
	}
	r = r.WithContext(context.WithValue(ctx, callerKey, c))
	if key := r.Header.Get("Idempotency-Key"); r.Method == http.MethodPost && key != "" {
		return a.repeat(w, r, next, c, key)
	}
	next.ServeHTTP(w, r)
	return nil
}

var crossOrigin = http.NewCrossOriginProtection()

// identify finds out who asks: a key, else a session.
func (a *api) identify(r *http.Request) (*caller, *Problem) {
	ctx := r.Context()
	if header := r.Header.Get("Authorization"); header != "" {
		kind, secret, _ := strings.Cut(header, " ")
		if !strings.EqualFold(kind, "Bearer") {
			return nil, problem(http.StatusUnauthorized, "unauthorized", "Ключ передают так: Authorization: Bearer <ключ>.")
		}
		k, v, err := a.o.Integration.Open(ctx, strings.TrimSpace(secret))
		if errors.Is(err, integration.ErrBadKey) {
			return nil, problem(http.StatusUnauthorized, "bad_key", "Такого ключа нет, он отозван или его срок истёк.")
		}
		if err != nil {
			return nil, a.problemOf(ctx, err)
		}
		return &caller{viewer: v.At(addressOf(ctx)), key: &k}, nil
	}
	cookie, err := r.Cookie(account.SessionCookie)
	if err != nil {
		return nil, problem(http.StatusUnauthorized, "unauthorized", "Нужен ключ API или вход в личный кабинет.")
	}
	if err := crossOrigin.Check(r); err != nil {
		return nil, problem(http.StatusForbidden, "cross_origin", "Запрос с другого сайта отклонён.")
	}
	session, _, err := a.o.Accounts.Resume(ctx, cookie.Value)
	var refused *account.Refused
	if errors.As(err, &refused) {
		return nil, problem(http.StatusUnauthorized, "unauthorized", "Сеанс закончился: войдите снова.")
	}
	if err != nil {
		return nil, a.problemOf(ctx, err)
	}
	v, err := a.o.Accounts.Viewer(ctx, session)
	if err != nil {
		return nil, a.problemOf(ctx, err)
	}
	if v.Org() == "" {
		return nil, problem(http.StatusForbidden, "no_organization", "Сначала выберите организацию в личном кабинете.")
	}
	return &caller{viewer: v.At(addressOf(ctx))}, nil
}

// cors answers pages of other sites when the key lists them, and never for sessions.
func (a *api) cors(h http.Header, r *http.Request, c *caller) *Problem {
	origin := strings.ToLower(r.Header.Get("Origin"))
	if origin == "" || c.key == nil {
		return nil
	}
	for _, one := range c.key.Origins {
		if one == origin {
			h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			h.Set("Access-Control-Expose-Headers", "ETag, Location, Link, X-Request-Id, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After")
			return nil
		}
	}
	return problem(http.StatusForbidden, "origin", "Ключ не разрешает запросы с этого сайта.")
}

// repeat runs a POST once for an Idempotency-Key and gives the same answer to those
// that come again (API-06).
func (a *api) repeat(w http.ResponseWriter, r *http.Request, next http.Handler, c *caller, key string) *Problem {
	ctx := r.Context()
	if len(key) > 200 {
		p := problem(http.StatusBadRequest, "invalid", "Не больше 200 символов.")
		p.Field = "Idempotency-Key"
		return p
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return problem(http.StatusRequestEntityTooLarge, "too_large", "Не больше 1 МБ.")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	request := hex.EncodeToString(sum[:])
	answer, first, err := a.o.Integration.Begin(ctx, c.name(), r.URL.RequestURI(), key, request)
	if err != nil {
		return a.problemOf(ctx, err)
	}
	if !first {
		switch {
		case !answer.Same(request):
			p := problem(http.StatusUnprocessableEntity, "idempotency_key_reused", "С этим ключом уже приходил другой запрос.")
			p.Field = "Idempotency-Key"
			return p
		case answer.Status == 0:
			p := problem(http.StatusConflict, "in_progress", "Первый запрос с этим ключом ещё выполняется.")
			p.wait = time.Second
			return p
		}
		for name, value := range answer.Header {
			w.Header().Set(name, value)
		}
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body)
		return nil
	}
	// Whatever happens, the key does not stay taken by a request that has no answer.
	finished := false
	defer func() {
		if !finished {
			answer.Status = 0
		}
		if err := a.o.Integration.End(context.WithoutCancel(ctx), answer); err != nil {
			a.o.Logger.Error("api: keeping an answer", "trace", traceOf(ctx), "err", err)
		}
	}()
	kept := &keeper{ResponseWriter: w}
	next.ServeHTTP(kept, r)
	if kept.status < 500 && kept.status != http.StatusTooManyRequests {
		answer.Status, answer.Body, answer.Header = kept.status, kept.body.Bytes(), map[string]string{}
		for _, name := range []string{"Content-Type", "Location", "ETag"} {
			if v := w.Header().Get(name); v != "" {
				answer.Header[name] = v
			}
		}
		finished = true
	}
	return nil
}

// keeper keeps a copy of an answer.
type keeper struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (k *keeper) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
	k.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (k *keeper) Write(b []byte) (int, error) {
	if k.status == 0 {
		k.status = http.StatusOK
	}
	k.body.Write(b)
	return k.ResponseWriter.Write(b)
}

// traceID is the caller's number of the request when it is a plain one, else a new one.
func traceID(given string) string {
	plain := len(given) > 0 && len(given) <= 64
	for _, c := range given {
		plain = plain && (c == '-' || c == '_' || c == '.' || ('0' <= c && c <= '9') || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'))
	}
	if plain {
		return given
	}
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
