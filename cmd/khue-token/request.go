package main

import (
	"context"
	"errors"
	"flag"
	"os"

	"khue/internal/kernel/sign/token"
)

// request writes the request for a certificate of a key of a token.
func request(ctx context.Context, args []string) error {
	var c token.Config
	f := flag.NewFlagSet("khue-token request", flag.ContinueOnError)
	f.StringVar(&c.Module, "module", "/usr/lib/softhsm/libsofthsm2.so", "library of the token")
	f.StringVar(&c.Label, "label", "khue", "label of the token; its PIN stands in KHUE_TOKEN_PIN")
	key := f.String("key", "", "label of the key")
	name := f.String("name", "", "name of its holder; the certificate says the one that the city knows")
	out := f.String("out", "", "file of the request; empty: printed")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *key == "" || *name == "" {
		return errors.New("khue-token request: --key and --name are needed")
	}
	c.PIN = os.Getenv("KHUE_TOKEN_PIN")
	t, err := token.Open(c)
	if err != nil {
		return err
	}
	defer t.Close()
	b, err := t.Request(ctx, *key, *name)
	if err != nil {
		return err
	}
	if *out == "" {
		_, err = os.Stdout.Write(b)
		return err
	}
	return os.WriteFile(*out, b, 0o600)
}
