package reorganise

import (
	"context"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

// Post is what becomes of somebody's post: ToRole is empty where nothing follows it.
type Post struct {
	Account int64
	Name    string
	Role    string
	From    orgunit.UnitID
	ToRole  string
	To      orgunit.UnitID
}

// postsOf says where the officers of units that end go: where the plan names them, there; or
// else with their queue. A commune's go to its heir, of a divided one to the default heir; a
// district's to the same work in each new commune that its communes went into.
func (s *settler) postsOf(holders []auth.PostHolder) (out []Post) {
	for _, h := range holders {
		u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(h.Scope, "unit:"))
		if err != nil || !s.ends(u) {
			continue
		}
		old, ok := s.reg.Unit(u)
		if !ok {
			continue
		}
		p := Post{Account: h.Account, Name: h.Name, Role: h.Role, From: u}
		next := s.byName(h, p)
		if len(next) == 0 {
			next = s.withQueue(p, old)
		}
		if len(next) == 0 {
			next = []Post{p}
		}
		out = append(out, next...)
	}
	return out
}

// byName are the posts that the plan gives to somebody by name.
func (s *settler) byName(h auth.PostHolder, p Post) (out []Post) {
	for _, x := range s.plan.People {
		if auth.NormLogin(x.Login) != h.Login {
			continue
		}
		code, rest, _ := strings.Cut(x.Unit, "/")
		u, err := s.after.ByCode(code)
		if err != nil {
			continue
		}
		a, _ := s.after.AgencyOf(u.ID)
		m := mapping{settler: s}
		if a.ID == s.after.Government().ID {
			rest = strings.TrimPrefix(rest, "/")
		}
		to, ok := m.reach("ward/"+rest, orgunit.Unit{Class: orgunit.Office}, a)
		if rest == "" {
			to, ok = a.ID, true
		}
		if ok {
			p.To, p.ToRole = to, x.Role
			out = append(out, p)
		}
	}
	return out
}

// withQueue are the posts at which the work of an old one is done now.
func (s *settler) withQueue(p Post, old orgunit.Unit) (out []Post) {
	place := placeOf(old)
	agency := old
	if old.Class == orgunit.Office {
		agency, _ = s.reg.Unit(old.Parent)
	}
	for _, ward := range s.wards(place, agency.Tier) {
		m := mapping{settler: s, ward: ward}
		at, ok := s.after.AgencyOf(ward)
		if !ok {
			continue
		}
		key := ""
		if old.Class != orgunit.Office {
			key = "agency"
		}
		to := m.rule(old, at, key)
		role := p.Role
		if !s.staffed(to, role) {
			role = s.posts[p.Role]
			for _, r := range s.plan.Posts {
				if o, ok := s.after.Office(at.ID, r.Office); ok && r.Role == p.Role && r.Office != "" {
					to = o.ID
				}
			}
		}
		if !s.staffed(to, role) {
			continue
		}
		q := p
		q.To, q.ToRole = to, role
		if !slices.ContainsFunc(out, func(o Post) bool { return o.To == q.To && o.ToRole == q.ToRole }) {
			out = append(out, q)
		}
	}
	return out
}

// wards are the new communes that took over a territory.
func (s *settler) wards(place orgunit.UnitID, tier orgunit.Tier) (out []orgunit.UnitID) {
	if tier == orgunit.Commune {
		heirs, _ := s.reg.Successors(place, s.plan.Day)
		v, ok := orgunit.Main(heirs)
		if !ok {
			return nil
		}
		if u, err := s.after.ByCode(s.split(place).Default); err == nil {
			v = u.ID
		}
		return []orgunit.UnitID{v}
	}
	for _, c := range s.before.Children(place) {
		if c.Class != orgunit.Territory {
			continue
		}
		heirs, _ := s.reg.Successors(c.ID, s.plan.Day)
		for _, h := range heirs {
			if !slices.Contains(out, h.Unit) {
				out = append(out, h.Unit)
			}
		}
	}
	slices.Sort(out)
	return out
}

// movePosts ends the posts of units that end with their last day, and begins those that
// follow, and what goes with them. It may run again: what stands is written as it stands.
func (s *Service) movePosts(ctx context.Context, a Act, plan *Plan) error {
	last := plan.Day.AddDays(-1)
	holders, err := s.Accounts.Everybody(ctx, last)
	if err != nil {
		return err
	}
	set := newSettler(plan, s.Units.Register())
	list := set.postsOf(holders)
	for _, p := range list {
		if p.ToRole != "" {
			g := auth.GrantPeriod{Grant: auth.Grant{Role: p.ToRole, Scope: scope(p.To)}, From: plan.Day}
			if err := s.Accounts.AddGrant(ctx, p.Account, g); err != nil {
				return err
			}
		}
		if err := s.Accounts.EndGrant(ctx, p.Account, auth.Grant{Role: p.Role, Scope: scope(p.From)}, last); err != nil {
			return err
		}
		if err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return insertPost(tx, a.ID, p) }); err != nil {
			return err
		}
	}
	if len(s.Posts) == 0 {
		return nil
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, f := range s.Posts {
			if err := f(tx, a.DecidedBy, list); err != nil {
				return err
			}
		}
		return nil
	})
}

// restorePosts opens the old posts again from today: what is moved back needs its people.
// The new ones stay, since what somebody acted on stays too.
func (s *Service) restorePosts(ctx context.Context, a Act, _ *Plan) error {
	var list []Post
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		list, err = postsOf(v, a.Undoes)
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range list {
		g := auth.GrantPeriod{Grant: auth.Grant{Role: p.Role, Scope: scope(p.From)}, From: clock.DateOf(a.StartedAt)}
		if err := s.Accounts.AddGrant(ctx, p.Account, g); err != nil {
			return err
		}
	}
	return nil
}

func scope(u orgunit.UnitID) string { return "unit:" + u.String() }

// PostsOf lists what became of posts by an act: first those that nothing follows. Errors:
// Forbidden.
func (s *Service) PostsOf(ctx context.Context, v ActID) (out []Post, err error) {
	defer errs.Op(&err, "reorganise.PostsOf")
	if err := s.CanRead(ctx); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = postsOf(q, v)
		return err
	})
	return out, err
}
