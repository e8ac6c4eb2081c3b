package sign

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"
)

// drainTime is how long the last lines of an ended process are waited for: its
// children may hold the pipes open.
const drainTime = time.Second

// pluginProcess is one run of the plug-in.
type pluginProcess struct {
	cmd   *exec.Cmd
	log   *slog.Logger
	ended chan struct{} // closed when the process is gone and read to its end

	writing sync.Mutex
	stdin   *os.File

	mu      sync.Mutex
	waiting map[uint64]chan pluginAnswer
}

func startProcess(ctx context.Context, o *PluginOptions) (*pluginProcess, error) {
	cmd := exec.CommandContext(ctx, o.Command[0], o.Command[1:]...)
	cmd.Env = append(os.Environ(), o.Env...)
	var ends [6]*os.File // read and write ends of stdin, stdout, stderr
	closeAll := func(files ...*os.File) {
		for _, f := range files {
			if f != nil {
				f.Close()
			}
		}
	}
	for i := 0; i < len(ends); i += 2 {
		var err error
		if ends[i], ends[i+1], err = os.Pipe(); err != nil {
			closeAll(ends[:]...)
			return nil, err
		}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = ends[0], ends[3], ends[5]
	err := cmd.Start()
	closeAll(ends[0], ends[3], ends[5])
	if err != nil {
		closeAll(ends[1], ends[2], ends[4])
		return nil, err
	}
	p := &pluginProcess{cmd: cmd, log: o.Logger, ended: make(chan struct{}), stdin: ends[1], waiting: map[uint64]chan pluginAnswer{}}
	go p.run(ends[2], ends[4])
	return p, nil
}

// run reads the process to its end.
func (p *pluginProcess) run(stdout, stderr *os.File) {
	var readers sync.WaitGroup
	readers.Go(func() { p.readAnswers(stdout) })
	readers.Go(func() { p.readLog(stderr) })
	err := p.cmd.Wait()
	for _, f := range []*os.File{stdout, stderr} {
		_ = f.SetReadDeadline(time.Now().Add(drainTime))
	}
	readers.Wait()
	stdout.Close()
	stderr.Close()
	p.stdin.Close()
	p.log.Info("sign plug-in ended", "err", err)
	close(p.ended)
}

// readAnswers hands answers to the calls that wait. What is no answer ends the
// process: the lines after it cannot be trusted.
func (p *pluginProcess) readAnswers(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(make([]byte, 0, 4096), maxPluginLine)
	for lines.Scan() {
		var a pluginAnswer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			p.log.Warn("sign plug-in wrote what is no answer", "bytes", len(lines.Bytes()))
			break
		}
		p.mu.Lock()
		answer := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		p.mu.Unlock()
		if answer != nil { // else it came too late
			answer <- a
		}
	}
	_ = p.cmd.Process.Kill()
}

// readLog passes stderr on line by line; a line that is too long ends the log, not
// the process.
func (p *pluginProcess) readLog(stderr io.Reader) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		p.log.Info("sign plug-in says", "line", lines.Text())
	}
	_, _ = io.Copy(io.Discard, stderr)
}

// expect makes room for one answer.
func (p *pluginProcess) expect(id uint64) <-chan pluginAnswer {
	answer := make(chan pluginAnswer, 1)
	p.mu.Lock()
	p.waiting[id] = answer
	p.mu.Unlock()
	return answer
}

func (p *pluginProcess) forget(id uint64) {
	p.mu.Lock()
	delete(p.waiting, id)
	p.mu.Unlock()
}

// write sends a line by the deadline. A line sent in part breaks the stream for
// good, so the process is ended.
func (p *pluginProcess) write(line []byte, deadline time.Time) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := p.stdin.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := p.stdin.Write(line); err != nil {
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("writing to the process: %w", err)
	}
	return nil
}
