package crashtest

import (
	"testing"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// TestWhatEndedYesterdayIsNotLost plays dossiers to their end late on one day and holds the city
// against the ledger on the next: a clerk opens what has ended with a reason alone, and a drill
// that runs over midnight asks as they would.
func TestWhatEndedYesterdayIsNotLost(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, in *citytest.City) {
		c := &city{t: t, url: in.URL, tokens: map[string]string{}}
		for _, a := range in.Demo.Accounts {
			if c.tokens[a.Role] == "" {
				c.tokens[a.Role] = a.Token
			}
		}
		var err error
		if c.submit, c.stages, err = citybench.Script("00118", in.Clock.Now().AddDate(0, 0, -20).Format(time.DateOnly)); err != nil {
			t.Fatal(err)
		}
		d := &drill{city: c}
		d.learn()
		d.run(3)
		d.check(d.lives)
		in.Pass(time.Hour) // over midnight
		d.check(d.lives)
	}, citytest.At(clock.MustDate("2026-11-30").At(23, 20)))
}
