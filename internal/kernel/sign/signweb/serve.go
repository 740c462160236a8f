package signweb

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Listen opens unix:///path, a socket that only its owner opens, or host:port for callers with a
// certificate of the authority.
func Listen(ctx context.Context, at string, c Config) (net.Listener, error) {
	var lc net.ListenConfig
	path, unix := strings.CutPrefix(at, "unix://")
	if !unix {
		t, err := ServerTLS(c)
		if err != nil {
			return nil, err
		}
		l, err := lc.Listen(ctx, "tcp", at)
		if err != nil {
			return nil, err
		}
		return tls.NewListener(l, t), nil
	}
	_ = os.Remove(path) // of a run before
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Serve answers for a token until ctx ends.
func Serve(ctx context.Context, l net.Listener, t Token) error {
	s := &http.Server{Handler: Handler(t), ReadTimeout: patience, WriteTimeout: patience, MaxHeaderBytes: 16 << 10}
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(last)
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
