package dossier

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// filler invents the lives of one filling. Life i is the same whenever it is invented.
type filler struct {
	s        *Service
	run      filling
	in       Filling
	stage    *stage
	standing *orgunit.Tree // of the day that the filling ends on
}

func newFiller(s *Service, run filling, in Filling) *filler {
	return &filler{
		s: s, run: run, in: in, standing: s.Units.At(clock.DateOf(run.until)),
		stage: &stage{s: s, weights: in.Weights, only: in.Service, casts: map[clock.Date]*cast{}, parts: map[string]*part{}},
	}
}

// What becomes of a dossier, of a thousand.
type fate uint8

const (
	fatePlain fate = iota
	fateSupplement
	fateRefused
	fateWithdrawn
	fateExtended // told in time that it will be late
	fateSorry    // told too late
	fateSlow     // late, and nothing said
	fateStalled  // lies somewhere since
)

func fateOf(r *rand.Rand, recent bool) fate {
	n := r.IntN(1000)
	if recent && n < 8 {
		return fateStalled
	}
	for _, f := range [...]struct {
		of   fate
		upTo int
	}{{fateSupplement, 150}, {fateRefused, 185}, {fateWithdrawn, 200}, {fateExtended, 230}, {fateSorry, 245}, {fateSlow, 285}} {
		if n < f.upTo {
			return f.of
		}
	}
	return fatePlain
}

const (
	lifeTries = 60
	lifeActs  = 80
	recently  = 60 * 24 * time.Hour
)

// errUnlived are lives that must be invented otherwise: a place without the office asked
// for, a task at a unit that is no more.
var errUnlived = errors.New("dossier: this life cannot be lived")

// living is a life on its way.
type living struct {
	*filler
	life
	part
	c     Content
	r     *rand.Rand
	cast  *recast
	fate  fate
	now   time.Time
	pace  float64
	acted int
	asked bool // the fate has struck
}

// live invents dossier i.
func (f *filler) live(i int) (life, error) {
	var err error
	for try := range lifeTries {
		l := &living{filler: f, r: rand.New(rand.NewPCG(uint64(f.run.run), uint64(i)<<8|uint64(try)))} //nolint:gosec // invented people
		if err = l.begin(i); err == nil && !f.in.Idle {
			err = l.lead()
		}
		if err == nil && !l.stands() {
			err = errUnlived
		}
		if err == nil {
			return l.life, l.seal(f.s, l.c)
		}
	}
	return life{}, err
}

// stands reports whether the units of the open tasks are still there. Few wait for repair.
func (l *living) stands() bool {
	if len(l.dossier.Instance.Stuck()) > 0 && l.r.IntN(50) > 0 {
		return false
	}
	for _, t := range l.tasks {
		if _, ok := l.standing.Get(t.Unit); t.Open && t.Unit != 0 && !ok {
			return false
		}
	}
	return true
}

// submitted is when dossier i comes in: the numbers follow the year.
func (l *living) submitted(i int) time.Time {
	span := l.run.until.Sub(l.run.since)
	t := l.run.since.Add(time.Duration(float64(span) * (float64(i) + l.r.Float64()) / float64(l.run.total)))
	day := clock.DateOf(t)
	if cal := l.s.Calendars.City(); !cal.IsWorking(day) && l.r.IntN(5) > 0 {
		day = cal.PrevWorking(day)
	}
	t = day.At(7, 30).Add(time.Duration(l.r.IntN(9*3600)) * time.Second)
	if t.After(l.run.until) {
		t = l.run.until.Add(-time.Duration(1+l.r.IntN(600)) * time.Second)
	}
	return t
}

// begin files the dossier.
func (l *living) begin(i int) error {
	l.now = l.submitted(i)
	day := clock.DateOf(l.now)
	all := l.stage.on(day)
	if len(all.parts) == 0 || len(all.communes) == 0 {
		return fmt.Errorf("%w: nothing is offered on %s", errUnlived, day)
	}
	l.part = all.part(l.r)
	pl := pick(l.r, l.pleas)
	commune := l.in.At
	if commune == "" {
		commune = all.commune(l.r)
	}
	l.cast = &recast{r: l.r, unit: commune, day: day, of: pl.on, was: pl.unit, girl: l.r.IntN(2) == 0, sexes: map[string]bool{}, memory: map[string]string{}}
	l.fate = fateOf(l.r, l.run.until.Sub(l.now) < recently)
	l.pace = 0.1 + l.r.Float64()*0.4
	if l.fate == fateSlow {
		l.pace = 1.3 + l.r.Float64()
	}
	in := Submission{Service: l.pkg.ID, Case: pl.kase, Channel: service.Channel(pl.channel), Lang: "vi"}
	if in.Case == "" && len(l.pkg.Cases) > 0 {
		in.Case = l.pkg.Cases[0]
	}
	if in.Channel == "" {
		in.Channel = l.pkg.Channels[0]
	}
	in.Papers = slices.Clone(pl.papers)
	for k := range in.Papers {
		if !in.Papers[k].ShownOnly {
			in.Papers[k].Size = 40_000 + int64(l.r.IntN(900_000))
		}
	}
	env := form.Env{Now: l.now, Case: in.Case, Channel: string(in.Channel), Units: l.s.units, Files: in.Papers}
	res := l.pkg.Form.Validate(l.cast.all(pl.answers), env)
	if err := res.Err(); err != nil {
		return err
	}
	in.Applicant = Party{Name: l.applicant(res.Answers), Phone: "0912" + digits(l.r, 6)}
	if bad := checkFiling(l.pkg, &in); len(bad) > 0 {
		in.Delivery = Delivery{Method: "post", Address: inventAddress(l.r)}
		if bad = checkFiling(l.pkg, &in); len(bad) > 0 {
			return fmt.Errorf("%w: %v", errUnlived, bad)
		}
	}
	at := nowAt{l.now, l.now}
	if in.Channel == service.Counter && l.pkg.Receive == service.AnyCommune && l.r.IntN(12) == 0 {
		in.Unit = all.commune(l.r)
	}
	var err error
	if l.dossier, err = l.s.newDossier(in, l.pkg, res.Answers, auth.Subject{Kind: auth.KindOfficer}, at); err != nil {
		return err
	}
	l.c = Content{Answers: res.Answers, Papers: in.Papers, Filing: Filing{Applicant: in.Applicant, Submitter: in.Submitter, Delivery: in.Delivery, Lang: in.Lang}}
	text, err := encodeContent(l.c)
	if err != nil {
		return err
	}
	return l.step(process.Event{Kind: process.Submit}, KindSubmitted, l.dossier.Reception.String(), in.Submitter.Name, func(h *Happening) { h.Content = contentHash(text) })
}

// applicant is who the answers say is applying.
func (l *living) applicant(a form.Answers) string {
	for _, path := range [...]string{"requester.name", "applicant.name", "owner.name"} {
		if v := a.Text(path); v != "" {
			return v
		}
	}
	return inventName(l.r, l.r.IntN(2) == 0)
}

// lead lives until the filling ends or nothing moves any more.
func (l *living) lead() error {
	for range lifeActs {
		if l.dossier.State.Ended() {
			return nil
		}
		at, act := l.next()
		n, fires := l.dossier.Instance.NextTimer()
		if n != 0 && (act == nil || !fires.After(at)) {
			if fires.After(l.run.until) {
				return nil
			}
			l.now = fires
			if err := l.step(process.Event{Kind: process.Fire, Token: n}, KindTimer, l.dossier.Receiving.String(), "", nil); err != nil {
				return err
			}
			continue
		}
		if act == nil || at.After(l.run.until) {
			l.give()
			return nil
		}
		l.now = at
		if err := act(); err != nil {
			return err
		}
		l.acted++
	}
	return fmt.Errorf("%w: %s does not end", errUnlived, l.pkg.ID)
}

// next is the act that comes next, and when; nil where nobody acts.
func (l *living) next() (time.Time, func() error) {
	d := &l.dossier
	if _, waits := d.Instance.Waiting(process.ForSupplement); waits {
		if l.r.IntN(8) == 0 {
			return time.Time{}, nil // the term runs out
		}
		at := l.after(time.Duration(4+l.r.IntN(36)) * time.Hour)
		return at, func() error { return l.byApplicant(process.Event{Kind: process.Supply}, KindSupplied) }
	}
	if l.fate == fateStalled && l.acted >= 1+int(l.pace*3) {
		return time.Time{}, nil
	}
	var open []process.Token
	for _, t := range d.Instance.Tokens {
		if t.Wait == process.ForTask || t.Wait == process.ForApplicant || t.Wait == process.ForOpinion {
			open = append(open, t)
		}
	}
	if len(open) == 0 {
		return time.Time{}, nil
	}
	tok := pick(l.r, open)
	info, _ := l.pkg.Process.Step(tok.Step)
	takes := time.Duration(float64(max(info.Minutes, 45))*l.pace*(0.3+l.r.Float64())) * time.Minute
	if d.State == process.Done {
		takes = time.Duration(l.r.IntN(10)) * time.Hour // the owner comes when they like
		if l.r.IntN(25) == 0 {
			takes = time.Duration(8*l.r.IntN(60)) * time.Hour // or weeks later
		}
	}
	at := l.after(takes)
	if l.fate == fateWithdrawn && l.acted >= 1 && d.State != process.Done {
		return at, func() error {
			if err := l.byApplicant(process.Event{Kind: process.Withdraw}, KindWithdrawn); err == nil {
				return nil
			}
			l.fate = fatePlain
			return l.act(tok, info)
		}
	}
	if l.fate == fateSorry && !l.asked && !d.DueAt.IsZero() && offers(info, process.DoExtend) {
		at = l.from(d.DueAt, time.Duration(1+l.r.IntN(10))*time.Hour)
	}
	return at, func() error { return l.act(tok, info) }
}

func offers(info process.StepInfo, do string) bool {
	return slices.ContainsFunc(info.Actions, func(a process.ActionInfo) bool { return a.Do == do })
}

// asides are actions that do not lead on.
//
//nolint:gochecknoglobals // immutable table
var asides = []string{"supplement", "refuse", "returnStep", "extend", "recall", "stop", "consult", "object", "correct"}

// act completes a task: by what the fate wants, or else on its way.
func (l *living) act(tok process.Token, info process.StepInfo) error {
	if want := map[fate]string{
		fateSupplement: "supplement", fateRefused: "refuse", fateExtended: process.DoExtend, fateSorry: process.DoExtend,
	}[l.fate]; want != "" && !l.asked && offers(info, want) && (l.fate == fateSorry || l.r.IntN(3) > 0) {
		if err := l.do(tok, want); err == nil {
			l.asked = true
			return nil
		}
	}
	err := errUnlived
	for _, a := range info.Actions {
		if slices.Contains(asides, a.Do) {
			continue
		}
		if err = l.do(tok, a.Do); err == nil {
			return nil
		}
	}
	return err
}

// do takes one action on a task, with what scenarios answer to its form.
func (l *living) do(tok process.Token, action string) error {
	k := slices.IndexFunc(l.tasks, func(t Task) bool { return t.Open && t.Token == tok.N })
	if k < 0 {
		return errUnlived
	}
	t := l.tasks[k]
	before := l.c
	if f, asks := l.pkg.Form.Officer(t.Step, action); asks {
		for _, s := range l.officer[t.Step+"."+action] {
			cast := *l.cast
			cast.of, cast.was, cast.day = s.on, s.unit, clock.DateOf(l.now)
			res := f.Validate(cast.all(s.answers), form.Env{
				Now: l.now, Case: l.dossier.Case, Channel: string(l.dossier.Channel), Units: l.s.units, Files: l.c.Papers, Dossier: l.c.Answers,
			})
			if res.Err() != nil {
				continue
			}
			delete(res.Answers, reasonPath)
			for path, a := range res.Answers {
				a.From, a.At = form.Officer, l.now
				res.Answers[path] = a
			}
			l.c.Officer = l.c.Officer.With(res.Answers)
			break
		}
	}
	err := l.step(process.Event{Kind: process.Act, Token: tok.N, Action: action}, KindOf(action), t.Unit.String(), l.who(t), func(h *Happening) {
		h.Step, h.Action, h.Role, h.Late, h.Public = t.Step, action, t.Role, t.Late(l.now), publicReason[action]
		if list := reasons[action]; len(list) > 0 {
			h.Comment = list[len(l.dossier.Applicant)%len(list)]
		}
		if due := l.dossier.DueAt; action == process.DoExtend && !due.IsZero() {
			if a := ApologyOf(l.s.Calendars.Of(l.dossier.Receiving), due, l.now); a.Late {
				h.Sorry = a.By.UnixMilli()
			}
		}
	})
	if err != nil {
		l.c = before
	}
	return err
}

func (l *living) byApplicant(ev process.Event, kind string) error {
	return l.step(ev, kind, l.dossier.Receiving.String(), l.c.Filing.Submitter.Name, func(h *Happening) { h.Public = true })
}

// who works in a role at a unit: always the same invented person.
func (l *living) who(t Task) string {
	if t.Role == process.RoleApplicant {
		return l.c.Filing.Submitter.Name
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Unit.String() + t.Role))
	return inventName(rand.New(rand.NewPCG(h.Sum64(), 1)), h.Sum64()%2 == 0) //nolint:gosec // invented people
}

// step runs the engine and keeps what it makes, as Submit and Act do.
func (l *living) step(ev process.Event, kind, unit, by string, more func(*Happening)) error {
	at := nowAt{l.now, l.now}
	ch, err := l.s.stepFree(l.dossier, l.pkg, ev, at, l.c)
	if err != nil {
		return err
	}
	ch.tasks = l.tasks
	l.s.plan(ch, by, l.now)
	entry, err := ch.entry(kind, auth.Subject{}, unit, at, func(h *Happening) {
		h.By, h.Demo = by, true
		if more != nil {
			more(h)
		}
	})
	if err != nil {
		return err
	}
	l.entries = append(l.entries, entry)
	l.dossier = ch.dossier
	tasks := slices.Clone(l.tasks)
	for _, w := range ch.writes {
		if k := slices.IndexFunc(tasks, func(t Task) bool { return t.ID == w.ID }); k >= 0 {
			w.Task.Version = tasks[k].Version + 1
			tasks[k] = w.Task
		} else {
			tasks = append(tasks, w.Task)
		}
	}
	l.tasks = tasks
	return nil
}

// give hands some of the open tasks to accounts that stand at their units.
func (l *living) give() {
	for k := range l.tasks {
		t := &l.tasks[k]
		for _, o := range l.in.Officers {
			if t.Open && t.Assignee == 0 && o.Unit == t.Unit && orgunit.Role(o.Role).Acts(orgunit.Role(t.Role)) && l.r.IntN(4) == 0 {
				t.Assignee, t.LastBy = o.Account, o.Name
			}
		}
	}
}

// after is when work of some length is done that begins now.
func (l *living) after(d time.Duration) time.Time { return l.from(l.now, d) }

func (l *living) from(t time.Time, d time.Duration) time.Time {
	cal := l.s.Calendars.Of(l.dossier.Receiving)
	d += time.Duration(l.r.IntN(600)) * time.Second
	day := clock.DateOf(t)
	for range 400 {
		if cal.IsWorking(day) {
			for _, span := range cal.Hours(day) {
				if end, ok := within(span, day, t, &d); ok {
					return end
				}
			}
		}
		day = day.AddDays(1)
	}
	return t.Add(d)
}

// within spends a span of office hours on work of length d; true where it is done in it.
func within(span calendar.Span, day clock.Date, t time.Time, d *time.Duration) (time.Time, bool) {
	from, to := span.From.On(day), span.To.On(day)
	if t.After(from) {
		from = t
	}
	left := to.Sub(from)
	if left <= 0 {
		return t, false
	}
	if *d <= left {
		return from.Add(*d), true
	}
	*d -= left
	return t, false
}
