package journalweb

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/journal"
	core "khue/internal/kernel/journal/witness"
)

const (
	maxNote  = 64 << 10
	maxProof = 256 << 10
	patience = 15 * time.Second
)

// Witness is a body outside the city that confirms the log.
type Witness struct {
	URL    string
	Public string
	Key    *journal.WitnessVerifier
}

// ParseWitness reads URL=KEY.
func ParseWitness(s string) (Witness, error) {
	at, key, _ := strings.Cut(s, "=")
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Witness{}, fmt.Errorf("witness %q is not of the form https://host/path=KEY", s)
	}
	v, err := journal.ParseWitnessKey(key)
	if err != nil {
		return Witness{}, fmt.Errorf("witness %s: %w", at, err)
	}
	return Witness{URL: strings.TrimSuffix(at, "/"), Public: key, Key: v}, nil
}

// fetch reads at most limit bytes of an address.
func fetch(ctx context.Context, c *http.Client, at string, limit int64) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Cache-Control", "no-cache")
	return send(c, req, limit)
}

func send(c *http.Client, req *http.Request, limit int64) ([]byte, int, error) {
	res, err := c.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s answered more than %d bytes", req.URL.Host, limit)
	}
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", req.URL.Host, res.Status)
	}
	return b, res.StatusCode, err
}

// Collect fetches what each witness signed last and keeps it. One that does not answer holds up
// nobody; the error names all that failed. A witness that saw another history is Conflict.
func Collect(ctx context.Context, j *journal.Journal, c *http.Client, ws []Witness) error {
	var failed []error
	for _, w := range ws {
		signed, _, err := fetch(ctx, c, w.URL+"/checkpoint", maxNote)
		if err == nil {
			_, err = j.AddCosignature(ctx, string(signed), w.Key)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("witness %s: %w", w.Key.Name(), err))
		}
	}
	return errors.Join(failed...)
}

// Remote is a city's log over its public API.
type Remote struct {
	Base   string // of the site, without /api
	Client *http.Client
}

func (r Remote) at(path string) string {
	return strings.TrimSuffix(r.Base, "/") + "/api/v1/journal" + path
}

// Checkpoint is the newest signed note.
func (r Remote) Checkpoint(ctx context.Context) (string, error) {
	b, _, err := fetch(ctx, r.Client, r.at("/checkpoint"), maxNote)
	return string(b), err
}

// Key is the public key that the log publishes.
func (r Remote) Key(ctx context.Context) (string, error) {
	b, _, err := fetch(ctx, r.Client, r.at("/key"), maxNote)
	return strings.TrimSpace(string(b)), err
}

// Consistency is the proof between two sizes. Where the log answers that it has none, the error is
// witness.ErrRefused.
func (r Remote) Consistency(ctx context.Context, old, now int64) (tlog.TreeProof, error) {
	b, status, err := fetch(ctx, r.Client, r.at("/consistency?old="+strconv.FormatInt(old, 10)+"&new="+strconv.FormatInt(now, 10)), maxProof)
	if status == http.StatusUnprocessableEntity || status == http.StatusBadRequest {
		return nil, errors.Join(core.ErrRefused, err)
	}
	if err != nil {
		return nil, err
	}
	var out struct {
		Path []string `json:"path"`
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	path := make(tlog.TreeProof, len(out.Path))
	for i, s := range out.Path {
		if path[i], err = tlog.ParseHash(s); err != nil {
			return nil, err
		}
	}
	return path, nil
}

// WitnessHandler is a witness's own small site: /checkpoint, /key and /status.
func WitnessHandler(w *core.Witness, key string) http.Handler {
	mux := http.NewServeMux()
	plain := func(rw http.ResponseWriter, status int, s string) {
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, s)
	}
	mux.HandleFunc("GET /checkpoint", func(rw http.ResponseWriter, _ *http.Request) {
		signed, _ := w.Signed()
		if signed == "" {
			plain(rw, http.StatusNotFound, "nothing signed yet\n")
			return
		}
		plain(rw, http.StatusOK, signed)
	})
	mux.HandleFunc("GET /key", func(rw http.ResponseWriter, _ *http.Request) { plain(rw, http.StatusOK, key+"\n") })
	mux.HandleFunc("GET /status", func(rw http.ResponseWriter, _ *http.Request) {
		if _, refused := w.Signed(); refused != nil {
			plain(rw, http.StatusConflict, "REFUSED: "+refused.Error()+"\n\n--- signed before\n"+refused.Had+"\n--- given then\n"+refused.Got)
			return
		}
		plain(rw, http.StatusOK, "ok\n")
	})
	return mux
}

// TimeAuthority asks an authority for time over HTTP (RFC 3161, 3.4).
func TimeAuthority(c *http.Client, at string) journal.Stamper {
	return func(ctx context.Context, digest []byte) ([]byte, error) {
		query, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest, Certificates: true}).Marshal()
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(query))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/timestamp-query")
		raw, _, err := send(c, req, maxNote)
		if err != nil {
			return nil, err
		}
		t, err := timestamp.ParseResponse(raw)
		if err != nil {
			return nil, fmt.Errorf("time authority: %w", err)
		}
		return t.RawToken, nil
	}
}
