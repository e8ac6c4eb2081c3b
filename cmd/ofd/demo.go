package main

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// demoOptions are what the demo needs of the server around it.
type demoOptions struct {
	KKTAddr string     // where registers connect, HOST:PORT
	OFD     fiscal.INN // the operator's number, tag 1017
	Seed    int64      // the same seed gives the same documents
	// Stats are the server's totals, for the running summary line.
	Stats  func(context.Context) (store.Stats, error)
	Stdout io.Writer // of the summary line, after the ready line
	Logger *slog.Logger
}

// startDemo runs emulated registers against the server until ctx ends, and writes a
// running one-line summary. It returns nil or ctx's error when it ended because ctx
// did; any other error ends the server. Registers must be at rest when it returns.
func startDemo(context.Context, demoOptions) error { return errors.New("demo not built") }
