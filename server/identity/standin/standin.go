// Package standin is the built-in provider of outside identity of a bench: a minimal
// OpenID Connect provider with test users who have no passwords (SIM-10).
//
// Whoever reaches it can come in as any of its users, so it is served only where the
// bench belongs to those who reach it. It can be told to misbehave: on its own page the
// person chooses how it answers, and of which address it speaks. It keeps codes in memory and nothing else.
package standin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

//go:embed page.html
var files embed.FS

// User is a test user.
type User struct{ Subject, Email, Name string }

// Options of the provider. Issuer, ClientID, Back and Users are needed.
type Options struct {
	Issuer   string // address it is served at
	ClientID string // the one client it knows, which has no secret
	Back     string // the one address it sends people back to
	Users    []User
	Now      func() time.Time // time.Now when nil
}

// Answer is how the provider answers, as the person chooses on its page.
type Answer string

// Answers. All but Right are misbehaviour that a client has to notice.
const (
	Right       Answer = ""
	Refuse      Answer = "refuse"      // access_denied
	Unverified  Answer = "unverified"  // the address is not vouched for
	WrongKey    Answer = "wrong-key"   // signed by a key that nobody published
	WrongNonce  Answer = "wrong-nonce" // of another visit
	WrongClient Answer = "wrong-client"
	WrongIssuer Answer = "wrong-issuer"
	Expired     Answer = "expired"
	Broken      Answer = "broken" // the code is answered by an error of the server
)

// Answers with their words, in the order of the page.
var answers = []struct {
	Answer Answer
	Title  string
}{
	{Right, "верно"}, {Refuse, "отказать"}, {Unverified, "почта не подтверждена"}, {WrongKey, "подпись чужим ключом"}, {WrongNonce, "ответ на другой запрос"},
	{WrongClient, "токен для другого получателя"}, {WrongIssuer, "токен другой службы"}, {Expired, "токен просрочен"}, {Broken, "ошибка сервера"},
}

// codeTerm is how long a code is good.
const codeTerm = time.Minute

// Provider is the stand-in.
type Provider struct {
	o           Options
	key, secret *ecdsa.PrivateKey // the published one, and one that was not
	page        *template.Template
	mux         *http.ServeMux

	mu    sync.Mutex
	codes map[string]grant
}

// grant is what a code stands for.
type grant struct {
	user      User
	nonce     string
	challenge string
	answer    Answer
	until     time.Time
}

// New makes the provider with keys of its own.
func New(o Options) (*Provider, error) {
	if o.Issuer == "" || o.ClientID == "" || o.Back == "" || len(o.Users) == 0 {
		return nil, errors.New("standin: an issuer, a client, its address and users are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Provider{o: o, codes: map[string]grant{}, page: template.Must(template.ParseFS(files, "page.html")), mux: http.NewServeMux()}
	var err error
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {
		p.secret, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("standin: making keys: %w", err)
	}
	at, err := url.Parse(o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("standin: issuer: %w", err)
	}
	p.mux.HandleFunc("GET "+at.Path+"/.well-known/openid-configuration", p.discovery)
	p.mux.HandleFunc("GET "+at.Path+"/keys", p.keys)
	p.mux.HandleFunc("GET "+at.Path+"/authorize", p.show)
	p.mux.HandleFunc("POST "+at.Path+"/authorize", p.choose)
	p.mux.HandleFunc("POST "+at.Path+"/token", p.token)
	return p, nil
}

// ServeHTTP serves what is below the issuer's path.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	p.mux.ServeHTTP(w, r)
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]any{
		"issuer": p.o.Issuer, "authorization_endpoint": p.o.Issuer + "/authorize", "token_endpoint": p.o.Issuer + "/token", "jwks_uri": p.o.Issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		"scopes_supported": []string{"openid", "email", "profile"}, "code_challenge_methods_supported": []string{"S256"}, "token_endpoint_auth_methods_supported": []string{"none"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig"}}})
}

// wrong says what is wrong with a request for a code; people are sent nowhere then.
func (p *Provider) wrong(q url.Values) string {
	switch {
	case q.Get("client_id") != p.o.ClientID || q.Get("redirect_uri") != p.o.Back:
		return "Этой программы служба не знает."
	case q.Get("response_type") != "code" || !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return "Служба даёт только код OpenID Connect."
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		return "Служба требует PKCE (S256)."
	}
	return ""
}

func (p *Provider) show(w http.ResponseWriter, r *http.Request) {
	q, status := r.URL.Query(), http.StatusOK
	wrong := p.wrong(q)
	if wrong != "" {
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = p.page.Execute(w, map[string]any{"Wrong": wrong, "Users": p.o.Users, "Answers": answers, "Asked": asked(q)})
}

// asked are the fields of the request that the page's form carries on.
func asked(q url.Values) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method"} {
		all[name] = q.Get(name)
	}
	return all
}

func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "Форма не читается.", http.StatusBadRequest)
		return
	}
	q := r.PostForm
	if wrong := p.wrong(q); wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	n := slices.IndexFunc(p.o.Users, func(u User) bool { return u.Subject == q.Get("user") })
	switch answer := Answer(q.Get("answer")); {
	case answer == Refuse:
		back.Set("error", "access_denied")
	case n < 0:
		http.Error(w, "Такого пользователя нет.", http.StatusBadRequest)
		return
	default:
		user, code := p.o.Users[n], rand.Text()
		if email := strings.TrimSpace(q.Get("email")); email != "" {
			user.Email = email
		}
		p.keep(code, grant{user, q.Get("nonce"), q.Get("code_challenge"), answer, p.o.Now().Add(codeTerm)})
		back.Set("code", code)
	}
	http.Redirect(w, r, p.o.Back+"?"+back.Encode(), http.StatusSeeOther)
}

// keep remembers a code and forgets those that are over.
func (p *Provider) keep(code string, g grant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.codes, func(_ string, g grant) bool { return !p.o.Now().Before(g.until) })
	p.codes[code] = g
}

// spend finds what a code stands for, once.
func (p *Provider) spend(code string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, known := p.codes[code]
	delete(p.codes, code)
	return g, known && p.o.Now().Before(g.until)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "authorization_code" {
		refuse(w, "unsupported_grant_type")
		return
	}
	if r.PostForm.Get("client_id") != p.o.ClientID {
		refuse(w, "invalid_client")
		return
	}
	g, known := p.spend(r.PostForm.Get("code"))
	proof := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(proof[:])
	switch {
	case !known, r.PostForm.Get("redirect_uri") != p.o.Back, subtle.ConstantTimeCompare([]byte(challenge), []byte(g.challenge)) != 1:
		refuse(w, "invalid_grant")
		return
	case g.answer == Broken:
		http.Error(w, "broken on purpose", http.StatusServiceUnavailable)
		return
	}
	token, err := p.sign(g)
	if err != nil {
		http.Error(w, "no token", http.StatusInternalServerError)
		return
	}
	respond(w, http.StatusOK, map[string]any{"access_token": "none", "token_type": "Bearer", "expires_in": int(codeTerm.Seconds()), "id_token": token})
}

const keyID = "1"

// sign makes the token of a grant, wrong in the way the grant says.
func (p *Provider) sign(g grant) (string, error) {
	now, key := p.o.Now(), p.key
	claims := map[string]any{"iss": p.o.Issuer, "aud": p.o.ClientID, "sub": g.user.Subject, "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(codeTerm).Unix(),
		"email": g.user.Email, "email_verified": g.answer != Unverified, "name": g.user.Name}
	switch g.answer {
	case WrongKey:
		key = p.secret
	case WrongNonce:
		claims["nonce"] = "another"
	case WrongClient:
		claims["aud"] = "another"
	case WrongIssuer:
		claims["iss"] = p.o.Issuer + "/another"
	case Expired:
		claims["iat"], claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-time.Minute).Unix()
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(body)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

func refuse(w http.ResponseWriter, why string) {
	respond(w, http.StatusBadRequest, map[string]any{"error": why})
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
