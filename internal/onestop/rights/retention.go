package rights

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/access"
)

//go:embed retention.yaml
var retention []byte

// Rule is one line of retention.yaml.
type Rule struct {
	ID    string
	After string
	How   string // two, job, module, keep; answer for a term of an answer
	Days  int    // of an answer
	// Source says who set the term: FromLaw, FromDuty, FromCity.
	Source string
	Law    string
	Cite   string // article of FromLaw
}

// Who set a term.
const (
	FromLaw  = "law"  // the law that is cited
	FromDuty = "duty" // a law asks for it, the city chose how long
	FromCity = "city"
)

func (r Rule) check() error {
	switch {
	case !slices.Contains([]string{FromLaw, FromDuty, FromCity}, r.Source):
		return fmt.Errorf("rights: retention.yaml: %s: source is law, duty or city", r.ID)
	case (r.Source == FromLaw) != (r.Cite != ""):
		return fmt.Errorf("rights: retention.yaml: %s: a term set by law, and no other, cites its article", r.ID)
	}
	return nil
}

// Permanent is the term of what never goes.
const Permanent = "permanent"

func parseRules(text []byte) ([]Rule, error) {
	var file struct {
		Rules []struct {
			ID     string `yaml:"id,required"`
			After  string `yaml:"after,required"`
			How    string `yaml:"how,required"`
			Source string `yaml:"source,required"`
			Law    string `yaml:"law,required"`
			Cite   string `yaml:"cite"`
		} `yaml:"rules,required"`
		Answers []struct {
			ID     string `yaml:"id,required"`
			Days   int    `yaml:"days,required"`
			Source string `yaml:"source,required"`
			Law    string `yaml:"law,required"`
			Cite   string `yaml:"cite"`
		} `yaml:"answers,required"`
	}
	if ps := decl.Decode("retention.yaml", text, &file); ps.Failed() {
		return nil, ps.Err()
	}
	var out []Rule
	for _, r := range file.Rules {
		if _, ok := before(time.Unix(0, 0), r.After); !ok && r.After != Permanent && r.After != "service" {
			return nil, fmt.Errorf("rights: retention.yaml: %s: after is a period such as P2Y, service or permanent", r.ID)
		}
		if !slices.Contains([]string{"two", "job", "module", "keep"}, r.How) {
			return nil, fmt.Errorf("rights: retention.yaml: %s: how is two, job, module or keep", r.ID)
		}
		out = append(out, Rule{ID: r.ID, After: r.After, How: r.How, Source: r.Source, Law: r.Law, Cite: r.Cite})
	}
	for _, a := range file.Answers {
		out = append(out, Rule{ID: a.ID, Days: a.Days, How: "answer", Source: a.Source, Law: a.Law, Cite: a.Cite})
	}
	for _, r := range out {
		if err := r.check(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// before is the instant before which a period is over: P2Y, P6M, P30D.
func before(now time.Time, period string) (time.Time, bool) {
	if len(period) < 3 || period[0] != 'P' {
		return now, false
	}
	n, err := strconv.Atoi(period[1 : len(period)-1])
	if err != nil || n < 1 {
		return now, false
	}
	switch period[len(period)-1] {
	case 'Y':
		return now.AddDate(-n, 0, 0), true
	case 'M':
		return now.AddDate(0, -n, 0), true
	case 'D':
		return now.AddDate(0, 0, -n), true
	}
	return now, false
}

// Rules are the terms in force, in the order of the file.
func (s *Service) Rules() []Rule { return s.rules }

func (s *Service) rule(v string) (Rule, bool) {
	i := slices.IndexFunc(s.rules, func(r Rule) bool { return r.ID == v })
	if i < 0 {
		return Rule{}, false
	}
	return s.rules[i], true
}

// BatchID names a batch.
type BatchID = id.Of[Batch]

// Batch are dossiers of one service whose term is over.
type Batch struct {
	ID         BatchID
	Rule       string // service and its term: "hanoi.…/P10Y"
	State      string // found, agreed, running, done, refused
	N          int
	Erased     int
	FoundAt    time.Time
	First      int64
	FirstName  string
	Second     int64
	SecondName string
	EndedAt    time.Time
}

// maxBatch is how many dossiers two people agree on at once.
const maxBatch = 500

// Job kinds.
const (
	JobDaily = "rights.retention"
	JobErase = "rights.erase"
)

type eraseArgs struct {
	Batch BatchID `json:"batch"`
}

// daily forgets what goes by itself and finds the dossiers whose term is over.
func (s *Service) daily(ctx context.Context, _ jobs.Task) error {
	if err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return adoptHolds(tx) }); err != nil {
		return err
	}
	if err := s.sweep(ctx); err != nil {
		return err
	}
	now := s.Clock.Now()
	for _, x := range s.expiring() {
		r, ok := s.rule(x.Rule)
		at, over := before(now, r.After)
		if !ok || !over || r.How != "job" {
			continue
		}
		why, err := json.Marshal(happened{Rule: r.ID, Words: r.Law})
		if err != nil {
			return err
		}
		total := 0
		for n := 1; n > 0; total += n {
			if n, err = x.Forget(ctx, at, why); err != nil {
				return err
			}
		}
		if total == 0 {
			continue
		}
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			return s.note(tx, KindExpired, journal.Subject{Type: subjectBatch, ID: s.Gen.Next()}, 0, 0, happened{Rule: r.ID, N: total})
		})
		if err != nil {
			return err
		}
	}
	return s.gatherDue(ctx, now)
}

// expiring is what goes by the job, the module's own closed requests included.
func (s *Service) expiring() []Expiring {
	return append(slices.Clone(s.Expiring), Expiring{
		Rule: "requests",
		Count: func(ctx context.Context, at time.Time) (n int, err error) {
			err = s.DB.View(ctx, func(_ context.Context, v *db.View) error { n, err = countOldRequests(v, at); return err })
			return n, err
		},
		Forget: s.forgetRequests,
	})
}

func (s *Service) forgetRequests(ctx context.Context, at time.Time, why []byte) (n int, err error) {
	var ids []int64
	if err = s.DB.View(ctx, func(_ context.Context, v *db.View) error { ids, err = oldRequests(v, at, 50); return err }); err != nil {
		return 0, err
	}
	for _, v := range ids {
		records, err := s.Journal.BySubject(ctx, journal.Subject{Type: subjectRequest, ID: v}, 0, 100)
		if err != nil {
			return 0, err
		}
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for _, r := range records {
				if r.Erased {
					continue
				}
				if err := s.Journal.Erase(tx, r.ID, 0, "", why); err != nil {
					return err
				}
			}
			return removeRequest(tx, v)
		})
		if err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// Due says how much each rule of the job would forget now: the dry run.
func (s *Service) Due(ctx context.Context) (out map[string]int, err error) {
	defer errs.Op(&err, "rights.Due")
	if err := s.Policies.Can(ctx, actReadTerms, s.city(0)); err != nil {
		return nil, err
	}
	out = map[string]int{}
	for _, x := range s.expiring() {
		r, _ := s.rule(x.Rule)
		at, over := before(s.Clock.Now(), r.After)
		if !over || x.Count == nil {
			continue
		}
		if out[x.Rule], err = x.Count(ctx, at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// gatherDue gathers the ended dossiers of each service whose term is over. Nothing is erased.
func (s *Service) gatherDue(ctx context.Context, now time.Time) error {
	for service, period := range s.Services() {
		at, over := before(now, period)
		if !over {
			continue
		}
		ids, err := s.Dossiers.EndedBefore(ctx, service, at, 0, maxBatch)
		if err != nil {
			return err
		}
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			known, err := gathered(tx, ids)
			if err != nil {
				return err
			}
			fresh := slices.DeleteFunc(slices.Clone(ids), func(v int64) bool { return known[v] })
			if len(fresh) == 0 {
				return nil
			}
			return insertBatch(tx, Batch{ID: id.New[Batch](s.Gen), Rule: service + "/" + period, State: "found", N: len(fresh), FoundAt: tx.Now()}, fresh)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Batches lists what was found, the youngest first.
func (s *Service) Batches(ctx context.Context) (out []Batch, err error) {
	defer errs.Op(&err, "rights.Batches")
	if err := s.Policies.Can(ctx, actReadTerms, s.city(0)); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error { out, err = batches(v, 50); return err })
	return out, err
}

// BatchOf reads a batch with its dossiers, and which of them a hold keeps.
func (s *Service) BatchOf(ctx context.Context, v BatchID) (b Batch, dossiers []int64, held map[int64]bool, err error) {
	defer errs.Op(&err, "rights.BatchOf(%s)", v)
	if err := s.Policies.Can(ctx, actReadTerms, s.city(0)); err != nil {
		return b, nil, nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if b, err = batchByID(q, v); err != nil {
			return err
		}
		if dossiers, err = dossiersOf(q, v, false); err != nil {
			return err
		}
		set, err := s.held(q)
		held = make(map[int64]bool, len(set))
		for v := range set {
			held[v] = true
		}
		return err
	})
	return b, dossiers, held, err
}

// Agree is the word of one of two people; with the second the erasure begins. agree false
// refuses it. Errors: NotFound, Forbidden, also for the same person twice, Conflict.
func (s *Service) Agree(ctx context.Context, v BatchID, agree bool, key string) (err error) {
	defer errs.Op(&err, "rights.Agree(%s)", v)
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actAgree, s.city(0)); err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"rights.agree", v, agree}), func(_ context.Context, tx *db.Tx) (int64, error) {
		b, err := batchByID(tx, v)
		if err != nil {
			return 0, err
		}
		was := b.State
		switch {
		case was != "found" && was != "agreed":
			return 0, errs.E(errs.Conflict, "rights.retention.decided")
		case !agree:
			b.State, b.EndedAt = "refused", tx.Now()
		case was == "found":
			b.State, b.First, b.FirstName = "agreed", sub.Account, sub.Name
		default:
			if err := s.Policies.Can(ctx, actAgree, s.city(b.First)); err != nil {
				return 0, err
			}
			b.State, b.Second, b.SecondName = "running", sub.Account, sub.Name
			if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: JobErase, Args: eraseArgs{v}}); err != nil {
				return 0, err
			}
		}
		if err := moveBatch(tx, b, was, errs.E(errs.Conflict, "rights.retention.decided")); err != nil {
			return 0, err
		}
		return int64(v), s.note(tx, KindAgreed, journal.Subject{Type: subjectBatch, ID: int64(v)}, sub.Account, access.FirstUnit(sub), happened{Rule: b.Rule, State: b.State, N: b.N, By: sub.Name})
	})
	return err
}

// erase forgets the dossiers of a batch that two people agreed on, one after the other; after a
// crash it goes on where it stood. What is under hold stays, and is found again when that is
// lifted. Files go last, all at once: to ask whether anything else names them is to read every
// table that names files. Those of a batch that a crash cut off are left to the weekly sweep.
func (s *Service) erase(ctx context.Context, t jobs.Task) error {
	var a eraseArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var b Batch
	var todo []int64
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if b, err = batchByID(v, a.Batch); err == nil {
			todo, err = dossiersOf(v, a.Batch, true)
		}
		return err
	})
	if err != nil || b.State != "running" {
		return err
	}
	files, err := s.eraseEach(ctx, b, todo)
	if err := errors.Join(err, s.Dossiers.Release(ctx, files)); err != nil {
		return err
	}
	b.State, b.EndedAt = "done", s.Clock.Now()
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return moveBatch(tx, b, "running", errs.E(errs.Conflict, "rights.retention.decided"))
	})
}

// eraseEach forgets what dossiers of a batch hold and returns the names of their files, also of
// those that it came to before an error.
func (s *Service) eraseEach(ctx context.Context, b Batch, todo []int64) (files []string, err error) {
	by := b.FirstName + ", " + b.SecondName
	why, err := json.Marshal(happened{Rule: b.Rule, By: by})
	if err != nil {
		return nil, err
	}
	for _, v := range todo {
		var held kept
		if err := s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) { held, err = s.held(q); return err }); err != nil {
			return files, err
		}
		if held.has(v) {
			if err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return leaveOut(tx, b.ID, v) }); err != nil {
				return files, err
			}
			continue
		}
		more, err := s.Dossiers.Erase(ctx, v, why)
		files = append(files, more...)
		if err != nil {
			return files, err
		}
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := erasedOne(tx, b.ID, v); err != nil {
				return err
			}
			return s.note(tx, KindErased, journal.Subject{Type: "rights.dossier", ID: v}, 0, 0, happened{Rule: b.Rule, By: by})
		})
		if err != nil {
			return files, err
		}
	}
	return files, nil
}
