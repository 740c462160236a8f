package dossier

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
)

const (
	// MaxNote bounds a note, in runes.
	MaxNote     = 2000
	maxMentions = 10
)

// Note is what an officer writes down for colleagues at a dossier.
type Note struct {
	Task     TaskID
	Text     string
	Mentions []int64 // accounts of colleagues, who are told
	Key      string
}

// AddNote writes a note into the journal of a dossier: an entry whose payload can be erased.
// It moves nothing, so that it needs no version and meets no conflict. Whoever may see the
// dossier as an officer may write one and mentions colleagues of its units. Errors:
// NotFound, Forbidden for everybody else, Invalid with fields.
func (s *Service) AddNote(ctx context.Context, n Note) (err error) {
	defer errs.Op(&err, "dossier.AddNote(%s)", n.Task)
	sub := auth.From(ctx)
	n.Text = strings.TrimSpace(n.Text)
	n.Mentions = slices.Clone(n.Mentions)
	slices.Sort(n.Mentions)
	n.Mentions = slices.Compact(n.Mentions) // each is told once
	var t Task
	var d Dossier
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		t, d, err = findForTask(v, n.Task)
		return err
	})
	if err != nil {
		return err
	}
	if !s.Policies.May(ctx, actServe, resourceOf(d, t)) {
		return errs.E(errs.NotFound, "dossier.task.notFound")
	}
	if err := s.checkNote(ctx, t, d, n); err != nil {
		return err
	}
	ch := &change{dossier: d, happened: Happening{State: d.State}}
	entry, err := ch.entry(KindNote, sub, t.Unit.String(), nowAt{at: s.Clock.Now()}, func(h *Happening) {
		h.By, h.Comment, h.Whom = sub.Name, n.Text, n.Mentions
		if i := slices.IndexFunc(sub.Grants, func(g auth.Grant) bool { return g.Scope == scope(t.Unit) }); i >= 0 {
			h.Role = sub.Grants[i].Role
		}
	})
	if err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, n.Key, once.Hash([]any{"note", n.Task, n.Text, n.Mentions}), func(_ context.Context, tx *db.Tx) (int64, error) {
		_, err := s.Journal.Append(tx, entry)
		return int64(d.ID), err
	})
	return err
}

func (s *Service) checkNote(ctx context.Context, t Task, d Dossier, n Note) error {
	refuse := func(path, key string, max int) error {
		return errs.E(errs.Invalid, key, errs.P("max", max), errs.WithFields(errs.Field{Path: path, Key: key, Params: errs.Params{"max": max}}))
	}
	switch {
	case n.Text == "":
		return refuse("note", "dossier.note.empty", 0)
	case utf8.RuneCountInString(n.Text) > MaxNote:
		return refuse("note", "dossier.note.long", MaxNote)
	case len(n.Mentions) > maxMentions:
		return refuse("mention", "dossier.note.mentions", maxMentions)
	case len(n.Mentions) == 0:
		return nil
	}
	people, err := s.Mentionable(ctx, t, d)
	if err != nil {
		return err
	}
	for _, m := range n.Mentions {
		if !slices.ContainsFunc(people, func(a Colleague) bool { return a.Account == m }) {
			return refuse("mention", "dossier.note.stranger", 0)
		}
	}
	return nil
}

// readsNotes: officers of the dossier read notes; who filed it does not, whatever their post.
func (s *Service) readsNotes(ctx context.Context, d Dossier) bool {
	sub := auth.From(ctx)
	return sub.Kind == auth.KindOfficer && (!isOwner(sub, d) || s.maySee(ctx, sub, d))
}
