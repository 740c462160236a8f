package dossier

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// Results makes the results that the city numbers itself. Dossier tells it what was decided,
// in the transaction of the act, and asks it before anything is handed over.
type Results interface {
	// IntendIn takes the number of a result and notes that it is to be made.
	IntendIn(tx *db.Tx, i Intent) error
	// DoneIn is told that a dossier has come to where its result may be handed over.
	DoneIn(tx *db.Tx, d ID) error
	// Ready says why a result cannot be handed over yet; nil where it can, or where the city
	// did not number it.
	Ready(ctx context.Context, d Dossier) error
	// NumberOf is the number of a dossier's result, made or on its way; "" where it has none.
	NumberOf(q db.Querier, d ID) (string, error)
	// Signed reports whether the paper of a dossier's result is there and signed.
	Signed(ctx context.Context, d ID) (bool, error)
	// Paper is the result that stands; false where there is none.
	Paper(ctx context.Context, d Dossier) ([]byte, bool, error)
}

// Intent is a result that an act decided on.
type Intent struct {
	Dossier Dossier
	Package *service.Package
	Actor   auth.Subject   // who took the number
	Unit    orgunit.UnitID // the agency that numbers it
	Signer  Did            // who signed the decision; zero where nobody did
}

// signer is who signed last.
func (r record) signer() (out Did) {
	for line := range strings.Lines(string(r)) {
		duty, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		who, name, _ := strings.Cut(rest, " ")
		if n, err := strconv.ParseUint(duty, 10, 8); err == nil && Duty(n) == Signed {
			if a, err := strconv.ParseInt(who, 10, 64); err == nil {
				out = Did{Signed, a, name}
			}
		}
	}
	return out
}

// intendResult tells the module above that a result is to be made.
func (s *Service) intendResult(tx *db.Tx, ch *change) error {
	done := ch.dossier.State == process.Done && ch.before.State != process.Done
	if !ch.result && !done || s.Results == nil {
		return nil
	}
	pkg, err := s.pkg(ch.dossier)
	if err != nil || !pkg.Result.Numbered() || ch.dossier.Heritage != nil {
		return err
	}
	if done {
		if err := s.Results.DoneIn(tx, ch.dossier.ID); err != nil || !ch.result {
			return err
		}
	}
	i := Intent{Dossier: ch.dossier, Package: pkg, Actor: ch.by, Unit: ch.dossier.Competent, Signer: ch.dossier.Did.signer()}
	if a, ok := s.Units.Now().IssuerOf(ch.at); ok {
		i.Unit = a.ID
	}
	return s.Results.IntendIn(tx, i)
}

// mayHandOver refuses to hand over a result whose paper is not made yet, or with one of its
// children's that is not.
func (s *Service) mayHandOver(ctx context.Context, d Dossier, pkg *service.Package, action string) error {
	if action != process.DoIssue || s.Results == nil {
		return nil
	}
	if pkg.Result.Numbered() {
		if err := s.Results.Ready(ctx, d); err != nil {
			return err
		}
	}
	if len(pkg.Process.Children()) == 0 {
		return nil
	}
	kids, err := s.children(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, k := range kids {
		if k.State == process.Done {
			if err := s.Results.Ready(ctx, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// ResultSigned reports whether a dossier's result is a signed file; what only says how it would
// look is not.
func (s *Service) ResultSigned(ctx context.Context, d Dossier) (bool, error) {
	if s.Results == nil {
		return false, nil
	}
	return s.Results.Signed(ctx, d.ID)
}

// ResultPaper is what the paper of a result needs beside its dossier.
type ResultPaper struct {
	Number   string
	At       time.Time // of the decision
	ID       string    // of the document
	Verify   string    // address behind the code on the paper
	Signed   bool      // it will be signed; otherwise it says that it is not
	Bare     bool      // no paper is wanted, only what its register is to hold
	Signer   string
	Replaces string            // number of the result that this one takes the place of
	Changes  map[string]string // words that differ from the dossier, by path
}

// Drawn is a result with what its register is to hold.
type Drawn struct {
	PDF     []byte
	Place   pdf.Place // where the signer signs; zero where the layout has no place
	Entered service.Entered
	Content Content
}

// DrawResult draws the result of a dossier, for the program: it looks at nobody's rights.
func (s *Service) DrawResult(ctx context.Context, v ID, r ResultPaper) (out Drawn, err error) {
	defer errs.Op(&err, "dossier.DrawResult(%s)", v)
	p := printing{s: s, lang: i18n.VI, ctx: i18n.WithLang(ctx, s.words, i18n.VI), line: Line{At: r.At}}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if p.d, err = findByID(q, v); err != nil {
			return err
		}
		p.c, err = findContent(q, v)
		return err
	})
	if err != nil {
		return out, err
	}
	if p.c.Filing.Erased {
		return out, errs.E(errs.Gone, "dossier.erased")
	}
	if p.pkg, err = s.pkg(p.d); err != nil {
		return out, err
	}
	l, ok := p.pkg.Layouts[p.pkg.Result.Kind]
	if !ok {
		return out, errs.E(errs.Invalid, "dossier.paper.notFound")
	}
	day := clock.DateOf(r.At)
	env := form.Env{Now: r.At, Case: p.d.Case, Channel: string(p.d.Channel), Units: s.units, Files: p.c.Papers}
	out.Content = p.c
	if out.Entered, err = p.pkg.Enter(p.c.Answers, p.c.Officer, env, r.Number, day, p.d.Code); err != nil {
		return out, err
	}
	if r.Bare {
		return out, nil
	}
	words := p.resultWords(env)
	words["result.number"], words["result.date"], words["verify.url"], words["signer"] = r.Number, i18n.Date(i18n.VI, day), r.Verify, r.Signer
	words["result.replaces"] = r.Replaces
	if !r.Signed {
		words["result.mark"] = p.t("unsigned")
	}
	for path, w := range r.Changes {
		words[path] = w
	}
	layout := pdf.Fill(l, pdf.Data{Words: words, Lists: map[string][]map[string]string{"papers": p.papers()}})
	if r.Replaces != "" {
		layout.Blocks = append(layout.Blocks, pdf.Block{Note: &pdf.Note{Text: p.t("replaces", "number", r.Replaces)}})
	}
	if !slices.ContainsFunc(layout.Blocks, func(b pdf.Block) bool {
		return b.QR != nil && b.QR.Text == r.Verify || b.Title != nil && b.Title.QR == r.Verify
	}) {
		layout.Blocks = append(layout.Blocks, pdf.Block{QR: &pdf.QR{Text: r.Verify, Caption: p.t("check"), Size: 24}})
	}
	if !r.Signed {
		layout.Page.Watermark = p.t("unsigned")
	}
	opt := pdf.Options{Fonts: s.Fonts, Title: p.pkg.Text("result."+p.pkg.Result.Kind).VI + " " + r.Number, Lang: "vi", Created: r.At, ID: r.ID, Place: func(at pdf.Place) { out.Place = at }}
	if s.Demo {
		layout.Page.Footer = p.t("mark.foot", "mark", p.t("mark.demo"), "foot", layout.Page.Footer)
	}
	if s.Draw != nil {
		out.PDF, err = s.Draw(ctx, layout, opt)
	} else {
		out.PDF, err = pdf.Render(layout, opt)
	}
	return out, err
}

// GiveOnline hands over the result of a dossier whose owner chose to have it online: nobody
// has to press a button for what is a file. Nothing happens where it is not ready to be
// handed over, or was handed over already.
func (s *Service) GiveOnline(ctx context.Context, v ID, done func(tx *db.Tx) error) (err error) {
	defer errs.Op(&err, "dossier.GiveOnline(%s)", v)
	var d Dossier
	var c Content
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) {
		if d, err = findByID(q, v); err != nil {
			return err
		}
		c, err = findContent(q, v)
		return err
	})
	if err != nil {
		return err
	}
	if d.State != process.Done || c.Filing.Delivery.Method != DeliverOnline {
		return nil
	}
	if err := s.Results.Ready(ctx, d); err != nil {
		return nil //nolint:nilerr // it comes again when the result is there
	}
	if err := s.issueUnasked(ctx, d, func(tx *db.Tx, _ *change) error { return done(tx) }); !late(err) {
		return err
	}
	return nil
}

// DeliverOnline is the way to have a result as a file.
const DeliverOnline = "online"

// FindID finds a dossier by its id, for the program: it looks at nobody's rights.
func (s *Service) FindID(q db.Querier, v ID) (Dossier, error) { return findByID(q, v) }

// FindIDs is FindID of many, by their ids.
func (s *Service) FindIDs(q db.Querier, ids []ID) (map[ID]Dossier, error) {
	list, err := findByIDs(q, ids)
	out := make(map[ID]Dossier, len(list))
	for _, d := range list {
		out[d.ID] = d
	}
	return out, err
}
