package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Cluster is a PostgreSQL of its own, run by the programs of this machine: a folder,
// a unix socket, no TCP port, every role trusted.
type Cluster struct {
	programs string // folder of initdb and postgres
	place    string // folder of everything
	settings []string
	cmd      *exec.Cmd
	ended    chan struct{} // closed when cmd has ended
	err      error         // of cmd, after that
}

const (
	readyLimit = 30 * time.Second // for a start with recovery
	stopLimit  = 20 * time.Second
	pollEvery  = 5 * time.Millisecond
)

// StartCluster makes and starts a cluster. Settings are of postgresql.conf, as
// "max_connections=50". The caller must end it with Remove; it ends with the test
// program in any case.
func StartCluster(ctx context.Context, settings ...string) (*Cluster, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	// The path of a unix socket has 107 bytes at most: os.TempDir may be too long.
	place, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return nil, err
	}
	c := &Cluster{programs: programs, place: place, settings: settings}
	err = c.init(ctx)
	if err == nil {
		err = c.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(place))
	}
	return c, nil
}

// findPrograms looks where Debian, Red Hat, source builds and Homebrew put the
// programs of a server, and on the path.
func findPrograms() (string, error) {
	var all []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql@*/bin"} {
		some, _ := filepath.Glob(pattern) // the patterns are well formed
		slices.Sort(some)
		slices.Reverse(some) // the newest first
		all = append(all, some...)
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		all = append(all, filepath.Dir(p))
	}
	for _, dir := range all {
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("initdb and postgres are not on this machine (Debian: postgresql-15)")
}

// credential is whom the server runs as: it refuses to be root.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	var u *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if u, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and another user cannot be found: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (c *Cluster) init(ctx context.Context) error {
	who, err := credential()
	if err != nil {
		return err
	}
	if who != nil {
		if err := os.Chown(c.place, int(who.Uid), int(who.Gid)); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.programs, "initdb"), "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = c.place, &syscall.SysProcAttr{Credential: who}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

func (c *Cluster) data() string { return filepath.Join(c.place, "data") }
func (c *Cluster) log() string  { return filepath.Join(c.place, "log") }

// URL is the address of the database postgres.
func (c *Cluster) URL() string {
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {c.place}}.Encode()}).String()
}

// Start starts the server, which must not run, and waits until it answers.
func (c *Cluster) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		err := c.launch(ctx)
		// Processes of a server that was killed take a moment to notice.
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "is still in use") {
			return err
		}
	}
}

func (c *Cluster) launch(ctx context.Context) error {
	who, err := credential()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(c.programs, "postgres"), "-D", c.data(), "-k", c.place, "-c", "listen_addresses=",
		"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "max_wal_size=4GB")
	for _, s := range c.settings {
		cmd.Args = append(cmd.Args, "-c", s)
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.place, log, log
	cmd.SysProcAttr = dieWithParent(&syscall.SysProcAttr{Credential: who, Setpgid: true})
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The kernel watches over the thread that starts a child, not the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	c.cmd, c.ended = cmd, ended
	return c.await(ctx)
}

// await waits until the server takes connections.
func (c *Cluster) await(ctx context.Context) error {
	every := time.NewTicker(pollEvery)
	defer every.Stop()
	for {
		err := ping(ctx, c.URL())
		if err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("postgres ended: %w: %s", c.err, c.lastLog())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("postgres does not answer: %w: %s", err, c.lastLog()), c.Signal(syscall.SIGKILL))
		case <-every.C:
		}
	}
}

func (c *Cluster) lastLog() []byte {
	text, _ := os.ReadFile(c.log()) // what is missing is not shown
	return text[max(0, len(text)-2000):]
}

// Signal sends a signal to the main process and, when it is one that ends the
// server, waits for the end: SIGINT is a clean end, SIGQUIT one without a checkpoint,
// SIGKILL the end of the main process, which takes the others with it.
func (c *Cluster) Signal(sig syscall.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil {
		return err
	}
	if sig == syscall.SIGHUP {
		return nil
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-c.ended:
		return nil
	case <-limit.C:
		return fmt.Errorf("postgres does not end: %s", c.lastLog())
	}
}

// Remove ends the server and deletes everything.
func (c *Cluster) Remove() error {
	select {
	case <-c.ended:
	default:
		if err := c.Signal(syscall.SIGINT); err != nil {
			_ = c.cmd.Process.Kill() // the others notice and end
			<-c.ended
		}
	}
	return os.RemoveAll(c.place)
}
