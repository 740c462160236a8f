// Command standin-sms stands in for a carrier that cannot be reached: it takes short
// messages over SMPP 3.4 and as JSON over HTTP, prints them, sends receipts, and fails as it
// is told. It is for demonstrations and tests and is never released.
//
//	standin-sms --smpp 127.0.0.1:2775 --http 127.0.0.1:2780 [--refuse 0x58] [--delay 2s] [--lose-receipts]
//	khue serve --sms smpp://khue:matkhau@127.0.0.1:2775?from=HANOI
//	khue serve --sms http+json://token@127.0.0.1:2780/send
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"khue/internal/kernel/sms"
	"khue/internal/kernel/sms/smstest"
)

func main() {
	smpp := flag.String("smpp", "127.0.0.1:2775", "address for SMPP")
	web := flag.String("http", "127.0.0.1:2780", "address for HTTP")
	refuse := flag.Uint("refuse", 0, "answer to every message, as SMPP counts: 0x0B bad number, 0x58 too many")
	delay := flag.Duration("delay", 0, "wait before each answer")
	lose := flag.Bool("lose-receipts", false, "send no receipts")
	undelivered := flag.Bool("undelivered", false, "receipts say that the telephone was not reached")
	flag.Parse()
	s, err := smstest.Start(*smpp, smstest.Faults{Refuse: uint32(*refuse), Delay: *delay, LoseReceipts: *lose, Undelivered: *undelivered}) //nolint:gosec // a status
	if err != nil {
		fmt.Fprintln(os.Stderr, "standin-sms:", err)
		os.Exit(1)
	}
	defer s.Close()
	s.Told = func(g smstest.Got) { fmt.Printf("SMPP %s (%d) %s\n", g.To, g.Parts, g.Text) }
	n := 0
	http.HandleFunc("POST /send", func(w http.ResponseWriter, r *http.Request) {
		var m struct{ To, Text string }
		if *delay > 0 {
			<-time.After(*delay)
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || *refuse != 0 {
			http.Error(w, `{"error":"refused"}`, http.StatusUnprocessableEntity)
			return
		}
		n++
		fmt.Printf("HTTP %s (%d) %s\n", m.To, sms.Segments(m.Text), m.Text)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"h%06d"}`, n)
	})
	fmt.Printf("A carrier that is none: SMPP at %s, JSON at http://%s/send\n", s.Addr(), *web)
	server := &http.Server{Addr: *web, ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
}
