package payment

import (
	"slices"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// Kind is what an account of the ledger is for. A unit has one account of each kind.
type Kind string

// The accounts. Money is on hand in the first five; what people owe, what is earned and what
// is owed to people are the others.
const (
	Treasury   Kind = "treasury"   // the unit's account with the State Treasury or its bank
	Gateway    Kind = "gateway"    // taken by the gateway, not yet in Treasury
	Card       Kind = "card"       // taken by the card terminal, not yet in Treasury
	CashBox    Kind = "cash"       // notes in the cashier's box
	Deposit    Kind = "deposit"    // taken out of the box for Treasury, not yet there
	Receivable Kind = "receivable" // ordered and not paid
	Revenue    Kind = "revenue"    // fees ordered
	Suspense   Kind = "suspense"   // money whose purpose is not known, or more than was owed
	Refunds    Kind = "refunds"    // to be paid back, decided by two persons
	Difference Kind = "difference" // what a count of the box was over or short, explained
)

// Kinds lists the accounts of a unit.
func Kinds() []Kind {
	return []Kind{Treasury, Gateway, Card, CashBox, Deposit, Receivable, Revenue, Suspense, Refunds, Difference}
}

// Account names one account of the ledger.
type Account struct {
	Unit orgunit.UnitID
	Kind Kind
}

// String is the account as it is stored: "7031:treasury".
func (a Account) String() string { return a.Unit.String() + ":" + string(a.Kind) }

// Move debits To by what it credits From. A row of the ledger is one move, so that there is
// no way to write half of one, in Go or in SQL.
type Move struct {
	From, To Account
	Amount   int64 // whole đồng, more than zero
}

// Txn is a transaction of the ledger: moves that are booked together. The zero Txn books nothing.
type Txn struct{ moves []Move }

// maxDong bounds one amount: far above any fee, far below what a million of them would need
// to overflow.
const maxDong = 1_000_000_000_000

// Move adds a move. Invalid where amount is not from 1 to 10^12.
func (t Txn) Move(from, to Account, amount int64) (Txn, error) {
	if amount <= 0 || amount > maxDong || from == to {
		return t, errs.E(errs.Invalid, "payment.amount", errs.P("max", int64(maxDong)))
	}
	return Txn{append(t.moves[:len(t.moves):len(t.moves)], Move{from, to, amount})}, nil
}

// Moves are what the transaction books.
func (t Txn) Moves() []Move { return append([]Move(nil), t.moves...) }

// leg is one account's part of a difference.
type leg struct {
	account Account
	amount  int64
}

// position is what something means for the books. Positions made by this package sum to zero.
type position map[Account]int64

// between is the transaction that leads from one position to another. Internal where either
// does not sum to zero: then nothing is booked.
func between(before, after position) (t Txn, err error) {
	var from, to []leg
	diff := position{}
	for a, v := range after {
		diff[a] += v
	}
	for a, v := range before {
		diff[a] -= v
	}
	for a, v := range diff {
		switch {
		case v > 0:
			to = append(to, leg{a, v})
		case v < 0:
			from = append(from, leg{a, -v})
		}
	}
	order := func(l []leg) {
		slices.SortFunc(l, func(a, b leg) int { return strings.Compare(a.account.String(), b.account.String()) })
	}
	order(from)
	order(to)
	for len(from) > 0 && len(to) > 0 {
		n := min(from[0].amount, to[0].amount)
		if t, err = t.Move(from[0].account, to[0].account, n); err != nil {
			return Txn{}, err
		}
		if from[0].amount -= n; from[0].amount == 0 {
			from = from[1:]
		}
		if to[0].amount -= n; to[0].amount == 0 {
			to = to[1:]
		}
	}
	if len(from)+len(to) > 0 {
		return Txn{}, errs.E(errs.Internal, "payment.unbalanced")
	}
	return t, nil
}
