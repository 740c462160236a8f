package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// A process may open dossiers of other services: its children. A child is a dossier like
// any other, with its own code, unit, acceptance and date; it is written with the act of
// the parent that opened it. When it ends, or its result is ready, the parent is told by a
// job, once. When the parent ends without it, the child is withdrawn; when the parent's
// results are returned, so are the children's.

// The jobs between parents and children.
const (
	JobChildEnded  = "dossier.childEnded"
	JobChildStop   = "dossier.childStop"
	JobChildReturn = "dossier.childReturn"
)

// KindChildEnded is the journal kind of a parent that goes on because a child has ended.
const KindChildEnded = "dossier.childEnded"

// childFailed is the error of a child that could not be opened: no boundary catches it by
// name, so the parent waits for repair.
const childFailed = "childFailed"

type childArgs struct {
	Dossier ID  `json:"dossier"` // the child, or the parent
	Token   int `json:"token,omitempty"`
}

// child is a dossier about to be written with its parent's act.
type child struct {
	token   int
	change  *change
	content Content
}

// over reports whether a parent need not wait any more: the child has ended, or its
// result is ready.
func over(st process.State) bool { return st.Ended() || st == process.Done }

// offspring opens the children that a step asked for. One that cannot be opened is told
// to the process at once, which goes on from there.
func (s *Service) offspring(ch *change, pkg *service.Package, env process.Env, now nowAt, c Content) error {
	for i := 0; i < len(ch.asked); i++ {
		e := ch.asked[i]
		if slices.Contains(ch.dropped, e.Token) {
			continue
		}
		kid, err := s.beget(ch.dossier, e, now, c)
		if err == nil {
			ch.children = append(ch.children, kid)
			continue
		}
		ev := process.Event{Kind: process.ChildEnded, Token: e.Token, Code: childFailed}
		inst, effects, err := process.Step(pkg.Process, ch.dossier.Instance, ev, env)
		if err != nil {
			return stepErr(err)
		}
		ch.dossier.Instance = inst
		for _, e := range effects {
			ch.take(e, now.at)
		}
	}
	ch.children = slices.DeleteFunc(ch.children, func(k child) bool { return slices.Contains(ch.dropped, k.token) })
	return nil
}

// beget computes a child from what its parent gives it.
func (s *Service) beget(parent Dossier, e process.ChildOpened, now nowAt, c Content) (kid child, err error) {
	defer errs.Op(&err, "dossier.beget(%s)", e.Service)
	day := clock.DateOf(now.at)
	pkg, err := s.Services.Find(e.Service, day)
	if err != nil {
		return kid, err
	}
	kase, channel := e.Case, parent.Channel
	if kase == "" && len(pkg.Cases) > 0 {
		kase = pkg.Cases[0]
	}
	if len(pkg.Cases) > 0 && !slices.Contains(pkg.Cases, kase) {
		return kid, errs.E(errs.Invalid, "dossier.submit.case")
	}
	if !pkg.Offers(channel) {
		channel = pkg.Channels[0]
	}
	answers := form.Answers{}
	for _, v := range e.In {
		if a, ok := answerOf(v.Value.Value); ok {
			answers[v.Name] = form.Answer{Value: a, From: form.Earlier}
		}
	}
	env := form.Env{Now: now.at, Case: kase, Channel: string(channel), Units: s.units}
	if parent.Heritage != nil { // what it is given names the units of the day on which the parent was filed
		env.Units = asFiled{s.units, parent.day()}
	}
	for _, f := range c.Papers {
		if slices.ContainsFunc(pkg.Papers, func(p form.PaperDef) bool { return p.ID == f.Paper }) {
			env.Files = append(env.Files, f)
		}
	}
	res := pkg.Form.Validate(answers, env)
	if err := res.Err(); err != nil {
		return kid, err
	}
	who := pkg.Agencies(res.Answers, env)
	if e.Unit != "" {
		who.Receiving, who.Competent = e.Unit, e.Unit
	}
	var at [2]orgunit.UnitID
	for i, ref := range [...]string{who.Receiving, who.Competent} {
		u, err := s.fallsTo(parent, ref, day)
		if err != nil {
			return kid, err
		}
		at[i] = u.ID
	}
	d := Dossier{
		ID: id.New[Dossier](s.Gen), Service: pkg.ID, Package: pkg.Digest, Procedure: pkg.Procedure, Case: kase, Channel: channel,
		Reception: parent.Receiving, Receiving: at[0], Competent: at[1], Submitter: parent.Submitter, Applicant: parent.Applicant, Phone: parent.Phone, Mail: parent.Mail,
		SubmittedAt: now.at, Version: 1, Parent: parent.ID, ParentToken: e.Token,
	}
	filing := c.Filing
	filing.Delivery, filing.Copies = Delivery{Method: pkg.Result.Deliver[0]}, 0
	kid = child{token: e.Token, content: Content{Answers: res.Answers, Papers: env.Files, Filing: filing}}
	if kid.change, err = s.step(d, pkg, process.Event{Kind: process.Submit}, now, kid.content); err != nil {
		return kid, err
	}
	if len(kid.change.children) > 0 {
		return kid, errs.E(errs.Invalid, "dossier.child.nested", errs.P("service", pkg.ID))
	}
	return kid, nil
}

// answerOf is a value of a process as forms keep it; false for null and for what no
// answer holds.
func answerOf(v feel.Value) (any, bool) {
	switch v.Kind() {
	case feel.KindString:
		t, _ := v.Text()
		return t, t != ""
	case feel.KindBoolean:
		return v.IsTrue(), true
	case feel.KindNumber:
		return json.Number(v.String()), true
	case feel.KindDate:
		return v.String(), true
	case feel.KindList:
		var out []any
		for _, e := range v.Items() {
			if a, ok := answerOf(e); ok {
				out = append(out, a)
			}
		}
		return out, len(out) > 0
	}
	return nil, false
}

// valueOf is an answer as a process keeps it.
func valueOf(v any) feel.Value {
	switch v := v.(type) {
	case string:
		return feel.String(v)
	case bool:
		return feel.Bool(v)
	case json.Number:
		n, _ := feel.ParseNumber(v.String())
		return n
	}
	return feel.Null()
}

// register gives the children of a change their codes and journal entries, before the
// transaction in which they are written.
func (s *Service) register(ctx context.Context, ch *change, by string, now nowAt) ([]journal.Entry, []contentJSON, error) {
	entries, texts := make([]journal.Entry, len(ch.children)), make([]contentJSON, len(ch.children))
	for i := range ch.children {
		k := ch.children[i].change
		code, err := s.codes.next(ctx, s.codeSign(k.dossier), clock.DateOf(now.at))
		if err != nil {
			return nil, nil, err
		}
		k.dossier.Code = code
		if texts[i], err = encodeContent(ch.children[i].content); err != nil {
			return nil, nil, err
		}
		entries[i], err = k.entry(KindSubmitted, system(), k.dossier.Reception.String(), now, func(h *Happening) {
			h.By, h.Content, h.Parent = by, contentHash(texts[i]), ch.dossier.Code
		})
		if err != nil {
			return nil, nil, err
		}
		s.plan(k, by, now.at)
	}
	return entries, texts, nil
}

// writeFamily writes the children that a change opened, and tells parents and children
// what concerns them.
func (s *Service) writeFamily(tx *db.Tx, ch *change, entries []journal.Entry, texts []contentJSON) error {
	for i, k := range ch.children {
		if err := insertDossier(tx, k.change.dossier, k.change.instance); err != nil {
			return err
		}
		if err := insertContent(tx, k.change.dossier.ID, texts[i]); err != nil {
			return err
		}
		if err := s.writeTasks(tx, k.change); err != nil {
			return err
		}
		if _, err := s.Journal.Append(tx, entries[i]); err != nil {
			return err
		}
		if err := s.putFee(tx, k.change); err != nil {
			return err
		}
		s.wasFiled(tx, k.change.dossier)
	}
	was, is := ch.before, ch.dossier
	if was.Parent != 0 && !over(was.State) && over(is.State) {
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: JobChildEnded, Args: childArgs{Dossier: is.ID}, Unique: is.ID.String()}); err != nil {
			return err
		}
	}
	for _, token := range ch.dropped {
		args := childArgs{Dossier: is.ID, Token: token}
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: JobChildStop, Args: args, Unique: is.ID.String() + "." + strconv.Itoa(token)}); err != nil {
			return err
		}
	}
	if ch.family && is.State == process.Returned && was.State != process.Returned {
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobChildReturn, Args: childArgs{Dossier: is.ID}, Unique: is.ID.String()})
	}
	return nil
}

// childEnded gives the end of a child to its parent. A parent whose token moved on has had
// it, or does not want it.
func (s *Service) childEnded(ctx context.Context, t jobs.Task) error {
	var a childArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var d Dossier
	var c Content
	var number string
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if d, err = findByID(v, a.Dossier); err != nil {
			return err
		}
		if s.Results != nil {
			if number, err = s.Results.NumberOf(v, d.ID); err != nil {
				return err
			}
		}
		c, err = findContent(v, d.ID)
		return err
	})
	if err != nil {
		return err
	}
	if !over(d.State) {
		return nil // reopened meanwhile; its next end is told again
	}
	ev := process.Event{Kind: process.ChildEnded, Token: d.ParentToken, Data: legacy(d, c, number)}
	if d.State != process.Done && d.State != process.Returned {
		ev.Code = process.ChildStoppedCode
	}
	_, err = s.advance(ctx, moved{
		id: d.Parent, by: system(), kind: KindChildEnded, event: ev,
		tell: func(_ Dossier, h *Happening) { h.Child, h.Service, h.Outcome = d.Code, d.Package, d.State },
		also: func(tx *db.Tx, _ *change) error { return t.Done(tx) },
	})
	if late(err) {
		return nil
	}
	return err
}

// legacy is what a child leaves to its parent: its code and state, the number of its result, and
// every answer by path.
func legacy(d Dossier, c Content, number string) []process.Var {
	out := []process.Var{
		{Name: "code", Value: process.Data{Value: feel.String(d.Code)}}, {Name: "state", Value: process.Data{Value: feel.String(d.State.String())}},
	}
	if number != "" {
		out = append(out, process.Var{Name: "result.number", Value: process.Data{Value: feel.String(number)}})
	}
	said := c.Answers.With(c.Officer)
	for path, a := range said {
		if v := valueOf(a.Value); !v.IsNull() {
			out = append(out, process.Var{Name: path, Value: process.Data{Value: v}})
		}
	}
	_, typed := said[typedNumber]
	if n, year, ok := ofBook(number); ok && !typed {
		out = append(out, process.Var{Name: typedNumber, Value: process.Data{Value: feel.String(n)}}, process.Var{Name: typedYear, Value: process.Data{Value: feel.String(year)}})
	}
	slices.SortFunc(out, func(a, b process.Var) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return out
}

// A parent that was filed by a text from before results were numbered by the city takes from a birth
// the number and year that an officer typed there. Its child may be of a later text, whose number comes
// from the book and which nobody types.
const typedNumber, typedYear = "book.number", "book.year"

// ofBook parts a number that stands in a book of a year: "15/2026".
func ofBook(number string) (n, year string, ok bool) {
	n, year, ok = strings.Cut(number, "/")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return n, year, ok && digits(n) && digits(year) && len(year) == 4
}

// childStop withdraws the child of a parent that does not wait for it any more.
func (s *Service) childStop(ctx context.Context, t jobs.Task) error {
	var a childArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var d Dossier
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		d, err = childAt(v, a.Dossier, a.Token)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return nil // it was never opened
	}
	if err != nil {
		return err
	}
	_, err = s.advance(ctx, moved{
		id: d.ID, by: system(), kind: KindWithdrawn, event: process.Event{Kind: process.Withdraw},
		also: func(tx *db.Tx, _ *change) error { return t.Done(tx) },
	})
	if late(err) {
		return nil
	}
	return err
}

// childReturn returns the results of the children with those of their parent: the owner has
// them now.
func (s *Service) childReturn(ctx context.Context, t jobs.Task) error {
	var a childArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	kids, err := s.children(ctx, a.Dossier)
	if err != nil {
		return err
	}
	var bad error
	for _, d := range kids {
		if d.State != process.Done {
			continue
		}
		if err := s.issueUnasked(ctx, d, nil); !late(err) {
			bad = errors.Join(bad, err)
		}
	}
	return bad
}

// issueUnasked hands over a result for which nobody comes to a counter; also is written with it.
// It does nothing where the dossier stands at no step that does so.
func (s *Service) issueUnasked(ctx context.Context, d Dossier, also func(*db.Tx, *change) error) error {
	pkg, err := s.pkg(d)
	if err != nil {
		return err
	}
	for _, tok := range d.Instance.Tokens {
		step, ok := pkg.Process.Step(tok.Step)
		if !ok || !slices.ContainsFunc(step.Actions, func(x process.ActionInfo) bool { return x.Do == process.DoIssue }) {
			continue
		}
		_, err := s.advance(ctx, moved{
			id: d.ID, by: system(), kind: KindOf(process.DoIssue), event: process.Event{Kind: process.Act, Token: tok.N, Action: process.DoIssue},
			tell: func(_ Dossier, h *Happening) { h.Action = process.DoIssue }, also: also,
		})
		return err
	}
	return nil
}

func (s *Service) children(ctx context.Context, parent ID) (out []Dossier, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = childrenOf(v, parent)
		return err
	})
	return out, err
}

// Children are the child dossiers of a dossier, in the order in which they were opened;
// none where its service opens none. Whoever may see the parent sees how they stand.
func (s *Service) Children(ctx context.Context, d Dossier) (out []Dossier, err error) {
	defer errs.Op(&err, "dossier.Children(%s)", d.ID)
	pkg, err := s.pkg(d)
	if err != nil || len(pkg.Process.Children()) == 0 {
		return nil, err
	}
	return s.children(ctx, d.ID)
}

// ParentOf is the dossier that a child belongs to; false where it is nobody's child.
func (s *Service) ParentOf(ctx context.Context, d Dossier) (parent Dossier, ok bool, err error) {
	defer errs.Op(&err, "dossier.ParentOf(%s)", d.ID)
	if d.Parent == 0 {
		return Dossier{}, false, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		parent, err = findByID(v, d.Parent)
		return err
	})
	return parent, err == nil, err
}

// MaySeeAll reports whether the reader of ctx sees all of a dossier.
func (s *Service) MaySeeAll(ctx context.Context, d Dossier) bool {
	return s.access(ctx, auth.From(ctx), d, Viewer{}) == SeeAll
}
