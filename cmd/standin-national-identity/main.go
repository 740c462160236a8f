// Command standin-national-identity stands in for the national identity, which cannot be reached
// from here: an OpenID provider with its fields and invented people, which fails as it is told.
// It is for demonstrations and tests and is never released.
//
//	echo matkhau > secret
//	standin-national-identity --listen 127.0.0.1:2790 --secret-file secret --redirect http://127.0.0.1:8080/sign-in/national/callback [--fault nonce]
//	khue demo --listen 127.0.0.1:8080 --national http://127.0.0.1:2790 --national-client khue --national-secret-file secret
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/register/openid/standinweb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:2790", "address")
	client := flag.String("client", "khue", "client_id of the city")
	file := flag.String("secret-file", "", "file with the city's secret")
	redirect := flag.String("redirect", "http://127.0.0.1:8080/sign-in/national/callback", "where people come back")
	delay := flag.Duration("delay", 0, "wait before each answer")
	fault := flag.String("fault", "", "what is wrong, by comma: nonce, audience, issuer, expired, unsigned, stranger, swapped, refuses")
	flag.Parse()
	if err := run(*listen, *client, *file, *redirect, *delay, *fault); err != nil {
		fmt.Fprintln(os.Stderr, "standin-national-identity:", err)
		os.Exit(1)
	}
}

func run(listen, client, file, redirect string, delay time.Duration, fault string) error {
	secret, err := os.ReadFile(file) //nolint:gosec // named by whoever starts it
	if err != nil {
		return err
	}
	s, err := standinweb.New("http://"+listen, client, strings.TrimSpace(string(secret)), clock.System(), redirect)
	if err != nil {
		return err
	}
	f := standinweb.Faults{Delay: delay}
	for name := range strings.SplitSeq(fault, ",") {
		switch name {
		case "":
		case "nonce":
			f.Nonce = true
		case "audience":
			f.Audience = true
		case "issuer":
			f.Issuer = true
		case "expired":
			f.Expired = true
		case "unsigned":
			f.Unsigned = true
		case "stranger":
			f.Stranger = true
		case "swapped":
			f.Swapped = true
		case "refuses":
			f.Refuses = true
		default:
			return fmt.Errorf("there is no fault %q", name)
		}
	}
	s.Fail(f)
	fmt.Printf("A national identity that is none: http://%s, people are invented\n", listen)
	server := &http.Server{Addr: listen, Handler: s, ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}
