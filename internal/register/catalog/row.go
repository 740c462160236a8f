package catalog

import (
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// entry is one parsed row or record: what is stored of it, or why it is refused.
type entry struct {
	line    int
	code    Code
	named   string // the code as written, for the report
	summary *Summary
	detail  *Detail
	refused []Doubt
}

func (e *entry) refuse(r Reason, detail string) {
	e.refused = append(e.refused, Doubt{Reason: r, Detail: brief(detail, 160)})
}

func (e *entry) doubts() []Doubt {
	var out []Doubt
	if e.summary != nil {
		out = append(out, e.summary.Doubts...)
	}
	if e.detail != nil {
		out = append(out, e.detail.Doubts...)
	}
	return once(out)
}

// rowColumns are the columns of the national catalogue's table that are read.
const rowColumns = "code,name,field_code,field_name,promulgating_code,promulgating_agency,levels,kind,full_process,non_territorial,offline_only,executing_agencies,case_deadlines,methods_deadline_fees,dossier_component_count,results,subjects,decision_no,portal_groups,portal_id"

// rowReader reads the catalogue's table (CSV with a header, columns in any order).
type rowReader struct {
	csv *csv.Reader
	col map[string]int
	n   int
}

func newRowReader(r io.Reader) (*rowReader, error) {
	c := csv.NewReader(r)
	c.ReuseRecord, c.FieldsPerRecord, c.LazyQuotes = true, -1, true
	head, err := c.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	col := make(map[string]int, len(head))
	for i, h := range head {
		col[clean(h)] = i
	}
	var missing []string
	for name := range strings.SplitSeq(rowColumns, ",") {
		if _, ok := col[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, missingColumns(missing)
	}
	return &rowReader{csv: c, col: col, n: len(head)}, nil
}

// next returns the next row, io.EOF at the end.
func (r *rowReader) next() (*entry, error) {
	rec, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	at, _ := r.csv.FieldPos(0)
	e := &entry{line: at}
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		e.line = bad.StartLine
		e.refuse(BadColumns, bad.Error())
		return e, nil
	case err != nil:
		return nil, unreadable(err)
	case len(rec) != r.n:
		e.named = brief(rec[0], 40)
		e.refuse(BadColumns, strconv.Itoa(len(rec)))
		return e, nil
	}
	r.parse(rec, e)
	return e, nil
}

func (r *rowReader) parse(rec []string, e *entry) {
	get := func(name string) string { return line(rec[r.col[name]]) }
	e.named = brief(get("code"), 40)
	s := &Summary{
		Code: Code(get("code")), Name: get("name"),
		Field:       Field{Code: get("field_code"), Name: get("field_name")},
		Promulgator: Agency{Code: get("promulgating_code"), Name: get("promulgating_agency")},
		Agencies:    list(get("executing_agencies"), ";"), Results: list(get("results"), "; "),
		Subjects: list(get("subjects"), ";"), Groups: list(get("portal_groups"), "+"),
		Decision: get("decision_no"), PortalID: get("portal_id"),
		FullProcess: get("full_process") == "1", NonTerritorial: get("non_territorial") == "1", CounterOnly: get("offline_only") == "1",
	}
	s.PaperCount, _ = strconv.Atoi(get("dossier_component_count"))
	e.code, e.summary = s.Code, s
	if !s.Code.Valid() {
		e.refuse(BadCode, e.named)
	}
	if s.Name == "" {
		e.refuse(NoName, "")
	}
	s.Kind = recordedKind(get("kind"), e)
	for _, w := range list(get("levels"), "+") {
		t, ok := recordedTier(w)
		if !ok {
			e.refuse(BadTier, w)
			continue
		}
		s.Tiers = append(s.Tiers, t)
	}
	for _, w := range list(get("case_deadlines"), ";") {
		q, u, _ := strings.Cut(w, " ")
		if d, ok := recordedDeadline(q, u); ok {
			s.CaseTerms = append(s.CaseTerms, d)
		}
	}
	s.Methods = parseMethods(clean(rec[r.col["methods_deadline_fees"]]), e)
	s.check()
}

// A method in the table reads "ONLINE=3 WORKING_DAY [FEE:0,SERVICE_FEE:20USD]"; the
// term is free text where its unit is OTHER, and may hold any of these characters.
var (
	methodStart = regexp.MustCompile(`(?:^| \| )(ONLINE|DIRECT|POSTAL)=`)
	methodBody  = regexp.MustCompile(`(?s)^(.*?) ?(WORKING_DAY|DAY|HOUR|MONTH|YEAR|OTHER) \[([^\[\]]*)\]$`)
	feeForm     = regexp.MustCompile(`^(FEE|SERVICE_FEE|PRICE_LEVEL):(None|\d+)(VND|USD)?$`)
)

func parseMethods(s string, e *entry) []Method {
	var out []Method
	starts := methodStart.FindAllStringSubmatchIndex(s, -1)
	for i, at := range starts {
		end := len(s)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		body := methodBody.FindStringSubmatch(s[at[1]:end])
		channel := recordedChannel(s[at[2]:at[3]])
		if body == nil {
			e.refuse(BadMethod, s[at[0]:end])
			continue
		}
		d, _ := recordedDeadline(body[1], body[2])
		m := Method{Channel: channel, Deadline: d}
		for _, w := range list(body[3], ",") {
			f := feeForm.FindStringSubmatch(w)
			if f == nil {
				e.refuse(BadMethod, w)
				continue
			}
			var value *int64
			if n, err := strconv.ParseInt(f[2], 10, 64); err == nil {
				value = &n
			}
			fee, doubts := recordedFee(recordedFeeKind(f[1]), value, f[3], "")
			m.Fees = append(m.Fees, fee)
			for _, d := range doubts {
				e.summary.Doubts = append(e.summary.Doubts, Doubt{Reason: d.Reason, Detail: w})
			}
		}
		out = append(out, m)
	}
	if len(starts) == 0 && s != "" {
		e.refuse(BadMethod, s)
	}
	return out
}

// check marks what the summary's facts say against each other.
func (s *Summary) check() {
	add := func(r Reason, detail string) { s.Doubts = append(s.Doubts, Doubt{Reason: r, Detail: detail}) }
	online := false
	var terms []Deadline
	for _, m := range s.Methods {
		online = online || m.Channel == Online
		terms = append(terms, m.Deadline)
	}
	checkTerms(s.CaseTerms, terms, add)
	switch {
	case s.FullProcess && !online && len(s.Methods) > 0:
		add(FullWithoutOnline, "")
	case s.CounterOnly && online:
		add(OfflineWithOnline, "")
	}
	if len(s.Agencies) == 0 {
		add(NoAgency, "")
	}
	s.Doubts = once(s.Doubts)
}

// checkTerms compares the deadlines of cases and methods.
func checkTerms(cases, methods []Deadline, add func(Reason, string)) {
	agree := len(cases) == 0 || len(methods) == 0
	for _, c := range cases {
		for _, m := range methods {
			agree = agree || c == m
		}
	}
	if !agree {
		add(CasesVsMethods, terms(cases)+" ≠ "+terms(methods))
	}
	for _, d := range append(methods[:len(methods):len(methods)], cases...) {
		switch {
		case d.Unit == Printed:
			add(DeadlinePrinted, brief(d.Text, 120))
		case d.N == 0:
			add(DeadlineZero, d.String())
		}
	}
}

func terms(ds []Deadline) string {
	var out []string
	seen := map[string]bool{}
	for _, d := range ds {
		if w := brief(d.String(), 60); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}

func recordedChannel(w string) Channel {
	switch w {
	case "ONLINE":
		return Online
	case "DIRECT":
		return Direct
	case "POSTAL":
		return Post
	}
	return ""
}

func recordedFeeKind(w string) FeeKind {
	switch w {
	case "SERVICE_FEE":
		return StateFee
	case "PRICE_LEVEL":
		return Price
	}
	return FeeCharge
}

func recordedTier(w string) (Tier, bool) {
	t, ok := map[string]Tier{"bo": Ministry, "tinh": Province, "huyen": District, "xa": Commune, "nganh_doc": Vertical, "khac": Other}[w]
	return t, ok
}

func recordedKind(w string, e *entry) Kind {
	switch w {
	case "STANDARD":
		return National
	case "SPECIFIC":
		return Local
	case "STANDARD_INTERNAL":
		return Internal
	}
	e.refuse(BadKind, w)
	return ""
}

// list splits a joined list into clean, non-empty parts.
func list(s, sep string) []string {
	var out []string
	for w := range strings.SplitSeq(s, sep) {
		if w = line(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
