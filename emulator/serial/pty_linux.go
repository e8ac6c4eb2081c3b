package serial

import (
	"context"
	"fmt"
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// ServePTY opens a pseudo-terminal in raw mode, tells ready the path that a register
// opens as its serial port, and answers there until ctx ends.
func (s *Server) ServePTY(ctx context.Context, ready func(path string)) error {
	blocking, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("serial: opening a pseudo-terminal: %w", err)
	}
	// Holding the slave open keeps the line alive while no register has it open.
	defer slave.Close()
	master, err := pollable(blocking)
	if err != nil {
		return err
	}
	defer master.Close()
	if err := setRaw(slave); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { master.Close() })
	defer stop()
	ready(slave.Name())
	err = s.ServeStream(ctx, master)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// pollable takes over a file whose reads block for good and returns it in a form that
// Close wakes up.
func pollable(blocking *os.File) (*os.File, error) {
	defer blocking.Close()
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("serial: %s: %w", blocking.Name(), err)
	}
	return os.NewFile(uintptr(fd), blocking.Name()), nil
}

// openTTY opens a terminal device in raw mode without making it the controlling one.
func openTTY(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("serial: opening the drive's port: %w", err)
	}
	if err := setRaw(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// setRaw turns off echo, line editing and translation and asks for 115200 8N1.
func setRaw(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("serial: %s: %w", f.Name(), err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var t *unix.Termios
		if t, failed = unix.IoctlGetTermios(int(fd), unix.TCGETS); failed != nil {
			return
		}
		t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		t.Oflag &^= unix.OPOST
		t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		t.Cflag &^= unix.CSIZE | unix.PARENB | unix.CSTOPB | unix.CBAUD
		t.Cflag |= unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
		t.Ispeed, t.Ospeed = unix.B115200, unix.B115200
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		failed = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("serial: setting %s to raw mode: %w", f.Name(), err)
	}
	return nil
}
