package orgunit

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Limits of an import file.
const (
	maxImportBytes = 16 << 20
	maxImportRows  = 50_000
)

// importColumns are the columns that a file may have; those marked are required.
var importColumns = map[string]bool{
	"kind": true, "code": true, "name": true,
	"name_en": false, "parent_code": false, "valid_from": false, "valid_to": false, "agency_code": false, "replaces": false, "source": false,
}

var (
	agencyCodePattern = regexp.MustCompile(`^[A-Z][0-9]{2}(\.[A-Z0-9]{1,10})*$`)
	namePattern       = regexp.MustCompile(`^[\p{Latin}\p{N}][\p{Latin}\p{N} .,'’()–-]{0,119}$`)
	foreignLetters    = regexp.MustCompile(`[^a-zA-Z0-9 .,'’()–\-àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ]`)
)

// importRow is one row of the file, read and checked by itself.
type importRow struct {
	line     int
	kind     kindInfo
	code     string
	name     string
	en       string
	parent   string
	agency   string
	from     clock.Date
	until    clock.Date
	replaces []heirFact
	doubts   []string

	refused bool
	fresh   bool // declares a unit
}

func (r *importRow) note(key string, params map[string]any) RowNote {
	return RowNote{Line: r.line, Code: r.code, Name: r.fullName(), Key: key, Params: params}
}

// readRows reads the file. Rows that are wrong by themselves stand in the report.
func readRows(src io.Reader) ([]*importRow, Report, error) {
	var rep Report
	raw, err := io.ReadAll(io.LimitReader(src, maxImportBytes+1))
	if err != nil {
		return nil, rep, err
	}
	if len(raw) > maxImportBytes {
		return nil, rep, errs.E(errs.TooLarge, "orgunit.import.size", errs.P("max", maxImportBytes>>20, "rows", maxImportRows))
	}
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(raw) {
		return nil, rep, errs.E(errs.Invalid, "orgunit.import.encoding")
	}
	in := csv.NewReader(bufio.NewReader(bytes.NewReader(raw)))
	in.FieldsPerRecord = -1
	in.LazyQuotes = false
	header, err := readHeader(in)
	if err != nil {
		return nil, rep, err
	}
	var rows []*importRow
	seen := map[string]int{}
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, rep, nil
		}
		rep.Rows++
		if rep.Rows > maxImportRows {
			return nil, rep, errs.E(errs.TooLarge, "orgunit.import.size", errs.P("max", maxImportBytes>>20, "rows", maxImportRows))
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			rep.Refused = append(rep.Refused, RowNote{Line: bad.StartLine, Key: "orgunit.import.csv"})
			continue
		}
		if err != nil {
			return nil, rep, err
		}
		line, _ := in.FieldPos(0)
		r := &importRow{line: line}
		key, params := "orgunit.import.columns", map[string]any{"n": len(rec), "want": len(header)}
		if len(rec) == len(header) {
			key, params = r.read(header, rec)
		}
		twin := r.kind.short + "|" + r.code + "|" + r.name + "|" + r.from.String()
		if at, dup := seen[twin]; dup && key == "" {
			key, params = "orgunit.import.twice", map[string]any{"line": at}
		}
		if key != "" {
			rep.Refused = append(rep.Refused, r.note(key, params))
			continue
		}
		seen[twin] = line
		rows = append(rows, r)
	}
}

func readHeader(in *csv.Reader) ([]string, error) {
	rec, err := in.Read()
	if err != nil {
		return nil, errs.E(errs.Invalid, "orgunit.import.header", errs.P("columns", columnList()), errs.Cause(err))
	}
	header := make([]string, len(rec))
	for i, h := range rec {
		header[i] = strings.ToLower(strings.TrimSpace(h))
		if _, ok := importColumns[header[i]]; !ok || slices.Contains(header[:i], header[i]) {
			return nil, errs.E(errs.Invalid, "orgunit.import.column", errs.P("column", header[i], "columns", columnList()))
		}
	}
	for c, required := range importColumns {
		if required && !slices.Contains(header, c) {
			return nil, errs.E(errs.Invalid, "orgunit.import.header", errs.P("columns", columnList()))
		}
	}
	return header, nil
}

func columnList() string {
	return "kind, code, name, name_en, parent_code, valid_from, valid_to, agency_code, replaces, source"
}

// read fills the row and returns the reason to refuse it, "" where there is none.
func (r *importRow) read(header, rec []string) (key string, params map[string]any) {
	cell := map[string]string{}
	for i, h := range header {
		v := strings.Join(strings.Fields(rec[i]), " ")
		nfc := i18n.NFC(v)
		if nfc != v {
			r.doubts = append(r.doubts, "orgunit.import.normalised")
		}
		cell[h] = nfc
	}
	var ok bool
	if r.kind, ok = kindNamed(cell["kind"]); !ok {
		return "orgunit.import.kind", map[string]any{"kind": clip(cell["kind"])}
	}
	r.code, r.name, r.en, r.parent, r.agency = cell["code"], cell["name"], cell["name_en"], cell["parent_code"], cell["agency_code"]
	if r.kind.vi != "" {
		r.name = strings.TrimSpace(strings.TrimPrefix(r.name, r.kind.vi+" "))
	}
	if key, params = r.checkCodes(); key != "" {
		return key, params
	}
	for _, n := range []string{r.name, r.en} {
		if n != "" && !namePattern.MatchString(n) {
			return "orgunit.import.name", map[string]any{"name": clip(n)}
		}
	}
	switch {
	case r.name == "":
		return "orgunit.import.name", map[string]any{"name": ""}
	case r.en == "" && r.kind.class == Agency:
		return "orgunit.import.english", nil
	case foreignLetters.MatchString(r.name):
		r.doubts = append(r.doubts, "orgunit.import.letters")
	}
	return r.readDates(cell)
}

func (r *importRow) checkCodes() (string, map[string]any) {
	bad := func(code, want string) (string, map[string]any) {
		return "orgunit.import.code", map[string]any{"code": clip(code), "want": want}
	}
	switch {
	case r.kind.class == Agency && r.code == "-":
		r.code = "" // not known yet
	case r.kind.class == Agency && (!agencyCodePattern.MatchString(r.code) || len(r.code) > 35):
		return bad(r.code, "H26.16")
	case r.kind.class == Territory && !digitsOf(r.code, r.kind.digits):
		return bad(r.code, strings.Repeat("0", r.kind.digits-1)+"1")
	}
	if r.agency != "" && (!agencyCodePattern.MatchString(r.agency) || len(r.agency) > 35 || r.kind.class == Agency) {
		return bad(r.agency, "H26.16")
	}
	return "", nil
}

func digitsOf(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}

func (r *importRow) readDates(cell map[string]string) (string, map[string]any) {
	var err error
	if v := cell["valid_from"]; v != "" {
		if r.from, err = clock.ParseDate(v); err != nil {
			return "orgunit.import.date", map[string]any{"date": clip(v)}
		}
	}
	if v := cell["valid_to"]; v != "" {
		last, err := clock.ParseDate(v)
		if err != nil {
			return "orgunit.import.date", map[string]any{"date": clip(v)}
		}
		r.until = last.AddDays(1)
	}
	if !r.until.IsZero() && !r.from.IsZero() && !r.from.Before(r.until) {
		return "orgunit.import.order", nil
	}
	for part := range strings.SplitSeq(cell["replaces"], ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		code, share, _ := strings.Cut(part, ":")
		h := heirFact{code: strings.TrimSpace(code), share: Share(strings.TrimSpace(share))}
		if h.share == "" {
			h.share = Whole
		}
		if (h.share != Whole && h.share != Part && h.share != Rest) || (!digitsOf(h.code, len(h.code)) && !agencyCodePattern.MatchString(h.code)) || h.code == "" {
			return "orgunit.import.replaces", map[string]any{"part": clip(part)}
		}
		r.replaces = append(r.replaces, h)
	}
	return "", nil
}

// kindNamed reads a kind as people write it: "Phường", "ward", "p". The city is not among them.
func kindNamed(s string) (kindInfo, bool) {
	folded := i18n.Fold(s)
	if folded == "sở" || folded == "so" {
		folded = string(KindDepartment)
	}
	for _, k := range kinds {
		if k.kind == KindCity {
			continue
		}
		if folded == string(k.kind) || folded == k.short || slices.Contains(k.fold, folded) {
			return k, true
		}
	}
	return kindInfo{}, false
}

// clip keeps a foreign text short in a report.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 40 {
		return s
	}
	return string([]rune(s)[:40]) + "…"
}

func itoa(n int) string { return strconv.Itoa(n) }
