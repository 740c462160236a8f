package payment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

func TestAmountInWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "Không đồng", 1: "Một đồng", 5: "Năm đồng", 10: "Mười đồng", 11: "Mười một đồng", 15: "Mười lăm đồng", 20: "Hai mươi đồng",
		21: "Hai mươi mốt đồng", 24: "Hai mươi tư đồng", 55: "Năm mươi lăm đồng", 100: "Một trăm đồng", 105: "Một trăm linh năm đồng",
		111: "Một trăm mười một đồng", 1_000: "Một nghìn đồng", 1_005: "Một nghìn không trăm linh năm đồng", 1_015: "Một nghìn không trăm mười lăm đồng",
		8_000: "Tám nghìn đồng", 150_000: "Một trăm năm mươi nghìn đồng", 1_000_000: "Một triệu đồng",
		1_000_005: "Một triệu không trăm linh năm đồng", 2_034_121: "Hai triệu không trăm ba mươi tư nghìn một trăm hai mươi mốt đồng",
		1_000_000_000: "Một tỷ đồng", 1_000_000_001: "Một tỷ không trăm linh một đồng",
		5_050_000_000:     "Năm tỷ không trăm năm mươi triệu đồng",
		2_000_000_000_000: "Hai nghìn tỷ đồng", -1_000: "Âm một nghìn đồng",
	} {
		if got := InWords(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// The codes were made by a program that nobody here wrote.
func TestVietQRVectors(t *testing.T) {
	t.Parallel()
	if got := crc16("123456789"); got != 0x29B1 {
		t.Errorf("the checksum of 123456789 is %04X", got)
	}
	for want, in := range map[string]Transfer{
		"00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F":                                         {Bank: "970416", Account: "257678859"},
		"00020101021238530010A0000007270123000697041601092576788590208QRIBFTTA53037045405100005802VN62150811Chuyen tien630453E6":             {Bank: "970416", Account: "257678859", Amount: 10000, Purpose: "Chuyển tiền"},
		"00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA5303704540480005802VN62250821H26.19.12-261122-000163047281": {Bank: "970415", Account: "113366668888", Amount: 8000, Purpose: "H26.19.12-261122-0001"},
	} {
		got, err := in.QR()
		if err != nil || got != want {
			t.Errorf("%+v gives\n%s, %v; want\n%s", in, got, err, want)
		}
		back, err := ParseQR(want)
		if in.Purpose = Purpose(in.Purpose); err != nil || back != in {
			t.Errorf("read back: %+v, %v", back, err)
		}
		if _, err := ParseQR(strings.Replace(want, "970", "971", 1)); err == nil {
			t.Error("a code with another bank kept its checksum")
		}
	}
	for _, in := range []Transfer{{Bank: "97041", Account: "1"}, {Bank: "970416"}, {Bank: "970416", Account: "1", Amount: -1}, {Bank: "970416", Account: strings.Repeat("1", 20)}} {
		if got, err := in.QR(); err == nil {
			t.Errorf("%+v gives %s", in, got)
		}
	}
}

func TestReferenceSurvivesBanks(t *testing.T) {
	t.Parallel()
	for _, v := range []OrderID{1, 7031, 1<<62 + 12345} {
		ref := referenceOf(v)
		if len(ref) > maxPurpose {
			t.Errorf("%s is too long for a purpose", ref)
		}
		for _, text := range []string{ref, "MBVCB.4711." + strings.ToLower(ref) + ".CT tu 001 toi 002", "KHPX " + ref[:7] + " " + ref[7:] + "-GD 123", "KHP" + ref} {
			if got := FindReference(text); got != ref {
				t.Errorf("%q names %q, want %s", text, got, ref)
			}
		}
		for i := 3; i < len(ref); i++ { // one wrong letter names nobody
			c := byte('7')
			if ref[i] == c {
				c = '8'
			}
			if got := FindReference(ref[:i] + string(c) + ref[i+1:]); got != "" {
				t.Errorf("%s with letter %d wrong names %s", ref, i, got)
			}
		}
	}
}

func TestStatementsAreRead(t *testing.T) {
	t.Parallel()
	x, err := os.ReadFile("testdata/camt053.xml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadStatement(bytes.NewReader(x))
	if err != nil || len(got) != 1 || !got[0].Sums || len(got[0].Lines) != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	l := got[0].Lines
	if l[0].Ref != "FT26123000001" || l[0].Amount != 8000 || !strings.Contains(l[0].Text, "KHP") || l[1].Amount != 150000 || l[2].Ref != "BATCH1.2" || l[3].Amount != -11000 {
		t.Errorf("lines: %+v", l)
	}
	c := "\xef\xbb\xbfSố tài khoản;Ngày giao dịch;Số tham chiếu;Ghi nợ;Ghi có;Nội dung\r\n3713000;22/11/2026 08:00:01;FT1;;1.008.000;KHP nop phi\r\n3713000;22/11/2026;FT2;11,000;;phi NH\r\n"
	got, err = ReadStatement(strings.NewReader(c))
	if err != nil || len(got[0].Lines) != 2 || got[0].Lines[0].Amount != 1_008_000 || got[0].Lines[1].Amount != -11_000 {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, bad := range map[string]string{
		"wrong sum":      strings.Replace(string(x), "<Amt Ccy=\"VND\">1157000</Amt>", "<Amt Ccy=\"VND\">1157001</Amt>", 1),
		"euro":           strings.Replace(string(x), `Ccy="VND">8000`, `Ccy="EUR">8000`, 1),
		"fraction":       strings.Replace(string(x), `"VND">8000<`, `"VND">8000.50<`, 1),
		"entity":         `<!DOCTYPE x [<!ENTITY a "b">]><Document>&a;</Document>`,
		"deep":           strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100),
		"cut short":      string(x[:len(x)/2]),
		"nothing":        "",
		"other columns":  "a,b\n1,2\n",
		"no number":      "account,date,reference,credit,description\n1,2026-11-22,R,1e9,x\n",
		"no reference":   "account,date,reference,credit,description\n1,2026-11-22,,1000,x\n",
		"two accounts":   "account,date,reference,credit,description\n1,2026-11-22,A,1000,x\n2,2026-11-22,B,1000,x\n",
		"overflow":       "account,date,reference,credit,description\n1,2026-11-22,A,99999999999999999999,x\n",
		"many lines":     "account,date,reference,credit,description\n" + strings.Repeat("1,2026-11-22,A,1000,x\n", maxStatementLines+1),
		"binary":         "\x00\x01\x02",
		"quote not shut": "account,date,reference,credit,description\n1,2026-11-22,\"A,1000,x\n",
	} {
		if got, err := ReadStatement(strings.NewReader(bad)); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %d statements, %v", name, len(got), err)
		}
	}
	if _, err := ReadStatement(&endless{}); !errs.Is(err, errs.TooLarge) {
		t.Errorf("an endless file: %v", err)
	}
}

type endless struct{}

func (*endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestNobodyApprovesTheirOwnRefund(t *testing.T) {
	t.Parallel()
	o, _, _ := open(Order{ID: 1, Unit: 2, Lines: []Line{{Amount: 1000}}}, day)
	o, _, _ = Step(o, Received{ByBank, 1500}, day)
	if o.State != Over || o.Excess() != 500 || !o.Settled() {
		t.Fatalf("%+v", o)
	}
	if _, _, err := Step(o, AskRefund{Amount: 700, By: 7}, day); !errs.Is(err, errs.Invalid) {
		t.Errorf("part of what was counted went back: %v", err)
	}
	o, _, err := Step(o, AskRefund{Amount: 500, By: 7}, day)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Step(o, ApproveRefund{By: 7}, day); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the same person approved: %v", err)
	}
	if _, _, err := Step(o, PayRefund{ByBank}, day); !errs.Is(err, errs.Conflict) {
		t.Errorf("paid out before it was approved: %v", err)
	}
	o, _, _ = Step(o, ApproveRefund{By: 8}, day)
	o, _, _ = Step(o, PayRefund{ByBank}, day)
	if o.State != Paid || o.Held() != 1000 {
		t.Errorf("%+v", o)
	}
}

var day = clock.MustDate("2026-11-23").At(9, 0)

// desk is the service without a database: the same decisions, kept in memory.
type desk struct {
	orders map[string]Order
	seen   map[string]string
	books  map[Account]int64
	real   map[orgunit.UnitID]int64 // what genuine notices brought, less refunds
	next   map[string]string        // the code that took a code's place
}

// current is the code that stands for a fee now, by any of its codes.
func (d *desk) current(ref string) string {
	for d.next[ref] != "" {
		ref = d.next[ref]
	}
	return ref
}

// renew asks for a fee again by a new code, where that is to be had.
func (d *desk) renew(ref string, v OrderID, now time.Time) (is string, err error) {
	old := d.orders[ref]
	r, err := Renew(old, Order{ID: v, Reference: referenceOf(v), ExpiresAt: now.Add(48 * time.Hour)}, now)
	if err != nil {
		return "", nil
	}
	if d.next[ref] != "" || old.Held() >= old.Amount {
		return "", fmt.Errorf("%s was replaced twice, or after all of its money had come: %+v", ref, old)
	}
	d.book(r.Gave)
	d.book(r.Took)
	d.orders[ref], d.orders[r.Is.Reference], d.next[ref] = r.Was, r.Is, r.Is.Reference
	return r.Is.Reference, nil
}

func (d *desk) book(t Txn) {
	for _, m := range t.Moves() {
		d.books[m.To] += m.Amount
		d.books[m.From] -= m.Amount
	}
}

func (d *desk) step(ref string, e Event, now time.Time) {
	if o, t, err := Step(d.orders[ref], e, now); err == nil {
		d.orders[ref] = o
		d.book(t)
		if _, ok := e.(PayRefund); ok {
			d.real[o.Unit] -= booked(t)
		}
	}
}

// booked is how much a transaction moves.
func booked(t Txn) (sum int64) {
	for _, m := range t.Moves() {
		sum += m.Amount
	}
	return sum
}

func (d *desk) notice(n Notice, unit orgunit.UnitID, now time.Time) error {
	key := string(n.Way) + n.External
	if was, ok := d.seen[key]; ok {
		if was != n.digest() {
			return errs.E(errs.Mismatch, "payment.notice.changed")
		}
		return nil
	}
	at := d.current(n.Reference)
	o, t, known, err := receive(d.orders[at], n, unit, now)
	if err != nil {
		return err
	}
	d.seen[key] = n.digest()
	d.book(t)
	if known {
		d.orders[at] = o
		d.real[o.Unit] += n.Amount
	} else {
		d.real[unit] += n.Amount
	}
	return nil
}

// Ten thousand histories of forged, replayed, reordered, doubled and missing notices, with
// officers' acts and new codes for old ones between them. In each the books balance after every
// event, money counts once by whichever code of a fee it came, at most one order of a fee asks or is
// settled, and none is settled without the money that it asks for.
func TestTenThousandHistories(t *testing.T) {
	t.Parallel()
	secret, wrong := []byte("the bank's secret"), []byte("somebody else's")
	states, renewed, byOld := map[State]int{}, 0, 0
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 8)) //nolint:gosec // a test
		d := &desk{map[string]Order{}, map[string]string{}, map[Account]int64{}, map[orgunit.UnitID]int64{}, map[string]string{}}
		now, lastID := day, OrderID(seed*100+10) //nolint:gosec // small
		genuine := map[string]int64{}            // by reference, each payment once
		var refs []string
		for i := range 1 + r.IntN(3) {
			v := OrderID(seed*100 + uint64(i) + 1) //nolint:gosec // small
			o, txn, err := open(Order{ID: v, Unit: orgunit.UnitID(1 + i%2), Reference: referenceOf(v), ExpiresAt: now.Add(48 * time.Hour), Lines: []Line{{Amount: 1000 * (1 + r.Int64N(200))}}}, now)
			if err != nil {
				t.Fatal(err)
			}
			d.book(txn)
			d.orders[o.Reference] = o
			refs = append(refs, o.Reference)
		}
		// What the banks send: each payment none, one or several times, then shuffled.
		type sent struct {
			send func() error
			ref  string
			sum  int64
			key  string
			ok   bool
		}
		var wire []sent
		for i := range 2 + r.IntN(6) {
			ref := refs[r.IntN(len(refs))]
			o := d.orders[ref]
			sum := [...]int64{o.Amount, o.Amount, o.Amount / 2, o.Amount + 500, 1}[r.IntN(5)]
			unit := o.Unit
			if r.IntN(10) == 0 {
				unit = 3 - unit // to the other unit's account
			}
			n := Notice{Way: ByBank, External: fmt.Sprint("FT", i), Amount: sum, At: now, Reference: ref}
			key, secretUsed, ok := "bank"+n.External, secret, true
			if r.IntN(5) == 0 {
				secretUsed, ok = wrong, false
			}
			var one func() error
			if r.IntN(2) == 0 {
				body := BankBody(n, "nop phi "+ref)
				sig := SignBank(secretUsed, now, body)
				if r.IntN(20) == 0 {
					body, ok = bytes.Replace(body, []byte(`"amount":`), []byte(`"amount":9`), 1), false
				}
				one = func() error {
					n, err := ReadBank(secret, sig, body, now)
					if err == nil {
						err = d.notice(n, unit, now)
					}
					return err
				}
			} else {
				n.Way, key, unit = ByGateway, "gateway"+n.External, 0
				f := GatewayNotice(secretUsed, n, StatusDone)
				if r.IntN(20) == 0 {
					f.Set(FieldAmount, "1")
					ok = ok && sum == 1
				}
				one = func() error {
					n, done, err := ReadGateway(secret, f)
					if err == nil && done {
						err = d.notice(n, 0, now)
					}
					return err
				}
			}
			to := ref
			if unit != 0 && unit != o.Unit {
				to = "" // lies in suspense
			}
			for range r.IntN(4) {
				wire = append(wire, sent{one, to, sum, key, ok})
			}
		}
		r.Shuffle(len(wire), func(i, j int) { wire[i], wire[j] = wire[j], wire[i] })
		counted := map[string]bool{}
		for step := 0; step < len(wire)+6; step++ {
			ref := refs[r.IntN(len(refs))]
			if step < len(wire) {
				w := wire[step]
				err := w.send()
				if (err == nil) != w.ok {
					t.Fatalf("history %d: a notice that is genuine=%v was answered with %v", seed, w.ok, err)
				}
				if w.ok && !counted[w.key] {
					counted[w.key] = true
					genuine[d.current(w.ref)] += w.sum
				}
			}
			switch r.IntN(13) {
			case 0:
				d.step(ref, Cancel{"withdrawn"}, now)
			case 1:
				now = now.Add(50 * time.Hour)
				d.step(ref, Expire{}, now)
				now = now.Add(-50 * time.Hour)
			case 2:
				d.step(ref, AskRefund{Amount: d.orders[ref].Excess(), By: 1}, now)
			case 3:
				d.step(ref, AskRefund{Amount: d.orders[ref].Held(), By: 1}, now)
			case 4, 5:
				d.step(ref, ApproveRefund{By: 1 + r.Int64N(2)}, now)
			case 6:
				was := d.orders[ref].Refund
				d.step(ref, PayRefund{ByBank}, now)
				if was.Approved != 0 {
					genuine[ref] -= was.Amount
				}
			case 7:
				d.step(ref, DropRefund{}, now)
			case 8:
				d.step(ref, Contest{"not mine"}, now)
			case 9:
				d.step(ref, Resolve{}, now)
			case 10:
				d.step(ref, Reinstate{}, now)
			case 11, 12:
				lastID++
				is, err := d.renew(ref, lastID, now)
				if err != nil {
					t.Fatalf("history %d, event %d: %v", seed, step, err)
				}
				if is != "" {
					refs, renewed = append(refs, is), renewed+1
					genuine[is], genuine[ref] = genuine[ref], 0
				}
				if is != "" && r.IntN(2) == 0 {
					o := d.orders[is]
					n := Notice{Way: ByBank, External: is, Amount: o.Amount, At: now, Reference: is}
					if err := d.notice(n, o.Unit, now); err != nil {
						t.Fatalf("history %d, event %d: %v", seed, step, err)
					}
					genuine[is] += n.Amount
				}
			}
			if err := d.sound(genuine); err != nil {
				t.Fatalf("history %d, event %d: %v", seed, step, err)
			}
		}
		for _, o := range d.orders {
			states[o.State]++
		}
		for _, w := range wire {
			if counted[w.key] && w.ref != "" && d.next[w.ref] != "" {
				byOld++
			}
		}
	}
	if renewed < 1000 || byOld < 500 {
		t.Errorf("%d new codes, %d payments for a fee that got one: the histories are too tame", renewed, byOld)
	}
	for _, s := range States() {
		if states[s] == 0 {
			t.Errorf("no history ended in %s: the histories are too tame", s)
		}
	}
}

func (d *desk) sound(genuine map[string]int64) error {
	sum, money := int64(0), map[orgunit.UnitID]int64{}
	want := map[Account]int64{}
	for a, v := range d.books {
		sum += v
		switch a.Kind {
		case Treasury, Gateway, Card, CashBox:
			money[a.Unit] += v
		}
	}
	if sum != 0 {
		return fmt.Errorf("the books are out by %d", sum)
	}
	for u, v := range d.real {
		if money[u] != v {
			return fmt.Errorf("unit %d holds %d in the books, %d in truth", u, money[u], v)
		}
	}
	type fee struct{ asking, settled, revenue int64 }
	fees := map[string]*fee{}
	for ref, o := range d.orders {
		f := fees[d.current(ref)]
		if f == nil {
			f = &fee{}
			fees[d.current(ref)] = f
		}
		if o.Void == "" && !o.Settled() {
			f.asking++
		}
		if o.Settled() {
			f.settled++
		}
		f.revenue -= o.position()[Account{o.Unit, Revenue}]
		if f.asking+f.settled > 1 || f.revenue > o.Amount {
			return fmt.Errorf("the fee of %s is asked for %d times, settled %d times and counts %d of %d as earned", ref, f.asking, f.settled, f.revenue, o.Amount)
		}
		if (o.Void == Replaced) != (d.next[ref] != "") || o.Void == Replaced && o.Held() != 0 {
			return fmt.Errorf("%s is %s and holds %d; in its place: %q", ref, o.State, o.Held(), d.next[ref])
		}
		if o.Held() != genuine[ref] {
			return fmt.Errorf("%s holds %d, genuine notices brought %d", ref, o.Held(), genuine[ref])
		}
		if o.Held() < 0 {
			return fmt.Errorf("%s gave back more than came", ref)
		}
		if o.Settled() && genuine[ref] < o.Amount || o.State == Paid && !o.Settled() {
			return fmt.Errorf("%s is %s with %d of %d", ref, o.State, genuine[ref], o.Amount)
		}
		for a, v := range o.position() {
			want[a] += v
		}
	}
	for a, v := range want {
		if (a.Kind == Receivable || a.Kind == Revenue || a.Kind == Refunds) && d.books[a] != v {
			return fmt.Errorf("%v stands at %d, its orders at %d", a, d.books[a], v)
		}
	}
	return nil
}

func FuzzStatement(f *testing.F) {
	f.Add([]byte("<a/>"))
	f.Add([]byte("account,date,reference,credit,description\n1,2026-11-22,A,1000,x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ReadStatement(bytes.NewReader(b)); err != nil && errs.KindOf(err) == errs.Internal {
			var e *errs.Error
			if !errors.As(err, &e) {
				t.Error(err)
			}
		}
	})
}
