package dossier

import (
	"context"
	"slices"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/process"
)

// JobTimer fires a timer of a dossier: silence that agrees, a supplement that lapses, a
// wait that is over.
const JobTimer = "dossier.timer"

type timerArgs struct {
	Dossier ID  `json:"dossier"`
	Token   int `json:"token"` // or watch
}

// fired is the event of a timer.
func (a timerArgs) fired() moved {
	return moved{id: a.Dossier, by: system(), kind: KindTimer, event: process.Event{Kind: process.Fire, Token: a.Token}}
}

// fire steps a dossier whose timer ran out. A token that moved on in the meantime
// makes it nothing.
func (s *Service) fire(ctx context.Context, t jobs.Task) error {
	var a timerArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	m := a.fired()
	m.also = func(tx *db.Tx, _ *change) error { return t.Done(tx) }
	if _, err := s.advance(ctx, m); !late(err) {
		return err
	}
	return nil
}

// firing is one timer of many, ready to be written; without a change it came too late.
type firing struct {
	task    jobs.Task
	change  *change
	entry   journal.Entry
	entries []journal.Entry
	texts   []contentJSON
}

// fireMany fires timers that are due together: one read of all their dossiers, and one unit
// of work. Each is the transition and the journal entry that fire makes of it. What cannot
// be done here is left to fire: a second timer of the same dossier, one that fails, and all
// of them where somebody acted on one of the dossiers in between.
func (s *Service) fireMany(ctx context.Context, ts []jobs.Task) error {
	args := make([]timerArgs, len(ts))
	ids := make([]ID, 0, len(ts))
	for i, t := range ts {
		if err := t.Read(&args[i]); err != nil || slices.Contains(ids, args[i].Dossier) {
			args[i] = timerArgs{}
			continue
		}
		ids = append(ids, args[i].Dossier)
	}
	at, err := s.standing(ctx, ids)
	if err != nil {
		return err
	}
	now := nowAt{at: s.Clock.Now()}
	all := make([]firing, 0, len(ids))
	for i, a := range args {
		st, ok := at[a.Dossier]
		if !ok {
			continue
		}
		ch, entry, err := s.moving(a.fired(), st, now)
		if late(err) {
			all = append(all, firing{task: ts[i]})
			continue
		}
		if err != nil {
			continue
		}
		f := firing{task: ts[i], change: ch, entry: entry}
		s.plan(ch, "", now.at)
		if f.entries, f.texts, err = s.register(ctx, ch, "", now); err == nil {
			all = append(all, f)
		}
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, f := range all {
			if f.change != nil {
				if _, err := s.put(tx, f.change, f.entry, f.entries, f.texts); err != nil {
					return err
				}
			}
			if err := f.task.Done(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// standing reads dossiers with all that their steps need.
func (s *Service) standing(ctx context.Context, ids []ID) (map[ID]standing, error) {
	out := make(map[ID]standing, len(ids))
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		found, err := dossiersByID(v, ids)
		if err != nil {
			return err
		}
		var large []ID // whose content is needed
		for _, d := range found {
			pkg, err := s.pkg(d)
			if err != nil {
				continue // fire says what is wrong with it
			}
			out[d.ID] = standing{d: d, pkg: pkg}
			if s.readsContent(d, pkg) {
				large = append(large, d.ID)
			}
		}
		rows, err := tasksOfAll(v, ids)
		if err != nil {
			return err
		}
		for _, t := range rows {
			if st, ok := out[t.Dossier]; ok {
				st.rows = append(st.rows, t)
				out[t.Dossier] = st
			}
		}
		for _, id := range large {
			st := out[id]
			if st.c, err = findContent(v, id); err != nil {
				return err
			}
			out[id] = st
		}
		return nil
	})
	return out, err
}

// timers is the handler of JobTimer.
func (s *Service) timers() jobs.Handler {
	return jobs.Handler{Kind: JobTimer, Do: s.fire, Many: s.fireMany}
}
