package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"khue/internal/kernel/sign"
	"khue/internal/kernel/sign/token"
)

const mostRequest = 4 << 20

// answer signs a request of the city with a key of a token and writes the answer.
func answer(ctx context.Context, args []string) error {
	var c token.Config
	f := flag.NewFlagSet("khue-token sign", flag.ContinueOnError)
	f.StringVar(&c.Module, "module", "/usr/lib/softhsm/libsofthsm2.so", "library of the token")
	f.StringVar(&c.Label, "label", "khue", "label of the token; its PIN stands in KHUE_TOKEN_PIN")
	key := f.String("key", "", "label of the key")
	cert := f.String("cert", "", "PEM or DER of the certificate; where given, a request for another one is refused")
	in := f.String("in", "", "file to be signed, as the page gave it")
	out := f.String("out", "", "file of the signatures; the page takes it")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *in == "" || *out == "" || *key == "" {
		return errors.New("khue-token sign: --key, --in and --out are needed")
	}
	b, err := read(*in)
	if err != nil {
		return err
	}
	r, err := sign.ReadRequest(b)
	if err != nil {
		return err
	}
	var check []byte
	if *cert != "" {
		if check, err = read(*cert); err != nil {
			return err
		}
		if p, _ := pem.Decode(check); p != nil {
			check = p.Bytes
		}
	}
	c.PIN = os.Getenv("KHUE_TOKEN_PIN")
	t, err := token.Open(c)
	if err != nil {
		return err
	}
	defer t.Close()
	a, err := r.Sign(ctx, check, func(ctx context.Context, digest []byte) ([]byte, error) { return t.Sign(ctx, *key, digest) })
	if err != nil {
		return err
	}
	if b, err = json.MarshalIndent(a, "", "  "); err != nil {
		return err
	}
	for _, p := range r.Papers {
		fmt.Printf("signed: %s (file %s)\n", p.Name, p.File)
	}
	return os.WriteFile(*out, append(b, '\n'), 0o600)
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // named by who runs it
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(f, mostRequest))
}
