package catalog

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
)

// The embedded procedures are facts in a form of one line a fact, which reads and
// compares well:
//
//	procedure 1.001193
//	name Thủ tục đăng ký khai sinh
//	method online 1 workingDays
//	  fee state-fee unknown zero
//	paper 1/0 000.00.00.G15-KQ003208 - Trường hợp …
//
// The long texts of a record (steps, conditions) are not embedded; an import brings them.

const seedFile = "seed/procedures.txt"

// readSeed reads the embedded procedures.
func readSeed(files fs.FS) ([]entry, error) {
	var out []entry
	err := eachLine(files, seedFile, func(l string) error {
		key, rest, _ := strings.Cut(strings.TrimSpace(l), " ")
		if key == "procedure" {
			c, err := ParseCode(rest)
			out = append(out, entry{code: c, named: rest, summary: &Summary{Code: c}, detail: &Detail{}})
			return err
		}
		if len(out) == 0 {
			return fmt.Errorf("%q before any procedure", key)
		}
		return out[len(out)-1].takeFact(key, rest)
	})
	for i := range out {
		s, d := out[i].summary, out[i].detail
		for _, m := range d.Methods {
			m.Note = ""
			fees := make([]Fee, len(m.Fees))
			for j, f := range m.Fees {
				f.Note = ""
				fees[j] = f
			}
			m.Fees = fees
			s.Methods = append(s.Methods, m)
		}
		for _, c := range d.Cases {
			s.CaseTerms = append(s.CaseTerms, c.Deadline)
		}
		for _, r := range d.Results {
			s.Results = append(s.Results, r.Name)
		}
	}
	return out, err
}

func (e *entry) takeFact(key, v string) error {
	s, d := e.summary, e.detail
	first, rest, _ := strings.Cut(v, " ")
	switch key {
	case "name":
		s.Name = v
	case "field":
		s.Field = Field{Code: first, Name: rest}
	case "by":
		s.Promulgator = Agency{Code: first, Name: rest}
	case "kind":
		s.Kind = Kind(v)
	case "tiers":
		for w := range strings.FieldsSeq(v) {
			t, ok := ParseTier(w)
			if !ok {
				return fmt.Errorf("tier %q", w)
			}
			s.Tiers = append(s.Tiers, t)
		}
	case "agency":
		s.Agencies = append(s.Agencies, v)
	case "subject":
		s.Subjects = append(s.Subjects, v)
	case "group":
		s.Groups = append(s.Groups, v)
	case "decision":
		s.Decision = v
	case "decided":
		on, err := clock.ParseDate(v)
		d.DecidedOn = on
		return err
	case "portal":
		s.PortalID = v
	case "flags":
		s.FullProcess, s.NonTerritorial, s.CounterOnly = strings.Contains(v, "full"), strings.Contains(v, "anywhere"), strings.Contains(v, "counter")
	case "method":
		term, ok := ParseDeadline(rest)
		if !ok {
			return fmt.Errorf("deadline %q", rest)
		}
		d.Methods = append(d.Methods, Method{Channel: Channel(first), Deadline: term})
	case "how":
		d.Methods[len(d.Methods)-1].Note = unescape(v)
	case "fee":
		return e.takeFee(v)
	case "about":
		fees := d.Methods[len(d.Methods)-1].Fees
		fees[len(fees)-1].Note = unescape(v)
	case "case":
		term, name, _ := strings.Cut(rest, " - ")
		dl, ok := ParseDeadline(term)
		if !ok {
			return fmt.Errorf("deadline %q", term)
		}
		d.Cases = append(d.Cases, Case{Code: first, Name: name, Deadline: dl})
	case "papers":
		d.Papers = append(d.Papers, PaperGroup{Name: v})
	case "paper":
		return e.takePaper(first, rest)
	case "result":
		d.Results = append(d.Results, Result{Code: strings.TrimSuffix(first, "-"), Name: rest})
	case "law":
		number, name, _ := strings.Cut(v, " - ")
		d.LegalBasis = append(d.LegalBasis, LegalBasis{Number: number, Name: name})
	case "doubt":
		d.Doubts = append(d.Doubts, Doubt{Reason: Reason(first), Detail: rest})
	default:
		return fmt.Errorf("unknown fact %q", key)
	}
	return nil
}

// takeFee reads "state-fee amount 8000 VND" and "fee unknown zero".
func (e *entry) takeFee(v string) error {
	ms := e.detail.Methods
	ws := strings.Fields(v)
	if len(ms) == 0 || len(ws) < 2 {
		return fmt.Errorf("fee %q", v)
	}
	f := Fee{Kind: FeeKind(ws[0]), State: FeeState(ws[1])}
	for _, w := range ws[2:] {
		n, err := strconv.ParseInt(w, 10, 64)
		switch {
		case err == nil:
			f.Amount = &n
		case w == "zero":
			f.Zero = true
		default:
			f.Currency = w
		}
	}
	m := &ms[len(ms)-1]
	m.Fees = append(m.Fees, f)
	return nil
}

// takePaper reads "1/0 CODE flags - name"; the counts are originals and copies.
func (e *entry) takePaper(counts, rest string) error {
	gs := e.detail.Papers
	head, name, ok := strings.Cut(rest, " - ")
	o, c, ok2 := strings.Cut(counts, "/")
	if len(gs) == 0 || !ok || !ok2 {
		return fmt.Errorf("paper %q", rest)
	}
	p := Paper{Name: name, EForm: strings.Contains(head, "eform"), IsResult: strings.Contains(head, "result")}
	p.Code, _, _ = strings.Cut(head, " ")
	var err error
	if p.Originals, err = strconv.Atoi(o); err != nil {
		return err
	}
	p.Copies, err = strconv.Atoi(c)
	gs[len(gs)-1].Papers = append(gs[len(gs)-1].Papers, p)
	e.summary.PaperCount++
	return err
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == 'n' {
				b.WriteByte('\n')
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Embedded is the record of a procedure that came with the program, without levels and
// revisions: for tools that run without a city. False where it is not among them.
func Embedded(code Code) (*Procedure, bool, error) {
	entries, err := readSeed(seedFiles)
	if err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.code == code })
	if i < 0 {
		return nil, false, nil
	}
	w, err := loadWords(seedFiles)
	if err != nil {
		return nil, false, err
	}
	p := &Procedure{Summary: *entries[i].summary, Detail: entries[i].detail, Source: Source{Name: SeedSource}}
	g := w.glossary[code]
	p.NameEN, p.FieldEN, p.Called = g.en, w.fieldsEN[p.Field.Name], g.aliases
	return p, true, nil
}
