package person

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
)

// BusinessID names a business.
type BusinessID = id.Of[Business]

// Business is a body that has a tax code: a company, a branch, a household business. Its
// facts are public.
type Business struct {
	ID         BusinessID
	TaxCode    TaxCode
	Enterprise string // code of the enterprise register where it differs from the tax code
	Name       string
	Address    string
	Legal      string // name of the legal representative
	legalMark  string
	Source     string // paper that the facts are from
	Seen       time.Time
	Version    int64
}

// TaxCode is ten digits, the last a check digit, and for a branch three more after a hyphen.
type TaxCode string

// weights of the first nine digits; the tenth is 10 minus their sum modulo 11 (Circular 95/2016, appendix).
func taxWeights() [9]int { return [9]int{31, 29, 23, 19, 17, 13, 7, 5, 3} }

// ParseTaxCode reads a tax code as people write it.
func ParseTaxCode(s string) (TaxCode, bool) {
	d := digits(s)
	if len(d) != 10 && len(d) != 13 {
		return "", false
	}
	sum := 0
	for i, w := range taxWeights() {
		sum += int(d[i]-'0') * w
	}
	if 10-sum%11 != int(d[9]-'0') {
		return "", false
	}
	if len(d) == 13 {
		if d[10:] == "000" {
			return "", false
		}
		return TaxCode(d[:10] + "-" + d[10:]), true
	}
	return TaxCode(d), true
}

// Branch reports whether it is the code of a branch.
func (c TaxCode) Branch() bool { return len(c) > 10 }

// Told of a business by its certificate.
type NewBusiness struct {
	TaxCode    string
	Enterprise string
	Name       string
	Address    string
	Legal      string // name of the legal representative
	Number     Number // theirs; may be empty
	Source     string
	Unit       string
}

// RecordBusiness keeps a business as its certificate has it; again replaces what was known and
// names in the journal what changed. Invalid with fields.
func (s *Service) RecordBusiness(ctx context.Context, in NewBusiness) (b Business, err error) {
	defer errs.Op(&err, "person.RecordBusiness")
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		b, err = s.RecordBusinessIn(tx, auth.From(ctx), in)
		return err
	})
	return b, err
}

// RecordBusinessIn is RecordBusiness as part of a unit of work.
func (s *Service) RecordBusinessIn(tx *db.Tx, sub auth.Subject, in NewBusiness) (b Business, err error) {
	var bad []errs.Field
	tidy := func(path, text string, low int) string {
		text = i18n.NFC(strings.Join(strings.Fields(text), " "))
		if n := utf8.RuneCountInString(text); n < low || n > maxReason {
			bad = append(bad, errs.Field{Path: path, Key: "person.business." + path})
		}
		return text
	}
	code, ok := ParseTaxCode(in.TaxCode)
	if !ok {
		bad = append(bad, errs.Field{Path: "taxCode", Key: "person.business.taxCode"})
	}
	b = Business{
		ID: id.New[Business](s.d.Gen), TaxCode: code, Name: tidy("name", in.Name, 2), Address: tidy("address", in.Address, 0),
		Legal: tidy("legal", in.Legal, 0), Source: tidy("source", in.Source, 0), Seen: tx.Now(), Version: 1,
	}
	if b.Enterprise = digits(in.Enterprise); b.Enterprise == string(code) {
		b.Enterprise = ""
	}
	if in.Number != "" {
		b.legalMark = s.Mark(in.Number)
	}
	if len(bad) > 0 {
		return b, errs.E(errs.Invalid, "person.business.invalid", errs.WithFields(bad...))
	}
	told := Told{By: sub.Name, Reason: b.Source}
	old, err := businessBy(tx, code)
	switch {
	case errs.Is(err, errs.NotFound):
		err = insertBusiness(tx, b)
	case err == nil:
		b.ID, b.Version = old.ID, old.Version
		for _, x := range [...]struct {
			name    string
			now, as *string
		}{{"name", &b.Name, &old.Name}, {"address", &b.Address, &old.Address}, {"legal", &b.Legal, &old.Legal}, {"enterprise", &b.Enterprise, &old.Enterprise}, {"source", &b.Source, &old.Source}} {
			if *x.now == "" {
				*x.now = *x.as
			} else if *x.now != *x.as {
				told.Fields = append(told.Fields, x.name)
			}
		}
		if b.legalMark == "" {
			b.legalMark = old.legalMark
		}
		err = updateBusiness(tx, b, errs.E(errs.Conflict, "person.moved"))
	}
	if err != nil {
		return b, err
	}
	return b, s.append(tx, KindBusiness, BusinessEntry, int64(b.ID), sub.Account, in.Unit, told)
}

// BusinessBy finds a business by its tax code. NotFound.
func (s *Service) BusinessBy(q db.Querier, code TaxCode) (Business, error) {
	return businessBy(q, code)
}

// Business reads one by id. NotFound.
func (s *Service) Business(q db.Querier, v BusinessID) (Business, error) { return businessOf(q, v) }

// LinkBusiness links an account to the business for which the national identity vouches, as part
// of the unit in which it did, and keeps what that says of it. Again changes nothing. Conflict
// where the business has another account, or the account is another's.
func (s *Service) LinkBusiness(tx *db.Tx, account int64, in NewBusiness) (err error) {
	defer errs.Op(&err, "person.LinkBusiness(%d)", account)
	in.Source = ""
	b, err := s.RecordBusinessIn(tx, auth.Subject{Account: account, Name: in.Name}, in)
	if err != nil {
		return err
	}
	had, err := accountOfBusiness(tx, b.ID)
	switch {
	case err == nil && had == account:
		return nil
	case err == nil:
		return errs.E(errs.Conflict, "person.link.personTaken")
	case !errs.Is(err, errs.NotFound):
		return err
	}
	if _, ok, err := s.BusinessOf(tx, account); err != nil || ok {
		if err == nil {
			err = errs.E(errs.Conflict, "person.link.accountTaken")
		}
		return err
	}
	if err := insertBusinessAccount(tx, account, b.ID); err != nil {
		return err
	}
	return s.append(tx, KindBusinessLinked, BusinessEntry, int64(b.ID), account, "", Told{Basis: BasisNational, Account: account})
}

// BusinessOf is the business that signs in with an account; false where a person does.
func (s *Service) BusinessOf(q db.Querier, account int64) (b Business, ok bool, err error) {
	b, err = businessOfAccount(q, account)
	if errs.Is(err, errs.NotFound) {
		return b, false, nil
	}
	return b, err == nil, err
}

// BusinessAccount is the account with which a business signs in; false where it has none.
func (s *Service) BusinessAccount(q db.Querier, v BusinessID) (account int64, ok bool, err error) {
	account, err = accountOfBusiness(q, v)
	if errs.Is(err, errs.NotFound) {
		return 0, false, nil
	}
	return account, err == nil, err
}

// Itself is the business whose account the subject's is; false for a person.
func (s *Service) Itself(ctx context.Context) (b Business, ok bool, err error) {
	defer errs.Op(&err, "person.Itself")
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		b, ok, err = s.BusinessOf(v, auth.From(ctx).Account)
		return err
	})
	return b, ok, err
}
