package dossier

import (
	"context"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/v1"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// The topics under which open pages hear of changes. They name ids, never a person.
const (
	topicDossier = "dossier:"
	topicUnit    = "unit:"
	topicAccount = "account:"
)

// TopicsOf are where the pages of a dossier, of a unit's queue and of one's own work listen.
func TopicsOf(d ID, units []orgunit.UnitID, account int64) []string {
	var out []string
	if d != 0 {
		out = append(out, topicDossier+d.String())
	}
	for _, u := range units {
		out = append(out, topicUnit+u.String())
	}
	if account != 0 {
		out = append(out, topicAccount+strconv.FormatInt(account, 10))
	}
	return out
}

// Topics are what changed by an entry of the journal: the dossier, the queues that a task
// left or came to, the people whom it concerns.
func Topics(r journal.Record) []string {
	if r.Subject.Type != SubjectType {
		return nil
	}
	var h struct {
		To   []Moved `json:"to"`
		Whom []int64 `json:"whom"`
	}
	_ = json.Unmarshal(r.Payload, &h) // an erased entry has none: the dossier changed all the same
	var units []orgunit.UnitID
	if u, err := id.Parse[orgunit.Unit](r.Unit); err == nil && u != 0 {
		units = append(units, u)
	}
	for _, m := range h.To {
		if m.Unit != 0 {
			units = append(units, orgunit.UnitID(m.Unit))
		}
	}
	out := TopicsOf(ID(r.Subject.ID), units, r.Actor)
	for _, a := range h.Whom {
		out = append(out, TopicsOf(0, nil, a)...)
	}
	return out
}

// MayHear reports whether the reader may hear that something about a topic changed: their
// own work, a unit in which they may act, a dossier that they may see.
func (s *Service) MayHear(ctx context.Context, topic string) bool {
	sub := auth.From(ctx)
	switch {
	case strings.HasPrefix(topic, topicAccount):
		return sub.SignedIn() && topic == TopicsOf(0, nil, sub.Account)[0]
	case strings.HasPrefix(topic, topicUnit):
		u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(topic, topicUnit))
		return err == nil && sub.Kind == auth.KindOfficer && len(s.rolesAt(ctx, sub, u, nil)) > 0
	case strings.HasPrefix(topic, topicDossier):
		v, err := id.Parse[Dossier](strings.TrimPrefix(topic, topicDossier))
		if err != nil {
			return false
		}
		var d Dossier
		var tasks []Task
		err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
			if d, err = findByID(q, v); err != nil {
				return err
			}
			tasks, err = tasksOf(q, v)
			return err
		})
		return err == nil && (s.access(ctx, sub, d, Viewer{}) == SeeAll || s.worksOn(ctx, sub, tasks...))
	}
	return false
}
