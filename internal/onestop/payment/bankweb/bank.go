// Package bankweb stands in for a bank and a payment gateway: it takes payments of VietQR codes
// and of gateway links, tells the city of them, and loses, doubles, delays, reorders and forges
// what it tells, as it is told to. It is for tests and for cmd/standin-bank; nothing of the city
// imports it.
package bankweb

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/paymentweb"
)

// Faults are shares, from 0 to 1, of notices.
type Faults struct {
	Lose, Double, Forge, Reorder float64
	Delay                        time.Duration
}

// Bank is the stand-in.
type Bank struct {
	City          string // address of the site
	BankSecret    []byte
	GatewaySecret []byte
	Faults        Faults
	Log           func(format string, args ...any)
	// Clock is the bank's own; nil: the machine's. A demo of another day needs one of that day.
	Clock clock.Clock

	mu    sync.Mutex
	n     int
	lines []line // of all accounts
	done  []payment.Notice
	held  []func() // notices that wait to be told after a later one
	wait  sync.WaitGroup
}

type line struct {
	payment.Notice
	text string
}

// Handler serves the bank.
func (b *Bank) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<form method="post" action="/transfer"><p>Mã VietQR (VietQR code):<br><textarea name="qr" rows="4" cols="60"></textarea><p>Số tiền khác (another amount): <input name="amount"><p><button>Chuyển tiền (pay)</button></form><p><a href="/statement.csv">statement.csv</a> · <a href="/statement.xml">statement.xml</a>`)
	})
	mux.HandleFunc("POST /transfer", b.transfer)
	mux.HandleFunc("GET /pay", b.gateway)
	mux.HandleFunc("POST /pay", b.confirm)
	mux.HandleFunc("POST /ask", b.ask)
	mux.HandleFunc("GET /statement.csv", func(w http.ResponseWriter, r *http.Request) { _ = b.CSV(w, r.URL.Query().Get("account")) })
	mux.HandleFunc("GET /statement.xml", func(w http.ResponseWriter, r *http.Request) { _ = b.Camt(w, r.URL.Query().Get("account")) })
	return mux
}

func page(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Ngân hàng giả</title><body style="font-family:sans-serif;max-width:40em;margin:2em auto;padding:0 1em"><p style="background:#fc0;padding:.5em"><b>NGÂN HÀNG GIẢ, chỉ để thử. Not a bank: a stand-in for tests. No money moves.</b>%s`, body)
}

func (b *Bank) say(format string, args ...any) {
	if b.Log != nil {
		b.Log(format, args...)
	}
}

func (b *Bank) now() time.Time {
	if b.Clock != nil {
		return b.Clock.Now()
	}
	return clock.System().Now()
}

func (b *Bank) next() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	return b.n
}

// Transfer pays a VietQR code and tells the city, with the faults that are set.
func (b *Bank) Transfer(code string, amount int64) (string, error) {
	t, err := payment.ParseQR(strings.TrimSpace(code))
	if err != nil {
		return "", err
	}
	if amount == 0 {
		amount = t.Amount
	}
	n := payment.Notice{Way: payment.ByBank, External: fmt.Sprintf("FT%d%06d", b.now().Unix(), b.next()), Amount: amount, Bank: t.Bank, Account: t.Account, At: b.now()}
	text := "MBVCB." + n.External + "." + t.Purpose + ".CT tu 0011 toi " + t.Account
	b.mu.Lock()
	b.lines = append(b.lines, line{n, text})
	b.mu.Unlock()
	body := payment.BankBody(n, text)
	b.tell(func(forged bool) {
		secret, what := b.BankSecret, body
		if forged {
			secret = []byte("somebody else")
		}
		req, err := http.NewRequest(http.MethodPost, b.City+"/payment/notices/bank", strings.NewReader(string(what))) //nolint:noctx // a stand-in
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(paymentweb.SignatureHeader, payment.SignBank(secret, b.now(), what))
		b.send(req, "bank "+n.External)
	})
	return n.External, nil
}

// tell calls once none, one or several times, now, later or after the next.
func (b *Bank) tell(once func(forged bool)) {
	f := b.Faults
	hit := func(share float64) bool { return rand.Float64() < share } //nolint:gosec // faults
	if hit(f.Forge) {
		once(true)
	}
	if hit(f.Lose) {
		b.say("lost")
		return
	}
	do := func() {
		once(false)
		if hit(f.Double) {
			once(false)
		}
	}
	if hit(f.Reorder) {
		b.mu.Lock()
		b.held = append(b.held, do)
		b.mu.Unlock()
		b.say("held back until the next")
		return
	}
	b.mu.Lock()
	held := b.held
	b.held = nil
	b.mu.Unlock()
	all := func() {
		do()
		for _, h := range held {
			h()
		}
	}
	if f.Delay == 0 {
		all()
		return
	}
	b.wait.Add(1)
	time.AfterFunc(f.Delay, func() { defer b.wait.Done(); all() })
}

// Wait returns when delayed notices were sent.
func (b *Bank) Wait() { b.wait.Wait() }

func (b *Bank) send(req *http.Request, what string) {
	ctx, cancel := context.WithTimeout(req.Context(), 10*time.Second)
	defer cancel()
	res, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		b.say("%s: %v", what, err)
		return
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 300))
	b.say("%s: %d %s", what, res.StatusCode, text)
}

func (b *Bank) transfer(w http.ResponseWriter, r *http.Request) {
	amount, _ := strconv.ParseInt(r.FormValue("amount"), 10, 64)
	ref, err := b.Transfer(r.FormValue("qr"), amount)
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		page(w, "<p>"+html.EscapeString(err.Error()))
		return
	}
	page(w, "<p>Đã chuyển (paid): "+ref)
}

// gateway is the page to which a payer is sent.
func (b *Bank) gateway(w http.ResponseWriter, r *http.Request) {
	f := r.URL.Query()
	if err := payment.CheckGateway(b.GatewaySecret, f); err != nil {
		w.WriteHeader(http.StatusForbidden)
		page(w, "<p>Chữ ký sai (wrong signature).")
		return
	}
	page(w, fmt.Sprintf(`<p>%s, %s: <b>%s đồng</b><form method="post" action="/pay?%s"><button name="do" value="pay">Nộp (pay)</button> <button name="do" value="fail">Không nộp (fail)</button></form>`,
		html.EscapeString(f.Get(payment.FieldHolder)), html.EscapeString(f.Get(payment.FieldReference)), html.EscapeString(f.Get(payment.FieldAmount)), html.EscapeString(r.URL.RawQuery)))
}

func (b *Bank) confirm(w http.ResponseWriter, r *http.Request) {
	f := r.URL.Query()
	if err := payment.CheckGateway(b.GatewaySecret, f); err != nil {
		http.Error(w, "signature", http.StatusForbidden)
		return
	}
	back, err := b.PayGateway(f, r.FormValue("do") != "fail")
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// PayGateway pays what the fields of a gateway link ask, and returns where the payer is sent back.
func (b *Bank) PayGateway(f url.Values, ok bool) (string, error) {
	amount, err := strconv.ParseInt(f.Get(payment.FieldAmount), 10, 64)
	back, err2 := url.Parse(f.Get(payment.FieldReturn))
	if err := errors.Join(err, err2); err != nil {
		return "", err
	}
	n := payment.Notice{Way: payment.ByGateway, External: fmt.Sprintf("G%d%06d", b.now().Unix(), b.next()), Amount: amount, Reference: f.Get(payment.FieldReference), At: b.now()}
	status := payment.StatusDone
	if ok {
		b.mu.Lock()
		b.done = append(b.done, n)
		b.mu.Unlock()
	} else {
		status = "24"
	}
	b.tell(func(forged bool) {
		secret := b.GatewaySecret
		if forged {
			secret = []byte("somebody else")
		}
		req, err := http.NewRequest(http.MethodPost, b.City+"/payment/notices/gateway", strings.NewReader(payment.GatewayNotice(secret, n, status).Encode())) //nolint:noctx // a stand-in
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.send(req, "gateway "+n.External)
	})
	q := payment.GatewayNotice(b.GatewaySecret, n, status)
	for k, v := range back.Query() {
		q[k] = v
	}
	back.RawQuery = q.Encode()
	return back.String(), nil
}

// ask answers the sweep: it does not lose or forge, as no fault of a notice does.
func (b *Bank) ask(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if payment.CheckGateway(b.GatewaySecret, r.PostForm) != nil {
		http.Error(w, "signature", http.StatusForbidden)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.done {
		if n.Reference == r.PostForm.Get(payment.FieldReference) {
			fmt.Fprintln(w, payment.GatewayNotice(b.GatewaySecret, n, payment.StatusDone).Encode())
		}
	}
}

func (b *Bank) of(account string) []line {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.lines), func(l line) bool { return account != "" && l.Account != account })
}

// CSV writes the statement of an account; "" for all.
func (b *Bank) CSV(w io.Writer, account string) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"Số tài khoản", "Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Nội dung"})
	for _, l := range b.of(account) {
		_ = c.Write([]string{l.Account, l.At.In(clock.Zone).Format("02/01/2006 15:04:05"), l.External, "", strconv.FormatInt(l.Amount, 10), l.text})
	}
	c.Flush()
	return c.Error()
}

// Camt writes the same as camt.053.
func (b *Bank) Camt(w io.Writer, account string) error {
	var body strings.Builder
	sum := int64(0)
	for _, l := range b.of(account) {
		sum += l.Amount
		fmt.Fprintf(&body, `<Ntry><Amt Ccy="VND">%d</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>%s</DtTm></BookgDt><AcctSvcrRef>%s</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>%s</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`,
			l.Amount, l.At.Format(time.RFC3339), l.External, html.EscapeString(l.text))
	}
	bal := func(code string, v int64) string {
		return fmt.Sprintf(`<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy="VND">%d</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>`, code, v)
	}
	_, err := fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>STANDIN</Id><Acct><Id><Othr><Id>%s</Id></Othr></Id></Acct>%s%s%s</Stmt></BkToCstmrStmt></Document>`,
		html.EscapeString(account), bal("OPBD", 0), bal("CLBD", sum), body.String())
	return err
}
