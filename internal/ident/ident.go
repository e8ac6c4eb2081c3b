// Package ident makes the ids of rows and the secrets of links and keys: random bytes
// in letters that addresses may hold. It keeps nothing and hashes nothing.
package ident

import (
	"encoding/base64"
	"fmt"
	"io"
	"time"
)

// Bytes of randomness: an id cannot be guessed, a secret not even by trying.
const (
	idBytes     = 15 // 120 bits
	secretBytes = 32 // 256 bits
	tailBytes   = 9  // behind a time
)

// New is an id of 120 bits. It fails only when random does.
func New(random io.Reader) (string, error) { return letters(random, idBytes) }

// Secret is a secret of 256 bits. It fails only when random does.
func Secret(random io.Reader) (string, error) { return letters(random, secretBytes) }

// Tail is what makes ids of one moment differ, 72 bits. It fails only when random does.
func Tail(random io.Reader) (string, error) { return letters(random, tailBytes) }

// Timed is an id that grows with time: compared as texts, a later one is greater.
func Timed(at time.Time, random io.Reader) (string, error) {
	tail, err := Tail(random)
	return After(at, tail), err
}

// After is the id that Timed makes, with a tail that the caller has.
func After(at time.Time, tail string) string {
	return at.UTC().Format("20060102T150405.000000000") + "-" + tail
}

func letters(random io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("ident: reading random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
