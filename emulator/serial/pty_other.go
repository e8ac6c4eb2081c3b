//go:build !linux

package serial

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// ServePTY needs Linux; elsewhere it fails with errors.ErrUnsupported.
func (s *Server) ServePTY(context.Context, func(string)) error {
	return fmt.Errorf("serial: pseudo-terminals are served on Linux only: %w", errors.ErrUnsupported)
}

func openTTY(path string) (*os.File, error) {
	return nil, fmt.Errorf("serial: terminal %s: opened on Linux only: %w", path, errors.ErrUnsupported)
}
