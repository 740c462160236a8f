package scaffold

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"khue/internal/kernel/i18n"
	"khue/internal/register/catalog"
)

// facts are what a template is filled with.
type facts struct {
	From, ID, Version, Kind string
	Today                   string // ISO date, first day of validity
	Code                    string // of the procedure
	Agency                  string
	VI, EN                  string // name
	ResultVI, ResultEN      string
	ResultCode, Title       string // title: the result's name in capitals
	Tier, UnitCode          string
	UnitVI, UnitEN          string
	Receive                 string
	Applicants, Channels    []string
	Role                    string // who deals with it
	Term                    term
	Ask                     string   // how long an opinion may take
	Hours                   []string // of the steps: receive, handle, sign, seal, return
	Fee                     fee
	Papers                  []paper
	Clock                   string            // of the scenarios
	Due                     map[string]string // by scenario, filled from a first run
	comments                i18n.Lang
}

type term struct {
	Kind   string
	N      int
	VI, EN string
	Known  bool // the record says it
}

type fee struct {
	Kind   string
	Amount int64
	Source string
}

type paper struct {
	ID, Code, VI, EN string
	Hint             string // the record's whole words, where they are too long for a name
	Shown            bool
	Originals        int
}

// Note is a comment in the author's language.
func (f facts) Note(vi, en string) string {
	if f.comments == i18n.VI {
		return "# " + vi
	}
	return "# " + en
}

// Given are the papers that a scenario hands in.
func (f facts) Given() []paper {
	return slices.DeleteFunc(slices.Clone(f.Papers), func(p paper) bool { return p.Shown })
}

// FirstPaper is what the scenario of a supplement asks for; empty where nothing is handed in.
func (f facts) FirstPaper() string {
	if g := f.Given(); len(g) > 0 {
		return g[0].ID
	}
	return ""
}

const maxPapers = 12

var (
	notPaper = regexp.MustCompile(`^(mau dien tu|to khai|doi voi|luu y|truong hop gui ho so)`)
	shown    = regexp.MustCompile(`xuat trinh`)
	// someone is who the record of another era or kind calls a business.
	business = regexp.MustCompile(`doanh nghiep|hop tac xa|to chuc|ho kinh doanh`)
)

// papersOf are the components of the record that are papers: electronic forms and printed
// applications are what form.yaml asks, and remarks are none.
func papersOf(d *catalog.Detail) []paper {
	var out []paper
	seen := map[string]bool{}
	for _, g := range d.Papers {
		for _, p := range g.Papers {
			name := strings.TrimSpace(strings.TrimLeft(p.Name, " -*+•."))
			folded := i18n.Fold(name)
			code := p.Code[strings.LastIndexByte(p.Code, '-')+1:]
			if p.EForm || name == "" || notPaper.MatchString(folded) || p.Originals == 0 && p.Copies == 0 || len(out) == maxPapers {
				continue
			}
			id := strings.ToLower(slug(code, ""))
			if id == "" || id[0] >= '0' && id[0] <= '9' || seen[id] {
				id = "paper" + strconv.Itoa(len(out)+1)
			}
			seen[id] = true
			out = append(out, paper{
				ID: id, Code: code, VI: capital(strings.TrimRight(short(name, nameRunes), " ;.")), EN: "Paper " + strings.TrimSpace(code) + " of the national record",
				Hint:  hintOf(name),
				Shown: shown.MatchString(i18n.Fold(g.Name)), Originals: p.Originals,
			})
		}
	}
	return out
}

const nameRunes, hintRunes = 70, 400

func hintOf(name string) string {
	if utf8.RuneCountInString(name) <= nameRunes {
		return ""
	}
	return capital(short(name, hintRunes))
}

// Hinted are the papers whose words were too long for a name.
func (f facts) Hinted() []paper {
	return slices.DeleteFunc(slices.Clone(f.Papers), func(p paper) bool { return p.Hint == "" })
}

// termOf is the first term that the record states in a unit; otherwise five working days
// that are marked as unknown.
func termOf(p *catalog.Procedure) term {
	var ds []catalog.Deadline
	for _, c := range p.Detail.Cases {
		ds = append(ds, c.Deadline)
	}
	for _, m := range p.Detail.Methods {
		ds = append(ds, m.Deadline)
	}
	for _, d := range ds {
		n := int(d.N)
		switch {
		case d.N <= 0 || d.N > 400:
		case d.Unit == catalog.WorkingDays && float64(n) == d.N:
			return named("workingDays", n)
		case d.Unit == catalog.WorkingDays:
			return named("workingHours", int(d.N*8))
		case d.Unit == catalog.CalendarDays && n > 0:
			return named("calendarDays", n)
		case d.Unit == catalog.Hours && n > 0:
			return named("workingHours", n)
		case d.Unit == catalog.Months && n > 0:
			return named("months", n)
		case d.Unit == catalog.Years && n > 0:
			return named("months", 12*n)
		}
	}
	t := named("workingDays", 5)
	t.Known = false
	return t
}

// total is the term in working hours, at most three days.
func (t term) total() float64 {
	switch total := 24.0; t.Kind {
	case "workingDays":
		return min(total, float64(t.N)*8)
	case "calendarDays":
		return min(total, float64(t.N*5/7)*8)
	case "workingHours":
		return min(total, float64(t.N))
	default:
		return total
	}
}

// ask is how long an opinion may take so that the term can still be kept.
func (t term) ask() string {
	switch total := t.total(); {
	case total >= 24:
		return "2 workingDays"
	case total >= 16:
		return "1 workingDays"
	default:
		return strconv.Itoa(max(1, int(total/4))) + " workingHours"
	}
}

func named(kind string, n int) term {
	words := map[string][2]string{
		"workingDays": {"ngày làm việc", "working days"}, "calendarDays": {"ngày", "days"},
		"workingHours": {"giờ làm việc", "working hours"}, "months": {"tháng", "months"},
	}[kind]
	k, en := strconv.Itoa(n), words[1]
	if n == 1 {
		en = strings.TrimSuffix(en, "s")
	}
	return term{Kind: kind, N: n, VI: k + " " + words[0], EN: k + " " + en, Known: true}
}

// hours shares out at most three days among the five steps, in the term's limits; a term
// under an hour gives none.
func (t term) hours() []string {
	total := t.total()
	out := make([]string, 0, 5)
	for _, share := range []float64{0.125, 0.5, 0.125, 0.0625, 0.0625} {
		if total < 1 {
			out = append(out, "")
			continue
		}
		h := float64(int(total*share*4)) / 4
		out = append(out, strconv.FormatFloat(max(h, 0.1), 'f', -1, 64))
	}
	return out
}

// feeOf is free or an amount only where every method of the record says the same.
func feeOf(p *catalog.Procedure) fee {
	var all []catalog.Fee
	for _, m := range p.Detail.Methods {
		all = append(all, m.Fees...)
	}
	every := func(s catalog.FeeState) bool {
		return len(all) > 0 && !slices.ContainsFunc(all, func(f catalog.Fee) bool { return f.State != s })
	}
	source := p.Decision
	if source == "" {
		source = "national catalogue, " + string(p.Code)
	}
	switch {
	case every(catalog.Free):
		return fee{Kind: "free", Source: source}
	case every(catalog.SetByCouncil):
		return fee{Kind: "set-by-council", Source: source}
	case every(catalog.Amount):
		n := all[0].Amount
		if n != nil && !slices.ContainsFunc(all, func(f catalog.Fee) bool { return f.Amount == nil || *f.Amount != *n || f.Currency != "VND" }) {
			return fee{Kind: "amount", Amount: *n, Source: source}
		}
	}
	return fee{Kind: "unknown"}
}

// roleOf is the post that deals with a field of administration in a commune.
func roleOf(field string) string {
	f := i18n.Fold(field)
	for _, r := range []struct{ word, role string }{
		{"ho tich", "justiceOfficer"}, {"chung thuc", "justiceOfficer"}, {"dat dai", "landOfficer"}, {"xay dung", "landOfficer"},
		{"bao tro xa hoi", "cultureSocialOfficer"}, {"nguoi co cong", "cultureSocialOfficer"}, {"van hoa", "cultureSocialOfficer"},
	} {
		if strings.Contains(f, r.word) {
			return r.role
		}
	}
	return "specialist"
}

// slug is a text as an id: letters and digits, joined by sep.
func slug(s, sep string) string {
	var b strings.Builder
	gap := false
	for _, r := range i18n.Fold(s) {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			if gap && b.Len() > 0 {
				b.WriteString(sep)
			}
			b.WriteRune(r)
			gap = false
			continue
		}
		gap = true
	}
	return b.String()
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// short cuts a text at a word.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	cut := string([]rune(s)[:n])
	if i := strings.LastIndexByte(cut, ' '); i > 0 {
		cut = cut[:i]
	}
	return cut + "…"
}
