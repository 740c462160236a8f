package counter

import (
	"context"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/once"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// Offer is a service that a counter takes dossiers of.
type Offer struct {
	Pkg  *service.Package
	Used int // dossiers that this counter took of it lately
}

// usedDays is how far back it is counted what a counter takes most.
const usedDays = 90

// Offers are the services that may be filed at a counter today, those that a unit takes
// most first; words narrow them by name or code, with or without accents.
func (s *Service) Offers(ctx context.Context, unit orgunit.UnitID, words string) (out []Offer, err error) {
	defer errs.Op(&err, "counter.Offers")
	var used map[string]int
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		used, err = usedServices(v, unit, db.Millis(s.Clock.Now().AddDate(0, 0, -usedDays)))
		return err
	})
	if err != nil {
		return nil, err
	}
	wanted := strings.Fields(i18n.Fold(words))
	for _, pkg := range s.Services.On(clock.DateOf(s.Clock.Now())) {
		name := i18n.Fold(pkg.Procedure + " " + pkg.Name().VI + " " + pkg.Name().EN)
		if pkg.Offers(service.Counter) && !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(name, w) }) {
			out = append(out, Offer{pkg, used[pkg.ID]})
		}
	}
	slices.SortStableFunc(out, func(a, b Offer) int {
		if a.Used != b.Used {
			return b.Used - a.Used
		}
		return strings.Compare(i18n.Fold(a.Pkg.Name().VI), i18n.Fold(b.Pkg.Name().VI))
	})
	return out, nil
}

// Package is the version of a service that is in force today and may be filed at a counter.
func (s *Service) Package(serviceID string) (*service.Package, error) {
	pkg, err := s.Services.Find(serviceID, clock.DateOf(s.Clock.Now()))
	if err == nil && !pkg.Offers(service.Counter) {
		err = errs.E(errs.NotFound, "counter.notHere")
	}
	return pkg, err
}

// Env is what the form of an intake reads.
func (s *Service) Env(i Intake) form.Env {
	return form.Env{Now: s.Clock.Now(), Case: i.Case, Channel: string(service.Counter), Units: s.Dossiers.FormUnits(), Files: i.Content.Papers}
}

// Opening is the beginning of an intake.
type Opening struct {
	Service string
	Case    string // empty: the first of the service
	Who     string // what the scanner or the clerk typed: card, number, phone; may be empty
	Person  person.ID
	Lang    string
	Key     string // client's request id
}

// Found are those that the text of an opening may mean, where there are several.
type Found []person.Person

// Begin opens an intake for the person who stands at the counter. Where a phone leads to
// several people nothing is opened and they are returned; the next call names one. A person
// who is found lends their data and the answers of what they filed at a counter before; the
// look is written down. Invalid for a text that is neither card, number nor phone.
func (s *Service) Begin(ctx context.Context, in Opening) (i Intake, several Found, err error) {
	defer errs.Op(&err, "counter.Begin(%s)", in.Service)
	unit, err := s.Desk(ctx)
	if err != nil {
		return i, nil, err
	}
	pkg, err := s.Package(in.Service)
	if err != nil {
		return i, nil, err
	}
	if in.Case == "" && len(pkg.Cases) > 0 {
		in.Case = pkg.Cases[0]
	}
	if len(pkg.Cases) > 0 && !slices.Contains(pkg.Cases, in.Case) {
		return i, nil, errs.E(errs.Invalid, "counter.case", errs.WithFields(errs.Field{Path: "case", Key: "counter.case"}))
	}
	sub := auth.From(ctx)
	i = Intake{ID: id.New[Intake](s.Gen), Unit: unit, Officer: sub.Account, By: sub.Name, Service: pkg.ID, Case: in.Case, Version: 1}
	i.Content = Content{Answers: form.Answers{}}
	i.Content.Filing.Lang = in.Lang
	if len(pkg.Result.Deliver) > 0 {
		i.Content.Filing.Delivery.Method = pkg.Result.Deliver[0]
		if slices.Contains(pkg.Result.Deliver, "counter") {
			i.Content.Filing.Delivery.Method = "counter"
		}
	}
	w, several, err := s.who(ctx, in)
	if err != nil {
		return i, nil, err
	}
	if len(several) > 0 {
		return i, several, s.Looks.Looked(ctx, s.lookAt(unit, access.Search, several...))
	}
	var lent []dossier.ID
	filled := w
	if w.known.ID != 0 {
		stop := false
		if s.Unused != nil {
			if stop, err = s.Unused(ctx, w.known.ID); err != nil {
				return i, nil, err
			}
		}
		if stop {
			filled.known = person.Person{}
		} else if lent, err = s.earlier(ctx, w.known.ID); err != nil {
			return i, nil, err
		}
	}
	if err = s.fill(ctx, &i, pkg, filled, lent); err != nil {
		return i, nil, err
	}
	text, err := encode(i.Content)
	if err != nil {
		return i, nil, err
	}
	hash := once.Hash([]any{"intake", in.Service, in.Case, in.Who, in.Person})
	begun, again, err := once.Do(ctx, s.DB, sub.Account, in.Key, hash, func(ctx context.Context, tx *db.Tx) (int64, error) {
		if i.Person = w.known.ID; w.number != "" {
			p, err := s.People.Remember(tx, w.number, w.told)
			if err != nil {
				return 0, err
			}
			i.Person = p.ID
		}
		if w.known.ID != 0 {
			if err := s.Looks.LookedIn(ctx, tx, s.lookAt(unit, access.Person, w.known)); err != nil {
				return 0, err
			}
		}
		return int64(i.ID), insertIntake(tx, i, text)
	})
	if err == nil && again {
		i, err = s.Open(ctx, IntakeID(begun))
	}
	return i, nil, err
}

// present is who stands at the counter, as far as it is known.
type present struct {
	known   person.Person // zero where the city does not know them
	number  person.Number // given now; empty where only a phone was
	told    person.Facts  // given now
	scanned bool
}

// who reads what was scanned or typed.
func (s *Service) who(ctx context.Context, in Opening) (w present, several Found, err error) {
	if in.Person != 0 {
		w.known, err = s.People.Get(ctx, in.Person)
		return w, nil, err
	}
	text := strings.TrimSpace(in.Who)
	if text == "" {
		return w, nil, nil
	}
	bad := errs.E(errs.Invalid, "counter.who", errs.WithFields(errs.Field{Path: "who", Key: "counter.who"}))
	if c, ok := person.ParseCard(text, s.People.Today()); ok {
		w.number, w.told, w.scanned = c.Number, person.FactsOf(c), true
	} else if person.IsCard(text) {
		return w, nil, errs.E(errs.Invalid, "counter.card", errs.WithFields(errs.Field{Path: "who", Key: "counter.card"}))
	} else if n, ok := person.ParseNumber(text, s.People.Today()); ok {
		w.number = n
	} else if phone, ok := dossier.NormalPhone(text); ok {
		w.told.Phone, text = phone, phone
	} else if _, ok := person.ParseOld(text); !ok {
		return w, nil, bad
	}
	found, err := s.People.Find(ctx, text)
	if err != nil || len(found) == 0 {
		return w, nil, err
	}
	if len(found) > 1 {
		return w, found, nil
	}
	w.known = found[0]
	return w, nil, nil
}

// maxLent are how many earlier dossiers lend their answers.
const maxLent = 5

// earlier are the dossiers that a person filed at a counter of the city, the youngest first.
func (s *Service) earlier(ctx context.Context, p person.ID) (ids []dossier.ID, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err := s.People.Family(v, p)
		if err != nil {
			return err
		}
		ids, err = filedBy(v, rows, maxLent)
		return err
	})
	return ids, err
}

// fill writes into an intake what need not be typed again.
func (s *Service) fill(ctx context.Context, i *Intake, pkg *service.Package, w present, lent []dossier.ID) error {
	facts := w.told
	if w.known.ID != 0 {
		facts = laid(w.told, w.known.Facts)
	}
	number := w.number
	if number == "" {
		number = w.known.Number
	}
	i.Content.Filing.Applicant = dossier.Party{Name: facts.Name, Phone: facts.Phone, Email: facts.Email}
	from := form.Answer{From: form.Earlier, At: w.known.Seen}
	if w.scanned {
		from = form.Answer{From: form.Scanned}
	}
	profile := form.Answers{}
	add := func(value string, names ...string) {
		for _, n := range names {
			if value != "" {
				a := from
				a.Value = value
				profile[n] = a
			}
		}
	}
	add(facts.Name, "person-name", "name")
	add(string(number), "person-id", "id")
	add(facts.Phone, "phone")
	add(facts.Email, "email")
	add(facts.Born, "dob")
	add(facts.Sex, "sex")
	known := map[string]form.Answers{"profile": profile}
	if len(lent) > 0 {
		previous, err := s.Dossiers.Earlier(ctx, lent)
		if err != nil {
			return err
		}
		known["previous"] = previous
	}
	i.Content.Answers, _ = pkg.Form.Suggest(i.Content.Answers, known, s.Env(*i))
	return nil
}

// laid lays what was told now over what was known.
func laid(now, known person.Facts) person.Facts {
	out := known
	for _, p := range [...][2]*string{{&out.Name, &now.Name}, {&out.Phone, &now.Phone}, {&out.Born, &now.Born}, {&out.Sex, &now.Sex}, {&out.Address, &now.Address}} {
		if *p[1] != "" {
			*p[0] = *p[1]
		}
	}
	return out
}

// Open reads an intake of the reader's counter. NotFound elsewhere.
func (s *Service) Open(ctx context.Context, v IntakeID) (i Intake, err error) {
	defer errs.Op(&err, "counter.Open(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		i, err = findIntake(q, v)
		return err
	})
	if err == nil && !s.Policies.May(ctx, actIntake, auth.Resource{Type: "Intake", ID: i.ID.String(), Units: []string{scopeOf(i.Unit)}}) {
		return Intake{}, errs.E(errs.NotFound, "counter.intake.notFound")
	}
	return i, err
}

// lookAt is the look at people who stand at the counter of a unit.
func (s *Service) lookAt(unit orgunit.UnitID, what access.What, people ...person.Person) access.Look {
	return person.Look(what, person.Basis{Kind: person.BasisPresent, Unit: unit.String()}, people...)
}

// Whose is the person of an intake; false where nobody is known.
func (s *Service) Whose(ctx context.Context, i Intake) (person.Person, bool, error) {
	if i.Person == 0 {
		return person.Person{}, false, nil
	}
	p, err := s.People.Get(ctx, i.Person)
	if err == nil {
		err = s.Looks.Looked(ctx, s.lookAt(i.Unit, access.Person, p))
	}
	if err != nil {
		return person.Person{}, false, err
	}
	return p, true, nil
}

// Waiting are the unfinished intakes of a counter, latest first.
func (s *Service) Waiting(ctx context.Context, unit orgunit.UnitID) (out []Intake, err error) {
	defer errs.Op(&err, "counter.Waiting")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = openIntakes(v, unit, db.Millis(s.Clock.Now().Add(-Life)))
		return err
	})
	if err != nil {
		return nil, err
	}
	var people []person.Person
	for _, i := range out {
		people = append(people, person.Person{ID: i.Person})
	}
	return out, s.Looks.Looked(ctx, s.lookAt(unit, access.List, people...))
}

// Save keeps what was typed. Conflict where it was saved elsewhere since, or filed. A number
// that was typed for an unknown person makes them known; "" leaves it.
func (s *Service) Save(ctx context.Context, i Intake, number string) (_ Intake, err error) {
	defer errs.Op(&err, "counter.Save(%s)", i.ID)
	var n person.Number
	if number = strings.TrimSpace(number); number != "" {
		var ok bool
		if n, ok = person.ParseNumber(number, s.People.Today()); !ok {
			return i, errs.E(errs.Invalid, "counter.number", errs.WithFields(errs.Field{Path: "number", Key: "counter.number"}))
		}
	}
	text, err := encode(i.Content)
	if err != nil {
		return i, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if n != "" {
			p, err := s.People.Remember(tx, n, person.Facts{Name: i.Content.Filing.Applicant.Name})
			if err != nil {
				return err
			}
			i.Person = p.ID
		}
		return updateIntake(tx, i, text, errs.E(errs.Conflict, "counter.intake.moved"))
	})
	if err == nil {
		i.Version++
	}
	return i, err
}

// Attach adds a scan that has arrived, beside whatever is saved at the same time.
func (s *Service) Attach(ctx context.Context, v IntakeID, f form.File) (err error) {
	defer errs.Op(&err, "counter.Attach(%s)", v)
	for range 5 {
		var i Intake
		if i, err = s.Open(ctx, v); err != nil {
			return err
		}
		i.Content.Papers = WithScan(i.Content.Papers, f)
		if _, err = s.Save(ctx, i, ""); !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return err
}

// WithScan is scans with one more; the same file of the same paper stands once.
func WithScan(papers []form.File, f form.File) []form.File {
	out := slices.DeleteFunc(slices.Clone(papers), func(g form.File) bool { return g.Paper == f.Paper && g.SHA256 == f.SHA256 })
	return append(out, f)
}

// Forget removes an intake that did not become a dossier.
func (s *Service) Forget(ctx context.Context, i Intake) (err error) {
	defer errs.Op(&err, "counter.Forget(%s)", i.ID)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return removeIntake(tx, i.ID) })
}

// submission is the dossier that an intake would be.
func (s *Service) submission(i Intake, pkg *service.Package) dossier.Submission {
	f := i.Content.Filing
	in := dossier.Submission{
		Service: i.Service, Case: i.Case, Unit: i.Unit.String(), Channel: service.Counter, Applicant: f.Applicant, Answers: i.Content.Answers,
		Papers: i.files(pkg.Form.Papers(i.Content.Answers, s.Env(i))), Delivery: f.Delivery, Copies: f.Copies, Lang: f.Lang, Key: "intake-" + i.ID.String(), Person: i.Person,
	}
	if f.Behalf != nil {
		in.Mandate = f.Behalf.Mandate
	}
	if strings.TrimSpace(f.Submitter.Name) != "" {
		in.Submitter = f.Submitter
	}
	return in
}

// Mandates are those by which whoever stands at the counter may file for others.
func (s *Service) Mandates(ctx context.Context, i Intake) ([]mandate.Mandate, error) {
	return s.Dossiers.UsableMandates(ctx, i.Person, i.Service)
}

// Choose files an intake for the giver of a mandate, "" for the person who stands there.
// Invalid for a mandate that they do not have.
func (s *Service) Choose(ctx context.Context, i *Intake, chosen string) error {
	i.Content.Filing.Behalf = nil
	if chosen == "" {
		return nil
	}
	ms, err := s.Mandates(ctx, *i)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if m.ID.String() == chosen {
			i.Content.Filing.Behalf = &dossier.Behalf{Mandate: m.ID, Kind: m.Kind, Giver: m.GiverName, Holder: m.HolderName}
			i.Content.Filing.Applicant.Name = m.GiverName
			return nil
		}
	}
	return errs.E(errs.Invalid, "counter.mandate", errs.WithFields(errs.Field{Path: "mandate", Key: "counter.mandate"}))
}

// Review is an intake as it stands before it is filed.
type Review struct {
	Result  form.Result
	Missing []errs.Field // papers that are missing: what form 02 asks for
	Way     dossier.Way
	Due     calendar.Due // when the result would be promised; zero where it cannot be told
	HasDue  bool
	Fee     service.FeeDue
}

// Ready reports whether the dossier may be accepted as it is.
func (r Review) Ready() bool { return r.Result.OK() }

// Lacking reports whether papers are all that is missing.
func (r Review) Lacking() bool { return len(r.Missing) > 0 && len(r.Missing) == len(r.Result.Errors) }

// Check says what stands in the way of filing an intake, and what would follow.
func (s *Service) Check(ctx context.Context, i Intake) (r Review, err error) {
	defer errs.Op(&err, "counter.Check(%s)", i.ID)
	pkg, err := s.Package(i.Service)
	if err != nil {
		return r, err
	}
	in := s.submission(i, pkg)
	if _, r.Result, err = s.Dossiers.Check(ctx, in); err != nil {
		return r, err
	}
	for _, f := range r.Result.Errors {
		if strings.HasPrefix(f.Path, "papers.") {
			r.Missing = append(r.Missing, f)
		}
	}
	if !r.Ready() && !r.Lacking() {
		return r, nil
	}
	in.Answers = r.Result.Answers
	if r.Way, err = s.Dossiers.Whither(ctx, in); err != nil {
		e, ok := errs.As(err)
		if !ok || e.Kind != errs.Invalid {
			return r, err
		}
		r.Result.Errors = append(r.Result.Errors, e.Fields...)
		return r, nil
	}
	if r.Fee, err = pkg.FeeOf(in.Answers, s.Env(i)); err != nil {
		return r, err
	}
	r.Due, r.HasDue, err = s.Dossiers.Foresee(in)
	return r, err
}

// Taken is what became of an intake.
type Taken struct {
	Code string
	Act  string
	Key  string // access key of the dossier
}

// File makes the intake a dossier and does the first act on it: accept (form 01),
// supplement (02) or refuse (03), the last two with a reason. Where all is well both are
// done when it returns; the same intake again goes on where it broke off, and is one
// dossier. Errors as of dossier.Submit and dossier.Act.
func (s *Service) File(ctx context.Context, i Intake, act, reason string) (out Taken, err error) {
	defer errs.Op(&err, "counter.File(%s)", i.ID)
	switch act {
	case process.DoAccept:
	case process.DoSupplement, process.DoRefuse:
		if strings.TrimSpace(reason) == "" {
			return out, errs.E(errs.Invalid, "dossier.comment.required", errs.WithFields(errs.Field{Path: "reason", Key: "dossier.comment.required"}))
		}
	default:
		return out, errs.E(errs.Invalid, "counter.act")
	}
	if i.Filed() {
		return Taken{Code: i.Code, Act: i.Act, Key: s.Dossiers.AccessKey(i.Code)}, nil
	}
	pkg, err := s.Package(i.Service)
	if err != nil {
		return out, err
	}
	in := s.submission(i, pkg)
	in.Lacking = act != process.DoAccept
	filed, err := s.Dossiers.Submit(ctx, in)
	if err != nil {
		return out, err
	}
	out = Taken{Code: filed.Code, Act: act, Key: filed.Key}
	task, version := filed.Task, filed.TaskVersion
	if task == 0 { // a second coming, whose answer names no task
		_, _, tasks, err := s.Dossiers.Read(ctx, filed.Code)
		if err != nil {
			return out, err
		}
		if len(tasks) > 0 {
			task, version = tasks[0].ID, 1
		}
	}
	_, err = s.Dossiers.Act(ctx, dossier.Command{Task: task, Version: version, Action: act, Comment: strings.TrimSpace(reason), Key: "intake-" + i.ID.String() + "-" + act})
	if err != nil {
		return out, err
	}
	return out, s.finish(ctx, i, pkg, in, filed, act)
}

// finish writes down what the counter keeps of a dossier that it took in.
func (s *Service) finish(ctx context.Context, i Intake, pkg *service.Package, in dossier.Submission, filed dossier.Filed, act string) error {
	sub := auth.From(ctx)
	who, known, err := s.Whose(ctx, i)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := finishIntake(tx, i.ID, filed.Code, act, errs.E(errs.Conflict, "counter.intake.moved")); err != nil {
			return err
		}
		if err := insertFiling(tx, filing{Dossier: filed.ID, Person: i.Person, Unit: i.Unit, Service: i.Service, At: tx.Now()}); err != nil {
			return err
		}
		if known {
			told := person.Facts{Phone: in.Applicant.Phone, Email: in.Applicant.Email}
			if who.Facts.Name == "" {
				told.Name = in.Applicant.Name
			}
			if phone, ok := dossier.NormalPhone(told.Phone); ok {
				told.Phone = phone
			}
			if _, err := s.People.Remember(tx, who.Number, told); err != nil {
				return err
			}
		}
		h := happening{Dossier: filed.Code, How: act}
		if act == process.DoAccept { // with the others the papers go home again
			for _, n := range pkg.Form.Papers(i.Content.Answers, s.Env(i)) {
				if kept := i.Content.Counts[n.ID].kept(); kept > 0 {
					o := Original{
						ID: id.New[Original](s.Gen), Dossier: filed.ID, Code: filed.Code, Applicant: strings.TrimSpace(in.Applicant.Name), Package: pkg.Digest,
						Paper: n.ID, Count: kept, Unit: i.Unit, Holder: sub.Account, HolderName: sub.Name, Since: tx.Now(), State: Held, Version: 1,
					}
					if err := insertOriginal(tx, o); err != nil {
						return err
					}
					h.Originals = append(h.Originals, o.ID.String())
				}
			}
		}
		return s.note(tx, sub, KindTaken, filed.ID, i.Unit, h)
	})
}
