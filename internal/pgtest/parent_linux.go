package pgtest

import "syscall"

// dieWithParent makes the kernel end the server when the test program is killed.
func dieWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	a.Pdeathsig = syscall.SIGQUIT
	return a
}
