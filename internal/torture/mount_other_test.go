//go:build !linux

package torture

import "errors"

func mountSmall(string, int) error { return errors.New("this is not Linux") }

func unmount(string) error { return nil }
