package control

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/emulator/serial"
)

// Command is a command that the drive executed for the register.
type Command struct {
	Command string `json:"command"` // two hex digits, as all codes here
	Data    string `json:"data"`    // hex
	Code    string `json:"code"`    // without the warning bit
	Warning bool   `json:"warning"` // the warning bit
	Answer  string `json:"answer"`  // hex
}

// Recorded is what happened between register and drive.
type Recorded struct {
	Commands []Command `json:"commands"`
	Line     string    `json:"line,omitempty"` // hex: what the register wrote on the serial line
}

// Shown is what the register told its user about a confirmation.
type Shown struct {
	FD      uint32 `json:"fiscalDocumentNumber"`
	Code    byte   `json:"ofdResponseCode"` // 1022
	Message byte   `json:"operatorMessage"` // 1206
}

// What a record keeps at most: the newest.
const (
	maxCommands = 20_000
	maxShown    = 1000
	maxLine     = 4 << 20
)

// lineTimeout is how long the register waits for an answer of the drive on a serial
// line before it asks by ENQ.
const lineTimeout = 150 * time.Millisecond

// record is the register's way to its drives, overheard.
type record struct {
	line bool

	mu       sync.Mutex
	commands []Command
	written  []byte
	shown    []Shown
	closers  []func() error
}

func newRecord(line bool) *record { return &record{line: line} }

// port makes the way to a drive.
func (r *record) port(d *fn.Device) (fnport.Port, error) {
	p := &heard{record: r, device: d}
	if !r.line {
		return p, nil
	}
	return r.over(p)
}

// over puts a serial line between register and drive.
func (r *record) over(p *heard) (fnport.Port, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("control: serial line: %w", err)
	}
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control: serial line: %w", err), ln.Close())
	}
	ctx, cancel := context.WithCancel(context.Background()) // ends with the record
	done := make(chan error, 1)
	go func() { done <- serial.NewServer(serial.Options{Drive: p}).Serve(ctx, ln) }()
	client := serial.NewClient(&written{near, r}, serial.ClientOptions{Timeout: lineTimeout, Settle: time.Millisecond})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closers = append(r.closers, func() error {
		err := client.Close()
		cancel()
		return errors.Join(err, <-done)
	})
	return client, nil
}

func (r *record) close() {
	r.mu.Lock()
	closers := r.closers
	r.closers = nil
	r.mu.Unlock()
	for _, c := range closers {
		_ = c() // the line is gone either way
	}
}

func (r *record) observe(e link.Event) {
	if e.Kind != link.Acknowledged {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown = append(r.shown, Shown{uint32(e.FD), e.Code, e.Message})
	if over := len(r.shown) - maxShown; over > 0 {
		r.shown = append(r.shown[:0], r.shown[over:]...)
	}
}

func (r *record) told() []Shown {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Shown{}, r.shown...)
}

func (r *record) take() Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := Recorded{Commands: r.commands, Line: hex.EncodeToString(r.written)}
	if out.Commands == nil {
		out.Commands = []Command{}
	}
	r.commands, r.written = nil, nil
	return out
}

func (r *record) add(c Command) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.commands) >= 2*maxCommands {
		r.commands = append(r.commands[:0], r.commands[maxCommands:]...)
	}
	r.commands = append(r.commands, c)
}

// heard is a drive whose commands are recorded.
type heard struct {
	record *record
	device *fn.Device
}

// Exec passes a command on. On a serial line the server spoils the answer itself.
func (h *heard) Exec(cmd byte, data []byte) (fn.Answer, error) {
	a := h.device.Exec(cmd, data)
	h.record.add(Command{fmt.Sprintf("%02X", cmd), hex.EncodeToString(data), fmt.Sprintf("%02X", byte(a.Code)), a.Warning, hex.EncodeToString(a.Data)})
	if a.Line.Silent && !h.record.line {
		return fn.Answer{}, fnport.ErrSilent
	}
	return a, nil
}

// written is the register's end of the line, overheard.
type written struct {
	net.Conn
	record *record
}

// Write passes bytes on.
func (w *written) Write(b []byte) (int, error) {
	w.record.mu.Lock()
	if len(w.record.written) < maxLine {
		w.record.written = append(w.record.written, b...)
	}
	w.record.mu.Unlock()
	return w.Conn.Write(b)
}
