package cabinet_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// docs/cabinet.md tells the rights of each role and the scopes of keys as the code has them.
func TestDoc_TellsRolesAndScopes(t *testing.T) {
	t.Parallel()
	rights := []struct {
		name  string
		right access.Right
	}{
		{"see registers, outlets, monitoring", access.SeeRegisters}, {"see documents", access.SeeDocuments}, {"see revenue", access.SeeRevenue},
		{"connect and change registers, outlets, departments", access.EditRegisters}, {"order reports", access.OrderReports},
		{"see messages to buyers", access.SeeMessages}, {"change messages and design", access.EditMessages}, {"change requisites of the organisation", access.EditOrg},
		{"invite people, give and take roles", access.ManageUsers}, {"make keys and webhooks", access.ManageKeys}, {"see reports ordered by others", access.SeeAllReports},
		{"drive the bench", access.DriveTheBench},
	}
	roles := append([]access.Role{access.Owner}, access.Roles()...)
	var told access.Right
	row := func(cells ...string) string {
		line := "|"
		for _, cell := range cells {
			line += strings.TrimRight(" "+cell, " ") + " |"
		}
		return line + "\n"
	}
	head := []string{""}
	for _, role := range roles {
		head = append(head, role.Title())
	}
	table := row(head...) + strings.Repeat("|---", len(head)) + "|\n"
	for _, r := range rights {
		cells := []string{r.name}
		for _, role := range roles {
			if role.Rights()&r.right != 0 {
				cells = append(cells, "✓")
			} else {
				cells = append(cells, "")
			}
		}
		told |= r.right
		table += row(cells...)
	}
	raw, err := os.ReadFile("../../docs/cabinet.md")
	require.NoError(t, err)
	assert.Contains(t, string(raw), table)
	assert.Equal(t, access.Owner.Rights(), told, "every right has a row")
	for _, s := range integration.Scopes() {
		assert.Contains(t, string(raw), "| `"+string(s)+"` |")
	}
}
