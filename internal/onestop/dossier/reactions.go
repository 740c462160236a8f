package dossier

import (
	"bytes"
	"context"
	"net/url"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/service"
)

// follower tells the applicant of the milestones for which the service declares a notice.
// Most entries cost it a look at their payload: only those of a dossier with an e-mail
// address are read further.
func (s *Service) follower() journal.Follower {
	return journal.Follower{Name: "dossier.notices", Fn: s.tell}
}

// mailMark stands in the payload of every entry about a dossier with an address.
var mailMark = []byte(`"mail":true`)

func (s *Service) tell(ctx context.Context, tx *db.Tx, r journal.Record) error {
	if r.Subject.Type != SubjectType || !bytes.Contains(r.Payload, mailMark) {
		return nil // nearly all entries end here, unread
	}
	l, err := lineOf(r)
	if err != nil || !l.Mail || len(l.Reached) == 0 {
		return err
	}
	d, err := findByID(tx, ID(r.Subject.ID))
	if err != nil {
		return err
	}
	pkg, err := s.pkg(d)
	if err != nil {
		return err
	}
	var c Content
	for _, milestone := range l.Reached {
		if d.Parent != 0 && (milestone == "submitted" || milestone == "issued") {
			continue // its parent tells of these, for all children at once
		}
		n, ok := pkg.Notices[milestone]
		if !ok && milestone != milestoneRedated {
			continue
		}
		if c.Filing.Applicant.Email == "" {
			if c, err = findContent(tx, d.ID); err != nil {
				return err
			}
		}
		lang, _ := i18n.ParseLang(c.Filing.Lang)
		due := ""
		if l.Due != 0 {
			due = i18n.DateTime(lang, db.Time(l.Due))
		}
		subject, body := n.Write(lang, map[string]string{"dossier.code": d.Code, "dossier.due": due, "applicant": d.Applicant})
		if !ok {
			subject, body = s.redateNotice(ctx, lang, d, l, pkg)
		}
		link := strings.TrimSuffix(s.Address, "/") + "/dossiers/" + url.PathEscape(d.Code) + "?k=" + url.QueryEscape(s.AccessKey(d.Code))
		err = s.Notices.Send(tx, notify.Message{
			Cause: r.ID.String() + "." + milestone, To: c.Filing.Applicant.Email, Name: d.Applicant, Subject: subject, Body: body + "\n\n" + link + "\n",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// redateNotice tells of a date that a change of the calendar moved; a service may declare
// its own (notify/redated.yaml).
func (s *Service) redateNotice(ctx context.Context, lang i18n.Lang, d Dossier, l Line, pkg *service.Package) (subject, body string) {
	why := ""
	if r, ok := s.ReasonAt(l, d, pkg); ok {
		why = r.Words(i18n.WithLang(ctx, s.words, lang))
	}
	kv := []any{"code", d.Code, "name", d.Applicant, "due", i18n.DateTime(lang, db.Time(l.Due)), "why", why}
	return s.words.T(lang, "dossier.redate.subject", kv...), s.words.T(lang, "dossier.redate.body", kv...)
}
