package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup copies the file as it is at one moment to a new file, while servers go on
// writing: whatever was confirmed before the call is in it. The copy has a name of
// its own until it is whole and on disk. It fails when something is at the place.
func (a *Archive) Backup(ctx context.Context, to string) (err error) {
	abs, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("sqlite: %s: %w", to, err)
	}
	for _, name := range []string{abs, abs + "-wal"} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("sqlite: backing up to %s: %w", name, errors.Join(os.ErrExist, err))
		}
	}
	part := abs + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) { // of a backup that was broken off
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	if _, err := a.db.ExecContext(ctx, `VACUUM INTO ?`, part); err != nil {
		return fmt.Errorf("sqlite: backing up %s: %w", a.path, err)
	}
	if err := syncPath(part); err != nil {
		return err
	}
	// A link, unlike a renaming, does not replace what came there meanwhile.
	if err := os.Link(part, abs); err != nil {
		return fmt.Errorf("sqlite: backing up: %w", err)
	}
	if err := os.Remove(part); err != nil {
		return fmt.Errorf("sqlite: backing up: %w", err)
	}
	return syncPath(filepath.Dir(abs))
}

// syncPath waits until a file or folder is on disk.
func syncPath(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sqlite: writing %s to disk: %w", name, err)
	}
	return nil
}
