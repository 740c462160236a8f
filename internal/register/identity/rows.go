package identity

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/once"
	"khue/internal/kernel/sheet"
	"khue/internal/register/orgunit"
)

// Column is a column of the spreadsheet of officers.
type Column struct {
	Name     string // in the file
	NameEN   string // taken too
	Needed   bool
	Example  string
	Path     string // of the faults that are about it
	HelpKey  string
	MaxRunes int
}

// Columns are the columns of the spreadsheet, in the order of its template. Order in a file
// does not matter; further columns are refused, so that nothing is lost unseen.
func Columns() []Column {
	return []Column{
		{"tai_khoan", "login", true, "ntmai.ngoclam", "login", "identityweb.column.login", 60},
		{"ho_ten", "name", true, "Nguyễn Thị Mai", "name", "identityweb.column.name", 120},
		{"email", "mail", false, "ntmai.ngoclam@hanoi.gov.vn", "email", "identityweb.column.email", 250},
		{"dien_thoai", "phone", false, "0912000111", "phone", "identityweb.column.phone", 20},
		{"don_vi", "unit", true, "00133", "unit", "identityweb.column.unit", 200},
		{"bo_phan", "office", false, "", "unit", "identityweb.column.office", 200},
		{"vi_tri", "role", true, "Công chức một cửa", "role", "identityweb.column.role", 100},
		{"tu_ngay", "from", false, "01/07/2025", "from", "identityweb.column.from", 20},
		{"den_ngay", "until", false, "", "until", "identityweb.column.until", 20},
		{"so_quyet_dinh", "decision", true, "125/QĐ-UBND", "decision", "identityweb.column.decision", 300},
		{"ky", "sign", false, "", "sign", "identityweb.column.sign", 10},
	}
}

// RowFault is what is wrong with one cell.
type RowFault struct {
	Line   int            `json:"line"` // of the file, counted from 1
	Column string         `json:"column,omitempty"`
	Text   string         `json:"text,omitempty"` // what stands in the cell
	Key    string         `json:"key"`
	Params map[string]any `json:"params,omitempty"`
}

// ReadOfficers reads a spreadsheet of officers as a draft, with what is wrong with each
// row, and changes nothing. unit is the agency that the sender manages; each row lies in or
// below it. Errors: Forbidden; Invalid and TooLarge where the file cannot be read.
func (s *Service) ReadOfficers(ctx context.Context, unit orgunit.UnitID, file string, r io.ReaderAt, size int64, key string) (c Change, err error) {
	defer errs.Op(&err, "identity.ReadOfficers")
	if err := s.Policies.Can(ctx, actPropose, s.unit(unit)); err != nil {
		return c, err
	}
	rows, err := sheet.Read(r, size, sheet.Limits{Rows: maxOfficers + 50, Columns: 40, Cell: 500})
	if err != nil {
		return c, err
	}
	head, rows, err := readHead(rows)
	if err != nil {
		return c, err
	}
	sub := auth.From(ctx)
	c = Change{
		ID: ChangeID(s.Gen.Next()), Kind: Import, Unit: unit, Status: Draft, Proposer: sub.Account, ProposedBy: sub.Name, ProposedAt: s.now(),
		Body: Body{File: file, Rows: len(rows)},
	}
	p := sheetReader{s: s, unit: unit, head: head, seen: map[string]int{}, names: map[string]int{}}
	for _, row := range rows {
		if err := p.read(ctx, row); err != nil {
			return c, err
		}
	}
	c.Body.Entries, c.Body.Faults = p.entries, p.faults
	hash := once.Hash([]any{unit, file, size, c.Body.Entries, c.Body.Faults})
	return s.propose(ctx, c, key, hash)
}

const (
	maxOfficers = 2000
	maxFaults   = 1000
)

// readHead finds the row of titles: the first that names all needed columns.
func readHead(rows []sheet.Row) (map[string]int, []sheet.Row, error) {
	for i, row := range rows {
		head := map[string]int{}
		unknown := ""
		for k, cell := range row.Cells {
			if cell == "" {
				continue
			}
			title := strings.ReplaceAll(i18n.Fold(cell), " ", "_")
			n := slices.IndexFunc(Columns(), func(c Column) bool { return c.Name == title || c.NameEN == title })
			if n < 0 {
				unknown = cell
				continue
			}
			if _, twice := head[Columns()[n].Name]; twice {
				unknown = cell
			}
			head[Columns()[n].Name] = k
		}
		if len(head) == 0 && i < 20 {
			continue // lines above the table
		}
		for _, c := range Columns() {
			if _, ok := head[c.Name]; c.Needed && !ok {
				return nil, nil, errs.E(errs.Invalid, "identity.sheet.header", errs.P("column", c.Name), errs.WithFields(
					errs.Field{Path: "file", Key: "identity.sheet.header", Params: errs.Params{"column": c.Name}}))
			}
		}
		if unknown != "" {
			return nil, nil, errs.E(errs.Invalid, "identity.sheet.unknown", errs.P("column", unknown), errs.WithFields(
				errs.Field{Path: "file", Key: "identity.sheet.unknown", Params: errs.Params{"column": unknown}}))
		}
		if i+1 == len(rows) {
			break
		}
		return head, rows[i+1:], nil
	}
	return nil, nil, errs.E(errs.Invalid, "identity.sheet.empty", errs.WithFields(errs.Field{Path: "file", Key: "identity.sheet.empty"}))
}

type sheetReader struct {
	s       *Service
	unit    orgunit.UnitID
	head    map[string]int
	entries []Entry
	faults  []RowFault
	seen    map[string]int // post by first line
	names   map[string]int // login by first line
}

func (p *sheetReader) cell(row sheet.Row, name string) string {
	if i, ok := p.head[name]; ok && i < len(row.Cells) {
		return tidy(row.Cells[i])
	}
	return ""
}

// read makes an entry of a row, or faults.
func (p *sheetReader) read(ctx context.Context, row sheet.Row) error {
	var f faults
	e := Entry{
		Login: p.cell(row, "tai_khoan"), Name: p.cell(row, "ho_ten"), Email: p.cell(row, "email"), Phone: p.cell(row, "dien_thoai"),
		Decision: p.cell(row, "so_quyet_dinh"), Line: row.Line,
	}
	var ok bool
	for name, into := range map[string]*clock.Date{"tu_ngay": &e.From, "den_ngay": &e.Until} {
		if *into, ok = ReadDate(p.cell(row, name)); !ok {
			f.add(map[string]string{"tu_ngay": "from", "den_ngay": "until"}[name], "date", "text", p.cell(row, name))
		}
	}
	if e.Sign, ok = readSign(p.cell(row, "ky")); !ok {
		f.add("sign", "sign")
	}
	on := later(e.From, p.s.today())
	p.place(ctx, &e, row, on, &f)
	if len(f) == 0 {
		e.Role = p.role(p.cell(row, "vi_tri"), e.Unit, on)
	}
	var more faults
	if err := p.s.checkEntry(ctx, &e, &more); err != nil {
		return err
	}
	for _, x := range more { // one fault a cell
		if !slices.ContainsFunc(f, func(y errs.Field) bool { return y.Path == x.Path }) && (x.Path != "role" || len(f) == 0) {
			f = append(f, x)
		}
	}
	id := subjectOf(e.Login, e.Unit, e.Role)
	if first, again := p.seen[id]; again && len(f) == 0 {
		f.add("login", "twice", "line", first)
	}
	if first, again := p.names[e.Login]; again && len(f) == 0 && p.entryAt(first).Name != e.Name {
		f.add("name", "nameDiffers", "line", first)
	} else if !again {
		p.names[e.Login] = row.Line
	}
	p.seen[id] = row.Line
	p.entries = append(p.entries, e)
	for _, x := range f {
		if len(p.faults) < maxFaults {
			p.faults = append(p.faults, p.fault(row, x))
		}
	}
	return nil
}

func (p *sheetReader) entryAt(line int) Entry {
	i := slices.IndexFunc(p.entries, func(e Entry) bool { return e.Line == line })
	if i < 0 {
		return Entry{}
	}
	return p.entries[i]
}

func (p *sheetReader) fault(row sheet.Row, x errs.Field) RowFault {
	out := RowFault{Line: row.Line, Key: x.Key, Params: x.Params}
	for _, c := range Columns() {
		if c.Path == x.Path {
			out.Column, out.Text = c.Name, p.cell(row, c.Name)
			if out.Text != "" || c.Path != "unit" {
				break
			}
		}
	}
	return out
}

// place finds the unit and office of a row.
func (p *sheetReader) place(ctx context.Context, e *Entry, row sheet.Row, on clock.Date, f *faults) {
	t := p.s.Units.At(on)
	text := p.cell(row, "don_vi")
	u, err := t.Resolve(text)
	if err != nil {
		found := t.Find(text)
		found = slices.DeleteFunc(found, func(u orgunit.Unit) bool { return u.Class == orgunit.Office })
		switch len(found) {
		case 0:
			f.add("unit", "unit")
			return
		case 1:
			u = found[0]
		default:
			f.add("unit", "unitMany", "name", text)
			return
		}
	}
	a, ok := t.AgencyOf(u.ID)
	if !ok {
		f.add("unit", "unit")
		return
	}
	e.Unit = a.ID
	if u.Class == orgunit.Office {
		e.Unit = u.ID
	}
	if office := p.cell(row, "bo_phan"); office != "" {
		i := -1
		list := t.Children(a.ID)
		if i = slices.IndexFunc(list, func(o orgunit.Unit) bool {
			return o.Class == orgunit.Office && (i18n.Fold(o.Name) == i18n.Fold(office) || o.ID.String() == office)
		}); i < 0 {
			f.add("unit", "unit")
			return
		}
		e.Unit = list[i].ID
	}
	if e.Unit != p.unit && !p.s.Scopes.Covers(ctx, scope(p.unit), scope(e.Unit)) {
		f.add("unit", "unitOther")
	}
}

// role reads a role by its key or its name in either language.
func (p *sheetReader) role(text string, u orgunit.UnitID, on clock.Date) orgunit.Role {
	folded := i18n.Fold(text)
	for _, r := range p.s.RolesIn(u, on) {
		info, _ := orgunit.RoleOf(r)
		if string(r) == text || i18n.Fold(info.Name) == folded || i18n.Fold(info.NameEN) == folded {
			return r
		}
	}
	return orgunit.Role(text)
}

// ReadDate reads a day as people and spreadsheet programs write it; zero where there is none.
func ReadDate(text string) (clock.Date, bool) {
	if text == "" {
		return clock.Date{}, true
	}
	for _, layout := range []string{"2/1/2006", "2-1-2006", "2.1.2006", "2006-1-2", "2006-01-02T15:04:05", "2/1/2006 15:04"} {
		if t, err := time.ParseInLocation(layout, text, clock.Zone); err == nil && t.Year() > 1900 && t.Year() < 2200 {
			return clock.DateOf(t), true
		}
	}
	// A cell that the program took for a date holds days since 1899-12-30.
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 20_000 && n < 80_000 {
		return clock.Date{Year: 1899, Month: 12, Day: 30}.AddDays(int(n)), true
	}
	return clock.Date{}, false
}

func readSign(text string) (Sign, bool) {
	s := Sign(strings.TrimSuffix(i18n.Fold(text), "."))
	switch s {
	case "", "khong", "none", "-":
		return SignNone, true
	case "ky", "own":
		return SignOwn, true
	}
	return s, slices.Contains(Signs(), s)
}

// SendDraft makes a draft without faults a proposal. Errors: NotFound, Conflict where it was
// sent or still has faults, Forbidden.
func (s *Service) SendDraft(ctx context.Context, v ChangeID, key string) (c Change, err error) {
	defer errs.Op(&err, "identity.SendDraft(%s)", v)
	sub := auth.From(ctx)
	if c, err = s.Find(ctx, v); err != nil {
		return c, err
	}
	if err := s.Policies.Can(ctx, actSend, s.resourceOf(c)); err != nil {
		return c, err
	}
	if len(c.Body.Faults) > 0 || len(c.Body.Entries) == 0 {
		return c, errs.E(errs.Conflict, "identity.sheet.faults")
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"send", v}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := sendChange(tx, v, db.Millis(tx.Now()), errs.E(errs.Conflict, "identity.sheet.gone")); err != nil {
			return 0, err
		}
		return int64(v), s.append(tx, EventProposed, SubjectChange, int64(v), sub.Account, c.Unit, Told{Kind: c.Kind, By: sub.Name, Body: &c.Body})
	})
	return c, err
}

// Template is the spreadsheet to be filled in.
func Template(title string) sheet.Table {
	t := sheet.Table{Name: "Công chức", Above: []string{title}}
	var example []any
	for _, c := range Columns() {
		t.Columns = append(t.Columns, sheet.Column{Title: c.Name, Width: 22})
		example = append(example, c.Example)
	}
	t.Rows = func(add func(cells ...any) error) error { return add(example...) }
	return t
}
