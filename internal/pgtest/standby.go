package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Synchronous are the settings of a cluster whose commits wait until its standby has
// them on disk. Without a standby every commit waits.
func Synchronous() []string {
	return []string{"synchronous_standby_names=*", "wal_level=replica", "max_wal_senders=10", "wal_keep_size=512MB"}
}

// Standby makes and starts a cluster that follows c, which must run. It can be read
// from and becomes a primary by Promote.
func (c *Cluster) Standby(ctx context.Context, o ClusterOptions) (*Cluster, error) {
	return startCluster(ctx, o, func(s *Cluster, ctx context.Context) error { return s.copyOf(ctx, c) })
}

// Rejoin makes c, which must not run, a standby of the new primary: its data are
// copied anew.
func (c *Cluster) Rejoin(ctx context.Context, primary *Cluster) error {
	if err := os.RemoveAll(c.data()); err != nil {
		return err
	}
	if err := c.copyOf(ctx, primary); err != nil {
		return err
	}
	return c.Start(ctx)
}

func (c *Cluster) copyOf(ctx context.Context, primary *Cluster) error {
	return c.tool(ctx, "pg_basebackup", "-D", c.data(), "-d", primary.URL(), "-R", "-X", "stream", "-c", "fast", "--no-sync")
}

// Promote makes a standby the primary and waits until it can be written.
func (c *Cluster) Promote(ctx context.Context) error {
	return c.tool(ctx, "pg_ctl", "promote", "-D", c.data(), "-w", "-s")
}

// URLOf is the address of several clusters with ports, of which the one that can be
// written is used.
func URLOf(database string, addrs ...string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Host: strings.Join(addrs, ","), Path: "/" + database,
		RawQuery: url.Values{"sslmode": {"disable"}, "target_session_attrs": {"read-write"}}.Encode()}).String()
}

// Kill ends all processes of the server at once, as a machine that loses its power.
func (c *Cluster) Kill() error {
	pids, err := children(c.cmd.Process.Pid)
	if err != nil {
		return err
	}
	err = c.cmd.Process.Kill() // first: it would start others in their place
	for _, pid := range pids {
		if e := syscall.Kill(pid, syscall.SIGKILL); e != nil && !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	<-c.ended
	return err
}

// Backends are the processes that serve connections of programs other than these
// tests' own.
func (c *Cluster) Backends() ([]int, error) {
	pids, err := children(c.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	var some []int
	for _, pid := range pids {
		title, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err != nil {
			continue // ended meanwhile
		}
		if words := strings.Fields(strings.ReplaceAll(string(title), "\x00", " ")); len(words) > 2 && words[0] == "postgres:" && words[1] == "postgres" {
			some = append(some, pid)
		}
	}
	return some, nil
}

// Pause stops all processes of the server where they are; Continue lets them go on.
func (c *Cluster) Pause() error { return c.all(syscall.SIGSTOP) }

// Continue is the end of a Pause.
func (c *Cluster) Continue() error { return c.all(syscall.SIGCONT) }

func (c *Cluster) all(sig syscall.Signal) error {
	pids, err := children(c.cmd.Process.Pid)
	if err != nil {
		return err
	}
	for _, pid := range append(pids, c.cmd.Process.Pid) {
		if e := syscall.Kill(pid, sig); e != nil && !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// children are the processes that a process has started, as /proc tells.
func children(parent int) (pids []int, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("looking for the processes of the server: %w", err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if err != nil {
			continue // ended meanwhile
		}
		// pid (name) state ppid …; a name may hold anything but is followed by the last ")".
		_, rest, ok := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		if f := strings.Fields(rest); ok && len(f) > 1 && f[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// FreeAddr is an address of this machine that was free a moment ago, as host:port.
func FreeAddr() (string, error) {
	port, err := freePort()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}
