package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// hookSecretLen is the length of the key that secrets of webhooks are encrypted with.
const hookSecretLen = 32

// hookSecret is that key: --cabinet-key, else the file beside an SQLite base, made when
// it is not there. Servers that share PostgreSQL are given the same one; without it they
// have no webhooks.
func hookSecret(flag, store string) ([]byte, error) {
	if flag != "" {
		key, err := hex.DecodeString(flag)
		if err != nil || len(key) != hookSecretLen {
			return nil, usage("--cabinet-key: want %d bytes in hex", hookSecretLen)
		}
		return key, nil
	}
	path, ok := strings.CutPrefix(store, "sqlite:")
	if !ok {
		return nil, nil
	}
	path += "-cabinet-key"
	key := make([]byte, hookSecretLen)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.WriteString(hex.EncodeToString(key) + "\n")
		return key, errors.Join(err, f.Sync(), f.Close())
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making the cabinet's key: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the cabinet's key: %w", err)
	}
	if key, err = hex.DecodeString(strings.TrimSpace(string(text))); err != nil || len(key) != hookSecretLen {
		return nil, fmt.Errorf("%s: want %d bytes in hex", path, hookSecretLen)
	}
	return key, nil
}
