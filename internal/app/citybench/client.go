package citybench

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Client is one keep-alive connection that writes requests by hand: the load shares
// two cores with the server, so it must be cheap. It is for one goroutine.
type Client struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
	body []byte
	host string
}

type client = Client

// Request is what a Client sends.
type Request struct {
	Method, Path string
	Token        string // bearer; empty: a visitor
	Key          string // idempotency key of a post
	Type         string // of the body; empty: JSON
	Body         []byte
}

// Dial opens a connection to host:port, by TLS where secure.
func Dial(addr string, secure bool) (*Client, error) {
	conn, err := Elsewhere(addr).Dial("tcp", addr) //nolint:noctx // bounded
	if err != nil {
		return nil, err
	}
	if secure {
		host, _, _ := net.SplitHostPort(addr)
		conn = tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
	}
	return over(conn, addr), nil
}

// Elsewhere is a dialer to a server on this machine from an address drawn anew each time: the
// people of a city share no network, and the server holds each network to its share.
func Elsewhere(addr string) *net.Dialer {
	d := &net.Dialer{Timeout: 5 * time.Second}
	if host, _, err := net.SplitHostPort(addr); err == nil && host == "127.0.0.1" {
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, byte(1+mrand.IntN(250)), byte(mrand.IntN(250)), 1)}
	}
	return d
}

func dial(addr string) (*client, error) { return Dial(addr, false) }

func over(conn net.Conn, addr string) *client {
	return &client{conn: conn, r: bufio.NewReaderSize(conn, 16<<10), host: addr}
}

// Send writes a request; Answer must follow, or Close.
func (c *Client) Send(r Request) error {
	head, body := c.write(r)
	c.buf = append(head, body...)
	_, err := c.conn.Write(c.buf)
	return err
}

// Trickle writes a request as over a slow line: the body in as many pieces, with a pause
// before each.
func (c *Client) Trickle(r Request, pieces int, pause time.Duration) error {
	head, body := c.write(r)
	c.buf = head
	if _, err := c.conn.Write(head); err != nil {
		return err
	}
	step := max(1, (len(body)+pieces-1)/pieces)
	for len(body) > 0 {
		time.Sleep(pause)
		n := min(step, len(body))
		if _, err := c.conn.Write(body[:n]); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

// write renders a request's head into the buffer.
func (c *Client) write(r Request) (head, body []byte) {
	b := append(c.buf[:0], r.Method...)
	b = append(b, ' ')
	b = append(b, r.Path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.host...)
	if r.Token != "" {
		b = append(b, "\r\nAuthorization: Bearer "...)
		b = append(b, r.Token...)
	}
	if r.Method != http.MethodGet {
		kind := r.Type
		if kind == "" {
			kind = "application/json"
		}
		b = append(b, "\r\nContent-Type: "...)
		b = append(b, kind...)
		if r.Key != "" {
			b = append(b, "\r\nIdempotency-Key: "...)
			b = append(b, r.Key...)
		}
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.Body)), 10)
	}
	return append(b, "\r\n\r\n"...), r.Body
}

// Answer reads the answer to what was sent; the body lives until the next call. It reads the
// head by hand for the same reason as it is written by hand.
func (c *Client) Answer() (int, []byte, error) {
	line, err := c.line()
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || string(line[:7]) != "HTTP/1." {
		return 0, nil, fmt.Errorf("no answer of HTTP/1: %.80q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, nil, fmt.Errorf("no answer of HTTP/1: %.80q", line)
	}
	size, chunked := -1, false
	for {
		if line, err = c.line(); err != nil {
			return 0, nil, err
		}
		if len(line) == 0 {
			break
		}
		if v, ok := header(line, "content-length"); ok {
			if size, err = strconv.Atoi(v); err != nil || size < 0 {
				return 0, nil, fmt.Errorf("an answer of the length %q", v)
			}
		} else if v, ok := header(line, "transfer-encoding"); ok {
			chunked = strings.EqualFold(v, "chunked")
		}
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		return status, nil, nil
	}
	c.body = c.body[:0]
	switch {
	case chunked:
		err = c.pieces()
	case size < 0:
		err = errors.New("an answer that does not say how long it is")
	default:
		err = c.take(size)
	}
	return status, c.body, err
}

// pieces reads a chunked body.
func (c *Client) pieces() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return fmt.Errorf("a piece of the length %.20q", line)
		}
		if err := c.take(int(n)); err != nil {
			return err
		}
		if _, err := c.line(); err != nil || n == 0 {
			return err
		}
	}
}

// line reads one line of the head without its end.
func (c *Client) line() ([]byte, error) {
	b, err := c.r.ReadSlice('\n')
	if err == io.EOF && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return bytes.TrimRight(b, "\r\n"), err
}

// take adds so many bytes to the body.
func (c *Client) take(n int) error {
	at := len(c.body)
	c.body = slices.Grow(c.body, n)[:at+n]
	_, err := io.ReadFull(c.r, c.body[at:])
	return err
}

// header is the value of a line of the head that has this name.
func header(line []byte, name string) (string, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !strings.EqualFold(string(line[:len(name)]), name) {
		return "", false
	}
	return string(bytes.TrimSpace(line[len(name)+1:])), true
}

// Limit bounds how long the next Send and Answer take together.
func (c *Client) Limit(d time.Duration) error { return c.conn.SetDeadline(time.Now().Add(d)) }

// Close drops the connection, read or not.
func (c *Client) Close() { _ = c.conn.Close() }

func (c *client) close() { c.Close() }

// form posts a form and throws the answer away.
func (c *client) form(path string, body []byte) (int, error) {
	if err := c.Send(Request{Method: http.MethodPost, Path: path, Type: "application/x-www-form-urlencoded", Body: body}); err != nil {
		return 0, err
	}
	status, _, err := c.Answer()
	return status, err
}

// do sends a request under a key of its own and returns status and body; the body lives
// until the next call.
func (c *client) do(method, path, token string, body []byte) (int, []byte, error) {
	r := Request{Method: method, Path: path, Token: token, Body: body}
	if method != http.MethodGet {
		r.Key = uuid.Must(uuid.NewV7()).String() // as the guide for programs advises
	}
	if err := c.Send(r); err != nil {
		return 0, nil, err
	}
	return c.Answer()
}

// refused is an answer that the load did not expect.
func refused(what string, status int, body []byte) error {
	return fmt.Errorf("%s: status %d: %.400s", what, status, body)
}
