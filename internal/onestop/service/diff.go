package service

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Change is one difference between two versions of a service, for the reviewer.
type Change struct {
	Part string // file, fact, field, officer, paper, step, deadline, register
	ID   string // path, id or file name
	What string // added, removed, changed
	Was  string // as declared, empty where added
	Is   string // empty where removed
}

// Diff lists what changed from one version to another, part by part. old may be nil: all
// is new then, and nothing is listed.
func Diff(old, new *Package) []Change {
	if old == nil || new == nil {
		return nil
	}
	var out []Change
	add := func(part string, was, is map[string]string) {
		keys := slices.Collect(maps.Keys(was))
		for k := range is {
			if _, both := was[k]; !both {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			a, before := was[k]
			b, after := is[k]
			switch {
			case !before:
				out = append(out, Change{part, k, "added", "", b})
			case !after:
				out = append(out, Change{part, k, "removed", a, ""})
			case a != b:
				out = append(out, Change{part, k, "changed", a, b})
			}
		}
	}
	add("fact", old.facts(), new.facts())
	add("deadline", old.terms(), new.terms())
	add("field", old.fields(), new.fields())
	add("officer", old.officerFields(), new.officerFields())
	add("paper", old.papersAsDeclared(), new.papersAsDeclared())
	add("step", old.stepsAsDeclared(), new.stepsAsDeclared())
	add("register", old.entered(), new.entered())
	add("file", old.sums(), new.sums())
	return out
}

// join writes what is said, without what is not.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" || strings.HasSuffix(s, "=") }), "; ")
}

func (p *Package) facts() map[string]string {
	out := map[string]string{
		"version": p.Version, "valid": join(p.From.String(), day(p.To)), "procedure": p.Procedure, "owner": join(p.Owner.Agency, p.Owner.Author),
		"cases": strings.Join(p.Cases, ", "), "competent": join(p.Competent.Tier, p.Competent.By, p.Competent.Unit.S), "receive": string(p.Receive),
		"applicants": strings.Join(p.Applicants, ", "), "assurance": join(p.Assurance, p.NoneWhy),
		"fee":      join(p.Fee.Kind, amount(p.Fee.Amount), p.Fee.Rule, p.Fee.When, p.Fee.Source),
		"result":   join(p.Result.Kind, p.Result.Code, "sign="+strings.Join(p.Result.Sign, ","), p.Result.Signing, "book="+p.Result.Book, p.Result.Number, "deliver="+strings.Join(p.Result.Deliver, ",")),
		"levelCap": join(amount(int64(p.LevelCap.Max)), p.LevelCap.Reason, p.LevelCap.Source),
		"data":     join(p.Data.Purpose, strings.Join(p.Data.Uses, ", "), p.Data.Retention),
	}
	var channels []string
	for _, c := range p.Channels {
		channels = append(channels, string(c))
	}
	out["channels"] = strings.Join(channels, ", ")
	return out
}

func amount(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func (p *Package) terms() map[string]string {
	out := map[string]string{"acceptance": strconv.Itoa(p.Terms.Receive) + " workingHours"}
	for _, d := range p.Terms.Deadlines {
		out[join(orAny(d.Case), d.Channel)] = join(d.Term.Kind.String(), amount(int64(d.Term.N)))
	}
	if s := p.Terms.Supplement; s.Max > 0 {
		out["supplement"] = join(strconv.Itoa(s.Max)+"×", s.Within.String(), map[bool]string{true: "resume", false: "restart"}[s.Resume])
	}
	return out
}

func (p *Package) fields() map[string]string {
	out := map[string]string{}
	for _, in := range p.Form.Inputs() {
		out[in.Path] = join(in.Type, "required="+in.Required, "when="+in.When)
	}
	return out
}

func (p *Package) officerFields() map[string]string {
	out := map[string]string{}
	for _, name := range p.Form.Actions() {
		if o := officerForm(p.Form, name); o != nil {
			for _, in := range o.Inputs() {
				out[name+": "+in.Path] = join(in.Type, "required="+in.Required, "when="+in.When)
			}
		}
	}
	return out
}

func (p *Package) papersAsDeclared() map[string]string {
	out := map[string]string{}
	for _, d := range p.Papers {
		shown := ""
		if d.ShownOnly {
			shown = "shownOnly"
		}
		out[d.ID] = join(d.Code, "required="+d.Required.S, "when="+d.When.S, "oneOf="+d.OneOf, shown)
	}
	return out
}

func (p *Package) stepsAsDeclared() map[string]string {
	out := map[string]string{}
	for _, s := range p.Process.Steps() {
		var acts []string
		for _, a := range s.Actions {
			act := a.Do
			if len(a.To) > 0 {
				act += " → " + strings.Join(a.To, ", ")
			}
			acts = append(acts, act)
		}
		budget := ""
		if s.Minutes > 0 {
			budget = hours(s.Minutes) + " h"
		}
		out[s.ID] = join(s.Role, s.Unit, budget, strings.Join(acts, ", "))
	}
	return out
}

func (p *Package) entered() map[string]string {
	out := map[string]string{}
	if p.Register != nil {
		for _, f := range p.Register.Fields {
			personal := ""
			if f.Personal {
				personal = "personal"
			}
			out[f.ID] = join(f.Type, f.Retention, personal)
		}
	}
	return out
}

func (p *Package) sums() map[string]string {
	out := map[string]string{}
	for _, f := range p.Manifest {
		out[f.Path] = f.SHA256[:12]
	}
	return out
}

// Before is the version that a package would follow: the newest of its service that is in
// force before it, or at all. nil where it is the first.
func (r *Registry) Before(p *Package) *Package {
	var best *Package
	for _, o := range r.now.Load().byID[p.ID] {
		if o.Digest != p.Digest && (best == nil || o.From.After(best.From)) {
			best = o
		}
	}
	return best
}
