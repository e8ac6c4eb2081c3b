package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// template is a database that others are copied from.
type template struct {
	name string
	once sync.Once
	err  error
}

// Clone returns the URL of a new database with what prepare has put into the first
// one of this kind: prepare is called once for a kind with the URL of its template
// and must have closed its connections when it returns. The database is dropped when
// the test ends.
func Clone(t testing.TB, kind string, prepare func(ctx context.Context, url string) error) string {
	t.Helper()
	admin := URL(t)
	m := templateOf(kind)
	m.once.Do(func() { m.err = m.make(admin, prepare) })
	if m.err != nil {
		t.Fatalf("pgtest: preparing the template %s: %v", kind, m.err)
	}
	name := uniqueName("t")
	if err := create(admin, name, m.name); err != nil {
		t.Fatalf("pgtest: cloning %s: %v", m.name, err)
	}
	one := withDatabase(admin, name)
	DropAfter(t, one)
	return one
}

// DropAfter drops a database of the server when the test ends, whoever is connected.
func DropAfter(t testing.TB, databaseURL string) {
	t.Cleanup(func() {
		u, err := url.Parse(databaseURL)
		if err == nil {
			err = drop(URL(t), u.Path[1:])
		}
		if err != nil {
			t.Errorf("pgtest: dropping %s: %v", databaseURL, err)
		}
	})
}

func templateOf(kind string) *template {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.templates == nil {
		shared.templates = map[string]*template{}
	}
	m := shared.templates[kind]
	if m == nil {
		m = &template{name: uniqueName("template_" + kind)}
		shared.templates[kind] = m
	}
	return m
}

func (m *template) make(admin string, prepare func(ctx context.Context, url string) error) error {
	if err := create(admin, m.name, "template0"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	return prepare(ctx, withDatabase(admin, m.name))
}

func dropTemplates() error {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	var errs []error
	for _, m := range shared.templates {
		errs = append(errs, drop(shared.url, m.name))
	}
	return errors.Join(errs...)
}

var databases atomic.Int64

// uniqueName is a name that no other test program on the same server has.
func uniqueName(kind string) string {
	return fmt.Sprintf("pgtest_%s_%d_%x_%d", kind, os.Getpid(), time.Now().UnixNano()&0xFFFFFF, databases.Add(1))
}

func withDatabase(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil { // it was parsed before it was connected to
		return admin
	}
	u.Path = "/" + name
	return u.String()
}

func create(admin, name, from string) error {
	return execute(admin, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", pgx.Identifier{name}.Sanitize(), pgx.Identifier{from}.Sanitize()))
}

func drop(admin, name string) error {
	return execute(admin, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", pgx.Identifier{name}.Sanitize()))
}

// execute runs one statement on a connection of its own.
func execute(url, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

func ping(ctx context.Context, url string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(c.Ping(ctx), c.Close(ctx))
}
