//go:build !linux

package pgtest

import "syscall"

// dieWithParent has no means here: a killed test program leaves its server running.
func dieWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }
