package torture

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func mountSmall(folder string, mib int) error {
	return unix.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", mib))
}

func unmount(folder string) error { return unix.Unmount(folder, unix.MNT_DETACH) }
