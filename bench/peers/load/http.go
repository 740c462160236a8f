package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Conn is one client's connection. It spends as little as the client of Khue's bench, since both
// share the processors with the server.
type Conn struct {
	conn net.Conn
	r    *bufio.Reader
	host string
	buf  []byte
	body []byte
}

// Dial connects to host:port.
func Dial(addr string) (*Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: c, r: bufio.NewReaderSize(c, 16<<10), host: addr}, nil
}

// Post sends a body of JSON and returns the answer, which lives until the next call.
func (c *Conn) Post(path string, body []byte) (int, []byte, error) {
	c.buf = fmt.Appendf(c.buf[:0], "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, c.host, len(body))
	c.buf = append(c.buf, body...)
	if _, err := c.conn.Write(c.buf); err != nil {
		return 0, nil, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, nil, err
	}
	c.body = c.body[:0]
	for err == nil {
		if len(c.body) == cap(c.body) {
			c.body = append(c.body, 0)[:len(c.body)]
		}
		var n int
		n, err = res.Body.Read(c.body[len(c.body):cap(c.body)])
		c.body = c.body[:len(c.body)+n]
	}
	_ = res.Body.Close()
	if err == io.EOF {
		err = nil
	}
	return res.StatusCode, c.body, err
}

// Close ends the connection.
func (c *Conn) Close() { _ = c.conn.Close() }
