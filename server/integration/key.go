package integration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Scope is what a key is for (API-02).
type Scope string

// Scopes.
const (
	ReadDocuments  Scope = "read:documents"  // documents, shifts, messages to buyers
	ReadRegisters  Scope = "read:registers"  // registers, outlets, monitoring
	WriteRegisters Scope = "write:registers" // connect, change and archive them
	ReadReports    Scope = "read:reports"    // statistics and reports
)

var scopes = []struct {
	scope  Scope
	rights access.Right
	title  string
}{
	{ReadDocuments, access.SeeRegisters | access.SeeDocuments | access.SeeMessages, "Чтение документов"},
	{ReadRegisters, access.SeeRegisters, "Чтение касс и торговых точек"},
	{WriteRegisters, access.SeeRegisters | access.EditRegisters, "Подключение и изменение касс"},
	{ReadReports, access.SeeRegisters | access.SeeRevenue | access.OrderReports, "Отчёты и статистика"},
}

// Scopes there are, in the order they are shown.
func Scopes() []Scope {
	all := make([]Scope, len(scopes))
	for i, s := range scopes {
		all[i] = s.scope
	}
	return all
}

// Rights a scope gives at most; none of one that does not exist.
func (s Scope) Rights() access.Right {
	for _, one := range scopes {
		if one.scope == s {
			return one.rights
		}
	}
	return 0
}

// Title is the scope for people, in Russian.
func (s Scope) Title() string {
	for _, one := range scopes {
		if one.scope == s {
			return one.title
		}
	}
	return string(s)
}

// needed are the rights a maker of a key must have: messages come along with
// documents for those who may see them.
func (s Scope) needed() access.Right { return s.Rights() &^ access.SeeMessages }

// Key is an API key. The key itself is shown once; its digest is kept.
type Key struct {
	ID, Org string
	User    string // who made it; the key may do no more than they
	Name    string
	Scopes  []Scope
	// Limits; empty: everything the maker sees.
	Branches  []string
	Registers []fiscal.RegNumber
	From, To  time.Time // dates of documents by the register's clock, [From, To)
	Origins   []string  // pages of these sites may use the key in a browser (CORS)

	Digest  string // SHA-256 of the key
	Last4   string // its last letters, for lists
	Created time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: works
	Used    time.Time // to the minute; zero: never
}

// Works tells whether the key can be used at a moment.
func (k Key) Works(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// Has tells whether the key has the scope.
func (k Key) Has(s Scope) bool { return slices.Contains(k.Scopes, s) }

func (k Key) limits() access.Limits {
	l := access.Limits{Branches: k.Branches, Registers: k.Registers, From: k.From, To: k.To}
	for _, s := range k.Scopes {
		l.Rights |= s.Rights()
	}
	return l
}

// keyPrefix begins every key, so that scanners of leaked secrets know them.
const keyPrefix = "ofdk_"

// CreateKey makes a key and returns its secret, which nobody can read again.
func (s *Service) CreateKey(ctx context.Context, v access.Viewer, k Key) (Key, string, error) {
	if err := s.mayManage(v); err != nil {
		return Key{}, "", err
	}
	k.Name = strings.TrimSpace(k.Name)
	bad := invalid.Fields{}
	if n := len([]rune(k.Name)); n == 0 || n > 100 {
		bad["name"] = "Назовите ключ, до 100 символов: по названию его узнают в списке."
	}
	if len(k.Scopes) == 0 {
		bad["scopes"] = "Отметьте, что ключу можно."
	}
	for _, scope := range k.Scopes {
		if scope.Rights() == 0 || !v.Can(scope.needed()) {
			bad["scopes"] = "Нельзя дать ключу больше прав, чем есть у вас."
		}
	}
	now := s.o.Now()
	if !k.Expires.IsZero() && !k.Expires.After(now) {
		bad["expires"] = "Срок ключа уже прошёл."
	}
	if !k.From.IsZero() && !k.To.IsZero() && !k.From.Before(k.To) {
		bad["to"] = "Конец периода раньше начала."
	}
	tree, err := s.checkLimits(ctx, v, &k, bad)
	if err != nil {
		return Key{}, "", err
	}
	for i, o := range k.Origins {
		u, err := url.Parse(strings.TrimSpace(o))
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			bad["origins"] = "Адрес сайта пишут так: https://shop.example"
			continue
		}
		k.Origins[i] = strings.ToLower(u.Scheme + "://" + u.Host)
	}
	if len(bad) > 0 {
		return Key{}, "", bad
	}
	secret, err := ident.Secret(s.o.Random)
	if err != nil {
		return Key{}, "", err
	}
	secret = keyPrefix + secret
	if k.ID, err = ident.New(s.o.Random); err != nil {
		return Key{}, "", err
	}
	k.Org, k.User, k.Digest, k.Last4 = v.Org(), v.User(), digest(secret), secret[len(secret)-4:]
	k.Created, k.Revoked, k.Used = now, time.Time{}, time.Time{}
	note, err := s.noteKey(v, DeedCreateKey, k, k.grants(tree)...)
	if err != nil {
		return Key{}, "", err
	}
	if err := s.store.CreateKey(ctx, k, note); err != nil {
		return Key{}, "", err
	}
	return k, secret, nil
}

// checkLimits sees that branches and registers are there for the maker. The tree is there
// when there are branches.
func (s *Service) checkLimits(ctx context.Context, v access.Viewer, k *Key, bad invalid.Fields) (tree *fleet.Tree, err error) {
	if len(k.Branches) > 0 {
		if tree, err = s.o.Fleet.Tree(ctx, v); err != nil {
			return nil, err
		}
		seen := tree.Nodes()
		for _, b := range k.Branches {
			if !slices.ContainsFunc(seen, func(n fleet.Node) bool { return n.ID == b }) {
				bad["branches"] = "Такой точки нет."
			}
		}
	}
	if len(k.Registers) > 0 {
		all, err := s.o.Fleet.Registers(ctx, v, fleet.Filter{})
		if err != nil {
			return nil, err
		}
		for i, r := range k.Registers {
			number, err := fiscal.ParseRegNumber(string(r))
			if err != nil || !stands(all, number) {
				bad["registers"] = "Кассы с РНМ " + string(r) + " нет среди ваших."
				continue
			}
			k.Registers[i] = number
		}
	}
	return tree, nil
}

// mayManage is nil for people who manage keys; a key makes no keys.
func (s *Service) mayManage(v access.Viewer) error {
	if v.Key() != "" {
		return &access.Refusal{Missing: access.ManageKeys}
	}
	return v.Need(access.ManageKeys)
}

// Keys of the viewer's organisation: all for those who see the whole of it, else
// their own.
func (s *Service) Keys(ctx context.Context, v access.Viewer) ([]Key, error) {
	if err := s.mayManage(v); err != nil {
		return nil, err
	}
	all, err := s.store.Keys(ctx, v.Org())
	return slices.DeleteFunc(all, func(k Key) bool { return !v.Whole() && k.User != v.User() }), err
}

// RevokeKey ends a key for good.
func (s *Service) RevokeKey(ctx context.Context, v access.Viewer, id string) error {
	if err := s.mayManage(v); err != nil {
		return err
	}
	k, err := s.store.Key(ctx, v.Org(), id)
	if err != nil {
		return err
	}
	if !v.Whole() && k.User != v.User() {
		return ErrNotFound
	}
	if !k.Revoked.IsZero() {
		return nil
	}
	note, err := s.noteKey(v, DeedRevokeKey, k)
	if err != nil {
		return err
	}
	if err := s.store.RevokeKey(ctx, v.Org(), id, s.o.Now(), note); !errors.Is(err, ErrStale) {
		return err
	}
	return nil // somebody revoked it at this moment
}

// Open finds the key of a secret and what it may do now. It fails with ErrBadKey.
func (s *Service) Open(ctx context.Context, secret string) (Key, access.Viewer, error) {
	if !strings.HasPrefix(secret, keyPrefix) {
		return Key{}, access.Viewer{}, ErrBadKey
	}
	k, err := s.store.KeyByDigest(ctx, digest(secret))
	if errors.Is(err, ErrNotFound) {
		return Key{}, access.Viewer{}, ErrBadKey
	}
	if err != nil {
		return Key{}, access.Viewer{}, err
	}
	now := s.o.Now()
	v, err := s.viewer(ctx, k, now)
	if err != nil {
		return Key{}, access.Viewer{}, err
	}
	if now.Sub(k.Used) >= usedEvery {
		if err := s.store.TouchKey(ctx, k.ID, now); err != nil {
			return Key{}, access.Viewer{}, err
		}
	}
	return k, v, nil
}

// usedEvery is how often the time of a key's last use is written.
const usedEvery = time.Minute

// viewer of a key: its maker as they are now, through the key's limits.
func (s *Service) viewer(ctx context.Context, k Key, now time.Time) (access.Viewer, error) {
	if !k.Works(now) {
		return access.Viewer{}, ErrBadKey
	}
	maker, err := s.o.Accounts.Viewer(ctx, account.Session{Org: k.Org, User: k.User})
	if err != nil {
		return access.Viewer{}, err
	}
	if maker.Org() == "" {
		return access.Viewer{}, ErrBadKey // who made it is no member any more
	}
	return maker.Through(k.ID, k.limits()), nil
}

// AllowsOrigin tells whether a page of the origin may ask with some key (CORS).
func (s *Service) AllowsOrigin(ctx context.Context, origin string) (bool, error) {
	return s.store.Origin(ctx, strings.ToLower(origin))
}

func digest(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}
