package torture

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// waitLimit bounds every wait for something that must happen.
const waitLimit = time.Minute

// server is a child process that serves registers.
type server struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	log   tail
	http  string
}

// tail keeps what a process said last and counts the disk's faults in it.
type tail struct {
	mu     sync.Mutex
	text   []byte
	faults int
	lost   int // sectors
}

const tailLen = 64 << 10

func (w *tail) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range bytes.Lines(b) {
		var n int
		if _, err := fmt.Sscanf(string(line), "baddisk: power cut, %d sectors", &n); err == nil {
			w.lost += n
		} else if bytes.HasPrefix(line, []byte("baddisk:")) {
			w.faults++
		}
	}
	w.text = append(w.text, b...)
	w.text = w.text[max(0, len(w.text)-tailLen):]
	return len(b), nil
}

func (w *tail) String() string { w.mu.Lock(); defer w.mu.Unlock(); return string(w.text) }

// command is how a server is started.
type command struct {
	program, kkt, http, store string
	args, env                 []string
}

// start starts a server and waits until it is ready. An error means that it ended
// before; the server tells why in its log.
func (c command) start(t *testing.T) (*server, error) {
	t.Helper()
	args := append([]string{"serve", "--kkt=" + c.kkt, "--marking=", "--http=" + c.http, "--store=" + c.store, "--log-level=error",
		"--fault=duplicate_other=code11"}, c.args...)
	s := &server{cmd: exec.Command(c.program, args...), ended: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), c.env...)
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(func() { s.signal(syscall.SIGKILL) })
	ready := make(chan string, 1)
	go func() {
		in := bufio.NewReader(out)
		line, _ := in.ReadString('\n')
		ready <- line
		for line != "" {
			line, _ = in.ReadString('\n')
		}
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	select {
	case line := <-ready:
		for _, word := range strings.Fields(line) {
			if addr, ok := strings.CutPrefix(word, "http="); ok {
				s.http = addr
			}
		}
		if s.http == "" {
			<-s.ended
			return s, fmt.Errorf("the server ended with code %d before it was ready: %s", s.cmd.ProcessState.ExitCode(), s.log.String())
		}
		return s, nil
	case <-time.After(waitLimit):
		s.signal(syscall.SIGQUIT)
		return s, fmt.Errorf("the server hangs before it is ready: %s", s.log.String())
	}
}

// signal sends a signal and waits for the end. It reports whether the end came.
func (s *server) signal(sig syscall.Signal) bool {
	_ = s.cmd.Process.Signal(sig)
	select {
	case <-s.ended:
		return true
	case <-time.After(waitLimit):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // its goroutines are told
		<-s.ended
		return false
	}
}

func (s *server) running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}
