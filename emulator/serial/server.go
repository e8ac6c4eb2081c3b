package serial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Server puts one drive behind a line. Sockets and pseudo-terminals may be served at
// the same time; commands reach the drive one at a time.
type Server struct {
	line *line

	mu      sync.Mutex
	current net.Conn
}

// NewServer returns a server for opt.Drive.
func NewServer(opt Options) *Server { return &Server{line: newLine(opt)} }

// Serve takes peers from ln, one at a time, until ctx ends; it closes ln. A second
// peer replaces the first or is refused as Options.Second says. The error is nil when
// ctx ended.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var peers sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { ln.Close(); s.replace(nil) })
	defer func() { cancel(); stop(); ln.Close(); s.replace(nil); peers.Wait() }()
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			if conn != nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("serial: waiting for a register: %w", err)
		}
		if !s.take(conn) {
			s.line.opt.Logger.Warn("second register refused", "conn", conn.RemoteAddr().String())
			conn.Close()
			continue
		}
		peers.Go(func() {
			defer s.release(conn)
			s.line.opt.Logger.Info("register connected", "conn", conn.RemoteAddr().String())
			if err := s.ServeStream(ctx, conn); err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				s.line.opt.Logger.Warn("register's line broke", "conn", conn.RemoteAddr().String(), "err", err)
			}
		})
	}
}

func (s *Server) take(conn net.Conn) bool {
	s.mu.Lock()
	busy := s.current != nil
	s.mu.Unlock()
	if busy && s.line.opt.Second == RefuseSecond {
		return false
	}
	s.replace(conn)
	return true
}

func (s *Server) replace(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		s.current.Close()
	}
	s.current = conn
}

func (s *Server) release(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == conn {
		s.current = nil
	}
}

// ServeStream answers commands that come over rw until it ends (nil), breaks, or ctx
// ends and the caller closes rw.
func (s *Server) ServeStream(ctx context.Context, rw io.ReadWriter) error {
	d := Decoder{FrameTime: s.line.opt.FrameTime}
	buf := make([]byte, MaxFrame)
	for {
		n, err := rw.Read(buf)
		now := s.line.opt.Now()
		for _, b := range buf[:n] {
			e, ok := d.Feed(b, now)
			if !ok {
				continue
			}
			answer := s.line.handle(ctx, e)
			if answer == nil {
				continue
			}
			if _, err := rw.Write(answer); err != nil {
				return fmt.Errorf("serial: sending an answer: %w", err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("serial: reading the line: %w", err)
		}
	}
}
