package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/paymentweb"
)

const (
	benchNotices = 20_000
	benchEntries = 1_000_000
	benchTail    = 10_000 // entries since the last snapshot, as between two of its jobs
)

// benchPayment sends signed notices of a bank to a whole program over HTTP, 64 at once, all to
// one account and each for an order of its own, and asks for the balance of an account with a
// million entries. Every notice must have counted once.
func benchPayment(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	clk := clock.StartAt(clock.System(), clock.System().Now())
	secret := "bench"
	p, closeCity, err := benchCity(ctx, o, Config{Clock: clk, Payments: Payments{BankSecret: secret, Invented: true}})
	if err != nil {
		return nil, err
	}
	defer closeCity()
	door, stop, err := serveBench(ctx, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	unit := p.Units.Now().Government().ID
	payee, _ := p.Payments.Payees.Payee(unit)
	orders := make([]payment.Order, benchNotices)
	for from := 0; from < len(orders); from += 1000 {
		err := p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for i := from; i < from+1000; i++ {
				var err error
				orders[i], err = p.Payments.OpenIn(tx, payment.Order{Source: payment.Source{Type: "bench", ID: int64(i + 1)}, Payer: "Nguyễn Văn A", Unit: unit, Lines: []payment.Line{{Amount: 8000}}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	type notice struct {
		body []byte
		sign string
	}
	all := make([]notice, len(orders))
	for i, x := range orders {
		body := payment.BankBody(payment.Notice{External: fmt.Sprintf("FT%08d", i), Amount: 8000, Bank: payee.Bank, Account: payee.Account, At: clk.Now()}, "MB "+x.Reference+" nop phi")
		all[i] = notice{body, payment.SignBank([]byte(secret), clk.Now(), body)}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: o.Clients}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	failed := make([]error, o.Clients)
	var wg sync.WaitGroup
	began := clock.System().Now()
	for c := range o.Clients {
		wg.Go(func() {
			for failed[c] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				failed[c] = sendNotice(ctx, client, door+"/payment/notices/bank", all[i].sign, all[i].body)
			}
		})
	}
	wg.Wait()
	took := clock.System().Now().Sub(began)
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	got, err := p.Payments.Balance(ctx, payment.Account{Unit: unit, Kind: payment.Treasury})
	if err != nil {
		return nil, err
	}
	if got != benchNotices*8000 {
		return nil, fmt.Errorf("the account holds %d after %d notices of 8000", got, benchNotices)
	}
	rows = append(rows, citybench.Row{Name: "notices.per_second", Value: benchNotices / took.Seconds(), Unit: "/s", N: benchNotices})

	big := payment.Account{Unit: unit, Kind: payment.Card}
	if err := p.Payments.Grow(ctx, big, benchEntries-benchTail); err != nil {
		return nil, err
	}
	if err := p.Payments.SnapshotAt(ctx, clk.Now()); err != nil { // nothing else books here
		return nil, err
	}
	if err := p.Payments.Grow(ctx, big, benchTail); err != nil {
		return nil, err
	}
	const asked = 200
	times := make([]time.Duration, asked)
	for i := range times {
		from := clock.System().Now()
		v, err := p.Payments.Balance(ctx, big)
		if err != nil {
			return nil, err
		}
		times[i] = clock.System().Now().Sub(from)
		if v != benchEntries {
			return nil, fmt.Errorf("the account holds %d after %d entries", v, benchEntries)
		}
	}
	slices.Sort(times)
	return append(rows, citybench.Row{Name: "ledger.balance_ms", Value: times[asked/2].Seconds() * 1000, Unit: "ms", N: benchEntries}), nil
}

func sendNotice(ctx context.Context, c *http.Client, to, sign string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(paymentweb.SignatureHeader, sign)
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		return fmt.Errorf("a notice was answered %d: %.200s", res.StatusCode, text)
	}
	return nil
}
