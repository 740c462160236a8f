package apply

import (
	"slices"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// Reason says why an answer or a paper cannot go along to another version.
type Reason string

// The reasons.
const (
	NotAsked  Reason = "gone"   // the version in force does not ask it
	OtherType Reason = "type"   // it asks for something of another type
	NoChoice  Reason = "choice" // what was chosen can be chosen no more
	OtherUnit Reason = "unit"   // the code names another unit now, or none
	OtherKind Reason = "kind"   // the paper takes other files
)

// Lost is one answer that stays behind, as it read.
type Lost struct {
	Path   string
	Label  decl.Label // of the old version
	Group  decl.Label // "Mother", where the field is a part
	Text   decl.Label // what was answered
	Reason Reason
}

// LostPaper is one file that stays behind.
type LostPaper struct {
	Label  decl.Label
	Name   string
	Reason Reason
}

// Move is the way of a draft to another version of its service, before it is gone.
type Move struct {
	From, To string // versions; From is empty where the old one is known no more
	Since    clock.Date
	Lost     []Lost
	Papers   []LostPaper
	Case     decl.Label // of the old version, where it can be chosen no more
	Delivery string     // way of delivery that is offered no more
	Kept     int        // answers that go along
	draft    Draft
}

// Silent reports whether nothing stays behind.
func (m *Move) Silent() bool {
	return len(m.Lost) == 0 && len(m.Papers) == 0 && m.Case.IsZero() && m.Delivery == ""
}

// planMove takes a draft by field id to the version in force. old is nil where the version
// that it was filled under is known no more. Units are compared by name and place: the
// code of a ward that was dissolved may name another one on the next day.
func planMove(d Draft, old, pkg *service.Package, units form.Units, now time.Time) *Move {
	m := &Move{To: pkg.Version, Since: pkg.From, draft: d}
	then := d.Updated
	if old != nil && !old.To.IsZero() && clock.DateOf(then).After(old.To) {
		then = old.To.At(12, 0) // a page that was still open was saved after its time
	}
	env := form.Env{Now: then, Case: d.Case, Channel: string(service.Online), Units: units, Files: d.Papers}
	said := map[string]form.Line{}
	var order []string
	if old != nil {
		m.From = old.Version
		for _, l := range old.Form.Lines(d.Answers, env) {
			said[l.Path] = l
			order = append(order, l.Path)
		}
	}
	for _, path := range d.Answers.Paths() {
		if _, ok := said[path]; !ok && old == nil {
			said[path] = form.Line{Path: path, Label: decl.Label{VI: path, EN: path}, Text: same(d.Answers.Text(path))}
		}
		if !slices.Contains(order, path) {
			order = append(order, path)
		}
	}
	inputs := map[string]form.InputInfo{}
	for _, in := range pkg.Form.Inputs() {
		inputs[in.Path] = in
	}
	kept := form.Answers{}
	for _, path := range order {
		a := d.Answers[path]
		reason := stays(path, a, old, inputs, units, then, now)
		if reason == "" {
			kept[path] = a
			m.Kept++
			continue
		}
		// What was hidden or computed when it was answered is nothing that the person said.
		if l, ok := said[path]; ok && l.From != form.Computed {
			m.Lost = append(m.Lost, Lost{Path: path, Label: l.Label, Group: l.Group, Text: l.Text, Reason: reason})
		}
	}
	m.draft.Answers, m.draft.Package = kept, pkg.Digest
	m.movePapers(d, old, pkg)
	if len(pkg.Cases) > 0 && !slices.Contains(pkg.Cases, d.Case) {
		m.draft.Case = pkg.Cases[0]
		if m.Case = same(d.Case); old != nil {
			m.Case = old.CaseName(d.Case)
		}
	}
	if by := d.Filing.Delivery.Method; by != "" && !slices.Contains(pkg.Result.Deliver, by) {
		m.Delivery, m.draft.Filing.Delivery.Method = by, ""
	}
	return m
}

func same(s string) decl.Label { return decl.Label{VI: s, EN: s} }

// stays says why an answer stays behind; "" where it goes along.
func stays(path string, a form.Answer, old *service.Package, inputs map[string]form.InputInfo, units form.Units, then, now time.Time) Reason {
	in, ok := inputs[path]
	if !ok {
		return NotAsked
	}
	if old != nil {
		if was, ok := old.Form.Leaf(path); ok && !alike(was, in.Type) {
			return OtherType
		}
	}
	one := form.Answers{"": a}
	switch {
	case in.Type == "unit":
		if units != nil && one.Text("") != "" && !sameUnit(units, one.Text(""), then, now) {
			return OtherUnit
		}
	case len(in.Codes) > 0:
		chosen := one.Strings("")
		if s := one.Text(""); s != "" {
			chosen = append(chosen, s)
		}
		for _, c := range chosen {
			if !slices.Contains(in.Codes, c) {
				return NoChoice
			}
		}
	}
	return ""
}

// alike reports whether an answer of one type is one of another as it stands.
func alike(was, is string) bool {
	if was == is {
		return true
	}
	text := []string{"text", "long-text"}
	return slices.Contains(text, was) && slices.Contains(text, is)
}

func sameUnit(units form.Units, code string, then, now time.Time) bool {
	was, ok := units.Unit(code, clock.DateOf(then))
	if !ok {
		return true // never named a unit: it is as wrong as it was, and the page says so
	}
	is, ok := units.Unit(code, clock.DateOf(now))
	return ok && is.Name == was.Name && is.Tier == was.Tier && is.Full == was.Full
}

func (m *Move) movePapers(d Draft, old, pkg *service.Package) {
	m.draft.Papers = []form.File{}
	for _, f := range d.Papers {
		i := slices.IndexFunc(pkg.Papers, func(p form.PaperDef) bool { return p.ID == f.Paper && !p.ShownOnly })
		lost := LostPaper{Label: same(f.Paper), Name: f.Name}
		if old != nil {
			lost.Label = old.PaperName(f.Paper)
		}
		field, isField := pkg.Form.FilePaper(f.Paper)
		switch {
		case isField && slices.Contains(field.Accept, f.Type):
			m.draft.Papers = append(m.draft.Papers, f)
			continue
		case i < 0:
			lost.Reason = NotAsked
		case len(pkg.Papers[i].Accept) > 0 && !slices.Contains(pkg.Papers[i].Accept, f.Type):
			lost.Reason = OtherKind
		default:
			m.draft.Papers = append(m.draft.Papers, f)
			continue
		}
		m.Papers = append(m.Papers, lost)
	}
}
