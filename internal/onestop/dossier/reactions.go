package dossier

import (
	"bytes"
	"context"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
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
	staff := s.concernsOfficers(r)
	if !staff && !bytes.Contains(r.Payload, reachedMark) && !bytes.Contains(r.Payload, askedMark) {
		return nil // nearly all entries end here, unread
	}
	l, err := lineOf(r)
	if err != nil || l.Demo {
		return err // what is invented is told to nobody
	}
	d, err := findByID(tx, ID(r.Subject.ID))
	if err != nil {
		return err
	}
	if staff {
		if err := s.tellOfficers(tx, r, l, d); err != nil {
			return err
		}
	}
	return s.tellOwner(ctx, tx, r, l, d)
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
	case "issued", "refused", "returned", "extended", "lapsed", milestoneRedated:
		return notify.Decision
	default:
		return notify.Course
	}
}

func (s *Service) tellOwner(ctx context.Context, tx *db.Tx, r journal.Record, l Line, d Dossier) error {
	milestones := l.milestones()
	if len(milestones) == 0 || !s.Notices.Reachable(d.Submitter, mailOf(d), d.Phone) {
		return nil
	}
	pkg, err := s.pkg(d)
	if err != nil {
		return err
	}
	var filing *Filing
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
		if filing == nil {
			c, err := findContent(tx, d.ID)
			if err != nil {
				return err
			}
			filing = &c.Filing
		}
		if err := s.tellOne(ctx, tx, r, l, d, pkg, n, *filing); err != nil {
			return err
		}
	}
	return nil
}

// mailOf stands for the address, which is in the content.
func mailOf(d Dossier) string {
	if d.Mail {
		return "given"
	}
	return ""
}

// tellOne tells of one milestone whom its notice names.
func (s *Service) tellOne(ctx context.Context, tx *db.Tx, r journal.Record, l Line, d Dossier, pkg *service.Package, n service.Notice, f Filing) error {
	lang, _ := i18n.ParseLang(f.Lang)
	_, declared := pkg.Notices[n.Event]
	page := "/dossiers/" + url.PathEscape(d.Code)
	notice := notify.Notice{
		Cause: r.ID.String() + "." + n.Event, Kind: kindOf(n.Event), Lang: lang, Link: page,
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
			return notify.Text{Title: t.Subject, Body: t.Body, SMS: t.SMS, Lock: t.Lock}
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

// concernsOfficers reports whether an entry is of a kind that officers are told of by name
// or unit.
func (s *Service) concernsOfficers(r journal.Record) bool {
	switch r.Kind {
	case KindAssigned, KindOf(process.DoConsult):
		return true
	}
	return bytes.Contains(r.Payload, whomMark)
}

// whomMark stands in entries that name accounts to be told: a mention, an order.
var whomMark = []byte(`"whom":[`)

// ordersPage is where an order is answered, and where its answer is read.
func ordersPage(code, kind string) string {
	if kind == KindOrdered {
		return "/desk/orders"
	}
	return deskPage(code) + "/order"
}

// maxAsked bounds how many of a unit are told of a question to it.
const maxAsked = 50

// tellOfficers tells who was given a task, mentioned, ordered, or asked for an opinion.
// Nobody is told of what they did themselves.
func (s *Service) tellOfficers(tx *db.Tx, r journal.Record, l Line, d Dossier) error {
	n := notify.Notice{Kind: notify.Work, Cause: r.ID.String(), Lang: i18n.VI, Link: deskPage(d.Code)}
	word := "assigned"
	var people []auth.Account
	switch {
	case r.Kind == KindOf(process.DoConsult):
		word = "consulted"
		for _, m := range l.To {
			if m.Step == l.Step || m.Unit == 0 {
				continue
			}
			asked, err := s.post(tx, orgunit.UnitID(m.Unit), m.Role, clock.DateOf(l.At))
			if err != nil {
				return err
			}
			people = append(people, asked[:min(len(asked), maxAsked)]...)
		}
	default:
		switch {
		case r.Kind == KindAssigned:
		case strings.Contains(r.Kind, "order"):
			word, n.Kind = strings.TrimPrefix(r.Kind, "dossier."), notify.Order
			if r.Kind != KindOrderClosed {
				n.Link = ordersPage(d.Code, r.Kind)
			}
		default:
			word = "mentioned"
		}
		for _, w := range l.Whom {
			a, err := s.Accounts.Known(tx, w)
			if err != nil {
				continue //nolint:nilerr // an account that is not known is told nothing
			}
			people = append(people, a)
		}
	}
	n.Text = func(lang i18n.Lang) notify.Text {
		kv := []any{"code", d.Code, "by", l.By}
		return notify.Text{
			Title: s.words.T(lang, "dossier.tell."+word+".title", kv...), Body: s.words.T(lang, "dossier.tell."+word+".body", kv...),
			Lock: s.words.T(lang, "dossier.tell."+word+".title", kv...),
		}
	}
	for _, a := range people {
		if a.ID == r.Actor {
			continue
		}
		n.Account, n.Name = a.ID, a.Name
		if err := s.Notices.Tell(tx, n); err != nil {
			return err
		}
	}
	return nil
}
