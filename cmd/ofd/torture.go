//go:build torture

package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/fiscalbench/fiscalbench/internal/baddisk"
)

// The tag torture puts the disk that TORTURE_DISK describes under SQLite, as in
// "seed=1,write=0.01,lost=0.5". SIGUSR1 cuts its power and ends the process.
func init() {
	text, ok := os.LookupEnv("TORTURE_DISK")
	if !ok {
		return
	}
	o, err := baddisk.Parse(text)
	var d *baddisk.Disk
	if err == nil {
		d, err = baddisk.Mount("baddisk", true, o, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ofd:", err)
		os.Exit(exitUsage)
	}
	cut := make(chan os.Signal, 1)
	signal.Notify(cut, syscall.SIGUSR1)
	go func() {
		select {
		case <-cut:
		case <-d.Cut():
		}
		if _, err := d.CutPower(); err != nil {
			fmt.Fprintln(os.Stderr, "ofd:", err)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}()
}
