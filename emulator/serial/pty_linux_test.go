package serial

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
)

// A real pseudo-terminal carries every byte value both ways: 0Ah, 0Dh, 11h, 13h, 03h
// and 7Fh must not be touched by the terminal driver.
func TestServer_PTYCarriesEveryByte(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	path, done := make(chan string, 1), make(chan error, 1)
	d := &drive{}
	go func() { done <- NewServer(Options{Drive: d}).ServePTY(ctx, func(p string) { path <- p }) }()
	defer func() { cancel(); assert.NoError(t, <-done) }()

	var name string
	select {
	case name = <-path:
	case err := <-done:
		done <- nil
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	all := make([]byte, 256)
	want := []byte{1}
	for i := range all {
		all[i] = byte(i)
		want = append(want, byte(255-i))
	}
	for range 2 { // a register may close and reopen its port
		c, err := Open(name, ClientOptions{Timeout: 5 * time.Second})
		require.NoError(t, err)
		a, err := c.Exec(0x07, all)
		require.NoError(t, err)
		assert.Equal(t, fn.Answer{Data: want}, a)
		want[0]++
		require.NoError(t, c.Close())
	}
}

func TestOpen_RefusesWhatIsNoTerminal(t *testing.T) {
	t.Parallel()
	_, err := Open("/dev/null", ClientOptions{})
	assert.ErrorContains(t, err, "raw mode")
	_, err = Open(t.TempDir()+"/absent", ClientOptions{})
	assert.Error(t, err)
}
