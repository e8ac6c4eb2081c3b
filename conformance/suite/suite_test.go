package suite

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/expect"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// TestExample_OperatorOnLocalhost is how a maker's own test looks: start the server,
// say where it is. The server here is the built-in one, reached by its address alone.
func TestExample_OperatorOnLocalhost(t *testing.T) {
	server, err := target.StartSelf(context.Background(), "7704358518")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	Run(t, Options{Addr: server.Addr(), Select: []string{"O-001", "header/.*", "number/.*"}, Skip: []string{"O-080"}, Seed: 7})
}

// TestRun_Register judges a register the same way.
func TestRun_Register(t *testing.T) {
	Run(t, Options{Target: target.NewSelfKKT(), Of: conformance.KKT, Select: []string{"K-00[1-3]", "K-020"}, FFD: 4, Seed: 7})
}

// TestRun_HonoursProfileAndExpectations: what is not claimed and what is known do not
// fail the test.
func TestRun_HonoursProfileAndExpectations(t *testing.T) {
	known, err := expect.Parse("known.yaml", []byte(`- {case: "O-001@ffd1.05", outcome: fail, checks: [connection/answered], reason: "ticket 1"}`))
	require.NoError(t, err)
	no := false
	Run(t, Options{Addr: deafServer(t), Select: []string{"O-001"}, Profile: &conformance.Profile{FFD: []string{"1.05"}, Encryption: &no},
		Timeout: 100 * time.Millisecond, Expect: known, Seed: 7})
}

const childVariable = "FISCALBENCH_SUITE_CHILD"

// TestRun_FailsWithTheExchange: a server that answers nothing fails its subtests, and
// the output has what was expected, what was seen and the bytes.
func TestRun_FailsWithTheExchange(t *testing.T) {
	if os.Getenv(childVariable) == "deaf" {
		Run(t, Options{Addr: deafServer(t), Select: []string{"O-073", "O-001", "O-020"}, FFD: 2, Timeout: 100 * time.Millisecond, Seed: 7})
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestRun_FailsWithTheExchange$", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"=deaf")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	text := string(out)
	for _, want := range []string{"--- FAIL: TestRun_FailsWithTheExchange/O-001@ffd1.05", "expected  answered", "seen      hung", "> 2a08410a", "--seed 7",
		"--- SKIP: TestRun_FailsWithTheExchange/O-020", "the target has not"} {
		assert.Contains(t, text, want)
	}
	assert.Equal(t, 1, strings.Count(text, "\n--- FAIL: "), "the suite is one test with subtests")
}

// deafServer takes connections and never answers.
func deafServer(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(io.Discard, c) // until the case leaves
			}()
		}
	}()
	return ln.Addr().String()
}
