// Command standin-post stands in for a postal service that cannot be reached: it takes orders,
// carries nothing, and tells the city what would have become of each parcel, with faults on
// demand. It is for demonstrations and tests and is never released.
//
//	standin-post --at 2026-11-23 --city http://127.0.0.1:8080 [--delay 5s] [--refuse "Hà Giang"] [--lose 2] [--double] [--stale] [--lose-news] [--down]
//	khue demo --at 2026-11-23 --post http://127.0.0.1:2795 --post-secret thu
//	curl -X POST http://127.0.0.1:2795/move/KEY/on_way      # then delivered, returned or lost
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/result/poststandweb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:2795", "address")
	city := flag.String("city", "http://127.0.0.1:8080", "address of the city")
	secret := flag.String("secret", "thu", "secret shared with the city")
	var f poststandweb.Faults
	flag.DurationVar(&f.Delay, "delay", 0, "wait before each answer")
	flag.StringVar(&f.Refuse, "refuse", "", "refuse orders whose address holds this")
	flag.IntVar(&f.LoseAnswers, "lose", 0, "so many orders are taken, and their answer is lost")
	flag.BoolVar(&f.Double, "double", false, "tell each news twice")
	flag.BoolVar(&f.Stale, "stale", false, "after each news tell the one before again")
	flag.BoolVar(&f.LoseNews, "lose-news", false, "tell the city nothing")
	flag.BoolVar(&f.Down, "down", false, "answer 503")
	at := flag.String("at", "", "day of the demo, as its --at; empty: today")
	flag.Parse()
	clk := clock.Clock(clock.System())
	if *at != "" {
		d, err := clock.ParseDate(*at)
		if err != nil {
			fmt.Fprintln(os.Stderr, "standin-post:", err)
			os.Exit(2)
		}
		clk = clock.StartAt(clk, d.At(8, 10))
	}
	p := &poststandweb.Post{City: *city, Secret: *secret, Clock: clk, Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	p.Set(f)
	fmt.Printf("A post that is none: http://%s (orders: GET /, POST /move/KEY/STATE)\n", *listen)
	server := &http.Server{Addr: *listen, Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
}
