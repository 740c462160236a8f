package payment

import (
	"context"
	"io"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// Verdict is what a line of a statement turned out to be.
type Verdict string

// The verdicts.
const (
	Known      Verdict = "known"      // the bank had told of it
	Found      Verdict = "found"      // its notice was lost: the statement paid an order
	Unplaced   Verdict = "unknown"    // nobody knows what for: in suspense
	Settlement Verdict = "settlement" // the gateway or card acquirer paid out what it had taken
	Deposited  Verdict = "deposit"    // cash of closed shifts
	Changed    Verdict = "changed"    // the bank had told another amount
	Outgoing   Verdict = "out"        // money that went without an order: bank charges
)

// Imported says what an import found.
type Imported struct {
	Lines       int
	Repeated    int // kept before
	By          map[Verdict]int
	First, Last clock.Date // of its lines; zero where it has none
}

// Marks in the text of a line that is no payment of an order.
const (
	markGateway = "QTCONG" // settlement of the gateway
	markCard    = "QTTHE"  // of the card acquirer
	markCash    = "NOPQUY" // cash brought to the bank
)

// Import reads a statement file of a unit's account and counts what was not told before. A
// file may be imported again: each line counts once. Invalid with the line for what cannot be
// read, and for an account that is not the unit's: nothing of the file counts then.
func (s *Service) Import(ctx context.Context, u orgunit.UnitID, r io.Reader) (out Imported, err error) {
	defer errs.Op(&err, "payment.Import")
	if err := s.Policies.Can(ctx, actReconcile, s.ofUnit(u)); err != nil {
		return out, err
	}
	all, err := ReadStatement(r)
	if err != nil {
		return out, err
	}
	for _, st := range all {
		if of, ok := s.Payees.UnitOf(st.Account); !ok || of != u {
			return out, errs.E(errs.Invalid, "payment.statement.account", errs.P("account", st.Account))
		}
	}
	out.By = map[Verdict]int{}
	for _, st := range all {
		for _, l := range st.Lines {
			v, again, err := s.line(ctx, u, st.Account, l)
			if err != nil {
				return out, err
			}
			out.Lines++
			if day := clock.DateOf(l.At); out.First.IsZero() || day.Before(out.First) {
				out.First = day
			}
			if day := clock.DateOf(l.At); day.After(out.Last) {
				out.Last = day
			}
			if again {
				out.Repeated++
			} else {
				out.By[v]++
			}
		}
	}
	return out, s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		_, err := s.Journal.Append(tx, journal.Entry{Kind: KindImported, Subject: journal.Subject{Type: "payment.statement", ID: s.Gen.Next()}, Actor: auth.From(ctx).Account, Unit: u.String()})
		return err
	})
}

// line counts one line. The money counts before the line is kept: after a fault between the
// two the line comes again and finds the money counted.
func (s *Service) line(ctx context.Context, u orgunit.UnitID, account string, l StatementLine) (v Verdict, again bool, err error) {
	var was counted
	var told bool
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		var k kept
		if k, again, err = findLine(q, u, l.Ref); err != nil || again {
			v = k.Verdict
			return err
		}
		was, told, err = findNotice(q, ByBank, l.Ref)
		return err
	})
	if err != nil || again {
		return v, again, err
	}
	var t Txn
	treasury := Account{u, Treasury}
	text := strings.ReplaceAll(strings.ToUpper(l.Text), " ", "")
	from := map[Verdict]Kind{}
	switch {
	case told && was.Amount == l.Amount:
		if v = Known; was.Via == "statement" { // a fault came between the money and its line
			if v = Found; was.Order == 0 {
				v = Unplaced
			}
		}
	case told:
		v = Changed
	case l.Amount < 0:
		v = Outgoing
	case strings.Contains(text, markGateway):
		v, from[Settlement] = Settlement, Gateway
	case strings.Contains(text, markCard):
		v, from[Settlement] = Settlement, Card
	case strings.Contains(text, markCash):
		v, from[Deposited] = Deposited, Deposit
	default:
		got, err := s.Take(ctx, Notice{Way: ByBank, External: l.Ref, Amount: l.Amount, Reference: FindReference(l.Text), Text: l.Text, Account: account, At: l.At}, Origin{Via: "statement", Unit: u})
		if err != nil {
			return v, false, err
		}
		if v = Found; got.Order == 0 {
			v = Unplaced
		}
	}
	if k, ok := from[v]; ok {
		if t, err = t.Move(Account{u, k}, treasury, l.Amount); err != nil {
			return v, false, err
		}
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := insertLine(tx, kept{s.Gen.Next(), u, l.Ref, l.Amount, db.Millis(l.At), l.Text, v}); err != nil {
			return err
		}
		return s.book(tx, t, 0)
	})
	if db.IsUnique(err) {
		return v, true, nil // somebody imports the same file
	}
	return v, false, err
}

// Item is one difference between the bank's word and the books, explained by its kind.
type Item struct {
	Kind   string // found, unknown, changed, out, unstated
	Ref    string
	Amount int64 // stated less booked before the statement was read
	Text   string
}

// Reconciled is a day of a unit's account.
type Reconciled struct {
	Day    clock.Date
	Stated int64 // sum of the statement's lines; 0 without a statement
	Told   int64 // what notices, settlements and deposits had said of the same day
	Lines  int
	Items  []Item // their amounts sum to Stated - Told
	// Balances of the unit's accounts now.
	Balances map[Kind]int64
	Shifts   []Shift // of the unit, with their differences
}

// Reconcile compares a day of a unit's account with what was told of it, and explains each
// difference.
func (s *Service) Reconcile(ctx context.Context, u orgunit.UnitID, day clock.Date) (out Reconciled, err error) {
	defer errs.Op(&err, "payment.Reconcile")
	if err := s.Policies.Can(ctx, actReconcile, s.ofUnit(u)); err != nil {
		return out, err
	}
	out = Reconciled{Day: day, Balances: map[Kind]int64{}}
	from, until := db.Millis(day.At(0, 0)), db.Millis(day.AddDays(1).At(0, 0))
	var lines []kept
	var notices []counted
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if lines, err = linesOn(q, u, from, until); err != nil {
			return err
		}
		if notices, err = noticesOn(q, u, from, until); err != nil {
			return err
		}
		out.Shifts, err = shiftsOf(q, u, 30)
		return err
	})
	if err != nil {
		return out, err
	}
	told := map[string]counted{}
	for _, n := range notices {
		if n.Way != ByBank || n.Via == "statement" {
			continue
		}
		told[n.External] = n
		out.Told += n.Amount
	}
	for _, l := range lines {
		out.Lines++
		out.Stated += l.Amount
		n, had := told[l.Ref]
		delete(told, l.Ref)
		switch l.Verdict {
		case Settlement, Deposited:
			out.Told += l.Amount
			continue
		}
		switch {
		case had && n.Amount == l.Amount:
		case had:
			out.Items = append(out.Items, Item{string(Changed), l.Ref, l.Amount - n.Amount, l.Text})
		default:
			kind := string(l.Verdict)
			if l.Verdict == Known || l.Verdict == Changed {
				kind = "shifted" // told of another day
			}
			out.Items = append(out.Items, Item{kind, l.Ref, l.Amount, l.Text})
		}
	}
	for _, n := range notices {
		if _, left := told[n.External]; left && n.Way == ByBank && n.Via != "statement" {
			out.Items = append(out.Items, Item{"unstated", n.External, -n.Amount, ""})
		}
	}
	for _, k := range Kinds() {
		if out.Balances[k], err = s.Balance(ctx, Account{u, k}); err != nil {
			return out, err
		}
	}
	return out, nil
}
