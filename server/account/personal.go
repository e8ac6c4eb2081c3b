package account

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/server/access"
)

// DeedPersonal is the entry of the journal about somebody who asked to see the personal
// data in a document, and got it.
const DeedPersonal = "document.personal"

// ShowPersonal writes that the viewer gets the personal data of buyers in a document,
// "ФН/ФД", in a form that is named in Russian. Pages and the API show such data through
// here only: on an error nothing of it may be shown, for there is no entry.
func (s *Service) ShowPersonal(ctx context.Context, v access.Viewer, document, form string) error {
	e, err := Entry(v, s.o.Now(), s.o.Random, DeedPersonal, document, "документ (ФН/ФД) "+document, form)
	if err == nil {
		err = s.store.AddEvent(ctx, e)
	}
	if err != nil {
		return fmt.Errorf("account: noting that personal data is shown: %w", err)
	}
	return nil
}
