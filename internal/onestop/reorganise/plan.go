package reorganise

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// PlanFormat is the word that a plan begins with.
const PlanFormat = "khue-reorganisation/1"

//go:embed plans/*.yaml
var plans embed.FS

// Plan is what a city declares about a day on which units end (docs/guides/reorganisation.md).
type Plan struct {
	Pos       decl.Pos
	Format    string     `yaml:"format,required"`
	ID        string     `yaml:"id,required"`
	Title     decl.Label `yaml:"title,required"`
	Effective string     `yaml:"effective,required"` // first day of the new units
	Basis     decl.Label `yaml:"basis,required"`     // as people cite it
	Splits    []Split    `yaml:"splits"`
	Seats     []Seat     `yaml:"seats"`
	Functions []Rule     `yaml:"functions"`
	Posts     []PostRule `yaml:"posts"`
	Skip      []SkipRule `yaml:"skip"`
	People    []Person   `yaml:"people"`

	Digest string     `yaml:"-"` // SHA-256 of the file
	Day    clock.Date `yaml:"-"`
	Text   string     `yaml:"-"`
}

// Split says how a divided commune falls to its heirs, as far as addresses tell.
type Split struct {
	Pos     decl.Pos
	From    string   `yaml:"from,required"` // code of the day before
	Default string   `yaml:"default"`       // code of the new commune that acts until it is settled; empty: the one that keeps the most
	Fields  []string `yaml:"fields"`        // answers that hold an address, by path; empty: every answer named line, address, street or group
	Parts   []Piece  `yaml:"parts"`
}

// Piece is a part of a divided commune with the places that lie in it.
type Piece struct {
	Pos    decl.Pos
	To     string   `yaml:"to,required"` // code of the new commune
	Places []string `yaml:"places"`      // streets, residential groups, hamlets as addresses name them
}

// Seat is the new commune that takes over what a district did without naming a commune.
type Seat struct {
	Pos      decl.Pos
	District string `yaml:"district,required"` // code of the day before
	To       string `yaml:"to,required"`
}

// Rule says who takes over the work of a unit that has no successor of its own kind: a
// district's committee and its offices. The first that fits counts. Empty conditions fit all.
type Rule struct {
	Pos       decl.Pos
	Procedure string `yaml:"procedure"`
	Service   string `yaml:"service"`
	Tier      string `yaml:"tier"`   // of the old unit: district, commune
	Office    string `yaml:"office"` // a function of the old office; "agency": the committee itself
	To        string `yaml:"to,required"`
}

// PostRule says which post stands for one that is no more.
type PostRule struct {
	Pos    decl.Pos
	Tier   string `yaml:"tier"`
	Role   string `yaml:"role,required"`
	To     string `yaml:"to,required"`
	Office string `yaml:"office"` // the new post stands in this office; empty: where the old one led
}

// SkipRule is a step at which nobody signs twice: the named action is taken by this rule.
type SkipRule struct {
	Pos     decl.Pos
	Service string `yaml:"service,required"`
	Step    string `yaml:"step,required"`
	Do      string `yaml:"do,required"`
	Reason  string `yaml:"reason,required"`
}

// Person is the new post of somebody, where it does not follow from the old one.
type Person struct {
	Pos   decl.Pos
	Login string `yaml:"login,required"`
	Role  string `yaml:"role,required"`
	Unit  string `yaml:"unit,required"` // route on the new day: "00118", "00118/economy", "H26/labour"
}

// Parse reads a plan and checks it against the register. Problems name the line.
func Parse(file string, data []byte, reg *orgunit.Register) (*Plan, decl.Problems) {
	p := &Plan{Text: string(data)}
	ps := decl.Decode(file, data, p)
	sum := sha256.Sum256(data)
	p.Digest = hex.EncodeToString(sum[:])
	if ps.Failed() {
		return nil, ps
	}
	c := checker{file: file, plan: p, reg: reg}
	c.check()
	return p, c.problems
}

var planID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{2,59}$`)

type checker struct {
	file     string
	plan     *Plan
	reg      *orgunit.Register
	problems decl.Problems
}

func (c *checker) fault(pos decl.Pos, element, key string, kv ...any) {
	e := errs.E(errs.Invalid, key, errs.P(kv...))
	c.problems = append(c.problems, decl.Problem{File: c.file, Pos: pos, Element: element, Key: "reorganise.plan." + key, Params: e.Params})
}

func (c *checker) check() {
	p := c.plan
	if p.Format != PlanFormat {
		c.fault(p.Pos, "format", "format", "want", PlanFormat)
	}
	if !planID.MatchString(p.ID) {
		c.fault(p.Pos, "id", "id")
	}
	var err error
	if p.Day, err = clock.ParseDate(p.Effective); err != nil {
		c.fault(p.Pos, "effective", "effective")
		return
	}
	before, after := c.reg.At(p.Day.AddDays(-1)), c.reg.At(p.Day)
	for _, s := range p.Splits {
		old, err := before.ByCode(s.From)
		if err != nil {
			c.fault(s.Pos, "splits.from", "code", "code", s.From, "date", p.Day.AddDays(-1))
			continue
		}
		heirs, _ := c.reg.Successors(old.ID, p.Day)
		names := func(pos decl.Pos, code string) {
			u, err := after.ByCode(code)
			if err != nil || !slices.ContainsFunc(heirs, func(h orgunit.Heir) bool { return h.Unit == u.ID }) {
				c.fault(pos, "splits", "heir", "code", code, "from", old.Name)
			}
		}
		if s.Default != "" {
			names(s.Pos, s.Default)
		}
		for _, part := range s.Parts {
			names(part.Pos, part.To)
		}
	}
	for _, s := range p.Seats {
		if u, err := before.ByCode(s.District); err != nil || u.Tier != orgunit.District {
			c.fault(s.Pos, "seats.district", "code", "code", s.District, "date", p.Day.AddDays(-1))
		}
		if _, err := after.ByCode(s.To); err != nil {
			c.fault(s.Pos, "seats.to", "code", "code", s.To, "date", p.Day)
		}
	}
	for _, r := range p.Functions {
		head, _, _ := strings.Cut(r.To, "/")
		if head != "ward" && head != "city" {
			c.fault(r.Pos, "functions.to", "to", "to", r.To)
		}
	}
	for _, r := range p.Posts {
		for _, role := range []string{r.Role, r.To} {
			if _, ok := orgunit.RoleOf(orgunit.Role(role)); !ok {
				c.fault(r.Pos, "posts", "role", "role", role)
			}
		}
	}
}

// Embedded are the plans that come with the program.
func Embedded(reg *orgunit.Register) ([]*Plan, decl.Problems) {
	var out []*Plan
	names, err := fs.Glob(plans, "plans/*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		b, err := fs.ReadFile(plans, name)
		if err != nil {
			panic(err) // the file is embedded
		}
		p, ps := Parse(name, b, reg)
		if ps.Failed() {
			return nil, ps
		}
		out = append(out, p)
	}
	return out, nil
}
