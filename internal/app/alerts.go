package app

import (
	"context"
	"encoding/json"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/sms"
	"khue/internal/onestop/notify"
)

// courier brings codes by the city's mail and SMS.
type courier struct{ p *Program }

// Has reports whether the city has a channel.
func (c courier) Has(ch factor.Channel) bool { return ch == factor.Email || c.p.SMS != nil }

// Send hands a text over.
func (c courier) Send(ctx context.Context, ch factor.Channel, to, name, subject, text, key string) error {
	if ch == factor.Email {
		return c.p.Mail.Send(ctx, mail.Message{To: to, Name: name, Subject: subject, Text: text, Key: key})
	}
	if c.p.SMS == nil {
		return errs.E(errs.Invalid, "factor.no_channel")
	}
	_, err := c.p.SMS.Send(ctx, sms.Message{To: to, Text: text, Key: key})
	return err
}

// alerts tell the owner of an account what happened to it, on every way there is.
func (p *Program) alerts() journal.Follower {
	return journal.Follower{Name: "app.alerts", Kinds: factor.Kinds(), Tail: true, Fn: p.alert}
}

func (p *Program) alert(_ context.Context, tx *db.Tx, r journal.Record) error {
	if r.Erased {
		return nil
	}
	var t factor.Told
	if err := json.Unmarshal(r.Payload, &t); err != nil {
		return err
	}
	a, err := p.Auth.AccountIn(tx, r.Subject.ID)
	if err != nil {
		return err
	}
	ways, err := p.Ways.WaysIn(tx, a.ID)
	if err != nil {
		return err
	}
	path, err := p.Ways.AlarmPath(a.ID, int64(r.ID), r.At)
	if err != nil {
		return err
	}
	n := notify.Notice{
		Cause: "auth." + r.ID.String(), Kind: notify.Security, Account: a.ID, Name: a.Name, Lang: i18n.VI, Link: "/account", Outside: p.address() + path,
		Text: func(l i18n.Lang) notify.Text { return p.alertText(l, r, t) },
	}
	if c, ok := ways.Contact(factor.Email); ok {
		n.Email = c.Address
	}
	if n.Email == "" && a.Kind == auth.KindOfficer {
		if n.Email, err = p.Officers.MailOf(tx, a.ID); err != nil {
			return err
		}
	}
	if c, ok := ways.Contact(factor.Phone); ok {
		n.Phone = c.Address
	} else if auth.IsPhone(a.Login) {
		n.Phone = a.Login
	}
	return p.Notices.Tell(tx, n)
}

// alertText says what happened: to a locked screen only that there is something to read.
func (p *Program) alertText(l i18n.Lang, r journal.Record, t factor.Told) notify.Text {
	say := func(key string, kv ...any) string { return p.Bundle.T(l, "app.alert."+key, kv...) }
	kind := r.Kind[len("auth."):]
	if kind == "recovery_begun" && t.Way == factor.HowCounter {
		kind = "recovery_counter"
	}
	device := t.Label
	if device == "" {
		device = say("device")
	}
	title := say(kind + ".title")
	what := ""
	if kind == "factor_added" || kind == "factor_removed" {
		what = say("way." + t.Way)
	}
	body := say(kind+".body", "device", device, "network", t.Network, "at", r.At, "way", what, "until", db.Time(t.Until), "by", t.By, "reason", t.Reason)
	return notify.Text{
		Title: title, Subject: say("subject"), Lock: say("lock"), SMS: say("sms", "title", title, "site", p.address()),
		Body: body + "\n\n" + say("not_me"),
	}
}
