package dossier

import (
	"bytes"
	"context"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// follower tells people of what happened to a dossier: its applicant of the milestones, by
// the service's notices or the city's; officers of what falls to them by name or by a
// question to their unit. Most entries cost it a look at their payload.
func (s *Service) follower() journal.Follower {
	return journal.Follower{Name: "dossier.notices", Fn: s.tell}
}

// What an entry must hold for somebody to be told.
var (
	reachedMark = []byte(`"reached":[`)
	askedMark   = []byte(`"role":"` + process.RoleApplicant + `"`)
)

func (s *Service) tell(ctx context.Context, tx *db.Tx, r journal.Record) error {
	if r.Subject.Type != SubjectType || r.Erased {
		return nil
	}
	staff := concernsOfficers(r)
	if !staff && !bytes.Contains(r.Payload, reachedMark) && !bytes.Contains(r.Payload, askedMark) {
		return nil // nearly all entries end here, unread
	}
	l, err := lineOf(r)
	if err != nil || l.Demo || l.Imported {
		return err // what is invented is told to nobody
	}
	if !staff { // of most dossiers from a counter nobody can be told, and the rest is not read
		if some, err := s.reachable(tx, ID(r.Subject.ID)); err != nil || !some {
			return err
		}
	}
	d, filing, err := findFiling(tx, ID(r.Subject.ID))
	if err != nil {
		return err
	}
	if staff {
		if err := s.tellOfficers(tx, r, l, d); err != nil {
			return err
		}
	}
	return s.tellOwner(ctx, tx, r, l, d, filing)
}

// reachable reports whether there is any way to the owner of a dossier.
func (s *Service) reachable(q db.Querier, v ID) (bool, error) {
	account, phone, mail, err := findContact(q, v)
	return s.Notices.Reachable(account, mailOf(Dossier{Mail: mail}), phone), err
}

// milestoneConfirm is told where a step of the process waits for the applicant.
const milestoneConfirm = "confirmAsked"

// milestones are what an entry tells of.
func (l Line) milestones() []string {
	out := slices.Clone(l.Reached)
	asked := slices.ContainsFunc(l.To, func(m Moved) bool { return m.Role == process.RoleApplicant })
	if asked && !slices.Contains(out, "supplementAsked") {
		out = append(out, milestoneConfirm)
	}
	return out
}

// kindOf is what people choose channels by.
func kindOf(milestone string) notify.Kind {
	switch milestone {
	case "supplementAsked", milestoneConfirm, "fileAsked":
		return notify.Asked
	case "issued", milestoneCalled, "refused", "returned", "extended", "lapsed", milestoneRedated:
		return notify.Decision
	default:
		return notify.Course
	}
}

func (s *Service) tellOwner(ctx context.Context, tx *db.Tx, r journal.Record, l Line, d Dossier, f Filing) error {
	milestones := l.milestones()
	if len(milestones) == 0 || !s.Notices.Reachable(d.Submitter, mailOf(d), d.Phone) {
		return nil
	}
	pkg, err := s.pkg(d)
	if err != nil {
		return err
	}
	if f.Applicant.Phone == "" {
		f.Applicant.Phone = d.Phone
	}
	for _, milestone := range milestones {
		if d.Parent != 0 && (milestone == "submitted" || milestone == "issued" || milestone == "returned") {
			continue // its parent tells of these, for all children at once
		}
		if milestone == milestoneMoved && l.Kind != KindMoved {
			continue // an officer put a branch at another step: nothing for the applicant
		}
		n, ok := pkg.NoticeOf(milestone)
		if !ok {
			continue
		}
		if milestone == "submitted" && l.Owed != 0 {
			n = payFirst(n)
		}
		if err := s.tellOne(ctx, tx, telling{cause: r.ID.String(), line: l, dossier: d, filing: f, pkg: pkg, notice: n}); err != nil {
			return err
		}
	}
	return nil
}

// payFirst is the city's word on a filing whose fee is due first, to whom the package tells of
// filings: what packages promise of the one-stop begins only with the payment.
func payFirst(n service.Notice) service.Notice {
	c, ok := service.CityNotice("submittedUnpaid")
	if !ok {
		return n
	}
	c.To = n.To
	return c
}

// mailOf stands for the address, which is in the content.
func mailOf(d Dossier) string {
	if d.Mail {
		return "given"
	}
	return ""
}

// milestoneCalled is that a clerk called the owner of a result; no process reports it.
const milestoneCalled = "called"

// TellCalled tells the owner of a result that it waits for them, by a text message where they
// take one. The same cause tells once.
func (s *Service) TellCalled(ctx context.Context, tx *db.Tx, d Dossier, f Filing, cause string) error {
	pkg, err := s.pkg(d)
	if err != nil {
		return err
	}
	n, _ := pkg.NoticeOf(milestoneCalled)
	if f.Applicant.Phone == "" {
		f.Applicant.Phone = d.Phone
	}
	return s.tellOne(ctx, tx, telling{cause: cause, dossier: d, filing: f, pkg: pkg, notice: n, first: notify.SMS})
}

// telling is a milestone about to be told.
type telling struct {
	cause   string
	line    Line
	dossier Dossier
	filing  Filing
	pkg     *service.Package
	notice  service.Notice
	first   notify.Channel
}

// tellOne tells of one milestone whom its notice names.
func (s *Service) tellOne(ctx context.Context, tx *db.Tx, what telling) error {
	l, d, f, pkg, n := what.line, what.dossier, what.filing, what.pkg, what.notice
	lang, _ := i18n.ParseLang(f.Lang)
	_, declared := pkg.Notices[n.Event]
	page := "/dossiers/" + url.PathEscape(d.Code)
	notice := notify.Notice{
		Cause: what.cause + "." + n.Event, Kind: kindOf(n.Event), Unit: d.Competent, Lang: lang, Link: page, First: what.first,
		Text: func(lang i18n.Lang) notify.Text {
			due := ""
			if l.Due != 0 {
				due = i18n.DateTime(lang, db.Time(l.Due))
			}
			t := n.Write(lang, map[string]string{
				"dossier.code": d.Code, "dossier.due": due, "applicant": d.Applicant, "service": pkg.Name().In(lang), "case": pkg.CaseName(d.Case).In(lang),
			})
			if n.Event == milestoneRedated && !declared {
				t.Subject, t.Body = s.redateNotice(ctx, lang, d, l, pkg)
			}
			text := notify.Text{Title: t.Subject, Body: t.Body, SMS: t.SMS, Lock: t.Lock}
			if text.Lock == "" {
				// An event of this service alone: its title may tell what the dossier is about.
				text.Lock = s.words.T(lang, "dossier.tell.lock", "code", d.Code)
				text.Subject = text.Lock
			}
			return text
		},
	}
	outside := strings.TrimSuffix(s.Address, "/") + page + "?k=" + url.QueryEscape(s.AccessKey(d.Code))
	tell := func(account int64, p Party) error {
		who := notice
		who.Account, who.Name, who.Email, who.Phone, who.Outside = account, p.Name, p.Email, p.Phone, outside
		return s.Notices.Tell(tx, who)
	}
	var told []string // one person may be both
	for _, to := range n.To {
		switch to {
		case "applicant":
			p := f.Applicant
			p.Name = d.Applicant
			told = append(told, p.Email+p.Phone)
			if err := tell(d.Submitter, p); err != nil {
				return err
			}
		case "submitter":
			if p := f.Submitter; p.Name != "" && !slices.Contains(told, p.Email+p.Phone) {
				if err := tell(d.Submitter, p); err != nil {
					return err
				}
			}
		case "holder", "head":
			if err := s.tellDesk(tx, notice, d, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellDesk tells the officers who hold a dossier now, or their heads, of a milestone.
func (s *Service) tellDesk(tx *db.Tx, n notify.Notice, d Dossier, to string) error {
	tasks, err := tasksOf(tx, d.ID)
	if err != nil {
		return err
	}
	n.Kind, n.Lang, n.Link = notify.Work, i18n.VI, deskPage(d.Code)
	for _, t := range tasks {
		if !t.Open || t.Role == process.RoleApplicant {
			continue
		}
		people, err := s.warned(tx, t, service.WarnTo(to))
		if err != nil {
			return err
		}
		for _, a := range people {
			n.Account, n.Name = a.ID, a.Name
			if err := s.Notices.Tell(tx, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// deskPage is where officers read a dossier.
func deskPage(code string) string { return "/desk/dossiers/" + url.PathEscape(code) }

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
