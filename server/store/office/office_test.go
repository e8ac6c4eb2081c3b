package office_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/office/officetest"
	"github.com/fiscalbench/fiscalbench/server/tries"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Main(m)) }

// engines are the two bases, each with a way to name a new empty one.
var engines = map[string]func(t *testing.T) string{
	"SQLite": func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "ofd.db") },
	"PostgreSQL": func(t *testing.T) string {
		return pgtest.Clone(t, "office", func(ctx context.Context, url string) error {
			o, err := office.Open(ctx, url)
			if err != nil {
				return err
			}
			return o.Close()
		})
	},
}

func open(t *testing.T, name string) *office.Office {
	o, err := office.Open(context.Background(), name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o
}

// each runs a contract on both engines.
func each(t *testing.T, run func(t *testing.T, open func(t *testing.T) *office.Office)) {
	for engine, name := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			if engine == "PostgreSQL" {
				pgtest.URL(t)
			}
			run(t, func(t *testing.T) *office.Office { return open(t, name(t)) })
		})
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t *testing.T) *office.Office) {
		officetest.Accounts(t, func(t *testing.T) account.Store { return open(t).Accounts() })
	})
}

func TestOpen_TwiceAndRefusals(t *testing.T) {
	t.Parallel()
	for engine, name := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			n := name(t)
			open(t, n)
			open(t, n)
		})
	}
	_, err := office.Open(context.Background(), "mysql:x")
	require.ErrorContains(t, err, `office: "mysql:x": want sqlite:PATH or postgres://URL`)
}

func TestFleet(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t *testing.T) *office.Office) {
		officetest.Fleet(t, func(t *testing.T) (fleet.Store, account.Store) {
			o := open(t)
			return o.Fleet(), o.Accounts()
		})
	})
}

func TestMessages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t *testing.T) *office.Office) {
		officetest.Messages(t, func(t *testing.T) notify.Store { return open(t).Messages() })
	})
}

func TestReports(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t *testing.T) *office.Office) {
		officetest.Reports(t, func(t *testing.T) (report.Store, account.Store) {
			o := open(t)
			return o.Reports(), o.Accounts()
		})
	})
}

func TestIntegration(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t *testing.T) *office.Office) {
		officetest.Integration(t, func(t *testing.T) (integration.Store, account.Store) {
			o := open(t)
			return o.Integration(), o.Accounts()
		})
	})
}

func TestBuyers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t *testing.T) *office.Office) {
		officetest.Buyers(t, func(t *testing.T) officetest.BuyersBase {
			o := open(t)
			return officetest.BuyersBase{Buyers: o.Buyers(), Accounts: o.Accounts(), Fleet: o.Fleet(), Messages: o.Messages()}
		})
	})
}

func TestTries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t *testing.T) *office.Office) {
		officetest.Tries(t, func(t *testing.T) tries.Store { return open(t).Tries() })
	})
}
