package gost

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lengths of messages with the edges of both block sizes.
var lengths = []int{0, 1, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 321, 600, 4099, 32768}

// providers load the GOST algorithms of libengine-gost-openssl into OpenSSL 3.
var providers = []string{"-provider", "gostprov", "-provider", "default"}

// openssl runs one OpenSSL command with the GOST provider on stdin.
func openssl(stdin []byte, args ...string) (string, error) {
	args = append(append([]string{args[0]}, providers...), args[1:]...)
	cmd := exec.Command("openssl", args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("openssl %s: %w: %s", strings.Join(args, " "), err, firstLine(errs.String()))
	}
	return out.String(), nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// needOpenSSL skips the test where OpenSSL has no GOST provider (Debian:
// libengine-gost-openssl), or fails it when REQUIRE_OPENSSL_GOST=1.
func needOpenSSL(t *testing.T) {
	t.Helper()
	_, err := openssl(nil, "dgst", "-md_gost12_256")
	if err == nil {
		return
	}
	if os.Getenv("REQUIRE_OPENSSL_GOST") == "1" {
		require.NoError(t, err, "REQUIRE_OPENSSL_GOST=1 and no GOST provider")
	}
	t.Skipf("no OpenSSL with a GOST provider (Debian package libengine-gost-openssl): %v", err)
}

// random is a source with a fixed seed: a difference found once is found again.
func random() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{'g', 'o', 's', 't'}) }

func fill(src *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	src.Read(b)
	return b
}

func TestOpenSSL_Streebog(t *testing.T) {
	t.Parallel()
	needOpenSSL(t)
	src, dir := random(), t.TempDir()
	args, want := []string{"dgst", "-md_gost12_256", "-r"}, []string{}
	inputs := [][]byte{bytes.Repeat([]byte{0xff}, 640)} // carries through the whole control sum
	for _, n := range lengths {
		inputs = append(inputs, fill(src, n))
	}
	for i, data := range inputs {
		name := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(name, data, 0o600))
		sum := Sum256(data)
		args, want = append(args, name), append(want, hex.EncodeToString(sum[:]))
	}
	out, err := openssl(nil, args...)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, len(want))
	for i, line := range lines {
		assert.Equal(t, want[i], strings.Fields(line)[0], "%d bytes", len(inputs[i]))
	}
}

func TestOpenSSL_HMAC(t *testing.T) {
	t.Parallel()
	needOpenSSL(t)
	src := random()
	for _, n := range lengths {
		key, data := fill(src, 1+n%100), fill(src, n)
		out, err := openssl(data, "mac", "-digest", "md_gost12_256", "-macopt", "hexkey:"+hex.EncodeToString(key), "-in", "-", "HMAC")
		require.NoError(t, err)
		mac := HMAC256(key, data)
		assert.Equal(t, strings.ToLower(strings.TrimSpace(out)), hex.EncodeToString(mac[:]), "%d bytes", n)
	}
}

func TestOpenSSL_KuznyechikMAC(t *testing.T) {
	t.Parallel()
	needOpenSSL(t)
	src := random()
	for _, n := range lengths {
		key, data := fill(src, KeySize), fill(src, n)
		out, err := openssl(data, "mac", "-macopt", "hexkey:"+hex.EncodeToString(key), "-macopt", "size:16", "-in", "-", "kuznyechik-mac")
		require.NoError(t, err)
		mac := NewKuznyechik([KeySize]byte(key)).MAC(data)
		assert.Equal(t, strings.ToLower(strings.TrimSpace(out)), hex.EncodeToString(mac[:]), "%d bytes", n)
	}
}

func TestOpenSSL_KuznyechikCTR(t *testing.T) {
	t.Parallel()
	needOpenSSL(t)
	src := random()
	for _, n := range lengths {
		key, iv, data := fill(src, KeySize), fill(src, 8), fill(src, n)
		out, err := openssl(data, "enc", "-kuznyechik-ctr", "-K", hex.EncodeToString(key), "-iv", hex.EncodeToString(iv))
		require.NoError(t, err)
		got := make([]byte, n)
		NewKuznyechik([KeySize]byte(key)).CTR([8]byte(iv), got, data)
		assert.Equal(t, hex.EncodeToString([]byte(out)), hex.EncodeToString(got), "%d bytes", n)
	}
}
