package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
)

// ImageVariable names the image for a container, which may be one that was built on
// the machine: see image/build.
const (
	ImageVariable = "TEST_POSTGRES_IMAGE"
	defaultImage  = "postgres:15-alpine"
)

// engineLimit bounds the question whether there is an engine.
const engineLimit = 10 * time.Second

// errNoEngine: no container engine answers.
var errNoEngine = errors.New("no container engine answers")

// startContainer starts a PostgreSQL in a container.
func startContainer(ctx context.Context) (s server, err error) {
	if err := engine(ctx); err != nil {
		return server{}, fmt.Errorf("%w: %w", errNoEngine, err)
	}
	image := os.Getenv(ImageVariable)
	if image == "" {
		image = defaultImage
	}
	c, err := postgres.Run(ctx, image, testcontainers.WithLogger(quiet()), postgres.BasicWaitStrategies(),
		testcontainers.WithCmd("postgres", "-c", "max_connections=200"))
	if err != nil {
		return server{}, errors.Join(fmt.Errorf("image %s: %w", image, err), testcontainers.TerminateContainer(c))
	}
	url, err := c.ConnectionString(ctx, "sslmode=disable")
	if err == nil {
		err = ping(ctx, url)
	}
	if err != nil {
		return server{}, errors.Join(fmt.Errorf("image %s: %w", image, err), testcontainers.TerminateContainer(c))
	}
	return server{url: url, close: func() error { return testcontainers.TerminateContainer(c) }}, nil
}

// engine asks whether a container engine answers.
func engine(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // the library panics where it finds no engine at all
			err = fmt.Errorf("%v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	p, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quiet()))
	if err != nil {
		return err
	}
	return errors.Join(p.Health(ctx), p.Close())
}

func quiet() tclog.Logger { return log.New(io.Discard, "", 0) }
