package outlet

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Reader is the user under which other systems read an embedded stream.
const Reader = "reader"

// embedded is a NATS server inside this program.
type embedded struct {
	server *server.Server
	own    string // password of the publisher, of this start
}

// start begins an embedded server: its files in dir, readers at listen with their password.
func start(dir, listen, password string) (*embedded, error) {
	e := &embedded{own: rand.Text()}
	opts := &server.Options{
		ServerName: "khue", JetStream: true, StoreDir: dir, SyncAlways: true, NoSigs: true, NoLog: true,
		DontListen: listen == "",
		Users: []*server.User{
			{Username: "khue", Password: e.own},
			{Username: Reader, Password: password, Permissions: &server.Permissions{
				// They read: the stream itself is closed to them, consumers of their own are not.
				Publish: &server.SubjectPermission{Allow: []string{
					"$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO." + Stream, "$JS.API.CONSUMER.*." + Stream, "$JS.API.CONSUMER.*." + Stream + ".>",
					"$JS.API.CONSUMER.MSG.NEXT." + Stream + ".>", "$JS.API.CONSUMER.DURABLE.CREATE." + Stream + ".>", "$JS.ACK." + Stream + ".>", "$JS.FC.>",
				}},
				Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>", prefix + ">"}},
			}},
		},
	}
	if listen != "" {
		host, port, err := net.SplitHostPort(listen)
		if err == nil {
			opts.Port, err = strconv.Atoi(port)
		}
		if err != nil {
			return nil, fmt.Errorf("outlet: %q is not host:port: %w", listen, err)
		}
		if opts.Host = host; opts.Port == 0 {
			opts.Port = server.RANDOM_PORT
		}
	}
	var err error
	if e.server, err = server.NewServer(opts); err != nil {
		return nil, fmt.Errorf("outlet: embedded server: %w", err)
	}
	go e.server.Start()
	if !e.server.ReadyForConnections(10 * time.Second) {
		e.stop()
		return nil, errors.New("outlet: the embedded server did not start within 10 s; is its port taken?")
	}
	return e, nil
}

func (e *embedded) options() []nats.Option {
	return []nats.Option{nats.InProcessServer(e.server), nats.UserInfo("khue", e.own)}
}

func (e *embedded) stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}
