package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/serial"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"kkt": main}) }

func TestScripts(t *testing.T) {
	t.Parallel()
	addr := operator(t)
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("OFD", addr)
		return nil
	}})
}

// operator runs the real server on SQLite.
func operator(t *testing.T) string {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	srv, err := server.New(server.Options{Store: db})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		assert.NoError(t, srv.Shutdown(ctx))
		assert.NoError(t, <-served)
		assert.NoError(t, db.Close())
	})
	return ln.Addr().String()
}

func kkt(t *testing.T, args ...string) (code int, out, log string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, nil, &o, &e)
	return code, o.String(), e.String()
}

var lastLine = regexp.MustCompile(`(?m)^(\d+) documents, (\d+) confirmed, phase ([0-9A-F]{2}) \(seed (\d+), [\d.]+ s, sha256 ([0-9a-f]{64})\)\n\z`)

// The life of the whole bench: script, register, drive, TCP, operator, database. The
// same seed sends the same bytes, also a second time to the same operator.
func TestPlay_AgainstTheOperator(t *testing.T) {
	t.Parallel()
	addr := operator(t)
	var sums []string
	for _, flags := range [][]string{{}, {"--no-keep-alive"}, {"--json"}} {
		code, out, log := kkt(t, append([]string{"play", "close", "--ofd", addr, "--seed", "5"}, flags...)...)
		require.Zero(t, code, log)
		if len(flags) > 0 && flags[0] == "--json" {
			lines := strings.Split(strings.TrimSpace(out), "\n")
			var r struct {
				Documents int
				SHA256    string
				Phase     int
			}
			require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &r))
			assert.Equal(t, 15, r.Phase)
			assert.Len(t, lines, r.Documents+1)
			sums = append(sums, r.SHA256)
			continue
		}
		m := lastLine.FindStringSubmatch(out)
		require.NotNil(t, m, out)
		assert.Equal(t, m[1], m[2])
		assert.Equal(t, "0F", m[3])
		assert.Equal(t, "5", m[4])
		sums = append(sums, m[5])
	}
	assert.Equal(t, sums[0], sums[1])
	assert.Equal(t, sums[0], sums[2])
	code, out, _ := kkt(t, "play", "close", "--ofd", addr, "--seed", "6")
	require.Zero(t, code)
	assert.NotEqual(t, sums[0], lastLine.FindStringSubmatch(out)[5])
}

// The examples that need nothing odd of the operator are accepted by the real one
// without a code.
func TestPlay_ExamplesAreAccepted(t *testing.T) {
	t.Parallel()
	addr := operator(t)
	for i, name := range []string{"registration", "day", "shift24", "change", "key_expiry", "replace_fn", "ffd", "power_cut"} {
		t.Run(name, func(t *testing.T) {
			code, out, log := kkt(t, "play", name, "--ofd", addr, "--seed", fmt.Sprint(100+i))
			require.Zero(t, code, log+out)
		})
	}
}

func TestImport_RealReceipts(t *testing.T) {
	t.Parallel()
	addr := operator(t)
	folder := filepath.Join("..", "..", "fiscal", "fiscaltest", "data", "receipts")
	code, out, log := kkt(t, "import", folder, "--ofd", addr)
	require.Zero(t, code, log+out)
	assert.Contains(t, out, "38 receipts, 38 issued, 0 refused, 0 not read")
	assert.Equal(t, 38, strings.Count(out, ": accepted: ФН 9999"))
	assert.Contains(t, out, "paymentAgentType (empty)")
	assert.NotContains(t, out, "+70000000000")
	assert.NotContains(t, out, "example.test")

	code, again, log := kkt(t, "import", folder, "--ofd", addr, "--json")
	require.Zero(t, code, log)
	first := strings.SplitN(again, "\n", 2)[0]
	var line struct {
		FPD      string `json:"fpd"`
		Accepted bool
		Notes    []struct{ Path, Reason, Text string }
	}
	require.NoError(t, json.Unmarshal([]byte(first), &line))
	assert.True(t, line.Accepted)
	assert.Contains(t, out, line.FPD, "the same files give the same documents")
	assert.NotEmpty(t, line.Notes)
}

func TestImport_RefusedAndUnread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"totalSum":500,"cashTotalSum":500,"operationType":1,"dateTime":"2024-01-02T10:00:00",
		"items":[{"name":"x","price":100,"quantity":2,"sum":200}]}`), 0o600))
	code, out, _ := kkt(t, "import", bad)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "refused: kkt: M-02")
	broken := filepath.Join(dir, "broken.hex")
	require.NoError(t, os.WriteFile(broken, []byte("a: 03000400ffff\nb: 0300040001000000\n"), 0o600))
	code, _, log := kkt(t, "import", broken)
	assert.Equal(t, exitUsage, code, log)
	good := filepath.Join("..", "..", "fiscal", "fiscaltest", "data", "receipts", "raw-tlv.hex")
	code, _, log = kkt(t, "import", good, broken)
	assert.Equal(t, exitIncomplete, code, log)
}

// serve: the control port, the drive's serial line and the exchange in one process,
// and a state file that lives on.
func TestServe(t *testing.T) {
	t.Parallel()
	addr := operator(t)
	state := filepath.Join(t.TempDir(), "drive.fn")
	ports := startServe(t, "--fn-serial", "127.0.0.1:0", "--ofd", addr, "--state", state, "--poll", "10ms", "--fn", "9999078902005577")
	c, err := serial.Dial(t.Context(), ports.get("fn-serial"), serial.ClientOptions{})
	require.NoError(t, err)
	number, err := fnport.New(c).Number()
	require.NoError(t, err)
	assert.EqualValues(t, "9999078902005577", number)
	require.NoError(t, c.Close())

	const registration = `{"kktRegId":"%s","kktNumber":"0001","user":"ООО","userInn":"7702203276","retailPlaceAddress":"Москва","retailPlace":"магазин",
		"taxationType":2,"ofdInn":"7704358518","ofdName":"ОФД","sellerAddress":"shop@example.test","operator":"Кассир"}`
	post(t, ports.get("http"), "/register", fmt.Sprintf(registration, regNumber))
	post(t, ports.get("http"), "/open", "")
	require.Eventually(t, func() bool { return strings.Contains(get(t, ports.get("http"), "/status"), `"unconfirmed":0`) }, 10*time.Second, 10*time.Millisecond)
	ports.stop()

	ports = startServe(t, "--state", state)
	status := get(t, ports.get("http"), "/status")
	assert.Contains(t, status, `"shift_open":true`)
	assert.Contains(t, status, `"last_fd":2`)
	ports.stop()
}

// served is a running serve command.
type served struct {
	ready string
	stop  func()
}

func (s served) get(name string) string {
	m := regexp.MustCompile(name + `=(\S+)`).FindStringSubmatch(s.ready)
	if m == nil {
		return ""
	}
	return m[1]
}

func startServe(t *testing.T, args ...string) served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var log bytes.Buffer
	done := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"serve", "--http", "127.0.0.1:0"}, args...), nil, w, &log)
		w.Close()
		done <- code
	}()
	buf := make([]byte, 4096)
	n, err := r.Read(buf)
	require.NoError(t, err, log.String())
	return served{ready: string(buf[:n]), stop: func() {
		cancel()
		assert.Zero(t, <-done, log.String())
	}}
}

func post(t *testing.T, addr, path, body string) {
	t.Helper()
	res, err := http.Post("http://"+addr+path, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	require.Equal(t, 200, res.StatusCode, string(b))
}

func get(t *testing.T, addr, path string) string {
	t.Helper()
	res, err := http.Get("http://" + addr + path)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	addr := operator(t)
	script := filepath.Join(t.TempDir(), "s.yaml")
	require.NoError(t, os.WriteFile(script, []byte("steps:\n  - register\n  - expect: {queue: 5}\n"), 0o600))
	cases := map[string]struct {
		args []string
		code int
		want string // in stdout and stderr
	}{
		"fine":             {[]string{"check", addr}, exitFine, "answers for documents"},
		"fine with CRC":    {[]string{"check", addr, "--crc", "--json"}, exitFine, `"ok":true`},
		"unreachable":      {[]string{"check", "127.0.0.1:1"}, exitUnreachable, "connecting"},
		"play unreachable": {[]string{"play", "day", "--ofd", "127.0.0.1:1"}, exitUnreachable, "0 confirmed, phase 03"},
		"expectation":      {[]string{"play", script}, exitFailed, "s.yaml:3: expect: expectation not met: queue is 1, expected 5"},
		"no such script":   {[]string{"play", "nothing"}, exitUsage, "no example of this name"},
		"bad script":       {[]string{"play", "main.go"}, exitUsage, "main.go"},
		"no command":       {nil, exitUsage, "expected one of"},
		"two outputs":      {[]string{"play", "day", "--print", "--json"}, exitUsage, "choose one"},
		"public port":      {[]string{"serve", "--http", "0.0.0.0:0"}, exitUsage, "loopback"},
		"bad model":        {[]string{"serve", "--http", "127.0.0.1:0", "--model", "X"}, exitUsage, "ФН-1.1М Ин36-1"},
		"real drive":       {[]string{"serve", "--http", "127.0.0.1:0", "--fn", "7281440500751551"}, exitUsage, "FN-001"},
		"bad address":      {[]string{"check", "nowhere"}, exitUsage, "host:port"},
		"no files":         {[]string{"import", "testdata/none"}, exitUsage, "no such file"},
		"help":             {[]string{"--help"}, exitFine, "Usage: kkt"},
		"version":          {[]string{"version"}, exitFine, "kkt "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, log := kkt(t, c.args...)
			assert.Equal(t, c.code, code, out+log)
			assert.Contains(t, out+log, c.want)
		})
	}
}

func TestPlay_Interrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, log bytes.Buffer
	assert.Equal(t, exitIncomplete, run(ctx, []string{"play", "day"}, nil, &out, &log))
	assert.Contains(t, out.String(), "0 documents")
}
