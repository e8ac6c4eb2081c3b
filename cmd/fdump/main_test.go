package main

import (
	"encoding/hex"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fdump": func() { os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) },
	})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

func TestSplit_LinesOfOneMessageAreJoined(t *testing.T) {
	t.Parallel()
	pieces, err := split("f", []byte("2a08 410a\n81a2 0001\n\n2A08410A81A2\n"))
	require.NoError(t, err)
	require.Len(t, pieces, 2)
	assert.Equal(t, "2a08410a81a20001", hex.EncodeToString(pieces[0].bytes))
	assert.Equal(t, "2a08410a81a2", hex.EncodeToString(pieces[1].bytes))
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("2a08410a"))
	f.Add([]byte{0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 1, 0, 0, 0})
	f.Add([]byte("KghBCoGi"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			return
		}
		_, _ = split("f", raw)
	})
}

// TestReadCapture puts a session of tcpdump together: the receipt came in two
// segments, its confirmation went back.
func TestReadCapture(t *testing.T) {
	t.Parallel()
	pieces, err := readInput("testdata/session.pcap", nil)
	require.NoError(t, err)
	require.Len(t, pieces, 2)
	p := fiscaltest.Protocol()
	assert.Equal(t, p.Message("tb-receipt").Hex.Bytes(), pieces[0].bytes)
	assert.Equal(t, p.Message("tb-confirmation").Hex.Bytes(), pieces[1].bytes)
	assert.Contains(t, pieces[0].name, "→ 127.0.0.1:17777")
	assert.Contains(t, pieces[1].name, "127.0.0.1:17777 →")

	_, err = split("cut.pcap", append([]byte{0xD4, 0xC3, 0xB2, 0xA1}, make([]byte, 40)...))
	assert.Error(t, err)
}
