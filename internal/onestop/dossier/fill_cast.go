package dossier

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// What an invented dossier asks and what officers write on it is taken from the scenarios
// that every declared service brings with it, with people, places and days put anew. So a
// service that is declared tomorrow fills itself.

// part is a service as invented dossiers use it.
type part struct {
	pkg     *service.Package
	weight  float64
	pleas   []plea
	officer map[string][]said // by "step.action" and by action
}

// plea is a filing of a scenario.
type plea struct {
	kase, channel, unit string
	on                  clock.Date
	answers             form.Answers
	papers              []form.File
}

// said is what an officer's form was answered with.
type said struct {
	on      clock.Date
	unit    string
	answers form.Answers
}

// shares of the services in a year, where they are known.
//
//nolint:gochecknoglobals // immutable table
var shares = map[string]float64{
	"hanoi.civil-status.birth-registration": 45, "hanoi.business.household-business": 22, "hanoi.construction.house-permit": 7, "hanoi.merit.martyr-worship": 3,
}

// cast are the services and communes of a day.
type cast struct {
	parts    []part
	sum      float64
	communes []string
	reach    []float64 // running sums of their weights
}

// stage keeps what many lives share. Safe for concurrent use.
type stage struct {
	s       *Service
	weights map[string]float64
	only    string // service
	mu      sync.Mutex
	casts   map[clock.Date]*cast // by day
	parts   map[string]*part     // by digest
}

func (g *stage) on(day clock.Date) *cast {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok := g.casts[day]; ok {
		return c
	}
	c := &cast{}
	for _, pkg := range g.s.Services.On(day) {
		if pkg.Opening != nil {
			continue // its places are few, and given out by a line
		}
		p, ok := g.parts[pkg.Digest]
		if !ok {
			p = partOf(pkg)
			g.parts[pkg.Digest] = p
		}
		if len(p.pleas) > 0 && (g.only == "" || g.only == pkg.ID) {
			c.parts = append(c.parts, *p)
			c.sum += p.weight
		}
	}
	sum := 0.0
	for i, u := range g.s.Units.At(day).Tier(orgunit.Commune) {
		w, ok := g.weights[u.Code]
		if u.Class != orgunit.Territory || u.Code == "" {
			continue
		}
		if !ok {
			w = 1 + float64(i*7919%13)/3 // some are five times as busy as others
		}
		sum += w
		c.communes, c.reach = append(c.communes, u.Code), append(c.reach, sum)
	}
	g.casts[day] = c
	return c
}

func (c *cast) part(r *rand.Rand) part {
	at := r.Float64() * c.sum
	for _, p := range c.parts {
		if at -= p.weight; at < 0 {
			return p
		}
	}
	return c.parts[len(c.parts)-1]
}

func (c *cast) commune(r *rand.Rand) string {
	i, _ := slices.BinarySearch(c.reach, r.Float64()*c.reach[len(c.reach)-1])
	return c.communes[min(i, len(c.communes)-1)]
}

// partOf reads the scenarios of a service. One that opens children or asks other systems
// takes no part: those are not lived through alone.
func partOf(pkg *service.Package) *part {
	p := &part{pkg: pkg, weight: 6, officer: map[string][]said{}}
	if w, ok := shares[pkg.ID]; ok {
		p.weight = w
	}
	if len(pkg.Process.Children())+len(pkg.Process.Connectors()) > 0 {
		return p
	}
	for _, sc := range pkg.Scenarios {
		at, err := time.Parse("2006-01-02", sc.Given.Clock[:min(10, len(sc.Given.Clock))])
		if err != nil || sc.Fails != "" {
			continue
		}
		on := clock.DateOf(at)
		text := func(k string) string { v, _ := sc.Submit[k].V.(string); return v }
		pl := plea{kase: text("case"), channel: text("channel"), on: on, papers: filesOf(sc.Submit["papers"].V)}
		if pl.channel == "" {
			pl.channel = sc.Given.Channel
		}
		plain := map[string]decl.Value{}
		for k, v := range sc.Submit {
			if !slices.Contains([]string{"case", "channel", "papers", "unit"}, k) {
				plain[k] = v
			}
		}
		if pl.answers, err = parsed(pkg.Form, plain); err != nil {
			continue
		}
		pl.unit = pl.answers.Text(pkg.Competent.By)
		p.pleas = append(p.pleas, pl)
		for _, st := range sc.Steps {
			if st.Fails != "" || len(st.With) == 0 {
				continue
			}
			step, act, dotted := strings.Cut(st.Do, ".")
			if !dotted {
				act = st.Do
			}
			for _, info := range pkg.Process.Steps() {
				if f, ok := pkg.Form.Officer(info.ID, act); ok && (!dotted || step == info.ID) {
					if a, err := parsed(f, st.With); err == nil {
						p.officer[info.ID+"."+act] = append(p.officer[info.ID+"."+act], said{on, pl.unit, a})
					}
				}
			}
		}
	}
	return p
}

func parsed(f *form.Form, m map[string]decl.Value) (form.Answers, error) {
	plain := make(map[string]any, len(m))
	for k, v := range m {
		plain[k] = v.V
	}
	raw, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	return f.ParseJSON(raw)
}

func filesOf(v any) []form.File {
	m, _ := v.(map[string]any)
	var out []form.File
	add := func(paper string, v any) {
		if name, ok := v.(string); ok && name == "shown" {
			out = append(out, form.File{Paper: paper, ShownOnly: true})
		} else if ok {
			out = append(out, form.File{Paper: paper, Name: name, Type: name[strings.LastIndexByte(name, '.')+1:], Originals: 1})
		}
	}
	for paper, v := range m {
		if list, ok := v.([]any); ok {
			for _, e := range list {
				add(paper, e)
			}
			continue
		}
		add(paper, v)
	}
	slices.SortFunc(out, func(a, b form.File) int { return strings.Compare(a.Paper+a.Name, b.Paper+b.Name) })
	return out
}

//nolint:gochecknoglobals // immutable shapes
var (
	idShape    = regexp.MustCompile(`^999\d{9}$`)
	bookShape  = regexp.MustCompile(`^\d+/\d{4}$`)
	phoneShape = regexp.MustCompile(`^0\d{9}$`)
	dayShape   = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

// recast puts other people, another place and other days into answers. What was equal
// stays equal: a requester who is the mother remains her.
type recast struct {
	r      *rand.Rand
	unit   string // the commune of this life
	day    clock.Date
	of     clock.Date      // day of the scenario
	was    string          // its commune
	girl   bool            // the child
	sexes  map[string]bool // women, by whose sex is asked: "owner"
	memory map[string]string
}

func (c *recast) all(a form.Answers) form.Answers {
	out := make(form.Answers, len(a))
	for path, v := range a {
		if who, ok := strings.CutSuffix(path, ".sex"); ok && who != "child" {
			c.sexes[who] = v.Value == "female"
		}
	}
	for _, path := range a.Paths() { // in order: chance must fall the same way again
		v := a[path]
		v.Value = c.value(path, v.Value)
		out[path] = v
	}
	return out
}

func (c *recast) value(path string, v any) any {
	switch v := v.(type) {
	case string:
		return c.text(path, v)
	case json.Number:
		if strings.HasSuffix(path, ".number") {
			return json.Number(strconv.Itoa(1 + c.r.IntN(900)))
		}
		if v.String() == time.Date(c.of.Year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006") {
			return json.Number(c.day.Time().Format("2006"))
		}
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = c.value(path, e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			out[k] = c.value(path+"."+k, v[k])
		}
		return out
	}
	return v
}

func sortedKeys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (c *recast) text(path, s string) string {
	if s == c.was && s != "" {
		return c.unit
	}
	if dayShape.MatchString(s) {
		d, err := clock.ParseDate(s)
		if gap := c.of.Time().Sub(d.Time()); err != nil || gap > 500*24*time.Hour || gap < -500*24*time.Hour {
			return s
		}
		if d = c.day.AddDays(int(d.Time().Sub(c.of.Time()).Hours() / 24)); strings.HasSuffix(path, ".dob") {
			d = d.AddDays(-c.r.IntN(15))
		}
		return d.String()
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case path == "child.sex":
		if c.girl {
			return "female"
		}
		return "male"
	case bookShape.MatchString(s):
		return strconv.Itoa(1+c.r.IntN(400)) + c.day.Time().Format("/2006")
	case path == "business.name":
		return pick(c.r, shops) + " " + pick(c.r, womens)
	case last == "line" || last == "address":
		return inventAddress(c.r)
	case !idShape.MatchString(s) && !phoneShape.MatchString(s) && (last != "name" && last != "head" || !personName(s)):
		return s
	}
	if was, ok := c.memory[s]; ok {
		return was
	}
	var out string
	switch {
	case idShape.MatchString(s):
		out = s[:6] + digits(c.r, 6)
	case phoneShape.MatchString(s):
		out = "0912" + digits(c.r, 6)
	default:
		out = inventName(c.r, c.woman(path, s))
	}
	c.memory[s] = out
	return out
}

// woman reports whether a name is to be a woman's.
func (c *recast) woman(path, was string) bool {
	who := path[:strings.LastIndexByte(path, '.')]
	if who == "child" {
		return c.girl
	}
	if yes, ok := c.sexes[who]; ok {
		return yes
	}
	return strings.Contains(was, " Thị ") || who == "mother"
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}
