// Command standin-bank stands in for a bank and a payment gateway that cannot be reached. It
// settles VietQR codes and gateway payments, writes statements, and loses, doubles, delays,
// reorders and forges its notices as it is told. No money moves. It is for demonstrations and
// tests and is never released.
//
//	standin-bank --at 2026-11-23 --city http://127.0.0.1:8080 [--lose 0.3] [--double 0.3] [--forge 0.3] [--reorder 0.3] [--delay 5s]
//	khue demo --at 2026-11-23 --bank-secret thu --gateway-secret thu --gateway http://127.0.0.1:2790/pay --gateway-ask http://127.0.0.1:2790/ask
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/payment/bankweb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:2790", "address")
	city := flag.String("city", "http://127.0.0.1:8080", "address of the city")
	secret := flag.String("secret", "thu", "secret of bank and gateway")
	lose := flag.Float64("lose", 0, "share of notices that are lost")
	double := flag.Float64("double", 0, "share that is sent twice")
	forge := flag.Float64("forge", 0, "share before which a forged one is sent")
	reorder := flag.Float64("reorder", 0, "share that is held back until after the next")
	delay := flag.Duration("delay", 0, "wait before each notice")
	at := flag.String("at", "", "day of the demo, as its --at; empty: today")
	flag.Parse()
	clk := clock.Clock(clock.System())
	if *at != "" {
		d, err := clock.ParseDate(*at)
		if err != nil {
			fmt.Fprintln(os.Stderr, "standin-bank:", err)
			os.Exit(2)
		}
		clk = clock.StartAt(clk, d.At(8, 10))
	}
	b := &bankweb.Bank{
		Clock: clk, City: *city, BankSecret: []byte(*secret), GatewaySecret: []byte(*secret),
		Faults: bankweb.Faults{Lose: *lose, Double: *double, Forge: *forge, Reorder: *reorder, Delay: *delay},
		Log:    func(format string, args ...any) { fmt.Printf(format+"\n", args...) },
	}
	fmt.Printf("A bank that is none: http://%s (codes: POST /transfer, gateway: /pay and /ask, statements: /statement.csv?account= and .xml)\n", *listen)
	server := &http.Server{Addr: *listen, Handler: b.Handler(), ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
}
