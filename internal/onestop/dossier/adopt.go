package dossier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// KindAdopted is the journal kind of a line of an old system's own history. Every entry of an
// imported dossier is recorded at the import and says when it is claimed to have happened.
const KindAdopted = "dossier.adopted"

// adoptBatch is how many dossiers one transaction brings in.
const adoptBatch = 100

// OldDossier is a dossier as another system knew it.
type OldDossier struct {
	Line      int
	Code      string
	Procedure string
	Case      string
	Applicant string
	Phone     string
	Address   string
	Channel   string // online, counter, post; empty: counter
	Unit      string // code of the unit whose one-stop had it
	State     string // as OldStates lists them
	Step      string // where it stands; empty: by State
	Result    string // number of the result, in words
	Submitted time.Time
	Accepted  time.Time // zero before acceptance
	Due       time.Time // promised; zero before acceptance
	Closed    time.Time // zero while it runs
	Papers    []form.File
	History   []OldLine
}

// OldLine is one line of an old system's history.
type OldLine struct {
	At   time.Time
	By   string
	Text string
}

// OldStates are the states that a file may name.
func OldStates() []string {
	return []string{"submitted", "processing", "supplement", "done", "returned", "refused", "stopped", "withdrawn"}
}

// AdoptOptions say how to import. Only DryRun has to be chosen.
type AdoptOptions struct {
	DryRun   bool
	Progress func(done, total int)
	// From is how many rows an import that was broken off has dealt with.
	From int
	// May reports whether a row of an agency may be brought in; nil: every row.
	May func(orgunit.UnitID) bool
	// Step keeps what became of a batch in the transaction that brings it in: done rows of the
	// file are dealt with. Its error takes the batch back.
	Step func(tx *db.Tx, done int, batch AdoptReport) error
}

// RowNote is what is to be said of one row.
type RowNote struct {
	Line   int
	Code   string
	Key    string
	Params errs.Params
}

// AdoptReport is what an import did, or would do. Rows = Added + Same + len(Changed) + len(Refused).
type AdoptReport struct {
	Rows    int
	Added   int
	Open    int       // of those added
	Same    int       // there already, the row unchanged
	Changed []RowNote // there already, and the row says something else now: nothing is done
	Refused []RowNote
	Doubts  []RowNote // taken, but worth a look
}

// Adopt brings in dossiers of another system: each is stepped through the pure engine at the
// instants that the other system recorded, keeps its code and its promised date, is pinned to
// the package of the day on which it was filed, and stands at its step with an open task. The
// same row again adds nothing, so a broken import is simply run again.
func (s *Service) Adopt(ctx context.Context, rows []OldDossier, o AdoptOptions) (rep AdoptReport, err error) {
	defer errs.Op(&err, "dossier.Adopt(%d)", len(rows))
	seen := map[string]int{}
	for _, r := range rows[:min(o.From, len(rows))] {
		if code := NormalCode(r.Code); seen[code] == 0 {
			seen[code] = r.Line
		}
	}
	for lo := o.From; lo < len(rows); lo += adoptBatch {
		if ctx.Err() != nil {
			return rep, ctx.Err()
		}
		batch := rows[lo:min(lo+adoptBatch, len(rows))]
		part, err := s.adoptBatch(ctx, batch, seen, o, lo+len(batch))
		if err != nil {
			return rep, err
		}
		rep.add(part)
		if o.Progress != nil {
			o.Progress(lo+len(batch), len(rows))
		}
	}
	return rep, nil
}

func (r *AdoptReport) add(p AdoptReport) {
	r.Rows, r.Added, r.Open, r.Same = r.Rows+p.Rows, r.Added+p.Added, r.Open+p.Open, r.Same+p.Same
	r.Changed, r.Refused, r.Doubts = append(r.Changed, p.Changed...), append(r.Refused, p.Refused...), append(r.Doubts, p.Doubts...)
}

// adopted is one row on its way in.
type adopted struct {
	life
	code, hash string
	row        OldDossier
}

func (s *Service) adoptBatch(ctx context.Context, rows []OldDossier, seen map[string]int, o AdoptOptions, done int) (rep AdoptReport, err error) {
	rep.Rows = len(rows)
	codes := make([]string, len(rows))
	for i, r := range rows {
		codes[i] = NormalCode(r.Code)
	}
	var known map[string]string
	var taken map[string]bool
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if known, err = adoptedHashes(v, codes); err != nil {
			return err
		}
		taken, err = takenCodes(v, codes)
		return err
	})
	if err != nil {
		return rep, err
	}
	var in []adopted
	for i, r := range rows {
		note := func(key string, kv ...any) RowNote {
			p := errs.Params{}
			for k := 0; k+1 < len(kv); k += 2 {
				p[kv[k].(string)] = kv[k+1] //nolint:forcetypeassert // names are constants below
			}
			return RowNote{Line: r.Line, Code: codes[i], Key: "dossier.adopt." + key, Params: p}
		}
		first, twice := seen[codes[i]]
		hash := r.hash()
		old, was := known[codes[i]]
		switch {
		case twice:
			rep.Refused = append(rep.Refused, note("twice", "line", first))
			continue
		case was && old == hash:
			rep.Same++
			seen[codes[i]] = r.Line
			continue
		case was:
			rep.Changed = append(rep.Changed, note("changed"))
			seen[codes[i]] = r.Line
			continue
		case taken[codes[i]]:
			rep.Refused = append(rep.Refused, note("taken"))
			continue
		}
		seen[codes[i]] = r.Line
		a := adopter{s: s, now: s.Clock.Now(), row: r, may: o.May}
		if err := a.live(); err != nil {
			n := note("engine", "why", err.Error())
			if e, ok := errs.As(err); ok && e.Key != "" {
				n.Key, n.Params = e.Key, e.Params
			}
			rep.Refused = append(rep.Refused, n)
			continue
		}
		for _, d := range a.doubts {
			rep.Doubts = append(rep.Doubts, note(d))
		}
		a.dossier.Code = codes[i]
		in = append(in, adopted{a.life, codes[i], hash, r})
	}
	rep.Added = len(in)
	for _, a := range in {
		if !a.dossier.State.Ended() && a.dossier.State != process.Done {
			rep.Open++
		}
	}
	if o.DryRun {
		in = nil
	}
	if len(in) == 0 && o.Step == nil {
		return rep, nil
	}
	return rep, s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for i := range in {
			if err := s.writeLife(ctx, tx, &in[i].life); err != nil {
				return err
			}
			if err := insertAdopted(tx, in[i].code, in[i].dossier.ID, in[i].hash); err != nil {
				return err
			}
		}
		if o.Step != nil {
			return o.Step(tx, done, rep)
		}
		return nil
	})
}

func (r OldDossier) hash() string {
	r.Line = 0
	b, err := json.Marshal(r)
	if err != nil {
		panic("dossier: old dossier: " + err.Error()) // plain words only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// OldAgencies are the agencies that rows name, each once; a name that fits none is passed over.
func (s *Service) OldAgencies(rows []OldDossier) (out []orgunit.UnitID) {
	type place struct {
		unit string
		day  clock.Date
	}
	seen := map[place]bool{}
	for _, r := range rows {
		p := place{r.Unit, clock.DateOf(r.Submitted)}
		if seen[p] || r.Submitted.IsZero() {
			continue
		}
		seen[p] = true
		if u, err := s.units.agency(p.unit, p.day); err == nil && !slices.Contains(out, u.ID) {
			out = append(out, u.ID)
		}
	}
	return out
}

// adopter lives one old dossier through.
type adopter struct {
	life
	s      *Service
	now    time.Time // of the import
	row    OldDossier
	may    func(orgunit.UnitID) bool
	pkg    *service.Package
	c      Content
	doubts []string
}

func refuse(key string, kv ...any) error {
	return errs.E(errs.Invalid, "dossier.adopt."+key, errs.P(kv...))
}

// live steps the dossier to where the row says that it stands.
func (a *adopter) live() error {
	if err := a.begin(); err != nil {
		return err
	}
	text, err := encodeContent(a.c)
	if err != nil {
		return err
	}
	if err := a.step(process.Event{Kind: process.Submit}, KindSubmitted, a.row.Submitted, func(h *Happening) {
		h.By, h.Content = a.row.Applicant, contentHash(text)
	}); err != nil {
		return err
	}
	if !a.row.Accepted.IsZero() {
		if err := a.act(process.DoAccept, a.row.Accepted); err != nil {
			return err
		}
		if !a.row.Due.IsZero() && !a.row.Due.Equal(a.dossier.DueAt) {
			if err := a.step(process.Event{Kind: process.Adopt, At: a.row.Due}, KindAdopted, a.row.Accepted, func(h *Happening) { h.DueWhy = "adopted" }); err != nil {
				return err
			}
		}
	}
	for _, l := range a.row.History {
		a.remark(l)
	}
	if err := a.arrive(); err != nil {
		return err
	}
	return a.seal(a.s, a.c)
}

// begin checks the row and makes the dossier that it speaks of.
func (a *adopter) begin() error {
	r := a.row
	day := clock.DateOf(r.Submitted)
	switch {
	case len(NormalCode(r.Code)) < 6 || len(r.Code) > 60 || strings.ContainsAny(r.Code, "/?#%\\\"'<>"):
		return refuse("code")
	case r.Submitted.IsZero() || r.Submitted.After(a.now):
		return refuse("submitted")
	case !r.Accepted.IsZero() && (r.Accepted.Before(r.Submitted) || r.Accepted.After(a.now)):
		return refuse("accepted")
	case !r.Accepted.IsZero() && !r.Due.IsZero() && !r.Due.After(r.Accepted):
		return refuse("due")
	case !slices.Contains(OldStates(), r.State):
		return refuse("state", "state", r.State)
	case a.over() && (r.Closed.IsZero() || r.Closed.Before(later(r.Accepted, r.Submitted)) || r.Closed.After(a.now)):
		return refuse("closed")
	case r.Accepted.IsZero() && slices.Contains([]string{"processing", "supplement", "done", "returned", "stopped"}, r.State):
		return refuse("notAccepted")
	case len([]rune(r.Applicant)) < 2 || len([]rune(r.Applicant)) > 120:
		return refuse("applicant")
	}
	var ok bool
	if a.pkg, ok = a.s.Services.ForProcedure(r.Procedure, day); !ok {
		return refuse("procedure", "procedure", r.Procedure, "day", day)
	}
	kase := r.Case
	if kase == "" && len(a.pkg.Cases) > 0 {
		kase = a.pkg.Cases[0]
	}
	if len(a.pkg.Cases) > 0 && !slices.Contains(a.pkg.Cases, kase) {
		return refuse("case", "cases", strings.Join(a.pkg.Cases, ", "))
	}
	channel := service.Channel(r.Channel)
	if channel == "" {
		channel = service.Counter
	}
	if channel != service.Online && channel != service.Counter && channel != service.Post {
		return refuse("channel")
	}
	if r.Phone == "" {
		a.doubts = append(a.doubts, "noPhone")
	} else if r.Phone, ok = NormalPhone(r.Phone); !ok {
		r.Phone = ""
		a.doubts = append(a.doubts, "badPhone")
	}
	if !r.Accepted.IsZero() && r.Due.IsZero() {
		a.doubts = append(a.doubts, "noDue")
	}
	at, err := a.s.units.agency(r.Unit, day)
	if err != nil {
		return refuse("unit", "unit", r.Unit, "day", day)
	}
	if a.may != nil && !a.may(at.ID) {
		return refuse("notYours", "unit", at.Name)
	}
	a.dossier = Dossier{
		ID: id.New[Dossier](a.s.Gen), Service: a.pkg.ID, Package: a.pkg.Digest, Procedure: a.pkg.Procedure, Case: kase, Channel: channel,
		Reception: at.ID, Receiving: at.ID, Competent: at.ID, Applicant: r.Applicant, Phone: r.Phone, SubmittedAt: r.Submitted, Version: 1,
	}
	party := Party{Name: r.Applicant, Phone: r.Phone, Capacity: "self"}
	a.c = Content{Answers: form.Answers{}, Papers: r.Papers, Filing: Filing{Applicant: party, Submitter: party, Delivery: Delivery{Method: "counter", Address: r.Address}, Lang: "vi"}}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// over reports whether the row says that the dossier has ended, or its result waits.
func (a *adopter) over() bool {
	return !slices.Contains([]string{"submitted", "processing", "supplement"}, a.row.State)
}

// arrive takes the dossier from acceptance to where it stands.
func (a *adopter) arrive() error {
	closed := a.row.Closed
	switch a.row.State {
	case "withdrawn":
		return a.step(process.Event{Kind: process.Withdraw}, KindWithdrawn, closed, func(h *Happening) { h.By, h.Public = a.row.Applicant, true })
	case "refused", "stopped":
		if a.dossier.Instance.Accepted == 0 {
			return a.act("refuse", closed)
		}
		return a.step(process.Event{Kind: process.Halt}, kindCorrectPrefix+CorrectHalt, closed, nil)
	case "done", "returned":
		step, ok := a.last()
		if !ok {
			return refuse("noReturn")
		}
		if err := a.move(step, closed); err != nil {
			return err
		}
		if a.row.State == "done" {
			return nil
		}
		return a.act(process.DoIssue, closed)
	case "supplement":
		for _, i := range a.pkg.Process.Steps() {
			if i.Role != process.RoleApplicant && offers(i, "supplement") && (a.row.Step == "" || a.row.Step == i.ID) {
				if _, here := a.dossier.Instance.At(i.ID); !here {
					if err := a.move(i.ID, a.now); err != nil {
						return err
					}
				}
				return a.act("supplement", a.now)
			}
		}
		return refuse("noSupplement")
	}
	return a.stand()
}

// stand puts a running dossier at its step, with a task at a unit of today.
func (a *adopter) stand() error {
	if err := a.today(); err != nil {
		return err
	}
	step := a.row.Step
	if step == "" && len(a.dossier.Instance.Tokens) == 1 {
		step = a.dossier.Instance.Tokens[0].Step
	}
	info, ok := a.pkg.Process.Step(step)
	if !ok || len(info.Actions) == 0 || info.Role == process.RoleApplicant {
		var names []string
		for _, i := range a.pkg.Process.Steps() {
			if i.Role != process.RoleApplicant {
				names = append(names, i.ID)
			}
		}
		return refuse("step", "step", step, "steps", strings.Join(names, ", "))
	}
	if a.row.Accepted.IsZero() {
		if step != a.dossier.Instance.Tokens[0].Step {
			return refuse("notAccepted")
		}
	}
	return a.move(step, a.now)
}

// today lets the dossier lie with whoever stands for its agency today.
func (a *adopter) today() error {
	t := a.s.Units.At(clock.DateOf(a.now))
	if _, ok := t.Get(a.dossier.Receiving); ok {
		return nil
	}
	old, err := a.s.Units.Unit(a.dossier.Receiving)
	if err != nil {
		return err
	}
	tier := orgunit.Commune
	if old.Tier == orgunit.City {
		tier = orgunit.City
	}
	u, err := a.s.Units.CompetentAgency(a.dossier.Receiving, tier, clock.DateOf(a.now))
	if err != nil {
		return err
	}
	a.dossier.Receiving, a.dossier.Competent = u.ID, u.ID
	a.doubts = append(a.doubts, "heir")
	return nil
}

// last is the step at which the result is given out.
func (a *adopter) last() (string, bool) {
	steps := a.pkg.Process.Steps()
	for i := len(steps) - 1; i >= 0; i-- {
		if offers(steps[i], process.DoIssue) && steps[i].Role != process.RoleApplicant {
			return steps[i].ID, true
		}
	}
	return "", false
}

// move puts the dossier at a step, as an officer with the authority does.
func (a *adopter) move(step string, at time.Time) error {
	if len(a.dossier.Instance.Tokens) != 1 {
		return refuse("branches")
	}
	return a.step(process.Event{Kind: process.Move, Token: a.dossier.Instance.Tokens[0].N, To: step}, kindCorrectPrefix+CorrectMove, at, func(h *Happening) { h.Step = step })
}

// act takes an action on the one open task.
func (a *adopter) act(do string, at time.Time) error {
	if len(a.dossier.Instance.Tokens) != 1 {
		return refuse("branches")
	}
	tok := a.dossier.Instance.Tokens[0]
	info, _ := a.pkg.Process.Step(tok.Step)
	return a.step(process.Event{Kind: process.Act, Token: tok.N, Action: do}, KindOf(do), at, func(h *Happening) {
		h.Step, h.Action, h.Role, h.Public = tok.Step, do, info.Role, publicReason[do]
		h.Comment = a.row.Result
		if do != process.DoIssue {
			h.Comment = ""
		}
	})
}

// step runs the engine at an instant of the past and keeps what it makes, as Act does.
func (a *adopter) step(ev process.Event, kind string, at time.Time, more func(*Happening)) error {
	when := nowAt{at, at}
	ch, err := a.s.stepFree(a.dossier, a.pkg, ev, when, a.c)
	if err != nil {
		return err
	}
	ch.tasks = a.tasks
	a.s.plan(ch, "", at)
	entry, err := ch.entry(kind, auth.Subject{}, a.dossier.Receiving.String(), when, func(h *Happening) {
		h.Imported = true
		if more != nil {
			more(h)
		}
	})
	if err != nil {
		return err
	}
	a.entries = append(a.entries, entry)
	a.dossier = ch.dossier
	for _, w := range ch.writes {
		if k := slices.IndexFunc(a.tasks, func(t Task) bool { return t.ID == w.ID }); k >= 0 {
			w.Task.Version = a.tasks[k].Version + 1
			a.tasks[k] = w.Task
		} else {
			a.tasks = append(a.tasks, w.Task)
		}
	}
	if len(a.dossier.Instance.Stuck()) > 0 {
		return errors.Join(refuse("stuck"), fmt.Errorf("dossier: %s is stuck after %s", a.row.Code, kind))
	}
	return nil
}

// remark keeps one line of the old history.
func (a *adopter) remark(l OldLine) {
	at := l.At
	if at.IsZero() || at.After(a.now) {
		at = a.row.Submitted
	}
	payload, err := json.Marshal(Happening{By: l.By, Comment: l.Text, State: a.dossier.State, Imported: true})
	if err != nil {
		panic("dossier: old line: " + err.Error()) // plain words only
	}
	a.entries = append(a.entries, journal.Entry{
		Kind: KindAdopted, Subject: journal.Subject{Type: SubjectType, ID: int64(a.dossier.ID)}, Unit: a.dossier.Receiving.String(), Occurred: at, Payload: payload,
	})
}
