package dossier

import (
	"encoding/json"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// addressed are the accounts that an entry names, whatever its kind.
type addressed struct {
	Whom []int64 `json:"whom"`
}

// concernsOfficers reports whether an entry is of a kind that officers are told of by name
// or unit.
func concernsOfficers(r journal.Record) bool {
	switch r.Kind {
	case KindNote, KindAssigned, KindOf(process.DoConsult), KindOrdered, KindOrderAnswered, KindOrderClosed:
		return true
	}
	return false
}

// maxAsked bounds how many of a unit are told of a question to it.
const maxAsked = 50

// tellOfficers tells who was given a task, mentioned, ordered, or asked for an opinion.
// Nobody is told of what they did themselves.
func (s *Service) tellOfficers(tx *db.Tx, r journal.Record, l Line, d Dossier) error {
	var to addressed
	if err := json.Unmarshal(r.Payload, &to); err != nil {
		return err
	}
	tell := func(word string, kind notify.Kind, accounts ...int64) error {
		n := notify.Notice{
			Kind: kind, Unit: d.Competent, Cause: r.ID.String() + "." + word, Lang: i18n.VI, Link: deskPage(d.Code),
			Text: func(lang i18n.Lang) notify.Text {
				title := s.words.T(lang, "dossier.tell."+word+".title", "code", d.Code)
				return notify.Text{Title: title, Lock: title, Body: s.words.T(lang, "dossier.tell."+word+".body", "code", d.Code, "by", l.By)}
			},
		}
		switch r.Kind {
		case KindOrdered:
			n.Link = "/desk/orders" // where it is answered
		case KindOrderAnswered:
			n.Link += "/order" // where the answer is read
		}
		for _, account := range accounts {
			if account == 0 || account == r.Actor {
				continue
			}
			a, err := s.Accounts.Known(tx, account)
			if err != nil {
				continue //nolint:nilerr // an account that is not known is told nothing
			}
			n.Account, n.Name = a.ID, a.Name
			if err := s.Notices.Tell(tx, n); err != nil {
				return err
			}
		}
		return nil
	}
	switch r.Kind {
	case KindNote:
		return tell("mentioned", notify.Work, to.Whom...)
	case KindAssigned:
		return tell("assigned", notify.Work, to.Whom...)
	case KindOrdered, KindOrderAnswered, KindOrderClosed:
		return tell(strings.TrimPrefix(r.Kind, "dossier."), notify.Order, to.Whom...)
	case KindOf(process.DoConsult):
		for _, m := range l.To {
			if m.Step == l.Step || m.Unit == 0 {
				continue
			}
			asked, err := s.post(tx, orgunit.UnitID(m.Unit), m.Role, clock.DateOf(l.At))
			if err != nil {
				return err
			}
			if err := tell("consulted", notify.Work, accountIDs(asked[:min(len(asked), maxAsked)])...); err != nil {
				return err
			}
		}
	}
	return nil
}

func accountIDs(list []auth.Account) []int64 {
	out := make([]int64, len(list))
	for i, a := range list {
		out[i] = a.ID
	}
	return out
}
