package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// chainAccountant gets the reports of the chain by letter; nobody logs in so.
const chainAccountant = "buh@romashka.example.com"

// paperwork is what the owner of the chain does when the past has come in: orders
// reports about last month, and one about each week for the accountant.
func (p *people) paperwork(ctx context.Context, now func() time.Time) error {
	// A report is of what is projected when it is made.
	for {
		progress, err := p.Ledger.Progress(ctx)
		if err != nil {
			return fmt.Errorf("demo reports: %w", err)
		}
		if progress.Behind == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	_, session, err := p.Accounts.Login(ctx, chainPeople[0].email, chainPassword, account.From{})
	if err != nil {
		return fmt.Errorf("demo reports: %w", err)
	}
	boss, err := p.Accounts.Viewer(ctx, session)
	if err != nil {
		return fmt.Errorf("demo reports: %w", err)
	}
	y, m, _ := now().UTC().Date()
	last := report.Params{From: time.Date(y, m-1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)}
	toAccountant := last
	toAccountant.Emails = []string{chainAccountant}
	for _, order := range []struct {
		kind   report.Kind
		params report.Params
	}{{report.Goods, last}, {report.Shifts, toAccountant}} {
		if _, err := p.Reports.Order(ctx, boss, order.kind, order.params); err != nil {
			return fmt.Errorf("demo reports: %w", err)
		}
	}
	if _, err := p.Reports.AddSchedule(ctx, boss, report.Schedule{Kind: report.Documents, Params: report.Params{Emails: toAccountant.Emails}, Every: report.Weekly, Weekday: time.Monday, Hour: 8, Zone: "Europe/Moscow"}); err != nil {
		return fmt.Errorf("demo reports: %w", err)
	}
	return p.Accounts.Logout(ctx, session)
}
