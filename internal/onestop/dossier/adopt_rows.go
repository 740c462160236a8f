package dossier

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sheet"
	"khue/internal/onestop/form"
)

// OldColumn is a column of a file of old dossiers, see docs/guides/import-dossiers.md.
type OldColumn struct {
	Name, NameEN string
	Needed       bool
}

// OldColumns are the columns in the order of the guide.
func OldColumns() []OldColumn {
	return []OldColumn{
		{"ma_ho_so", "code", true},
		{"thu_tuc", "procedure", true},
		{"truong_hop", "case", false},
		{"nguoi_nop", "applicant", true},
		{"dien_thoai", "phone", false},
		{"dia_chi", "address", false},
		{"kenh", "channel", false},
		{"don_vi", "unit", true},
		{"ngay_nop", "submitted", true},
		{"ngay_tiep_nhan", "accepted", false},
		{"hen_tra", "due", false},
		{"trang_thai", "state", true},
		{"buoc", "step", false},
		{"ngay_ket_thuc", "closed", false},
		{"giay_to", "papers", false},
		{"lich_su", "history", false},
		{"ket_qua", "result", false},
	}
}

const (
	maxOldRows = 50_000
	maxOldCell = 20_000
)

// ReadOld reads a file of old dossiers: .xlsx, CSV, or one JSON object a line. Rows whose
// cells cannot be read are told in notes and left out. Errors: Invalid and TooLarge as of
// sheet.Read, Invalid dossier.adopt.header for a file without a column that is needed.
func ReadOld(r io.ReaderAt, size int64) (rows []OldDossier, notes []RowNote, err error) {
	var table []sheet.Row
	head := make([]byte, 1)
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	if head[0] == '{' {
		table, err = readLines(io.NewSectionReader(r, 0, size))
	} else {
		table, err = sheet.Read(r, size, sheet.Limits{Rows: maxOldRows + 20, Columns: 60, Cell: maxOldCell, Bytes: 64 << 20})
	}
	if err != nil {
		return nil, nil, err
	}
	at, table, err := oldHead(table)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range table {
		o := oldReader{row: row, at: at}
		d := o.read()
		if o.fault != "" {
			notes = append(notes, RowNote{Line: row.Line, Code: NormalCode(d.Code), Key: "dossier.adopt.cell", Params: errs.Params{"column": o.fault, "text": o.text}})
			continue
		}
		rows = append(rows, d)
	}
	return rows, notes, nil
}

// readLines makes a table of JSON objects.
func readLines(r io.Reader) ([]sheet.Row, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), 1<<20)
	var head []string
	for _, c := range OldColumns() {
		head = append(head, c.Name)
	}
	out := []sheet.Row{{Line: 0, Cells: head}}
	for line := 1; in.Scan(); line++ {
		if strings.TrimSpace(in.Text()) == "" {
			continue
		}
		var m map[string]string
		if json.Unmarshal(in.Bytes(), &m) != nil || len(out) > maxOldRows {
			return nil, errs.E(errs.Invalid, "dossier.adopt.json", errs.P("line", line))
		}
		row := sheet.Row{Line: line, Cells: make([]string, len(head))}
		for i, c := range OldColumns() {
			row.Cells[i] = i18n.NFC(m[c.Name] + m[c.NameEN])
		}
		out = append(out, row)
	}
	if in.Err() != nil {
		return nil, errs.E(errs.Invalid, "dossier.adopt.json", errs.P("line", len(out)))
	}
	return out, nil
}

func oldHead(table []sheet.Row) (map[string]int, []sheet.Row, error) {
	for i, row := range table {
		at := map[string]int{}
		for k, cell := range row.Cells {
			title := strings.ReplaceAll(i18n.Fold(cell), " ", "_")
			if n := slices.IndexFunc(OldColumns(), func(c OldColumn) bool { return c.Name == title || c.NameEN == title }); n >= 0 {
				at[OldColumns()[n].Name] = k
			}
		}
		if len(at) < 3 && i < 20 {
			continue // lines above the table
		}
		for _, c := range OldColumns() {
			if _, ok := at[c.Name]; c.Needed && !ok {
				return nil, nil, errs.E(errs.Invalid, "dossier.adopt.header", errs.P("column", c.Name))
			}
		}
		return at, table[i+1:], nil
	}
	return nil, nil, errs.E(errs.Invalid, "dossier.adopt.header", errs.P("column", OldColumns()[0].Name))
}

type oldReader struct {
	row         sheet.Row
	at          map[string]int
	fault, text string // the first cell that cannot be read
}

func (o *oldReader) cell(name string) string {
	if i, ok := o.at[name]; ok && i < len(o.row.Cells) {
		return strings.TrimSpace(o.row.Cells[i])
	}
	return ""
}

func (o *oldReader) bad(name, text string) {
	if o.fault == "" {
		if r := []rune(text); len(r) > 60 {
			text = string(r[:60]) + "…"
		}
		o.fault, o.text = name, text
	}
}

func (o *oldReader) read() OldDossier {
	d := OldDossier{
		Line: o.row.Line, Code: o.cell("ma_ho_so"), Procedure: o.cell("thu_tuc"), Case: o.cell("truong_hop"), Applicant: strings.Join(strings.Fields(o.cell("nguoi_nop")), " "),
		Phone: o.cell("dien_thoai"), Address: o.cell("dia_chi"), Unit: o.cell("don_vi"), Step: o.cell("buoc"), Result: o.cell("ket_qua"),
		Channel: channelOf(o.cell("kenh")), State: stateOf(o.cell("trang_thai")),
	}
	for name, into := range map[string]*time.Time{"ngay_nop": &d.Submitted, "ngay_tiep_nhan": &d.Accepted, "hen_tra": &d.Due, "ngay_ket_thuc": &d.Closed} {
		text := o.cell(name)
		t, ok := instantOf(text, map[bool]int{true: 17, false: 8}[name == "hen_tra" || name == "ngay_ket_thuc"])
		if !ok {
			o.bad(name, text)
		}
		*into = t
	}
	d.Papers = o.papers()
	d.History = o.history()
	return d
}

// papers reads "name : originals : copies ; …".
func (o *oldReader) papers() (out []form.File) {
	for part := range strings.SplitSeq(o.cell("giay_to"), ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		w := strings.Split(part, ":")
		f := form.File{Paper: "old", Name: strings.TrimSpace(w[0])}
		var err1, err2 error
		if len(w) > 1 {
			f.Originals, err1 = strconv.Atoi(strings.TrimSpace(w[1]))
		}
		if len(w) > 2 {
			f.Copies, err2 = strconv.Atoi(strings.TrimSpace(w[2]))
		}
		if err1 != nil || err2 != nil || len(w) > 3 || f.Originals < 0 || f.Copies < 0 || f.Originals+f.Copies > 1000 || len(out) > 100 {
			o.bad("giay_to", part)
			continue
		}
		out = append(out, f)
	}
	return out
}

// history reads lines "day time | who | what".
func (o *oldReader) history() (out []OldLine) {
	for line := range strings.Lines(o.cell("lich_su")) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		w := strings.SplitN(line, "|", 3)
		if len(w) != 3 {
			o.bad("lich_su", line)
			continue
		}
		at, ok := instantOf(strings.TrimSpace(w[0]), 8)
		if !ok || at.IsZero() || len(out) > 200 {
			o.bad("lich_su", line)
			continue
		}
		out = append(out, OldLine{At: at, By: strings.TrimSpace(w[1]), Text: strings.TrimSpace(w[2])})
	}
	return out
}

// instantOf reads a day with or without a time; hour is that of a day alone.
func instantOf(text string, hour int) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{"2/1/2006 15:04", "2/1/2006 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, clock.Zone); err == nil {
			return t, within100(t)
		}
	}
	for _, layout := range []string{"2/1/2006", "2006-01-02", "2-1-2006"} {
		if t, err := time.ParseInLocation(layout, text, clock.Zone); err == nil {
			t = clock.DateOf(t).At(hour, 0)
			return t, within100(t)
		}
	}
	// A cell that the program took for a date holds days since 1899-12-30.
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 20_000 && n < 80_000 {
		day := clock.Date{Year: 1899, Month: 12, Day: 30}.AddDays(int(n))
		if n == float64(int(n)) {
			return day.At(hour, 0), true
		}
		return day.Time().Add(time.Duration((n - float64(int(n))) * 24 * float64(time.Hour))).Round(time.Minute), true
	}
	return time.Time{}, false
}

func within100(t time.Time) bool { return t.Year() > 1990 && t.Year() < 2100 }

// stateOf reads a state by its key or as officers call it.
func stateOf(text string) string {
	folded := i18n.Fold(text)
	for _, s := range [...]struct{ key, words string }{
		{"submitted", "moi nop|cho tiep nhan"}, {"processing", "dang xu ly|dang giai quyet|da tiep nhan"}, {"supplement", "cho bo sung|yeu cau bo sung"},
		{"done", "da co ket qua|cho tra ket qua|da giai quyet"}, {"returned", "da tra ket qua|da tra"}, {"refused", "tu choi|tu choi tiep nhan"},
		{"stopped", "dung giai quyet|dung xu ly"}, {"withdrawn", "rut ho so|da rut"},
	} {
		if folded == s.key || slices.Contains(strings.Split(s.words, "|"), folded) {
			return s.key
		}
	}
	return text
}

func channelOf(text string) string {
	switch i18n.Fold(text) {
	case "", "truc tiep", "tai quay", "counter":
		return "counter"
	case "truc tuyen", "online":
		return "online"
	case "buu chinh", "post":
		return "post"
	}
	return text
}
