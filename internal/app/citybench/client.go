package citybench

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// client is one keep-alive connection that writes requests by hand: the load shares
// two cores with the server, so it must be cheap.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
	body []byte
	host string
	keys uint64
	seed string
}

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return over(conn, addr), nil
}

func over(conn net.Conn, addr string) *client {
	return &client{conn: conn, r: bufio.NewReaderSize(conn, 16<<10), host: addr, seed: rand.Text()[:12]}
}

// form posts a form and throws the answer away.
func (c *client) form(path string, body []byte) (int, error) {
	b := append(c.buf[:0], "POST "...)
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.host...)
	b = append(b, "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	b = append(b, body...)
	c.buf = b
	if _, err := c.conn.Write(b); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode, err
}

func (c *client) close() { _ = c.conn.Close() }

// do sends a request and returns status and body; the body lives until the next call.
func (c *client) do(method, path, token string, body []byte) (int, []byte, error) {
	b := c.buf[:0]
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.host...)
	if token != "" {
		b = append(b, "\r\nAuthorization: Bearer "...)
		b = append(b, token...)
	}
	if method != http.MethodGet {
		c.keys++
		b = append(b, "\r\nContent-Type: application/json\r\nIdempotency-Key: "...)
		b = append(b, c.seed...)
		b = strconv.AppendUint(b, c.keys, 10)
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
	}
	b = append(b, "\r\n\r\n"...)
	b = append(b, body...)
	c.buf = b
	if _, err := c.conn.Write(b); err != nil {
		return 0, nil, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, nil, err
	}
	c.body, err = readAll(c.body[:0], res.Body)
	_ = res.Body.Close()
	return res.StatusCode, c.body, err
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
