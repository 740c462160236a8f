package counter

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/once"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// Ways of calling the owner of a result.
const (
	ByPhone  = "phone"
	BySMS    = "sms"
	ByNotice = "notice" // a printed notice, sent or handed out
)

// Ways are all ways of calling.
func Ways() []string { return []string{ByPhone, BySMS, ByNotice} }

// Call is one time that the owner was called.
type Call struct {
	Dossier dossier.ID
	At      time.Time
	How     string
	By      string
	Note    string
}

// Ages of uncollected results, in days: the lower bounds of the list's parts.
//
//nolint:gochecknoglobals // immutable table
var Ages = [...]int{7, 30, 90}

// CalledOf are the last calls about dossiers.
func (s *Service) CalledOf(ctx context.Context, ids []dossier.ID) (out map[dossier.ID]Call, err error) {
	defer errs.Op(&err, "counter.CalledOf")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = lastCalls(v, ids)
		return err
	})
	return out, err
}

// Calls are all calls about a dossier, latest first.
func (s *Service) Calls(ctx context.Context, d dossier.ID) (out []Call, err error) {
	defer errs.Op(&err, "counter.Calls")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = callsOf(v, d)
		return err
	})
	return out, err
}

// Texts reports whether calling the owner by SMS sends a text message; else it is only noted.
func (s *Service) Texts(p Pickup) bool {
	phone := p.Content.Filing.Applicant.Phone
	if phone == "" {
		phone = p.Dossier.Phone
	}
	return s.Notices.Texts(phone)
}

// Called writes down that the owner of a result was called, and by SMS calls them.
func (s *Service) Called(ctx context.Context, code, how, comment, key string) (err error) {
	defer errs.Op(&err, "counter.Called(%s)", code)
	if !slices.Contains(Ways(), how) {
		return errs.E(errs.Invalid, "counter.call.how", errs.WithFields(errs.Field{Path: "how", Key: "counter.call.how"}))
	}
	v, err := s.Pickup(ctx, code)
	if err != nil {
		return err
	}
	comment = clip(comment)
	sub := auth.From(ctx)
	call := s.Gen.Next()
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]string{"call", v.Dossier.Code, how, comment}), func(ctx context.Context, tx *db.Tx) (int64, error) {
		if err := insertCall(tx, call, Call{Dossier: v.Dossier.ID, At: tx.Now(), How: how, By: sub.Name, Note: comment}); err != nil {
			return 0, err
		}
		if how == BySMS && s.Texts(v) {
			if err := s.Dossiers.TellCalled(ctx, tx, v.Dossier, v.Content.Filing, "call."+strconv.FormatInt(call, 10)); err != nil {
				return 0, err
			}
		}
		return int64(v.Dossier.ID), s.note(tx, sub, KindCalled, v.Dossier.ID, v.Task.Unit, happening{Dossier: v.Dossier.Code, How: how, Note: comment})
	})
	return err
}

func clip(s string) string {
	r := []rune(strings.TrimSpace(s))
	return string(r[:min(len(r), 500)])
}

// Pickup is a result at the return desk.
type Pickup struct {
	Dossier   dossier.Dossier
	Content   dossier.Content
	Task      dossier.Task // whose action issue returns it; zero where it is not ready
	Pkg       *service.Package
	Fee       service.FeeDue
	Ordered   bool // the fee is an order of its own: nothing is noted at the return
	Originals []Original
	Returned  *Return // where it was returned here
}

// Ready reports whether it waits for its owner.
func (p Pickup) Ready() bool { return p.Task.ID != 0 }

// Here are the originals that lie at the counter of the result, and can be handed back.
func (p Pickup) Here() []Original {
	return slices.DeleteFunc(slices.Clone(p.Originals), func(o Original) bool { return o.State != Held || o.Unit != p.Task.Unit || o.Batch != 0 })
}

// Away are those that are held elsewhere: they come by a batch first.
func (p Pickup) Away() []Original {
	return slices.DeleteFunc(slices.Clone(p.Originals), func(o Original) bool {
		return o.State != Held || o.Unit == p.Task.Unit && o.Batch == 0
	})
}

// Pickup reads a result for the clerk of its counter. NotFound also where the reader is not.
func (s *Service) Pickup(ctx context.Context, code string) (p Pickup, err error) {
	defer errs.Op(&err, "counter.Pickup")
	var tasks []dossier.Task
	if p.Dossier, p.Content, tasks, err = s.Dossiers.Read(ctx, code); err != nil {
		return p, err
	}
	if p.Pkg, err = s.Services.ByDigest(p.Dossier.Package); err != nil {
		return p, err
	}
	desks := s.Desks(ctx)
	for _, t := range tasks {
		step, _ := p.Pkg.Process.Step(t.Step)
		issues := slices.ContainsFunc(step.Actions, func(a process.ActionInfo) bool { return a.Do == process.DoIssue })
		if t.Open && t.State == process.Done && issues && slices.Contains(desks, t.Unit) {
			p.Task = t
		}
	}
	// A fee is that of the day of filing: an exemption may have ended since.
	env := form.Env{Now: p.Dossier.SubmittedAt, Case: p.Dossier.Case, Channel: string(p.Dossier.Channel), Units: s.Dossiers.FormUnits(), Files: p.Content.Papers}
	if p.Fee, err = p.Pkg.FeeOf(p.Content.Answers, env); err != nil {
		return p, err
	}
	fees, err := s.Dossiers.Fees(ctx, p.Dossier)
	if err != nil {
		return p, err
	}
	p.Ordered = len(fees) > 0
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if p.Originals, err = originalsOf(v, p.Dossier.ID); err != nil {
			return err
		}
		r, err := findReturn(v, p.Dossier.ID)
		if err == nil {
			p.Returned = &r
		} else if !errs.Is(err, errs.NotFound) {
			return err
		}
		return nil
	})
	if err == nil && !p.Ready() && p.Returned == nil {
		return Pickup{}, errs.E(errs.NotFound, "counter.return.notReady")
	}
	return p, err
}

// Ways of checking who stands there.
const (
	IdentityCard       = "card"       // the card was scanned and is the applicant's
	IdentityPaper      = "paper"      // identity paper and form 01 shown
	IdentityAuthorised = "authorised" // somebody else, with an authorisation
)

// Identities are all ways of checking.
func Identities() []string { return []string{IdentityCard, IdentityPaper, IdentityAuthorised} }

// Ways of the fee at the return.
const (
	PaidBefore = "before"
	PaidHere   = "here"
)

// Return is what was written down when a result went to its owner.
type Return struct {
	Dossier  dossier.ID
	At       time.Time
	By       string
	Identity string
	Who      string // received it, and typed or heard their name to sign
	Paid     string // PaidBefore, PaidHere; empty where nothing is paid
	Receipt  string
	Amount   int64
	Note     string
}

// Handing is a return as the clerk sends it.
type Handing struct {
	Code      string
	Version   int64 // of the task that the clerk saw
	Identity  string
	Card      string // what the scanner read, for IdentityCard
	Who       string
	Paid      string
	Receipt   string
	Originals []OriginalID // handed over, line by line
	Kept      string       // why originals that lie here were not handed over
	Key       string
}

// Fits reports whether a card is the applicant's: by number where the dossier was filed at a
// counter for a known person, else by name.
func (s *Service) Fits(ctx context.Context, p Pickup, card string) (name string, fits bool, err error) {
	c, ok := person.ParseCard(card, s.People.Today())
	if !ok {
		return "", false, nil
	}
	var who person.ID
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		who, err = personOf(v, p.Dossier.ID)
		return err
	})
	if err != nil {
		return "", false, err
	}
	if who != 0 {
		known, err := s.People.Get(ctx, who)
		if err != nil {
			return "", false, err
		}
		found, err := s.People.Find(ctx, string(c.Number)) // also by the number of a row that was merged
		return c.Name, slices.ContainsFunc(found, func(p person.Person) bool { return p.ID == known.ID }), err
	}
	return c.Name, i18n.Fold(c.Name) == i18n.Fold(p.Dossier.Applicant), nil
}

// HandBack returns a result: identity checked, fee noted, originals handed over, signed for,
// and the dossier's own act issue. The same key again is the same return. Errors: Invalid
// with fields, Conflict where somebody returned it first.
func (s *Service) HandBack(ctx context.Context, in Handing) (err error) {
	defer errs.Op(&err, "counter.HandBack(%s)", in.Code)
	p, err := s.Pickup(ctx, in.Code)
	if err != nil {
		return err
	}
	if p.Returned != nil { // a second coming finds it done
		return nil
	}
	r, err := s.checkHanding(ctx, p, &in)
	if err != nil {
		return err
	}
	_, err = s.Dossiers.Act(ctx, dossier.Command{Task: p.Task.ID, Version: in.Version, Action: process.DoIssue, Key: in.Key})
	if err != nil {
		return err
	}
	sub := auth.From(ctx)
	h := happening{Dossier: p.Dossier.Code, How: r.Identity, Who: r.Who, Receipt: r.Receipt, Amount: r.Amount, Note: r.Note}
	for _, o := range in.Originals {
		h.Originals = append(h.Originals, o.String())
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		r.At, r.By = tx.Now(), sub.Name
		if err := insertReturn(tx, r); err != nil {
			return err
		}
		for _, o := range in.Originals {
			if err := giveBack(tx, o, p.Task.Unit, errs.E(errs.Conflict, "counter.return.moved")); err != nil {
				return err
			}
		}
		return s.note(tx, sub, KindReturned, p.Dossier.ID, p.Task.Unit, h)
	})
	if db.IsUnique(err) {
		return nil
	}
	return err
}

// checkHanding says all that is wrong with a return at once.
func (s *Service) checkHanding(ctx context.Context, p Pickup, in *Handing) (r Return, err error) {
	var bad []errs.Field
	fail := func(path, key string) { bad = append(bad, errs.Field{Path: path, Key: key}) }
	in.Who, in.Receipt, in.Kept = clip(in.Who), clip(in.Receipt), clip(in.Kept)
	r = Return{Dossier: p.Dossier.ID, Identity: in.Identity, Who: in.Who, Paid: in.Paid, Receipt: in.Receipt, Note: in.Kept}
	switch in.Identity {
	case IdentityCard:
		name, fits, err := s.Fits(ctx, p, in.Card)
		switch {
		case err != nil:
			return r, err
		case name == "":
			fail("card", "counter.return.card")
		case !fits:
			fail("card", "counter.return.otherCard")
		default:
			r.Who = name
		}
	case IdentityPaper:
		if r.Who == "" {
			r.Who = p.Dossier.Applicant
		}
	case IdentityAuthorised:
		if len([]rune(r.Who)) < 2 {
			fail("who", "counter.return.who")
		}
	default:
		fail("identity", "counter.return.identity")
	}
	switch {
	case p.Fee.Amount > 0 && p.Ordered: // the order says whether it is paid, and stops the act until it is
		r.Paid, r.Receipt = PaidBefore, ""
	case p.Fee.Amount > 0:
		switch {
		case in.Paid == PaidHere && in.Receipt == "":
			fail("receipt", "counter.return.receipt")
		case in.Paid == PaidHere:
			r.Amount = p.Fee.Amount
		case in.Paid != PaidBefore:
			fail("paid", "counter.return.paid")
		}
	default:
		r.Paid, r.Receipt = "", ""
	}
	here := p.Here()
	for _, o := range in.Originals {
		if !slices.ContainsFunc(here, func(h Original) bool { return h.ID == o }) {
			return r, errs.E(errs.Conflict, "counter.return.moved")
		}
	}
	if len(in.Originals) < len(here) && in.Kept == "" {
		fail("kept", "counter.return.kept")
	}
	if len(bad) > 0 {
		return r, errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return r, nil
}

// ReturnOf is what was written down at the return of a dossier that the reader may see.
func (s *Service) ReturnOf(ctx context.Context, code string) (p Pickup, err error) {
	if p, err = s.Pickup(ctx, code); err == nil && p.Returned == nil {
		err = errs.E(errs.NotFound, "counter.return.notReady")
	}
	return p, err
}

// ReadyFor lists the results at the reader's counter that a text leads to: the code of a
// dossier, a phone, or a card or personal number of somebody who filed at a counter. Empty
// where none waits.
func (s *Service) ReadyFor(ctx context.Context, text string) (out []dossier.Ready, err error) {
	defer errs.Op(&err, "counter.ReadyFor")
	unit, err := s.Desk(ctx)
	if err != nil {
		return nil, err
	}
	text = strings.TrimSpace(text)
	if phone, ok := dossier.NormalPhone(text); ok {
		page, err := s.Dossiers.ReadyToReturn(ctx, dossier.ReadyFilter{Unit: unit, Phone: phone})
		if err != nil || len(page.Items) > 0 {
			return page.Items, err
		}
	}
	people, err := s.People.Find(ctx, text)
	if err != nil {
		return nil, err
	}
	if len(people) == 0 {
		page, err := s.Dossiers.ReadyToReturn(ctx, dossier.ReadyFilter{Unit: unit, Code: dossier.NormalCode(text)})
		return page.Items, err
	}
	for _, p := range people {
		ids, err := s.filings(ctx, p.ID, unit)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			continue
		}
		page, err := s.Dossiers.ReadyToReturn(ctx, dossier.ReadyFilter{Unit: unit, Dossiers: ids})
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
	}
	return out, nil
}

// filings are the dossiers of a person who stands at the return desk; the look is written down.
func (s *Service) filings(ctx context.Context, p person.ID, unit orgunit.UnitID) (ids []dossier.ID, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := s.People.Family(tx, p)
		if err != nil {
			return err
		}
		if ids, err = filedBy(tx, rows, 50); err != nil {
			return err
		}
		return s.Looks.LookedIn(ctx, tx, s.lookAt(unit, access.Person, person.Person{ID: p}))
	})
	return ids, err
}

// Erase forgets what the counter keeps of the people of a dossier.
func (s *Service) Erase(ctx context.Context, v dossier.ID, code string) (err error) {
	defer errs.Op(&err, "counter.Erase(%s)", v)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return eraseOf(tx, v, code) })
}

// FileNames gives each the texts of this module in which files are named, for the sweep of files that
// nobody names.
func (s *Service) FileNames(ctx context.Context, each func(text string)) error {
	return s.DB.Texts(ctx, fileNames, each)
}
