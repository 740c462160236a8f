package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Argon2id as OWASP's cheat sheet has it for 19 MiB; see ADR 0017 for the time it takes here.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16

	minPassword = 8   // characters
	maxPassword = 128 // characters; more only costs time

	// hashWait is how long a sign-in waits for its turn before it is sent away.
	hashWait = 3 * time.Second
)

// commonPasswords are those that are tried first, here and abroad: folded, one a line.
//
//go:embed common_passwords.txt
var commonPasswords string

// weakness returns the key of why a password is refused, or "".
func weakness(password, login, name string) string {
	n := utf8.RuneCountInString(password)
	if n < minPassword || n > maxPassword {
		return "auth.error.password_length"
	}
	folded := i18n.Fold(password)
	plain := strings.ReplaceAll(folded, " ", "")
	for _, own := range []string{login, strings.ReplaceAll(i18n.Fold(name), " ", "")} {
		if len(own) >= 5 && strings.Contains(plain, i18n.Fold(own)) {
			return "auth.error.password_own"
		}
	}
	if strings.Count(folded, folded[:1]) == len(folded) {
		return "auth.error.password_common"
	}
	for line := range strings.Lines(commonPasswords) {
		if strings.TrimSpace(line) == plain {
			return "auth.error.password_common"
		}
	}
	return ""
}

// HashPassword derives the text that is stored. Only a few run at once; the rest wait their
// turn and are sent away after three seconds (Unavailable), so that a flood of sign-ins
// cannot take the processor from everybody else.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	key, err := s.derive(ctx, password, salt, argonTime, argonMemory, argonThreads)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// verify reports whether a password fits a stored text. An empty text takes as long and fits nothing.
func (s *Service) verify(ctx context.Context, password, stored string) (bool, error) {
	var version, memory, rounds uint32
	var threads uint8
	var salt, want []byte
	parts := strings.Split(stored, "$")
	if len(parts) == 6 && parts[1] == "argon2id" {
		_, errV := fmt.Sscanf(parts[2], "v=%d", &version)
		_, errP := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &rounds, &threads)
		var errS, errK error
		salt, errS = base64.RawStdEncoding.DecodeString(parts[4])
		want, errK = base64.RawStdEncoding.DecodeString(parts[5])
		if errV != nil || errP != nil || errS != nil || errK != nil || version != argon2.Version {
			return false, errs.E(errs.Internal, "", errs.Cause(fmt.Errorf("auth: a stored password is malformed")))
		}
	} else {
		salt, memory, rounds, threads = make([]byte, argonSalt), argonMemory, argonTime, argonThreads
	}
	got, err := s.derive(ctx, password, salt, rounds, memory, threads)
	if err != nil {
		return false, err
	}
	return len(want) > 0 && subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (s *Service) derive(ctx context.Context, password string, salt []byte, rounds, memory uint32, threads uint8) ([]byte, error) {
	turn, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case s.hashing <- struct{}{}:
	case <-turn.Done():
		return nil, errs.E(errs.Unavailable, "auth.error.busy", errs.Cause(turn.Err()))
	}
	defer func() { <-s.hashing }()
	if len(password) > 4*maxPassword {
		password = password[:4*maxPassword]
	}
	return argon2.IDKey([]byte(i18n.NFC(password)), salt, rounds, memory, threads, argonKey), nil
}
