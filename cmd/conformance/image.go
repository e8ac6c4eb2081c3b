package main

import (
	"context"

	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/conformance/target/container"
)

// container starts the image of --image and waits until it takes documents.
func (f *targetFlags) container(ctx context.Context, _ streams) (*reached, error) {
	c, err := container.Start(ctx, container.Options{Image: f.Image, Port: f.Port, INN: f.INN})
	if err != nil {
		return nil, &exitError{exitUnreachable, err}
	}
	return &reached{imaged{target.NewAddr(c.Addr(), ""), f.Image}, c.Stop}, nil
}

// imaged is a server in a container.
type imaged struct {
	plain
	image string
}

type plain interface {
	Addr() string
	String() string
}

// MarkingAddr is that of documents: messages are told apart by their signature.
func (i imaged) MarkingAddr() string { return i.Addr() }

// String names the target.
func (i imaged) String() string { return "image " + i.image }
