package benchingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/load"
)

// generate is the load's process.
func generate() error {
	var o load.Options
	if err := json.Unmarshal([]byte(os.Getenv(settingsVariable)), &o); err != nil {
		return err
	}
	r, err := load.Run(context.Background(), o)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// measured is one run of server and load.
type measured struct {
	Load load.Result `json:"load"`
	Use  serverUse   `json:"server"`
}

// loadOptions are the part of load.Options that travels to the process.
type loadOptions struct {
	Addr          string
	Registers     int
	Rate          float64
	Duration      time.Duration
	Documents     int
	OneConnection bool
	Prebuilt      bool
	Seed          uint64
	Answer        time.Duration
}

// together runs a server and a load on it, each in a process of its own.
func together(t *testing.T, s serverSettings, o loadOptions) measured {
	t.Helper()
	server, stdin, out := start(t, "server", s)
	lines := bufio.NewReader(out)
	addr, err := lines.ReadString('\n')
	require.NoError(t, err, "the server did not start")
	o.Addr = strings.TrimSpace(addr)
	generator, _, result := start(t, "load", o)
	text, err := io.ReadAll(result)
	require.NoError(t, err)
	require.NoError(t, generator.Wait())
	var m measured
	require.NoError(t, json.Unmarshal(text, &m.Load))
	require.NoError(t, stdin.Close())
	text, err = io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, server.Wait())
	require.NoError(t, json.Unmarshal(text, &m.Use))
	require.True(t, m.Load.Clean(), "%s", &m.Load)
	require.Equal(t, m.Load.Enrolled+m.Load.Confirmed, m.Use.Documents, "what was confirmed is stored")
	return m
}

// start starts a role of this program.
func start(t *testing.T, role string, settings any) (*exec.Cmd, io.WriteCloser, io.Reader) {
	t.Helper()
	text, err := json.Marshal(settings)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, settingsVariable+"="+string(text))
	cmd.Stderr = &bytes.Buffer{}
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s said: %s", role, cmd.Stderr)
		}
	})
	return cmd, stdin, out
}

// String is the run in one line.
func (m *measured) String() string {
	return fmt.Sprintf("%.0f documents/s, p50 %.2f ms, p99 %.2f ms, server %.0f µs CPU and %.0f allocations a document",
		m.Load.PerSecond, m.Load.Latency.P50, m.Load.Latency.P99, m.cpu(), m.allocations())
}

// cpu is the server's time for one document, in microseconds.
func (m *measured) cpu() float64 { return m.Use.CPUSeconds / float64(m.Use.Documents) * 1e6 }

func (m *measured) allocations() float64 {
	return float64(m.Use.Allocations) / float64(m.Use.Documents)
}
