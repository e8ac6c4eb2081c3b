package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
)

func TestMigrate_Command(t *testing.T) {
	t.Parallel()
	file := "sqlite:" + filepath.Join(t.TempDir(), "ofd.db")
	out, _ := cliRun(t, exitFine, "migrate", "--store", file)
	assert.Contains(t, out, "has the schema of this program")
	cliRun(t, exitFine, "verify", "--store", file)

	_, errs := cliRun(t, exitUsage, "migrate", "--store", file, "--distributed")
	assert.Contains(t, errs, "wants --store=postgres://")
	_, errs = cliRun(t, exitUsage, "migrate", "--store", file, "--dry-run")
	assert.Contains(t, errs, "says nothing without --distributed")
	cliRun(t, exitUsage, "migrate")

	out, _ = cliRun(t, exitFine, "migrate", "--store", "postgres://ofd:secret@192.0.2.1/ofd", "--distributed", "--dry-run")
	assert.Equal(t, strings.Join(postgres.DistributionStatements(), ";\n")+";\n", out)

	db := pgtest.Clone(t, "empty", func(context.Context, string) error { return nil })
	out, errs = cliRun(t, exitUnreachable, "migrate", "--store", db, "--distributed")
	assert.Contains(t, out, "has the schema of this program")
	assert.Contains(t, errs, "CREATE EXTENSION citus")
}
