package clam

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// Scanner asks one daemon. Safe for concurrent use: a connection a question.
type Scanner struct {
	network, address string
	timeout          time.Duration
}

const (
	chunk     = 64 << 10
	scanLimit = 2 * time.Minute
	maxAnswer = 4 << 10
)

// ErrTooLarge is the daemon's refusal of a file beyond its StreamMaxLength.
var ErrTooLarge = errors.New("clam: the file is larger than clamd takes (StreamMaxLength)")

// New takes tcp://host:3310 or unix:/run/clamav/clamd.ctl. It does not connect.
func New(address string) (*Scanner, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok && strings.HasPrefix(strings.TrimPrefix(path, "//"), "/") {
		return &Scanner{network: "unix", address: strings.TrimPrefix(path, "//"), timeout: scanLimit}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "tcp" || u.Hostname() == "" {
		return nil, errors.New("clam: the address of clamd is tcp://host:3310 or unix:/path")
	}
	port := u.Port()
	if port == "" {
		port = "3310"
	}
	return &Scanner{network: "tcp", address: net.JoinHostPort(u.Hostname(), port), timeout: scanLimit}, nil
}

// Scan sends the bytes of r. threat is the name of what was found, "" for a clean file. Any
// error means that nobody knows.
func (s *Scanner) Scan(ctx context.Context, r io.Reader) (threat string, err error) {
	answer, err := s.ask(ctx, "zINSTREAM\x00", r)
	if err != nil {
		return "", err
	}
	switch rest, ok := strings.CutPrefix(answer, "stream: "); {
	case ok && rest == "OK":
		return "", nil
	case ok && strings.HasSuffix(rest, " FOUND"):
		return strings.TrimSuffix(rest, " FOUND"), nil
	case strings.Contains(answer, "size limit exceeded"):
		return "", ErrTooLarge
	}
	return "", fmt.Errorf("clam: clamd answered %.80q", answer)
}

// Ping reports whether the daemon answers.
func (s *Scanner) Ping(ctx context.Context) error {
	answer, err := s.ask(ctx, "zPING\x00", nil)
	if err == nil && answer != "PONG" {
		err = fmt.Errorf("clam: clamd answered %.80q", answer)
	}
	return err
}

func (s *Scanner) ask(ctx context.Context, command string, r io.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, s.network, s.address)
	if err != nil {
		return "", fmt.Errorf("clam: %w", err)
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if _, err := io.WriteString(c, command); err != nil {
		return "", fmt.Errorf("clam: %w", err)
	}
	var sendErr error
	if r != nil {
		sendErr = send(c, r) // clamd may answer before it has read all: hear it out
	}
	answer, err := io.ReadAll(io.LimitReader(c, maxAnswer))
	text := strings.TrimRight(string(answer), "\x00\n")
	if text == "" {
		return "", fmt.Errorf("clam: no answer: %w", errors.Join(sendErr, err, ctx.Err()))
	}
	return text, nil
}

func send(w io.Writer, r io.Reader) error {
	buf := make([]byte, 4+chunk)
	for {
		n, err := io.ReadFull(r, buf[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n)) //nolint:gosec // at most chunk
			if _, err := w.Write(buf[:4+n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			_, err := w.Write([]byte{0, 0, 0, 0})
			return err
		case err != nil:
			return err
		}
	}
}
