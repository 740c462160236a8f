package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"khue/internal/kernel/auth/hasher"
	"khue/internal/kernel/auth/xorset"
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

	minPassword = 8   // characters, of a citizen
	minOfficer  = 12  // of an officer, whose account opens other people's dossiers
	maxPassword = 128 // characters; more only costs time

	// hashWait is how long a sign-in waits for its turn before it is sent away.
	hashWait = 3 * time.Second
	// hashLimit is how long one password may take where the processors have no time at all.
	hashLimit = 10 * time.Second
)

// breached are half a million passwords known from breaches, as a filter.
//
//go:embed breached.bin
var breached []byte

// known reads the filter once.
//
//nolint:gochecknoglobals // immutable, as the embedded file is
var known = sync.OnceValues(func() (xorset.Set, error) { return xorset.Parse(breached) })

// Plain is a password as lists of known ones are read: without case, marks and spaces.
func Plain(password string) string { return strings.ReplaceAll(i18n.Fold(password), " ", "") }

// commonPasswords are those that are tried first, here and abroad: folded, one a line.
//
//go:embed common_passwords.txt
var commonPasswords string

func minFor(k Kind) int {
	if k == KindOfficer {
		return minOfficer
	}
	return minPassword
}

// MinPassword is how long a password of a kind of account must be.
func MinPassword(k Kind) int { return minFor(k) }

// weakness returns the key of why a password is refused, or "".
func weakness(password, login, name string, least int) string {
	n := utf8.RuneCountInString(password)
	if n < least || n > maxPassword {
		return "auth.error.password_length"
	}
	folded, plain := i18n.Fold(password), Plain(password)
	for _, own := range []string{login, strings.ReplaceAll(i18n.Fold(name), " ", "")} {
		if len(own) >= 5 && strings.Contains(plain, i18n.Fold(own)) {
			return "auth.error.password_own"
		}
	}
	if strings.Count(folded, folded[:1]) == len(folded) {
		return "auth.error.password_common"
	}
	if set, err := known(); err == nil && set.Has(plain) {
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
	key, err := s.derive(ctx, password, salt, argonTime, argonMemory, argonThreads, true)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// verify reports whether a password fits a stored text. An empty text takes as long and fits
// nothing. owner says that it is asked from where the owner is signed in.
func (s *Service) verify(ctx context.Context, password, stored string, owner bool) (bool, error) {
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
	got, err := s.derive(ctx, password, salt, rounds, memory, threads, owner)
	if err != nil {
		return false, err
	}
	// A password that is too long fits nothing: of its beginning alone nobody may come in.
	return len(want) > 0 && len(password) <= 4*maxPassword && subtle.ConstantTimeCompare(got, want) == 1, nil
}

// derive waits its turn. Only so many wait: under a flood the rest are sent away at once, which
// costs less than keeping them. Owners have a turn of their own, which no stranger takes.
func (s *Service) derive(ctx context.Context, password string, salt []byte, rounds, memory uint32, threads uint8, owner bool) ([]byte, error) {
	line := s.strangers
	if owner {
		line = s.owners
	}
	if !line.enter() {
		return nil, errBusy(nil)
	}
	defer line.leave()
	turn, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case line.turns <- struct{}{}:
	case <-turn.Done():
		return nil, errBusy(turn.Err())
	}
	defer line.rest()
	if len(password) > 4*maxPassword {
		password = password[:4*maxPassword]
	}
	// Who leaves meanwhile keeps the turn until it is done, or leaving would be a way to have more.
	done, cancelDone := context.WithTimeout(context.WithoutCancel(ctx), hashLimit)
	defer cancelDone()
	key, err := s.cfg.Derive(done, hasher.Ask{
		Password: []byte(i18n.NFC(password)), Salt: salt, Rounds: rounds, Memory: memory, Threads: threads, Length: argonKey,
	})
	if err != nil {
		return nil, errBusy(err)
	}
	return key, nil
}

// queue is a line before the processor.
type queue struct {
	turns   chan struct{}
	waiting atomic.Int64
	longest int64
}

func errBusy(cause error) error {
	return errs.E(errs.Unavailable, "auth.error.busy", errs.Cause(cause))
}

// rest gives the turn on. In a flood it rests first, three times as long as a password takes,
// so that strangers keep a quarter of a processor busy and not a whole one.
func (q *queue) rest() {
	if q.waiting.Load() > q.longest/4 {
		time.Sleep(floodPause)
	}
	<-q.turns
}

const floodPause = 75 * time.Millisecond

// waitingEach is how many may wait for one place: at 25 ms each about as long as hashWait.
const waitingEach = 60

func newQueue(places int) *queue {
	return &queue{turns: make(chan struct{}, places), longest: int64(places) * waitingEach}
}

func (q *queue) enter() bool {
	if q.waiting.Add(1) > q.longest {
		q.waiting.Add(-1)
		return false
	}
	return true
}

func (q *queue) full() bool { return q.waiting.Load() >= q.longest }

func (q *queue) leave() { q.waiting.Add(-1) }
