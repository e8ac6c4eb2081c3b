package account

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/fiscalbench/fiscalbench/internal/ident"
)

var random io.Reader = rand.Reader

// token is a secret of 256 bits, in letters that links may hold.
func (s *Service) token() (string, error) {
	secret, err := ident.Secret(s.o.Random)
	if err != nil {
		return "", fmt.Errorf("account: making a secret: %w", err)
	}
	return secret, nil
}

// newID is an id of 120 bits.
func (s *Service) newID() (string, error) {
	id, err := ident.New(s.o.Random)
	if err != nil {
		return "", fmt.Errorf("account: making an id: %w", err)
	}
	return id, nil
}

// code is six decimal digits.
func (s *Service) code() (string, error) {
	n, err := rand.Int(s.o.Random, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("account: making a code: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

// digest is what is kept of a token or a code.
func digest(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// Passes over memory and length of the hash: OWASP's first choice with 19 MiB.
const (
	passes  = 2
	hashLen = 32
	saltLen = 16
)

// hash is argon2id of the password in the PHC form, "$argon2id$v=19$m=…,t=…,p=1$salt$hash".
func (s *Service) hash(password string) (string, error) {
	salt := make([]byte, saltLen)
	if _, err := io.ReadFull(s.o.Random, salt); err != nil {
		return "", fmt.Errorf("account: making a salt: %w", err)
	}
	sum := argon2.IDKey([]byte(password), salt, passes, s.o.Memory, 1, hashLen)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, s.o.Memory, passes, b64(salt), b64(sum)), nil
}

var errHash = errors.New("account: the stored password cannot be read")

// matches tells whether the password is that of the hash.
func matches(hash, password string) (bool, error) {
	part := strings.Split(hash, "$")
	var version int
	var memory, time uint32
	var threads uint8
	if len(part) != 6 || part[1] != "argon2id" {
		return false, errHash
	}
	if _, err := fmt.Sscanf(part[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || time == 0 || threads == 0 || memory > 1<<21 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(part[4])
	if err != nil {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(part[5])
	if err != nil || len(want) == 0 {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// weak says why a password is too weak; empty when it is not.
func weak(password string) string {
	n := len([]rune(password))
	switch {
	case n < 8:
		return "Пароль короче 8 символов."
	case n > 200:
		return "Пароль длиннее 200 символов."
	}
	kinds := 0
	for _, has := range []func(r rune) bool{
		func(r rune) bool { return r >= '0' && r <= '9' },
		func(r rune) bool { return strings.ToUpper(string(r)) != strings.ToLower(string(r)) },
		func(r rune) bool {
			return (r < '0' || r > '9') && strings.ToUpper(string(r)) == strings.ToLower(string(r))
		},
	} {
		if strings.ContainsFunc(password, has) {
			kinds++
		}
	}
	if kinds < 2 {
		return "Добавьте к паролю буквы, цифры или знаки: нужны хотя бы два вида символов."
	}
	return ""
}
