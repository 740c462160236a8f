package person_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/person"
)

const hanhsCard = "999196000001|012345678|Nguyễn Thị Hạnh|02091996|Nữ|Tổ 4, Phường Ngọc Lâm|15062021"

// world is a register with accounts.
type world struct {
	t    *testing.T
	d    *db.DB
	clk  *clock.Fake
	auth *auth.Service
	*person.Service
}

func withAccounts(t *testing.T, test func(w world)) {
	t.Helper()
	dbtest.Each(t, []db.Migrations{journal.Migrations(), auth.Migrations(), person.Migrations()}, func(t *testing.T, d *db.DB) {
		clk := clock.NewFake(today.At(8, 10))
		signer, err := journal.LoadKey(t.TempDir()+"/journal.key", "test")
		if err != nil {
			t.Fatal(err)
		}
		gen, log := id.NewGen(1, clk), slog.New(slog.DiscardHandler)
		a := auth.New(d, gen, clk, log, auth.Config{})
		s, err := person.New(person.Deps{DB: d, Gen: gen, Clock: clk, Journal: journal.New(d, gen, signer, log), Auth: a, Secrets: [][]byte{bytes.Repeat([]byte{7}, 32)}})
		if err != nil {
			t.Fatal(err)
		}
		test(world{t, d, clk, a, s})
	})
}

// as is a new account, and the context in which its owner acts.
func (w world) as(login, name string, kind auth.Kind) (context.Context, int64) {
	w.t.Helper()
	v, err := w.auth.CreateAccount(w.t.Context(), auth.NewAccount{Login: login, Name: name, Kind: kind})
	if err != nil {
		w.t.Fatal(err)
	}
	return auth.With(w.t.Context(), auth.Subject{Account: v, Name: name, Login: login, Kind: kind}), v
}

func (w world) level(account int64) auth.Level {
	w.t.Helper()
	a, err := w.auth.AccountByID(w.t.Context(), account)
	if err != nil {
		w.t.Fatal(err)
	}
	return a.Level
}

// verify takes somebody through the check at a counter.
func (w world) verify(clerk, citizen context.Context, card string) (person.Compared, error) {
	w.t.Helper()
	code, _, err := w.NewCode(citizen)
	if err != nil {
		return person.Compared{}, err
	}
	c, err := w.BeginCheck(clerk, person.Presented{Login: auth.From(citizen).Login, Code: code, Card: card, Unit: "1"})
	if err != nil {
		return person.Compared{}, err
	}
	return w.Confirm(clerk, c.ID, []string{"1"}, nil)
}

func kind(t *testing.T, what string, err error, want errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

// A clerk needs the code that only the owner of the account sees, once, in time, of few tries.
func TestAnAccountIsVerifiedAtACounterByCardAndCode(t *testing.T) {
	withAccounts(t, func(w world) {
		clerk, _ := w.as("motcua", "Lê Thu Trang", auth.KindOfficer)
		hanh, account := w.as("0912000001", "Nguyễn Thị Hạnh", auth.KindCitizen)
		other, _ := w.as("0912000005", "Trần Văn Khác", auth.KindCitizen)
		try := func(login, code string) error {
			_, err := w.BeginCheck(clerk, person.Presented{Login: login, Code: code, Card: hanhsCard, Unit: "1"})
			return err
		}
		kind(t, "no code was asked for", try("0912000001", "12345678"), errs.Invalid)
		code, _, err := w.NewCode(hanh)
		if err != nil {
			t.Fatal(err)
		}
		kind(t, "the code of another account", try("0912000005", code), errs.Invalid)
		w.clk.Advance(person.CodeLife)
		kind(t, "too late", try("0912000001", code), errs.Invalid)
		if code, _, err = w.NewCode(hanh); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			kind(t, "guessed", try("0912000001", "00000000"), errs.Invalid)
		}
		kind(t, "after five guesses", try("0912000001", code), errs.Invalid)
		if w.level(account) != auth.Registered {
			t.Fatal("the account was raised without a code")
		}
		c, err := w.verify(clerk, hanh, hanhsCard)
		if err != nil || c.State != person.CheckLinked || w.level(account) != auth.Verified {
			t.Fatalf("%v; the check is %s and the account %s", err, c.State, w.level(account))
		}
		p, l, ok, err := w.Mine(hanh)
		if err != nil || !ok || p.Facts.Name != "Nguyễn Thị Hạnh" || l.Basis != person.BasisCounter || l.By != "Lê Thu Trang" {
			t.Errorf("linked to %+v by %+v, %v", p, l, err)
		}
		_, err = w.Confirm(clerk, c.ID, []string{"1"}, nil)
		kind(t, "confirmed twice", err, errs.Conflict)
		_, err = w.Compare(clerk, c.ID, []string{"2"})
		kind(t, "another counter looks", err, errs.NotFound)

		// Somebody with the same card takes nothing over without a second colleague.
		c, err = w.verify(clerk, other, hanhsCard)
		if err != nil || c.State != person.CheckWaiting || w.level(account) != auth.Verified {
			t.Fatalf("a second account: %v, %s", err, c.State)
		}
		_, err = w.Confirm(clerk, c.ID, []string{"1"}, nil)
		kind(t, "the same clerk twice", err, errs.Forbidden)
		second, _ := w.as("motcua2", "Phạm Quốc Huy", auth.KindOfficer)
		if c, err = w.Confirm(second, c.ID, []string{"1"}, nil); err != nil || c.State != person.CheckLinked || w.level(account) != auth.Registered {
			t.Errorf("confirmed by a colleague: %v, %s, the old account is %s", err, c.State, w.level(account))
		}
		if err := w.Unlink(other); err != nil || w.level(c.Account) != auth.Registered {
			t.Errorf("its owner lets it go: %v", err)
		}
	})
}

func TestTheNationalIdentityLinksOncePerPerson(t *testing.T) {
	withAccounts(t, func(w world) {
		_, one := w.as("0912000001", "Hạnh", auth.KindCitizen)
		_, two := w.as("0912000002", "Hạnh", auth.KindCitizen)
		link := func(account int64, n person.Number, f person.Facts) (p person.Person, err error) {
			err = w.d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
				p, err = w.LinkNational(tx, account, n, f)
				return err
			})
			return p, err
		}
		told := person.Facts{Name: "Nguyễn Thị Hạnh", Born: "1996-09-02"}
		p, err := link(one, "999196000001", told)
		if err != nil || w.level(one) != auth.Verified {
			t.Fatal(err, w.level(one))
		}
		told.Address = "Tổ 5"
		again, err := link(one, "999196000001", told)
		if err != nil || again.ID != p.ID || again.Facts.Address != "Tổ 5" {
			t.Errorf("again: %v, %+v", err, again)
		}
		_, err = link(two, "999196000001", told)
		kind(t, "a second account", err, errs.Conflict)
		_, err = link(one, "999196000002", told)
		kind(t, "another person", err, errs.Conflict)
		if err := w.d.View(t.Context(), func(_ context.Context, v *db.View) error {
			account, ok, err := w.AccountOf(v, "999196000001")
			if account != one || !ok {
				t.Errorf("the number leads to %d", account)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// What pointed at either of two rows is found again, and found apart after the merge is undone.
func TestTwoRowsBecomeOnePersonAndTwoAgain(t *testing.T) {
	withAccounts(t, func(w world) {
		steward, _ := w.as("dulieu", "Kiều Bảo Ngọc", auth.KindOfficer)
		_, account := w.as("0912000001", "Hạnh", auth.KindCitizen)
		_, third := w.as("0912000003", "Hạnh", auth.KindCitizen)
		told := person.Facts{Name: "Nguyễn Thị Hạnh", Born: "1996-09-02", Old: "012345678", Phone: "0912000001"}
		var a, b, c person.Person
		in := func(f func(tx *db.Tx) error) {
			t.Helper()
			if err := w.d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error { return f(tx) }); err != nil {
				t.Fatal(err)
			}
		}
		in(func(tx *db.Tx) (err error) { a, err = w.LinkNational(tx, account, "999196000001", told); return err })
		in(func(tx *db.Tx) (err error) { b, err = w.Remember(tx, "999196000009", told); return err })
		in(func(tx *db.Tx) (err error) {
			c, err = w.Remember(tx, "999196000005", person.Facts{Name: "Lê Thị Mận", Born: "1996-09-02", Phone: "0912000001"})
			return err
		})
		pairs, err := w.Duplicates(steward)
		if err != nil || len(pairs) != 1 || !slices.Equal(pairs[0].Why, []string{"old", "birth", "call"}) {
			t.Fatalf("%d pairs, %v: %+v", len(pairs), err, pairs)
		}
		kind(t, "without a reason", w.Merge(steward, a.ID, b.ID, ""), errs.Invalid)
		if err := w.Merge(steward, a.ID, b.ID, "Cùng một người, nhập sai số"); err != nil {
			t.Fatal(err)
		}
		number := func(text string) person.ID {
			found, err := w.Find(steward, text)
			if err != nil || len(found) != 1 {
				t.Fatalf("%s finds %d, %v", text, len(found), err)
			}
			return found[0].ID
		}
		if number("999196000009") != a.ID || number("012345678") != a.ID {
			t.Error("the merged row is not read as the kept one")
		}
		in(func(tx *db.Tx) error {
			ids, err := w.Family(tx, b.ID)
			if !slices.Equal(ids, []person.ID{a.ID, b.ID}) {
				t.Errorf("the family is %v", ids)
			}
			return err
		})
		if pairs, _ := w.Duplicates(steward); len(pairs) != 0 {
			t.Errorf("%d pairs are left", len(pairs))
		}
		ms, err := w.Merges(steward)
		if err != nil || len(ms) != 1 {
			t.Fatal(len(ms), err)
		}
		if err := w.Unmerge(steward, ms[0].ID, "Hóa ra là hai chị em"); err != nil {
			t.Fatal(err)
		}
		kind(t, "undone twice", w.Unmerge(steward, ms[0].ID, "Hóa ra là hai chị em"), errs.Conflict)
		if number("999196000009") != b.ID {
			t.Error("after it was undone the row is not its own")
		}
		if err := w.Apart(steward, a.ID, b.ID, "Hóa ra là hai chị em"); err != nil {
			t.Fatal(err)
		}
		if pairs, _ := w.Duplicates(steward); len(pairs) != 0 {
			t.Error("told apart, they are proposed again")
		}
		// Two accounts of one person: one has to go first.
		in(func(tx *db.Tx) (err error) { _, err = w.LinkNational(tx, third, c.Number, person.Facts{}); return err })
		kind(t, "both have an account", w.Merge(steward, a.ID, c.ID, "Cùng một người"), errs.Conflict)
		if err := w.UnlinkOf(steward, c.ID, person.WhyDuplicate, "Tài khoản thứ hai"); err != nil || w.level(third) != auth.Registered {
			t.Fatal(err)
		}
		if err := w.Merge(steward, a.ID, c.ID, "Cùng một người"); err != nil {
			t.Fatal(err)
		}
	})
}

// Facts that disagree wait for a decision, and a look without a dossier for a reason.
func TestFactsAreSettledAndLooksHaveABasis(t *testing.T) {
	withAccounts(t, func(w world) {
		clerk, _ := w.as("motcua", "Lê Thu Trang", auth.KindOfficer)
		citizen, _ := w.as("0912000001", "Hạnh", auth.KindCitizen)
		var p person.Person
		for _, f := range []person.Facts{{Name: "Nguyễn Thị Hạnh", Address: "Tổ 4"}, {Name: "NGUYỄN THỊ HẠNH", Address: "Tổ 9"}} {
			if err := w.d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) (err error) {
				p, err = w.Remember(tx, "999196000001", f)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if d := p.Facts.Differs(p.Claim); len(d) != 1 || d[0].Field != "address" || p.Facts.Address != "Tổ 4" {
			t.Fatalf("%+v differ by %+v", p, d)
		}
		if _, err := w.Settle(clerk, p.ID, "1", []string{"address"}, "Mới chuyển nhà"); err != nil {
			t.Fatal(err)
		}
		if p, _ = w.Get(clerk, p.ID); p.Facts.Address != "Tổ 9" || p.Claim != (person.Facts{}) {
			t.Errorf("settled, it is %+v", p)
		}
		_, err := w.Settle(clerk, p.ID, "1", nil, "Mới chuyển nhà")
		kind(t, "nothing to settle", err, errs.Conflict)
		_, err = w.Reveal(clerk, p.ID, person.Basis{Kind: person.BasisDuty})
		kind(t, "no reason", err, errs.Invalid)
		_, err = w.Reveal(citizen, p.ID, person.Basis{Kind: person.BasisDuty, Reason: "Tò mò một chút"})
		kind(t, "no officer", err, errs.Forbidden)
		if got, err := w.Reveal(clerk, p.ID, person.Basis{Kind: person.BasisDuty, Reason: "Trả lời đơn thư"}); err != nil || got.Number != "999196000001" {
			t.Errorf("opened %v, %v", got.Number, err)
		}
	})
}

func TestTaxCodesHaveACheckDigit(t *testing.T) {
	for text, want := range map[string]person.TaxCode{
		"0100112437": "0100112437", "0100684378": "0100684378", "0100112437-001": "0100112437-001", "0100112438": "", "0100112437-000": "", "01001124": "", "a": "",
	} {
		if got, ok := person.ParseTaxCode(text); got != want || ok != (want != "") {
			t.Errorf("ParseTaxCode(%q) = %q, %v", text, got, ok)
		}
	}
}
