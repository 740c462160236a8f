package crashtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io/fs"
	mrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/paymentweb"
	"khue/internal/onestop/result"
	"khue/internal/register/certificate"
)

const (
	bankSecret  = "a secret of the bank"
	bankBIN     = "970436"
	bankAccount = "371301090901"
	extractFee  = 16_000
)

// paidLife is what a client knows of one extract: what was acknowledged, and what was asked
// without an answer.
type paidLife struct {
	life
	reference string
	transfer  []byte // what the bank tells, until it is acknowledged
	told      bool
	acts      int // acknowledged acts of officers
}

// extract files two copies of a birth's entry at the counter: 16,000 đồng, numbered and signed.
func extract() []byte {
	b, _ := json.Marshal(map[string]any{
		"service": "hanoi.civil-status.extract", "unit": "00118", "channel": "counter", "copies": 2,
		"applicant": map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001"},
		"answers": map[string]any{
			"record.event": "birth", "record.commune": "00118", "record.name": "Nguyễn Minh An", "record.dob": "2018-10-01", "request.copies": 2,
			"requester.relation": "parent", "requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001", "requester.group": "none", "requester.declaration": true,
		},
		"papers": []any{
			map[string]any{"paper": "declaration", "name": "to-khai.pdf", "type": "pdf", "size": 90_000, "originals": 1},
			map[string]any{"paper": "identity", "name": "cccd.jpg", "type": "jpg", "size": 0, "shownOnly": true},
		},
		"delivery": map[string]any{"method": "counter"},
	})
	return b
}

// extractActs are the acts up to the number, which lets the paper be made.
var extractActs = []struct{ role, action, answers string }{
	{"clerk", "accept", `{"check.complete":["declaration"],"check.group":true}`},
	{"justiceOfficer", "approve", `{"entry.number":"123/2018","entry.date":"2018-10-15","entry.place":"UBND phường Ngọc Lâm","entry.text":"Sinh ngày 01/10/2018 tại Hà Nội."}`},
	{"chairman", "sign", `{}`},
	{"registryClerk", "number", `{}`},
}

// payDrill is a city that is killed between steps of payments and of results.
type payDrill struct {
	*city
	mu    sync.Mutex
	lives []*paidLife
}

// TestKilledBetweenPaymentAndResult kills the whole program (KHUE_KILLS times an engine, 3 by
// default) while fees are paid by a bank that tells of each transfer until it is answered, and once
// more after, and while results are numbered, drawn, signed and entered. Afterwards every fee
// counted once, every number was given once and without a gap, and every signed paper stands in
// the journal.
func TestKilledBetweenPaymentAndResult(t *testing.T) {
	t.Parallel()
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("KHUE_KILLS")); err == nil {
		kills = n
	}
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return dbtest.PostgresURL(t, app.Migrations()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := found(t, url(t))
			d := &payDrill{city: c}
			flags := d.accounts()
			for range kills {
				c.open(flags...)
				d.load()
				c.end(syscall.SIGKILL)
			}
			d.release()
			c.open(flags...)
			h := newHTTP()
			for _, l := range d.lives { // the bank's last word, and the clients' open requests
				for d.step(h, l) {
				}
				if l.pending != nil || l.acts != len(extractActs) || !l.told {
					t.Fatalf("%s does not come to its end: %+v", l.code, l)
				}
				d.tell(h, l)
			}
			d.check(h)
		})
	}
}

// accounts writes the file of the commune's account and gives the commune's chair a card, with the
// server away.
func (d *payDrill) accounts() []string {
	d.t.Helper()
	p := open(d.t, d.city)
	ward, err := p.Units.Now().ByCode("00118")
	if err != nil {
		d.t.Fatal(err)
	}
	agency, _ := p.Units.Now().AgencyOf(ward.ID)
	who := map[string]context.Context{}
	for _, role := range []string{"chairman", "viceChairman", "leader"} {
		sub, err := p.Auth.Resolve(d.t.Context(), d.tokens[role])
		if err != nil {
			d.t.Fatalf("%s: %v", role, err)
		}
		who[role] = auth.With(d.t.Context(), sub)
	}
	chair := auth.From(who["chairman"])
	for i, w := range []certificate.Wish{{Kind: certificate.Officer, Login: "chutich"}, {Kind: certificate.Seal, Unit: chair.Grants[0].Scope}} {
		w.Basis = "Quyết định 01/QĐ-UBND"
		asked, err := p.Certificates.Ask(who["viceChairman"], w, "crash-card-0123456-"+strconv.Itoa(i))
		if err == nil {
			_, err = p.Certificates.Decide(who["leader"], asked.ID, true)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	p.Close()
	file := filepath.Join(filepath.Dir(d.data()), "accounts")
	if err := os.WriteFile(file, fmt.Appendf(nil, "%s %s %s UBND\n", agency.ID, bankBIN, bankAccount), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return []string{"--payment-accounts", file, "--bank-secret", bankSecret}
}

// release lets the lease of the jobs pass that the killed nodes had claimed: on PostgreSQL they come
// back when it ends, which is longer than a test may last.
func (d *payDrill) release() {
	d.t.Helper()
	p := open(d.t, d.city)
	defer p.Close()
	if p.DB.SingleWriter() {
		return
	}
	err := p.DB.InTx(d.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Exec(`UPDATE jobs_job SET run_at = $1 WHERE kind IN ('result.make', 'dossier.fee', 'notify.send')`, db.Millis(tx.Now()))
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// load plays lives until a random count of them went a random way, and returns in the middle of it.
func (d *payDrill) load() {
	stop := make(chan struct{})
	enough, n := make(chan struct{}), 0
	want := 40 + mrand.IntN(120)
	var once sync.Once
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			h := newHTTP()
			defer h.CloseIdleConnections()
			for {
				l := &paidLife{}
				d.mu.Lock()
				d.lives = append(d.lives, l)
				d.mu.Unlock()
				for l.acts < len(extractActs) || !l.told {
					select {
					case <-stop:
						return
					default:
					}
					if !d.step(h, l) {
						return // the server went away
					}
					d.mu.Lock()
					if n++; n == want {
						once.Do(func() { close(enough) })
					}
					d.mu.Unlock()
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(5 * time.Minute):
		d.t.Error("the clients do not come on")
	}
	<-time.After(time.Duration(mrand.Int64N(int64(30 * time.Millisecond))))
	d.end(syscall.SIGKILL)
	close(stop)
	wg.Wait()
}

// step does the next of a life: it files, asks what is to be paid, lets the bank tell, acts. A
// request without an answer stays and is the next, as it was. False where nothing came back, or
// nothing is left to do.
func (d *payDrill) step(h *http.Client, l *paidLife) bool {
	switch {
	case l.code == "":
		return d.send(h, l, &request{path: "/api/v1/dossiers", role: "clerk", key: rand.Text(), body: extract()}, http.StatusCreated, func(a answer) {
			l.code, l.task, l.version = a.Code, a.Task, a.TaskVersion
		})
	case l.task == "": // the filing was answered again, which names no task
		return d.findTask(h, l)
	case l.reference == "":
		var list struct {
			Items []struct {
				Reference string
				Amount    int64
			}
		}
		if err := d.get(h, "/api/v1/dossiers/"+l.code+"/payments", "clerk", &list); err != nil {
			return false
		}
		if len(list.Items) != 1 || list.Items[0].Amount != extractFee {
			d.t.Errorf("%s is to pay %+v", l.code, list.Items)
			return false
		}
		l.reference = list.Items[0].Reference
		n := payment.Notice{Way: payment.ByBank, External: "FT" + l.reference[3:], Amount: extractFee, Bank: bankBIN, Account: bankAccount, At: clock.System().Now()}
		l.transfer = payment.BankBody(n, "NGUYEN THI HANH "+l.reference)
		return true
	case !l.told:
		l.told = d.tell(h, l)
		return l.told
	case l.acts < len(extractActs):
		a := extractActs[l.acts]
		body := fmt.Appendf(nil, `{"version":%d,"action":%q,"answers":%s}`, l.version, a.action, a.answers)
		return d.send(h, l, &request{path: "/api/v1/tasks/" + l.task + "/complete", role: a.role, key: rand.Text(), body: body}, http.StatusOK, func(a answer) {
			l.acts++
			l.version = a.Version
		})
	}
	return false
}

// findTask looks a dossier up in the clerk's queue.
func (d *payDrill) findTask(h *http.Client, l *paidLife) bool {
	for cursor := ""; ; {
		var page struct {
			Items []queued
			Next  string
		}
		if err := d.get(h, "/api/v1/tasks?limit=200&cursor="+cursor, "clerk", &page); err != nil {
			return false
		}
		for _, q := range page.Items {
			if q.Dossier == l.code {
				l.task, l.version = q.ID, q.Version
				return true
			}
		}
		if cursor = page.Next; cursor == "" {
			d.t.Errorf("%s has no task", l.code)
			return false
		}
	}
}

// send sends a request, or the one that got no answer before.
func (d *payDrill) send(h *http.Client, l *paidLife, r *request, want int, done func(answer)) bool {
	if l.pending == nil {
		l.pending = r
	}
	status, a, text, err := d.post(h, *l.pending)
	if err != nil {
		return false
	}
	if status != want {
		d.t.Errorf("%s %s: status %d: %.300s", l.code, l.pending.path, status, text)
		return false
	}
	l.pending = nil
	done(a)
	return true
}

// tell is the bank's notice; true where it was acknowledged, as all banks repeat it otherwise.
func (d *payDrill) tell(h *http.Client, l *paidLife) bool {
	req, err := http.NewRequest(http.MethodPost, d.url+"/payment/notices/bank", bytes.NewReader(l.transfer))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(paymentweb.SignatureHeader, payment.SignBank([]byte(bankSecret), clock.System().Now(), l.transfer))
	res, err := h.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		d.t.Errorf("%s: the bank is answered %d", l.code, res.StatusCode)
	}
	return res.StatusCode == http.StatusOK
}

// check waits until all papers are made, stops the city and holds its rows, its journal and its
// files against each other.
func (d *payDrill) check(h *http.Client) {
	d.t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; <-time.After(200 * time.Millisecond) {
		left := 0
		for _, l := range d.lives {
			var v struct{ State string }
			if err := d.get(h, "/api/v1/dossiers/"+l.code, "clerk", &v); err != nil {
				d.t.Fatalf("acknowledged and lost: %v", err)
			}
			if v.State != "done" {
				left++
			}
		}
		if left == 0 || time.Now().After(end) {
			break
		}
	}
	p := open(d.t, d.city)
	ctx := d.t.Context()
	for end := time.Now().Add(5 * time.Minute); ; <-time.After(200 * time.Millisecond) {
		made, err := p.Results.Made(ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		if made >= len(d.lives) {
			break
		}
		if time.Now().After(end) {
			d.t.Fatalf("%d papers of %d dossiers", made, len(d.lives))
		}
	}
	p.Close()
	d.end(syscall.SIGTERM)
	d.verify()
	p = open(d.t, d.city)
	defer p.Close()
	signed, issued := map[string]int{}, map[string]int{}
	paid := map[int64]int{}
	for from := int64(0); ; {
		rs, next, size, err := p.Journal.Read(ctx, from, 500)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, r := range rs {
			switch r.Kind {
			case result.EventSigned:
				var t result.Told
				if json.Unmarshal(r.Payload, &t) == nil {
					signed[t.SHA256]++
				}
			case result.EventIssued:
				var t result.Told
				if json.Unmarshal(r.Payload, &t) == nil {
					issued[t.SHA256]++
				}
			case payment.KindPaid, payment.KindOver, payment.KindLate, payment.KindPartial:
				paid[r.Subject.ID]++
			}
		}
		if from = next; from >= size {
			break
		}
	}
	var numbers []int
	var unit payment.Account
	for _, l := range d.lives {
		v, _, err := p.Dossiers.ByCode(ctx, l.code)
		if err != nil {
			d.t.Fatal(err)
		}
		var file dossier.Dossier
		if err := p.DB.View(ctx, func(_ context.Context, q *db.View) error { file, err = p.Dossiers.FindID(q, v); return err }); err != nil {
			d.t.Fatal(err)
		}
		orders, err := p.Payments.ForSource(ctx, payment.Source{Type: dossier.SubjectType, ID: int64(v)})
		if err != nil || len(orders) != 1 || orders[0].State != payment.Paid || orders[0].Held() != extractFee || paid[int64(orders[0].ID)] != 1 {
			d.t.Errorf("%s: %d orders, %+v, told %d times, %v", l.code, len(orders), orders, paid[int64(orders[0].ID)], err)
			continue
		}
		unit.Unit = orders[0].Unit
		if !file.UnpaidAt.IsZero() {
			d.t.Errorf("%s is paid and waits for a payment", l.code)
		}
		all, err := p.Results.OfDossier(ctx, file)
		if err != nil || len(all) != 1 || all[0].State != result.Issued || issued[all[0].SHA256] != 1 {
			d.t.Errorf("%s: results %+v, %v", l.code, all, err)
			continue
		}
		if all[0].Signed && signed[all[0].SHA256] == 0 {
			d.t.Errorf("%s: its paper is signed, and the journal does not know it", l.code)
		}
		n, err := strconv.Atoi(strings.SplitN(all[0].Text, "/", 2)[0])
		if err != nil {
			d.t.Errorf("%s: number %q", l.code, all[0].Text)
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != i+1 {
			d.t.Errorf("the book's numbers are not 1 to %d without a gap: %v", len(numbers), numbers)
			break
		}
	}
	want := map[payment.Kind]int64{payment.Treasury: int64(len(d.lives)) * extractFee, payment.Revenue: -int64(len(d.lives)) * extractFee}
	for _, k := range payment.Kinds() {
		unit.Kind = k
		if v, err := p.Payments.Balance(ctx, unit); err != nil || v != want[k] {
			d.t.Errorf("%s stands at %d, want %d, %v", k, v, want[k], err)
		}
	}
	d.strays(signed)
	if len(signed) == 0 {
		d.t.Error("no paper was signed: the test shows nothing of signatures")
	}
	d.t.Logf("%d dossiers paid, numbered and signed, %d signed papers made for them", len(d.lives), len(signed))
}

// strays looks through every file that the city keeps: one that bears a signature is in the journal,
// also where the program was killed before it was entered anywhere.
func (d *payDrill) strays(signed map[string]int) {
	d.t.Helper()
	err := filepath.WalkDir(filepath.Join(d.data(), "blobs"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), "put-") {
			return err // what was being written has no name yet
		}
		b, err := os.ReadFile(path) //nolint:gosec // ours
		if err != nil || !bytes.Contains(b, []byte("/ByteRange")) {
			return err
		}
		if signed[e.Name()] > 0 {
			return nil
		}
		d.t.Errorf("%s is signed, and the journal does not know it", path)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}
