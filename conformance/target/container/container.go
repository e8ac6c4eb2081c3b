// Package container runs a server under test in a container. It is a package of its
// own so that only a program that offers it carries the client of the engine.
//
// It pulls nothing that the machine has, and it knows nothing of what is inside.
package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// Options of a container.
type Options struct {
	Image string
	Port  uint16 // at which the server inside takes documents
	INN   string // told to it as CONFORMANCE_INN
}

// Container is a server that runs.
type Container struct {
	inner testcontainers.Container
	addr  string
}

// ErrNoEngine: no container engine answers on this machine.
var ErrNoEngine = errors.New("container: no container engine answers")

// Limits of the start.
const (
	engineLimit = 10 * time.Second
	startLimit  = 30 * time.Second
	pollEvery   = 50 * time.Millisecond
	settles     = 150 * time.Millisecond // the engine's proxy takes connections before the server does, and drops them
)

// silence is once: the library keeps one logger for the whole program.
var silence sync.Once

// Start runs the image and waits until its server keeps a connection. The server is
// told by CONFORMANCE_ADDR where to listen.
func Start(ctx context.Context, o Options) (*Container, error) {
	silence.Do(func() { tclog.SetDefault(quiet()) }) // the library greets on standard error
	if err := Engine(ctx); err != nil {
		return nil, err
	}
	port := fmt.Sprintf("%d/tcp", o.Port)
	request := testcontainers.GenericContainerRequest{Started: true, Logger: quiet(), ContainerRequest: testcontainers.ContainerRequest{
		Image: o.Image, ExposedPorts: []string{port},
		Env: map[string]string{"CONFORMANCE_ADDR": fmt.Sprintf("0.0.0.0:%d", o.Port), "CONFORMANCE_INN": o.INN}}}
	inner, err := testcontainers.GenericContainer(ctx, request)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("container: image %s: %w", o.Image, err), testcontainers.TerminateContainer(inner))
	}
	c := &Container{inner: inner}
	if err := c.find(ctx, port); err != nil {
		return nil, errors.Join(fmt.Errorf("container: image %s: %w%s", o.Image, err, c.printed(ctx)), c.Stop())
	}
	return c, nil
}

// find learns the address and waits until somebody keeps a connection there.
func (c *Container) find(ctx context.Context, port string) error {
	endpoint, err := c.inner.PortEndpoint(ctx, port, "")
	if state, failed := c.inner.State(ctx); err != nil && failed == nil && !state.Running {
		return fmt.Errorf("it ended with code %d before it took connections", state.ExitCode) // and its ports went with it
	}
	if err != nil {
		return err
	}
	c.addr = endpoint
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for !keeps(ctx, endpoint) {
		state, err := c.inner.State(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("nobody takes connections at port %s after %s", port, startLimit)
		case err == nil && !state.Running:
			return fmt.Errorf("it ended with code %d before it took connections", state.ExitCode)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
	return nil
}

// keeps reports whether a connection is taken and not dropped at once.
func keeps(ctx context.Context, addr string) bool {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(settles)); err != nil {
		return false
	}
	var timeout net.Error
	_, err = conn.Read(make([]byte, 1))
	return errors.As(err, &timeout) && timeout.Timeout()
}

// printedShown is how much of the container's output an error shows.
const printedShown = 2000

func (c *Container) printed(ctx context.Context) string {
	r, err := c.inner.Logs(context.WithoutCancel(ctx))
	if err != nil {
		return ""
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, printedShown))
	text := strings.TrimSpace(string(b))
	if err != nil || text == "" {
		return ""
	}
	return "; it printed:\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// Addr is where the server takes documents, as seen from here.
func (c *Container) Addr() string { return c.addr }

// Stop ends the container and removes it.
func (c *Container) Stop() error { return testcontainers.TerminateContainer(c.inner) }

// Engine asks whether a container engine answers; the error is ErrNoEngine.
func Engine(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // the library panics where it finds no engine at all
			err = fmt.Errorf("%w: %v", ErrNoEngine, r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	p, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quiet()))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	if err := errors.Join(p.Health(ctx), p.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	return nil
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
