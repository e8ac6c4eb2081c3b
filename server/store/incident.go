package store

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// HasIncident reports whether an incident of the drive with this text is stored.
func HasIncident(ctx context.Context, s Store, fn fiscal.FNNumber, text string) (bool, error) {
	page := Page{Limit: MaxLimit}
	for {
		list, err := s.Incidents(ctx, fn, page)
		if err != nil {
			return false, fmt.Errorf("listing incidents of %s: %w", fn, err)
		}
		for i := range list {
			if list[i].Text == text {
				return true, nil
			}
		}
		if len(list) < MaxLimit {
			return false, nil
		}
		page.After = list[len(list)-1].ID
	}
}
