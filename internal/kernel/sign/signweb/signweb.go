package signweb

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"khue/internal/kernel/sign"
)

// Config says where the remote signing service is; the zero value: nowhere.
type Config struct {
	URL  string // https://host:port, or unix:///path of a socket
	CA   string // PEM of the service's authority
	Cert string // PEM of this city's certificate, with Key
	Key  string
}

const (
	patience = 15 * time.Second
	mostBody = 64 << 10
)

// algorithms of signHash, as OIDs of RFC 8017 and 5758.
const (
	algRSA   = "1.2.840.113549.1.1.11"
	algECDSA = "1.2.840.10045.4.3.2"
	hashOID  = "2.16.840.1.101.3.4.2.1"
)

// Dial returns what makes signers of keys elsewhere; nil where no service is set up.
func Dial(c Config) (func(ref string, chain []*x509.Certificate) (sign.Signer, error), error) {
	if c.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("signweb: %w", err)
	}
	t := &http.Transport{MaxIdleConnsPerHost: 8, DisableCompression: true}
	base := c.URL
	switch u.Scheme {
	case "unix":
		path := u.Path
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
		base = "http://signer"
	case "https":
		if t.TLSClientConfig, err = mutual(c); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("signweb: the signing service is reached by https:// with certificates of both sides, or by unix://")
	}
	client := &http.Client{Transport: t, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ref string, chain []*x509.Certificate) (sign.Signer, error) {
		return remote{client, base, ref, chain}, nil
	}, nil
}

func mutual(c Config) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("signweb: %w", err)
	}
	pool, err := poolOf(c.CA)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: pool}, nil
}

func poolOf(path string) (*x509.CertPool, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the operator's file
	if err != nil {
		return nil, fmt.Errorf("signweb: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("signweb: %s holds no certificate", path)
	}
	return pool, nil
}

// ServerTLS asks callers for a certificate of the city's authority.
func ServerTLS(c Config) (*tls.Config, error) {
	t, err := mutual(c)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: t.Certificates, ClientCAs: t.RootCAs, ClientAuth: tls.RequireAndVerifyClientCert}, nil
}

type remote struct {
	client *http.Client
	base   string
	ref    string
	chain  []*x509.Certificate
}

// Certificate is the chain that the city issued.
func (r remote) Certificate(context.Context) ([]*x509.Certificate, error) { return r.chain, nil }

type hashRequest struct {
	Credential string   `json:"credentialID"`
	Hashes     []string `json:"hashes"`
	HashOID    string   `json:"hashAlgorithmOID"`
	SignAlgo   string   `json:"signAlgo"`
}

type hashResponse struct {
	Signatures []string `json:"signatures"`
}

// Sign lets the service sign a SHA-256 digest. What comes back is checked: a service in error
// must not leave a broken signature on a paper.
func (r remote) Sign(ctx context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 || len(r.chain) == 0 {
		return nil, errors.New("signweb: only SHA-256 is signed elsewhere")
	}
	algo := algRSA
	if r.chain[0].PublicKeyAlgorithm == x509.ECDSA {
		algo = algECDSA
	}
	body, err := json.Marshal(hashRequest{r.ref, []string{base64.StdEncoding.EncodeToString(digest)}, hashOID, algo})
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/csc/v2/signatures/signHash", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := r.client.Do(q)
	if err != nil {
		return nil, fmt.Errorf("signweb: %w", err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(a.Body, mostBody))
	if err != nil || a.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("signweb: the signing service answered %d: %.200s", a.StatusCode, text)
	}
	var out hashResponse
	if err := json.Unmarshal(text, &out); err != nil || len(out.Signatures) != 1 {
		return nil, fmt.Errorf("signweb: answer of the signing service: %w", err)
	}
	sig, err := base64.StdEncoding.DecodeString(out.Signatures[0])
	if err != nil {
		return nil, err
	}
	return sig, sign.CheckDigest(r.chain[0], digest, sig)
}

// Token is where keys lie behind the server.
type Token interface {
	// Sign signs a SHA-256 digest with the key of a reference; ECDSA as ASN.1.
	Sign(ctx context.Context, ref string, digest []byte) ([]byte, error)
	// Public is the key's public half.
	Public(ctx context.Context, ref string) (crypto.PublicKey, error)
}

// Handler serves the keys of a token.
func Handler(t Token) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /csc/v2/signatures/signHash", func(w http.ResponseWriter, r *http.Request) {
		var q hashRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, mostBody)).Decode(&q); err != nil || len(q.Hashes) == 0 || len(q.Hashes) > 100 || q.HashOID != hashOID {
			fail(w, http.StatusBadRequest, "invalid_request")
			return
		}
		var out hashResponse
		for _, h := range q.Hashes {
			digest, err := base64.StdEncoding.DecodeString(h)
			if err != nil || len(digest) != crypto.SHA256.Size() {
				fail(w, http.StatusBadRequest, "invalid_request")
				return
			}
			sig, err := t.Sign(r.Context(), q.Credential, digest)
			if err != nil {
				fail(w, http.StatusBadGateway, "server_error")
				return
			}
			out.Signatures = append(out.Signatures, base64.StdEncoding.EncodeToString(sig))
		}
		answer(w, http.StatusOK, out)
	})
	mux.HandleFunc("POST /csc/v2/credentials/info", func(w http.ResponseWriter, r *http.Request) {
		var q hashRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, mostBody)).Decode(&q); err != nil {
			fail(w, http.StatusBadRequest, "invalid_request")
			return
		}
		pub, err := t.Public(r.Context(), q.Credential)
		if err != nil {
			fail(w, http.StatusNotFound, "invalid_request")
			return
		}
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			fail(w, http.StatusBadGateway, "server_error")
			return
		}
		answer(w, http.StatusOK, map[string]any{"key": map[string]any{"status": "enabled", "publicKey": base64.StdEncoding.EncodeToString(der)}})
	})
	return mux
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]string{"error": code})
}
