package citybench

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Client is one keep-alive connection that writes requests by hand: the load shares
// two cores with the server, so it must be cheap. It is for one goroutine.
type Client struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
	body []byte
	host string
	keys uint64
	seed string
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
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	if secure {
		host, _, _ := net.SplitHostPort(addr)
		conn = tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
	}
	return over(conn, addr), nil
}

func dial(addr string) (*client, error) { return Dial(addr, false) }

func over(conn net.Conn, addr string) *client {
	return &client{conn: conn, r: bufio.NewReaderSize(conn, 16<<10), host: addr, seed: rand.Text()[:12]}
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

// Answer reads the answer to what was sent; the body lives until the next call.
func (c *Client) Answer() (int, []byte, error) {
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, nil, err
	}
	c.body, err = readAll(c.body[:0], res.Body)
	_ = res.Body.Close()
	return res.StatusCode, c.body, err
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
		c.keys++
		r.Key = c.seed + strconv.FormatUint(c.keys, 10)
	}
	if err := c.Send(r); err != nil {
		return 0, nil, err
	}
	return c.Answer()
}

func readAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// refused is an answer that the load did not expect.
func refused(what string, status int, body []byte) error {
	return fmt.Errorf("%s: status %d: %.400s", what, status, body)
}
