package integration

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// sealer encrypts what has to be read again: secrets of webhooks, answers kept to be
// repeated. AES-256-GCM, the nonce first.
type sealer struct {
	aead   cipher.AEAD
	random io.Reader
}

func newSealer(key []byte, random io.Reader) (*sealer, error) {
	if len(key) != 32 {
		return nil, errors.New("integration: the secret must have 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("integration: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("integration: %w", err)
	}
	return &sealer{aead, random}, nil
}

// close encrypts; about binds the result to its row.
func (s *sealer) close(plain []byte, about string) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("integration: making a nonce: %w", err)
	}
	return s.aead.Seal(nonce, nonce, plain, []byte(about)), nil
}

func (s *sealer) open(sealed []byte, about string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("integration: a sealed value is too short")
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(about))
	if err != nil {
		return nil, errors.New("integration: a sealed value does not open with this server's secret")
	}
	return plain, nil
}
