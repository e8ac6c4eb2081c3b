package receiptcheck

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/server/tries"
)

// TooMany refuses a try: there were too many from the address (OPR-062).
type TooMany struct{ Wait time.Duration }

func (e *TooMany) Error() string {
	return fmt.Sprintf("receiptcheck: too many tries, wait %s", e.Wait)
}

// Allow notes a try from an address and fails with *TooMany when there were too many,
// by all servers of the base together. Callers ask before each Find.
func (s *Service) Allow(address string) error {
	return s.take("check "+address, s.o.Tries, s.o.Window)
}

// Letters of receipts that one address may ask for, and that one mailbox may get
// this way, in lettersWindow.
const (
	letters       = 5
	lettersWindow = 10 * time.Minute
)

// AllowLetter notes a letter that somebody at the address asks for, to a mailbox, and
// fails with *TooMany: nobody's mailbox is to be filled from here.
func (s *Service) AllowLetter(address, mailbox string) error {
	if err := s.take("letter from "+address, letters, lettersWindow); err != nil {
		return err
	}
	return s.take("letter to "+mailbox, letters, lettersWindow)
}

// countLimit is how long a count may take.
const countLimit = 5 * time.Second

// take counts a try whether or not who tries stays for the answer: no context of
// theirs.
func (s *Service) take(key string, n int, window time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), countLimit)
	defer cancel()
	err := s.limits.Take(ctx, key, n, window)
	var many *tries.TooMany
	if errors.As(err, &many) {
		return &TooMany{many.Wait}
	}
	return err
}
