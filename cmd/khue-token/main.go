// Command khue-token lets a city sign with keys in a PKCS#11 token. It stands beside the token,
// alone with its library, and answers over a socket or HTTPS with certificates of both sides.
//
//	KHUE_TOKEN_PIN=… khue-token --module /usr/lib/softhsm/libsofthsm2.so --label city --listen unix:///run/khue/token.sock
//
// Whoever has a token of their own signs a file of the page "sign with your own digital signature"
// with it, and hands the answer in:
//
//	KHUE_TOKEN_PIN=… khue-token sign --label TOKEN --key KEY --in can-ky.json --out chu-ky.json
//
// The request for a certificate of a key in the token (CSR):
//
//	KHUE_TOKEN_PIN=… khue-token request --label TOKEN --key KEY --name "Nguyễn Văn A" --out yeu-cau.pem
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"khue/internal/kernel/sign/signweb"
	"khue/internal/kernel/sign/token"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := error(nil)
	switch {
	case len(os.Args) > 1 && os.Args[1] == "sign":
		err = answer(ctx, os.Args[2:])
	case len(os.Args) > 1 && os.Args[1] == "request":
		err = request(ctx, os.Args[2:])
	default:
		err = run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var c token.Config
	var w signweb.Config
	flag.StringVar(&c.Module, "module", "/usr/lib/softhsm/libsofthsm2.so", "library of the token")
	flag.StringVar(&c.Label, "label", "khue", "label of the token; its PIN stands in KHUE_TOKEN_PIN")
	listen := flag.String("listen", "unix:///run/khue/token.sock", "unix:///path, or host:port with certificates")
	flag.StringVar(&w.CA, "ca", "", "PEM of the authority of callers")
	flag.StringVar(&w.Cert, "cert", "", "PEM of the own certificate")
	flag.StringVar(&w.Key, "key", "", "PEM of its key")
	flag.Parse()
	c.PIN = os.Getenv("KHUE_TOKEN_PIN")
	t, err := token.Open(c)
	if err != nil {
		return err
	}
	defer t.Close()
	l, err := signweb.Listen(ctx, *listen, w)
	if err != nil {
		return err
	}
	return signweb.Serve(ctx, l, t)
}
