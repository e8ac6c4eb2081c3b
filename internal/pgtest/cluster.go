package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
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
// a unix socket, a TCP port only when asked for, every role trusted.
type Cluster struct {
	programs string // folder of initdb and postgres
	place    string // folder of everything
	sockets  string // folder of the unix socket
	port     int    // on 127.0.0.1; 0: a unix socket alone
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

// ClusterOptions of a cluster; the zero value is what StartCluster makes.
type ClusterOptions struct {
	TCP      bool     // listen on a free port of 127.0.0.1 too
	Place    string   // existing folder to keep the data in, as a small disk; a temporary one when empty
	Settings []string // of postgresql.conf, as "max_connections=50"
}

// StartCluster makes and starts a cluster. Settings are of postgresql.conf, as
// "max_connections=50". The caller must end it with Remove; it ends with the test
// program in any case.
func StartCluster(ctx context.Context, settings ...string) (*Cluster, error) {
	return StartClusterWith(ctx, ClusterOptions{Settings: settings})
}

// StartClusterWith is StartCluster with more to choose.
func StartClusterWith(ctx context.Context, o ClusterOptions) (*Cluster, error) {
	return startCluster(ctx, o, (*Cluster).init)
}

// startCluster makes a cluster whose data fill makes.
func startCluster(ctx context.Context, o ClusterOptions, fill func(*Cluster, context.Context) error) (*Cluster, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	// The path of a unix socket has 107 bytes at most: os.TempDir may be too long.
	sockets, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return nil, err
	}
	c := &Cluster{programs: programs, place: sockets, sockets: sockets, settings: o.Settings}
	if o.Place != "" {
		c.place = o.Place
	}
	if o.TCP {
		c.port, err = freePort()
	}
	if err == nil {
		err = c.own(c.place, c.sockets)
	}
	if err == nil {
		err = fill(c, ctx)
	}
	if err == nil {
		err = c.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.clear())
	}
	return c, nil
}

// Ports given by freePort: below those that Linux gives to outgoing connections, which
// would take the place of a server that is started again.
const firstPort, lastPort = 20_000, 32_000

// freePort is a port that was free a moment ago.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		var ln net.Listener
		if ln, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, ln.Close()
		}
	}
	return 0, err
}

// own gives folders to whom the server runs as.
func (c *Cluster) own(folders ...string) error {
	who, err := credential()
	if err != nil || who == nil {
		return err
	}
	for _, f := range folders {
		if err := os.Chown(f, int(who.Uid), int(who.Gid)); err != nil {
			return err
		}
	}
	return nil
}

// clear deletes everything but a folder that was there before.
func (c *Cluster) clear() error {
	return errors.Join(os.RemoveAll(c.data()), os.RemoveAll(c.log()), os.RemoveAll(c.sockets))
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
	return c.tool(ctx, "initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
}

// tool runs one of the programs to its end.
func (c *Cluster) tool(ctx context.Context, name string, args ...string) error {
	who, err := credential()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.programs, name), args...)
	cmd.Dir, cmd.SysProcAttr = c.place, &syscall.SysProcAttr{Credential: who}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

func (c *Cluster) data() string { return filepath.Join(c.place, "data") }
func (c *Cluster) log() string  { return filepath.Join(c.place, "log") }

// URL is the address of the database postgres over the unix socket.
func (c *Cluster) URL() string {
	where := url.Values{"host": {c.sockets}}
	if c.port != 0 {
		where.Set("port", strconv.Itoa(c.port))
	}
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: where.Encode()}).String()
}

// Addr is the address as host:port; empty without a port.
func (c *Cluster) Addr() string {
	if c.port == 0 {
		return ""
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port))
}

// Place is the folder of the data.
func (c *Cluster) Place() string { return c.place }

// Running reports whether the main process has not ended.
func (c *Cluster) Running() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
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
	cmd := exec.Command(filepath.Join(c.programs, "postgres"), "-D", c.data(), "-k", c.sockets, "-c", "listen_addresses=",
		"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "max_wal_size=4GB")
	if c.port != 0 {
		cmd.Args = append(cmd.Args, "-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(c.port))
	}
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

// Await waits until a server that recovers by itself takes connections.
func (c *Cluster) Await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
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
	return c.clear()
}
