package orgunit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
)

// importFile stands for the file in places of problems.
const importFile = "import"

// firstImported is the lowest number of a unit that a city adds itself.
const firstImported = 100_001

// ImportOptions say how to import.
type ImportOptions struct {
	Source   string                // where the file comes from: a resolution, a file name
	Actor    int64                 // account; 0 for the system
	DryRun   bool                  // report and change nothing
	Progress func(done, total int) // called now and then; may be nil
}

// RowNote is what is to be said of one row. Key is a message key
// (orgunit.import.… or orgunit.problem.…) with its Params.
type RowNote struct {
	Line   int // in the file, counted from 1
	Code   string
	Name   string
	Key    string
	Params map[string]any
}

// Report is what an import did. Rows = Added + Changed + Unchanged + len(Refused).
type Report struct {
	Rows      int
	Added     int
	Changed   int
	Unchanged int
	Refused   []RowNote
	Doubtful  []RowNote // taken, but worth a look
}

// Import reads units from CSV (docs/units.md describes the columns) and adds
// what is new. A row that contradicts a rule or another fact is refused with
// its reason and the others are taken. The same file twice changes nothing. It
// returns Invalid orgunit.import.header for a file without the columns needed,
// TooLarge orgunit.import.size, and Conflict orgunit.import.raced where
// somebody else changed the units at the same time.
func (s *Service) Import(ctx context.Context, r io.Reader, o ImportOptions) (rep Report, err error) {
	defer errs.Op(&err, "orgunit.Import(%s)", o.Source)
	if err := s.Refresh(ctx); err != nil {
		return Report{}, err
	}
	rows, rep, err := readRows(r)
	if err != nil {
		return rep, err
	}
	was := s.state.Load()
	p := planner{was: was, rep: rep, progress: o.Progress, next: firstImported}
	for _, u := range was.facts.units {
		p.next = max(p.next, u.number+1)
	}
	if err := p.plan(rows); err != nil {
		return p.rep, err
	}
	if o.DryRun || len(p.lines) == 0 {
		return p.rep, nil
	}
	if err := s.keepLines(ctx, was.epoch, p.lines, p.rep, o); err != nil {
		return p.rep, err
	}
	return p.rep, s.Refresh(ctx)
}

// keepLines writes the lines of a plan and says so in the journal.
func (s *Service) keepLines(ctx context.Context, epoch int64, lines []planLine, rep Report, o ImportOptions) error {
	sum := sha256.New()
	for _, l := range lines {
		_, _ = io.WriteString(sum, l.text+"\n")
	}
	event, err := json.Marshal(Imported{
		Source: o.Source, Added: rep.Added, Changed: rep.Changed, Lines: len(lines), SHA256: hex.EncodeToString(sum.Sum(nil)),
	})
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := raiseEpoch(tx, epoch); err != nil {
			return err
		}
		for _, l := range lines {
			row := factRow{id: s.gen.Next(), number: l.number, block: l.block, line: l.text, source: o.Source}
			if err := insertFact(tx, row); err != nil {
				return err
			}
		}
		_, err := s.journal.Append(tx, journal.Entry{
			Kind: EventImported, Subject: journal.Subject{Type: "orgunit.import", ID: s.gen.Next()}, Actor: o.Actor, Payload: event,
		})
		return err
	})
}

// planLine is one line to add, and the row that asked for it.
type planLine struct {
	row    *importRow
	block  string
	text   string
	number int
}

// planner turns rows into lines that contradict nothing.
type planner struct {
	was      *state
	rep      Report
	progress func(done, total int)
	next     int
	lines    []planLine
}

// plan asks every row for its lines and takes out the rows that the rest of the
// facts contradict, until none is left that does.
func (p *planner) plan(rows []*importRow) error {
	reg := p.was.reg
	for i, r := range rows {
		p.lines = append(p.lines, p.linesOf(reg, r)...)
		if p.progress != nil && (i%200 == 199 || i == len(rows)-1) {
			p.progress(i+1, len(rows))
		}
	}
	if len(p.lines) == 0 {
		p.count(reg, rows)
		return nil
	}
	for {
		reg, problems, err := p.try()
		if err != nil {
			return err
		}
		if len(problems) == 0 {
			p.count(reg, rows)
			return nil
		}
		if !p.blame(rows, problems) {
			return errs.E(errs.Invalid, problems[0].Key, errs.P(flat(problems[0].Params)...))
		}
	}
}

func flat(m map[string]any) []any {
	var kv []any
	for _, k := range slices.Sorted(maps.Keys(m)) {
		kv = append(kv, k, m[k])
	}
	return kv
}

// try builds a register of what is known and what is planned.
func (p *planner) try() (*Register, []Problem, error) {
	f := facts{units: slices.Clone(p.was.facts.units), links: slices.Clone(p.was.facts.links)}
	for _, l := range p.lines {
		var one facts
		if err := one.read(importFile, l.block+"\n"+l.text); err != nil {
			return nil, nil, err
		}
		at := place{importFile, l.row.line}
		for i := range one.units {
			one.units[i].at = at
		}
		for i := range one.links {
			one.links[i].at = at
		}
		f.units = append(f.units, one.units...)
		f.links = append(f.links, one.links...)
	}
	return build(f)
}

// blame refuses the rows that problems point at; false where they point at none.
func (p *planner) blame(rows []*importRow, problems []Problem) bool {
	found := false
	for _, pr := range problems {
		if pr.at.file != importFile {
			continue
		}
		i := slices.IndexFunc(rows, func(r *importRow) bool { return r.line == pr.at.line })
		if i < 0 || rows[i].refused {
			continue
		}
		found = true
		p.refuse(rows[i], pr.Key, pr.Params)
		p.lines = slices.DeleteFunc(p.lines, func(l planLine) bool { return l.row == rows[i] })
	}
	return found
}

func (p *planner) refuse(r *importRow, key string, params map[string]any) {
	r.refused = true
	p.rep.Refused = append(p.rep.Refused, r.note(key, params))
}

// count fills the report once the plan stands.
func (p *planner) count(reg *Register, rows []*importRow) {
	for _, r := range rows {
		if r.refused {
			continue
		}
		switch n := p.linesFrom(r); {
		case n == 0:
			p.rep.Unchanged++
		case r.fresh:
			p.rep.Added++
		default:
			p.rep.Changed++
		}
		p.doubt(reg, r)
	}
	byLine := func(a, b RowNote) int { return a.Line - b.Line }
	slices.SortStableFunc(p.rep.Refused, byLine)
	slices.SortStableFunc(p.rep.Doubtful, byLine)
}

func (p *planner) linesFrom(r *importRow) int {
	n := 0
	for _, l := range p.lines {
		if l.row == r {
			n++
		}
	}
	return n
}

// doubt notes what a person should look at.
func (p *planner) doubt(reg *Register, r *importRow) {
	for _, d := range r.doubts {
		p.rep.Doubtful = append(p.rep.Doubtful, r.note(d, nil))
	}
	if !r.fresh {
		return
	}
	for _, l := range reg.byCode[r.code] {
		if l.at.line != r.line || l.at.file != importFile {
			if l.name != r.fullName() {
				p.rep.Doubtful = append(p.rep.Doubtful, r.note("orgunit.import.reused", map[string]any{"other": l.name}))
				break
			}
		}
	}
	for _, u := range reg.At(r.from).Find(r.fullName()) {
		if u.Code != r.code && u.Class == r.kind.class {
			p.rep.Doubtful = append(p.rep.Doubtful, r.note("orgunit.import.namesake", map[string]any{"other": reg.At(r.from).Path(u.ID), "code": u.Code}))
			break
		}
	}
}

// linesOf says what has to be added for a row: nothing where all is known.
func (p *planner) linesOf(reg *Register, r *importRow) []planLine {
	if r.refused {
		return nil
	}
	if old := known(reg, r); old != nil {
		return p.changes(reg, r, old)
	}
	r.fresh = true
	if r.from.IsZero() {
		p.refuse(r, "orgunit.import.noFrom", nil)
		return nil
	}
	parent, ok := p.parentOf(reg, r)
	if !ok {
		p.refuse(r, "orgunit.import.noParent", map[string]any{"code": r.parent, "date": r.from})
		return nil
	}
	number := p.next
	p.next++
	code := r.code
	if code == "" {
		code = "-"
	}
	text := itoa(number) + " " + code + " " + r.kind.short + " " + r.name
	if r.en != "" {
		text += " = " + r.en
	}
	text += " ; from " + r.from.String()
	if !r.until.IsZero() {
		text += " ; until " + r.until.String()
	}
	if r.agency != "" {
		text += " ; agency " + r.agency
	}
	lines := []planLine{{r, "@" + parent, text, number}}
	return append(lines, p.successions(reg, r, "#"+itoa(number))...)
}

// known finds the unit that a row speaks of: same kind, name and code, alive on
// the row's first day, or the last such where the row gives none.
func known(reg *Register, r *importRow) *life {
	var found *life
	for _, l := range reg.byCode[r.code] {
		same := l.kind.short == r.kind.short && i18n.Fold(l.bare) == i18n.Fold(r.name) && l.as == r.kind.kind
		if same && (r.from.IsZero() || l.has(r.from)) {
			found = l
		}
	}
	if r.code == "" {
		for _, l := range reg.lives {
			if l.kind.short == r.kind.short && l.as == r.kind.kind && l.bare == r.name && (r.from.IsZero() || l.has(r.from)) {
				found = l
			}
		}
	}
	return found
}

// changes compares a row with the unit that it speaks of.
func (p *planner) changes(reg *Register, r *importRow, old *life) []planLine {
	number := itoa(int(old.id) / idsPerNumber)
	var verbs string
	if !r.until.IsZero() && r.until != old.until {
		verbs += " ; until " + r.until.String()
	}
	if r.en != "" && r.en != old.en {
		verbs += " ; english " + r.en
	}
	if r.agency != "" && old.class == Territory && valueAt(reg.byID[old.id+1].codes, old.from) != r.agency {
		verbs += " ; agency " + r.agency
	}
	var lines []planLine
	if verbs != "" {
		lines = append(lines, planLine{row: r, block: "@", text: "~" + number + verbs})
	}
	return append(lines, p.successions(reg, r, "#"+number)...)
}

// successions are the lines for a row's column "replaces", less what is known.
func (p *planner) successions(reg *Register, r *importRow, to string) []planLine {
	var lines []planLine
	for _, part := range r.replaces {
		if r.from.IsZero() {
			p.refuse(r, "orgunit.import.noFrom", nil)
			return nil
		}
		old, err := reg.At(r.from.AddDays(-1)).ByCode(part.code)
		if err != nil {
			p.refuse(r, "orgunit.import.noPart", map[string]any{"code": part.code, "date": r.from.AddDays(-1)})
			return nil
		}
		if slices.ContainsFunc(reg.out[old.ID], func(s Succession) bool {
			return s.Date == r.from && reg.byID[s.To].bare == r.name && s.Share == part.share
		}) {
			continue
		}
		text := part.code + " > " + to
		switch part.share {
		case Part:
			text += " part"
		case Rest:
			text += " rest"
		case Whole:
		}
		if part.share != Part && old.Until != r.from {
			lines = append(lines, planLine{row: r, block: "@", text: "~" + itoa(int(old.ID)/idsPerNumber) + " ; until " + r.from.String()})
		}
		lines = append(lines, planLine{row: r, block: "@" + r.from.String() + " import", text: text})
	}
	return lines
}

// parentOf is the reference of the unit that a new one stands under.
func (p *planner) parentOf(reg *Register, r *importRow) (string, bool) {
	tree := reg.At(r.from)
	parent := tree.Root()
	if r.kind.class == Agency {
		parent = tree.Government()
	}
	if r.parent != "" {
		u, err := tree.ByCode(r.parent)
		if err != nil {
			return "", false
		}
		parent = u
		if r.kind.class == Agency && u.Class == Territory {
			parent, _ = tree.AgencyOf(u.ID)
		}
	} else if r.kind.tier == Commune && len(tree.Tier(District)) > 0 {
		return "", false // which district?
	}
	ref := itoa(int(parent.ID) / idsPerNumber)
	if parent.Class == Agency {
		ref += ".1"
	}
	return ref, parent.ID != 0
}

// fullName is the row's name with its kind, as units carry it.
func (r *importRow) fullName() string { return strings.TrimSpace(r.kind.vi + " " + r.name) }
