package dossier

import (
	"context"
	_ "embed"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

//go:embed policies.cedar
var policies string

// Policies says who reads dossiers, acts on them and leads.
func Policies() auth.Source { return auth.Source{Module: "dossier", Text: policies} }

// What is asked of the policies.
const (
	actRead          auth.Action = "dossier.read"
	actServe         auth.Action = "dossier.serve"
	actTrack         auth.Action = "dossier.track"
	actSupply        auth.Action = "dossier.supply"
	actTask          auth.Action = "dossier.act"
	actDeal          auth.Action = "dossier.deal"
	actLead          auth.Action = "dossier.lead"
	actReadOrder     auth.Action = "dossier.readOrder"
	actAnswerOrder   auth.Action = "dossier.answerOrder"
	actCorrect       auth.Action = "dossier.correct"
	actRedate        auth.Action = "dossier.redate"
	actReturn        auth.Action = "dossier.return"
	actReport        auth.Action = "dossier.report"
	actReports       auth.Action = "dossier.reports"
	actSearch        auth.Action = "dossier.search"
	actFileAtCounter auth.Action = "dossier.fileAtCounter"
	actFollow        auth.Action = "dossier.follow"
	actRate          auth.Action = "dossier.rate"
	actMessage       auth.Action = "dossier.message"
)

// Words that policies ask of a dossier: how its reader came to it.
const (
	byKey       = "key"
	byFollower  = "follower"
	byApplicant = "applicant" // filed it for themselves, or acts for whom it was filed by a mandate that holds
)

// resourceOf is a dossier as policies see it: its agencies answer for it, and where one of
// its tasks stands or stood.
func resourceOf(d Dossier, tasks ...Task) auth.Resource {
	r := auth.Resource{Type: "Dossier", ID: d.Code, State: string(d.State), Owners: []int64{d.Submitter}, Units: make([]string, 0, 3+len(tasks))}
	for _, u := range [...]orgunit.UnitID{d.Receiving, d.Competent, d.Reception} {
		r.Units = also(r.Units, u)
	}
	for _, t := range tasks {
		r.Units = also(r.Units, t.Unit)
	}
	return r
}

func also(to []string, u orgunit.UnitID) []string {
	if u == 0 || slices.Contains(to, scope(u)) {
		return to
	}
	return append(to, scope(u))
}

// at is a dossier for which one of its agencies alone answers.
func at(d Dossier, u orgunit.UnitID) auth.Resource {
	r := resourceOf(d)
	r.Units = []string{scope(u)}
	return r
}

// unitResource is a unit as policies see it.
func unitResource(u orgunit.UnitID) auth.Resource {
	return auth.Resource{Type: "Unit", ID: u.String(), Units: []string{scope(u)}}
}

// resource is an order as policies see it: it is the officer's to whom it was given.
func (o Order) resource() auth.Resource {
	return auth.Resource{Type: "Order", ID: o.ID.String(), Owners: []int64{o.Officer}, About: []int64{o.Leader}, Units: []string{scope(o.Unit)}, State: string(o.State)}
}

// agency is an agency whose report is asked for: a post in an office is a post of its agency.
func (s *Service) agency(sub auth.Subject, u orgunit.UnitID) auth.Resource {
	r := unitResource(u)
	r.Units = s.Units.Now().ScopesOf(u, sub.Scopes())
	return r
}

// canReport says why the reader may not read the report of an agency; 0: of several.
func (s *Service) canReport(ctx context.Context, u orgunit.UnitID) error {
	if u == 0 {
		return s.Policies.Can(ctx, actReports, auth.Resource{})
	}
	return s.Policies.Can(ctx, actReport, s.agency(auth.From(ctx), u))
}

// ResourceOf finds a dossier by its code, a task or an order by its id, as policies see it. It
// is for who asks why somebody may do something, and looks at nobody's rights. NotFound.
func (s *Service) ResourceOf(ctx context.Context, kind, name string) (r auth.Resource, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		switch kind {
		case "dossier":
			d, err := findByCode(v, NormalCode(name))
			if err != nil {
				return err
			}
			tasks, err := tasksOf(v, d.ID)
			r = resourceOf(d, tasks...)
			return err
		case "task":
			t, err := id.Parse[Task](name)
			if err != nil {
				return errs.E(errs.NotFound, "dossier.task.notFound", errs.Cause(err))
			}
			x, err := findTask(v, t)
			r = auth.Resource{Type: "Task", ID: name, Units: []string{scope(x.Unit)}, Roles: []string{x.Role}}
			return err
		}
		o, err := id.Parse[Order](name)
		if err != nil {
			return errs.E(errs.NotFound, "dossier.order.notFound", errs.Cause(err))
		}
		x, err := findOrder(v, o)
		r = x.resource()
		return err
	})
	return r, err
}
