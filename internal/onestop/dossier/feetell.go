package dossier

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/payment"
)

// The events of a fee that its payer is told of, as texts name them ("dossier.feeTell.asked").
const (
	feeAsked    = "asked"
	feeAgain    = "again" // by a new code
	feeReceived = "received"
	feeShort    = "short"
	feeOver     = "over"
	feeLate     = "late"
	feeExpired  = "expired"
	feeRefunded = "refunded"
)

// feeTold is what an entry about an order tells its payer; "" where nothing. Money that came on top
// is one event with two entries, told once.
func feeTold(r journal.Record, h payment.Happened) string {
	switch r.Kind {
	case payment.KindOpened:
		return feeAsked
	case payment.KindPaid:
		if h.State == payment.Over {
			return ""
		}
		return feeReceived
	case payment.KindPartial:
		return feeShort
	case payment.KindOver:
		return feeOver
	case payment.KindLate:
		return feeLate
	case payment.KindRefunded:
		return feeRefunded
	case payment.KindCancelled:
		if h.State == payment.Expired {
			return feeExpired
		}
	}
	return ""
}

// feeNotices tells the payer of a dossier's fee: asked, received, too little, too much, too late,
// over, given back. Each entry is told once, by the cause of its notice.
func (s *Service) feeNotices() journal.Follower {
	kinds := []string{payment.KindOpened, payment.KindPaid, payment.KindPartial, payment.KindOver, payment.KindLate, payment.KindCancelled, payment.KindRefunded}
	return journal.Follower{Name: "dossier.feeNotices", Kinds: kinds, Tail: true, Fn: func(ctx context.Context, tx *db.Tx, r journal.Record) error {
		if r.Erased || !slices.Contains(kinds, r.Kind) {
			return nil
		}
		h, err := payment.ReadHappened(r)
		if err != nil || h.Type != SubjectType {
			return err
		}
		event := feeTold(r, h)
		if event == "" {
			return nil
		}
		if some, err := s.reachable(tx, ID(h.Source)); err != nil || !some {
			return err
		}
		d, f, err := findFiling(tx, ID(h.Source))
		if err != nil {
			return err
		}
		o, err := s.Payments.FindIn(tx, payment.OrderID(r.Subject.ID))
		if err != nil || event == feeAsked && !o.Payable() {
			return err // nobody is asked for what they paid at the counter a moment ago
		}
		if event == feeAsked && o.Renews != 0 {
			event = feeAgain
		}
		return s.tellPayer(ctx, tx, event, r.ID.String(), h, o, d, f)
	}}
}

// tellPayer writes a notice about an order to the applicant, and to who filed for them.
func (s *Service) tellPayer(ctx context.Context, tx *db.Tx, event, cause string, h payment.Happened, o payment.Order, d Dossier, f Filing) error {
	kind := notify.Decision
	switch event {
	case feeAsked, feeAgain, feeShort:
		kind = notify.Asked
	case feeReceived:
		kind = notify.Course
	}
	lang, _ := i18n.ParseLang(f.Lang)
	link := s.Payments.Link(o.ID)
	if event == feeReceived {
		link = s.Payments.ReceiptLink(o.ID)
	}
	if f.Applicant.Phone == "" {
		f.Applicant.Phone = d.Phone
	}
	f.Applicant.Name = d.Applicant
	n := notify.Notice{
		Cause: cause + ".fee", Kind: kind, Unit: o.Unit, Account: d.Submitter, Lang: lang, Link: link, Outside: strings.TrimSuffix(s.Address, "/") + link,
		Text: func(l i18n.Lang) notify.Text { return s.feeText(l, event, h, o, d) },
	}
	var told []string // one person may be both
	for _, p := range []Party{f.Applicant, f.Submitter} {
		if p.Name == "" || slices.Contains(told, p.Email+p.Phone) {
			continue
		}
		told = append(told, p.Email+p.Phone)
		n.Name, n.Email, n.Phone = p.Name, p.Email, p.Phone
		if err := s.Notices.Tell(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// feeText writes what is told. A short message and a locked screen carry no name and no amount.
func (s *Service) feeText(l i18n.Lang, event string, h payment.Happened, o payment.Order, d Dossier) notify.Text {
	money := func(v int64) string { return i18n.Money(l, v) }
	until := ""
	if !o.ExpiresAt.IsZero() {
		until = s.words.T(l, "dossier.feeTell.until", "at", i18n.DateTime(l, o.ExpiresAt))
	}
	unit, _ := s.Units.Now().Get(o.Unit)
	kv := []any{
		"code", d.Code, "name", d.Applicant, "amount", money(h.Amount), "moved", money(h.Moved), "held", money(h.Held), "left", money(max(h.Amount-h.Held, 0)),
		"excess", money(max(h.Held-h.Amount, 0)), "reference", o.Reference, "unit", unit.Name, "until", until, "how", s.howToPay(l, o),
	}
	if event == feeAgain { // what came by the old code need not come again
		kv = append(kv, "due", money(o.Due()))
	}
	t := func(part string) string { return s.words.T(l, "dossier.feeTell."+event+"."+part, kv...) }
	lock := s.words.T(l, "dossier.tell.lock", "code", d.Code)
	return notify.Text{Title: t("title"), Subject: lock, Lock: lock, SMS: t("sms"), Body: strings.TrimSpace(t("body"))}
}

// howToPay are the ways in which an order can be paid, a sentence each.
func (s *Service) howToPay(l i18n.Lang, o payment.Order) string {
	p := s.Payments.ToPay(o)
	unit, _ := s.Units.Now().Get(o.Unit)
	var out []string
	say := func(key string, kv ...any) { out = append(out, "- "+s.words.T(l, "dossier.feeTell.how."+key, kv...)) }
	if p.QR != "" {
		say("transfer", "account", p.Payee.Account, "holder", p.Payee.Holder, "amount", i18n.Money(l, o.Due()), "reference", o.Reference)
	}
	if p.Gateway != "" {
		if u, err := url.Parse(p.Gateway); err == nil {
			say("gateway", "host", u.Host)
		}
	}
	say("counter", "unit", unit.Name, "reference", o.Reference)
	return strings.Join(out, "\n")
}
