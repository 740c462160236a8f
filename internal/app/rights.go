package app

import (
	"context"
	"fmt"
	"io"
	"path"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/rights"
	"khue/internal/onestop/rights/rightsweb"
	"khue/internal/register/access"
	"khue/internal/register/mandate"
	"khue/internal/register/openid/openidweb"
	"khue/internal/register/person"
)

// What people may ask about their data is answered by the modules that hold it; here each is
// plugged in, a few lines.

func (p *Program) rightsDeps() rights.Deps {
	return rights.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Blobs: p.Blobs, Staging: p.Staging, Notices: p.Notices, Looks: p.Looks, Policies: p.Policies,
		Units: p.Units, Calendars: p.Holidays, Accounts: p.Auth, Dossiers: erasing{p}, Services: p.retention, Holdings: p.holdings(),
		Expiring: []rights.Expiring{{
			Rule:  "looks",
			Count: p.Looks.Expired, Forget: p.Looks.Expire,
		}, {Rule: "payers", Count: p.Payments.Named, Forget: p.Payments.Forget}},
		Person: func(q db.Querier, account int64) (int64, error) {
			who, _, err := p.People.Of(q, account)
			return int64(who.ID), err
		},
		PersonBy: p.personBy, Belongings: p.belongings, MoneyBy: p.Payments.MoneyBy,
		Carry: p.carry, ChooseNotices: p.Notices.LetCourse,
	}
}

// retention tells the term of each service.
func (p *Program) retention() map[string]string {
	out := map[string]string{}
	for _, pkg := range p.Services.All() {
		out[pkg.ID] = pkg.Data.Retention
	}
	return out
}

// erasing lets go what the dossiers' modules hold of people.
type erasing struct{ p *Program }

// EndedBefore implements rights.Dossiers.
func (e erasing) EndedBefore(ctx context.Context, service string, before time.Time, after int64, limit int) ([]int64, error) {
	list, err := e.p.Dossiers.EndedBefore(ctx, service, before, dossier.ID(after), limit)
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = int64(v)
	}
	return out, err
}

// Erase implements rights.Dossiers.
func (e erasing) Erase(ctx context.Context, v int64, why []byte) (files []string, err error) {
	codes, err := e.p.Dossiers.Codes(ctx, []int64{v})
	if err != nil {
		return nil, err
	}
	if err := e.p.Counter.Erase(ctx, dossier.ID(v), codes[v]); err != nil {
		return nil, err
	}
	if files, err = e.p.Dossiers.Erase(ctx, dossier.ID(v), why); err != nil {
		return nil, err
	}
	signed, err := e.p.Signatures.Erase(ctx, journal.Subject{Type: dossier.SubjectType, ID: v})
	for _, f := range signed {
		files = append(files, f.SHA256)
	}
	return files, err
}

// Release implements rights.Dossiers.
func (e erasing) Release(ctx context.Context, files []string) error {
	return e.p.release(ctx, files, clock.System().Now().Add(-onItsWay))
}

// Hold implements rights.Dossiers.
func (e erasing) Hold(ctx context.Context, code string) (int64, string, error) {
	v, name, err := e.p.Dossiers.ByCode(ctx, code)
	return int64(v), name, err
}

// personBy implements rights.Deps.PersonBy.
func (p *Program) personBy(ctx context.Context, number string) (int64, string, error) {
	n, ok := person.ParseNumber(number, p.People.Today())
	if !ok {
		return 0, "", nil
	}
	known, err := p.People.Find(ctx, string(n))
	if err != nil || len(known) == 0 {
		return 0, "", err
	}
	return int64(known[0].ID), n.Masked(), nil
}

// keptOfPayments implements payment.Deps.Kept: what holds keep, and the names of the persons whom
// they name, as the register knows each of their rows.
func (p *Program) keptOfPayments(ctx context.Context) (out payment.Kept, err error) {
	if out.IDs, err = p.Rights.HeldThings(ctx); err != nil {
		return out, err
	}
	people, err := p.Rights.HeldPeople(ctx)
	if err != nil {
		return out, err
	}
	err = p.DB.View(ctx, func(_ context.Context, q *db.View) error {
		for _, v := range people {
			_, rows, err := p.People.Accounts(q, person.ID(v))
			if err != nil {
				return err
			}
			for _, row := range rows {
				who, err := p.People.In(q, row)
				if err != nil {
					return err
				}
				out.Names = append(out.Names, who.Facts.Name, who.Claim.Name)
			}
		}
		return nil
	})
	return out, err
}

// belongings implements rights.Deps.Belongings.
func (p *Program) belongings(q db.Querier, row int64) (out []int64, err error) {
	accounts, family, err := p.People.Accounts(q, person.ID(row))
	if err != nil {
		return nil, err
	}
	var parties []mandate.Party
	for _, v := range family {
		out, parties = append(out, int64(v)), append(parties, mandate.PersonParty(v))
	}
	for _, a := range append(accounts, 0) {
		ids, err := p.Dossiers.OfPeople(q, a, parties)
		if err != nil {
			return nil, err
		}
		for _, v := range ids {
			out = append(out, int64(v))
		}
	}
	return append(out, accounts...), nil
}

// carry writes a corrected fact of the person whose paper an officer read.
func (p *Program) carry(ctx context.Context, tx *db.Tx, number, fact, value string) error {
	n, ok := person.ParseNumber(number, p.People.Today())
	bad := errs.E(errs.Invalid, "rights.carry", errs.WithFields(errs.Field{Path: "number", Key: "rights.carry"}))
	if !ok {
		return bad
	}
	known, err := p.People.Find(ctx, string(n))
	if err != nil {
		return err
	}
	if len(known) == 0 {
		return bad
	}
	told := person.Facts{}
	into := map[string]*string{"name": &told.Name, "born": &told.Born, "sex": &told.Sex, "address": &told.Address, "phone": &told.Phone, "email": &told.Email}[fact]
	if into == nil {
		return nil
	}
	*into = value
	_, err = p.People.Remember(tx, n, told)
	return err
}

// rightsWeb tells the pages of rights what is the reader's own.
func (p *Program) rightsWeb() rightsweb.Deps {
	return rightsweb.Deps{
		Rights: p.Rights, Looks: p.Looks, Units: p.Units, Uploads: p.Uploads, Codes: p.Dossiers.Codes,
		Programs: func(ctx context.Context) ([]rightsweb.Program, error) {
			list, err := p.OpenID.AllowedBy(ctx, auth.From(ctx).Account)
			var out []rightsweb.Program
			for _, a := range list {
				out = append(out, rightsweb.Program{
					Code: a.Client.Code, Name: a.Client.Name, Owner: a.Client.Owner, Since: i18n.DateTime(i18n.LangOf(ctx), a.Given), Sees: openidweb.ScopeWords(ctx, a.Scopes),
				})
			}
			return out, err
		},
		Mine: func(ctx context.Context) ([]rightsweb.Own, error) {
			list, err := p.Dossiers.OwnOf(ctx)
			out := []rightsweb.Own{{Type: "account", ID: auth.From(ctx).Account}}
			for _, d := range list {
				out = append(out, rightsweb.Own{Type: dossier.SubjectType, ID: int64(d.ID), Code: d.Code, Unit: d.Competent})
			}
			if err != nil {
				return nil, err
			}
			rows, err := p.ownRows(ctx)
			for _, v := range rows {
				out = append(out, rightsweb.Own{Type: person.SubjectType, ID: int64(v)})
			}
			return out, err
		},
	}
}

// consented asks a source only where the account lets its data be used so.
type consented struct {
	form.Source
	p       *Program
	purpose string
}

// Facts implements form.Source.
func (c consented) Facts(ctx context.Context, who form.Applicant) (form.Answers, error) {
	ok, err := c.p.Rights.Consented(ctx, who.Account, c.purpose)
	if err != nil || !ok {
		return nil, err
	}
	if stop, err := c.p.Rights.Unused(ctx, rights.Whose{Account: who.Account}); err != nil || stop {
		return nil, err
	}
	return c.Source.Facts(ctx, who)
}

// holdings are the parts of an export. Each runs as the account.
func (p *Program) holdings() []rights.Holding {
	return []rights.Holding{
		{Name: "account", Read: func(ctx context.Context) (any, error) {
			a, err := p.Auth.AccountByID(ctx, auth.From(ctx).Account)
			return map[string]any{"login": a.Login, "name": a.Name, "kind": a.Kind.String(), "level": a.Level.String(), "created": a.Created}, err
		}},
		{Name: "sessions", Read: func(ctx context.Context) (any, error) {
			list, err := p.Auth.Sessions(ctx, auth.From(ctx).Account)
			out := []map[string]any{}
			for _, s := range list {
				out = append(out, map[string]any{"device": s.Label, "network": s.Network, "created": s.Created, "seen": s.Seen})
			}
			return out, err
		}},
		{Name: "dossiers", Read: p.ownDossiers, Files: p.ownPapers},
		{Name: "drafts", Read: func(ctx context.Context) (any, error) {
			list, err := p.Apply.Mine(ctx, "")
			out := []map[string]any{}
			for _, d := range list {
				out = append(out, map[string]any{"service": d.Service, "case": d.Case, "answers": d.Answers, "updated": d.Updated})
			}
			return out, err
		}},
		{Name: "notices", Read: func(ctx context.Context) (any, error) {
			list, _, err := p.Notices.Inbox(ctx, 0, false, 200)
			out := []map[string]any{}
			for _, n := range list {
				out = append(out, map[string]any{"at": n.Created, "title": n.Title, "text": n.Body})
			}
			return out, err
		}},
		{Name: "looks", Read: func(ctx context.Context) (any, error) {
			own, err := p.ownThings(ctx)
			if err != nil {
				return nil, err
			}
			ids := make([]int64, len(own))
			codes := map[int64]string{}
			for i, o := range own {
				ids[i], codes[o.ID] = o.ID, o.Label
			}
			out := []map[string]any{}
			for f := (access.Filter{}); ; {
				list, next, err := p.Looks.At(ctx, ids, f)
				if err != nil {
					return nil, err
				}
				for _, l := range list {
					out = append(out, map[string]any{"at": l.At, "unit": l.Unit, "post": l.Post, "what": l.What, "basis": l.Basis, "why": l.Why, "dossier": codes[l.About]})
				}
				if f.Before = next; next == 0 {
					return out, nil
				}
			}
		}},
	}
}

// ownDossiers are all dossiers that the account filed, with what was filed and what happened.
func (p *Program) ownDossiers(ctx context.Context) (any, error) {
	list, err := p.Dossiers.OwnOf(ctx)
	out := []map[string]any{}
	for _, d := range list {
		c, err := p.Dossiers.ContentOf(ctx, d)
		if err != nil {
			return nil, err
		}
		lines, err := p.Dossiers.Timeline(ctx, d, dossier.SeeState)
		if err != nil {
			return nil, err
		}
		happened := []map[string]any{}
		for _, l := range lines {
			happened = append(happened, map[string]any{"at": l.At, "kind": l.Kind, "comment": l.Comment})
		}
		papers := []map[string]any{}
		for _, f := range c.Papers {
			papers = append(papers, map[string]any{"paper": f.Paper, "name": f.Name, "size": f.Size, "sha256": f.SHA256})
		}
		out = append(out, map[string]any{
			"code": d.Code, "service": d.Service, "case": d.Case, "state": d.State.String(), "submitted": d.SubmittedAt, "closed": d.ClosedAt,
			"applicant": c.Filing.Applicant, "submitter": c.Filing.Submitter, "delivery": c.Filing.Delivery, "answers": c.Answers, "papers": papers, "happened": happened,
		})
	}
	return out, err
}

// ownPapers are the files of those dossiers.
func (p *Program) ownPapers(ctx context.Context) (out []rights.File, err error) {
	list, err := p.Dossiers.OwnOf(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		c, err := p.Dossiers.ContentOf(ctx, d)
		if err != nil {
			return nil, err
		}
		for i, f := range c.Papers {
			if f.SHA256 == "" {
				continue
			}
			ref := blob.Ref{SHA256: f.SHA256, Size: f.Size}
			out = append(out, rights.File{
				Name: path.Join("papers", d.Code, fmt.Sprintf("%02d-%s", i+1, path.Base(f.Name))),
				Open: func() (io.ReadCloser, error) { return p.Blobs.Open(ctx, ref) },
			})
		}
	}
	return out, nil
}
