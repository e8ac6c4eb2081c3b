package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/target/container"
	"github.com/fiscalbench/fiscalbench/emulator/control"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/serial"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// register is a register under test for --exec.
//
//	register             serves a control port at CONFORMANCE_CONTROL
//	register unblocked   the same, and its drive ignores the 30-day block
//	register caller      has a drive of its own that refuses the bench's confirmations, and calls CONFORMANCE_OFD
//	register serial      has no drive: asks the one at CONFORMANCE_FN_SERIAL for its number, and leaves
func register(args []string) int {
	mode := ""
	if len(args) > 0 {
		mode = args[0]
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := register1(ctx, mode); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func register1(ctx context.Context, mode string) error {
	o := control.TillOptions{OFD: os.Getenv("CONFORMANCE_OFD"), OneShot: true}
	switch mode {
	case "serial":
		return askNumber(ctx)
	case "unblocked":
		o.FN.Faults.NoOutageBlock = true
	case "caller":
		o.FN.Faults.RefuseAcks = []fn.AckFault{{Reason: 1, Times: 1 << 30}}
	}
	till, err := control.NewTill(o)
	if err != nil {
		return err
	}
	if mode == "caller" {
		if _, err := till.Register(kkt.Registration{FFD: fiscal.FFD105, RegNumber: fiscal.MakeRegNumber(5, "7702203276", "000000000002"), KKTNumber: "000000000002",
			User: "ООО Ромашка", UserINN: "7702203276", Address: "Москва", Place: os.Getenv("CONFORMANCE_CASE"), Tax: kkt.TaxGeneral,
			OFDINN: fiscal.INN(os.Getenv("CONFORMANCE_INN")), OFDName: "ОФД", SellerAddress: "shop@example.test", Cashier: kkt.Cashier{Name: "Кассир"}}); err != nil {
			return err
		}
		return till.Run(ctx, 10*time.Millisecond)
	}
	ln, err := net.Listen("tcp", os.Getenv("CONFORMANCE_CONTROL"))
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: control.Handler(till, control.Options{})}
	context.AfterFunc(ctx, func() { srv.Close() })
	go till.Run(ctx, time.Second)
	if err := srv.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// askNumber is a firmware without a drive, as far as the harness can see it here.
func askNumber(ctx context.Context) error {
	c, err := serial.Dial(ctx, os.Getenv("CONFORMANCE_FN_SERIAL"), serial.ClientOptions{Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer c.Close()
	a, err := c.Exec(fn.CmdNumber, nil)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s %s\n", os.Getenv("CONFORMANCE_CASE"), a.Data)
	return os.WriteFile(os.Getenv("REGISTER_SEEN"), []byte(line), 0o644)
}

// TestRun_Image judges a server in a container.
func TestRun_Image(t *testing.T) {
	t.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true") // read once, when the engine is asked first
	t.Setenv("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
	if err := container.Engine(t.Context()); err != nil {
		t.Skip(err)
	}
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Skip("no docker command to build an image with")
	}
	dir := t.TempDir()
	build(t, dir, "ofd")
	const image, ends = "fiscalbench-conformance-test", "fiscalbench-conformance-test-ends"
	tar := filepath.Join(dir, "root.tar")
	require.NoError(t, exec.Command("tar", "-C", dir, "-cf", tar, "ofd").Run())
	for name, entry := range map[string]string{image: `"serve","--kkt","0.0.0.0:7777","--http","","--store","sqlite:/ofd.db"`, ends: `"version"`} {
		out, err := exec.Command(docker, "import", "--change", `ENTRYPOINT ["/ofd",`+entry+`]`, tar, name).CombinedOutput()
		if err != nil {
			t.Skipf("no image could be made: %v: %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command(docker, "rmi", "-f", name).Run() })
	}
	var text, errs strings.Builder
	code := run([]string{"run", "--image", image, "--seed", "4", "--out", dir, "O-001", "O-071"}, streams{&text, &errs})
	assert.Zero(t, code, "%s%s", text.String(), errs.String())
	assert.Contains(t, text.String(), "image "+image+", 7 cases")
	assert.Contains(t, text.String(), "7 passed, 0 failed, 0 skipped, 0 errors")
	errs.Reset()
	assert.Equal(t, exitUnreachable, run([]string{"run", "--image", ends, "O-071"}, streams{&text, &errs}), errs.String())
	assert.Contains(t, errs.String(), "before it took connections")
}

// build makes a program of the bench in dir.
func build(t *testing.T, dir, name string) {
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
