package catalog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"khue/internal/kernel/clock"
)

// maxRecord is the longest line of a full record that is read; the longest of the
// national portal is under 300 KB.
const maxRecord = 4 << 20

// recordReader reads full records of the national portal, one JSON object a line.
type recordReader struct {
	lines *bufio.Reader
	line  int
}

func newRecordReader(r io.Reader) *recordReader {
	return &recordReader{lines: bufio.NewReaderSize(r, 256<<10)}
}

// next returns the next record, io.EOF at the end. Only records that this reader
// understands are decoded; what it does not know of is ignored, for the portal adds
// fields without notice.
func (r *recordReader) next() (*entry, error) {
	for {
		raw, long, err := r.readLine()
		if err != nil {
			return nil, err
		}
		r.line++
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 && !long {
			continue
		}
		e := &entry{line: r.line}
		if long {
			e.refuse(TooLong, "")
			return e, nil
		}
		var p portalRecord
		if err := json.Unmarshal(raw, &p); err != nil {
			e.named = brief(p.Code, 40)
			e.refuse(BadJSON, err.Error())
			return e, nil
		}
		p.fill(e)
		return e, nil
	}
}

// readLine returns the next line, or long where it passes maxRecord.
func (r *recordReader) readLine() (raw []byte, long bool, err error) {
	for {
		part, err := r.lines.ReadSlice('\n')
		if !long {
			raw = append(raw, part...)
		}
		if len(raw) > maxRecord {
			raw, long = nil, true
		}
		switch {
		case err == nil:
			return raw, long, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (len(raw) > 0 || long):
			return raw, long, nil
		case errors.Is(err, io.EOF):
			return nil, false, io.EOF
		default:
			return nil, false, unreadable(err)
		}
	}
}

type portalTerm struct {
	Qty  json.RawMessage `json:"qty"`
	Type string          `json:"type"`
}

type portalNamed struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// portalRecord is the part of the portal's record that is read.
type portalRecord struct {
	ID              string `json:"id"`
	Code            string `json:"code"`
	Name            string `json:"name"`
	Type            string `json:"type"`
	IsFullProcess   bool   `json:"isFullProcess"`
	NonTerritorial  bool   `json:"isNonTerritorial"`
	OfflineOnly     bool   `json:"isOfflineOnly"`
	IsMinistry      bool   `json:"isMinistry"`
	IsProvince      bool   `json:"isProvince"`
	IsDistrict      bool   `json:"isDistrict"`
	IsWard          bool   `json:"isWard"`
	IsVertical      bool   `json:"isVertical"`
	IsOther         bool   `json:"isOtherAgency"`
	PromulgatorCode string `json:"departmentPromulgateCode"`
	PromulgatorName string `json:"departmentPromulgateName"`
	Requirements    string `json:"requirementsAndConditions"`
	Receives        string `json:"dossierReceivingAddresses"`

	Category     portalNamed    `json:"category"`
	Executing    []portalNamed  `json:"departmentsExecuting"`
	Groups       []*portalNamed `json:"unitGroupsExecuting"`
	Coordinating []portalNamed  `json:"departmentsCoordinating"`
	Subjects     []portalNamed  `json:"subjectTypesDetails"`
	Results      []portalNamed  `json:"resultsDetails"`
	Legal        []portalNamed  `json:"legalBasisesDetails"`

	Steps []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"executionSteps"`
	Cases []struct {
		portalNamed
		Term portalTerm `json:"processingDay"`
	} `json:"cases"`
	Methods []struct {
		Channel string          `json:"submissionMethod"`
		Time    json.RawMessage `json:"processingTime"`
		Unit    string          `json:"processingTimeUnit"`
		Note    string          `json:"description"`
		Fees    []struct {
			Type     string `json:"type"`
			Value    *int64 `json:"value"`
			Currency string `json:"currencyName"`
			Note     string `json:"description"`
		} `json:"fees"`
	} `json:"executionMethods"`
	Papers []struct {
		Name       string `json:"name"`
		Components []struct {
			portalNamed
			Originals int  `json:"originalQty"`
			Copies    int  `json:"copyQty"`
			Required  bool `json:"required"`
			EForm     bool `json:"hasElectronicForm"`
			IsResult  bool `json:"isProcessingResult"`
		} `json:"profileComponents"`
	} `json:"executionCases"`
	Decision struct {
		Number string `json:"proposalNumber"`
		Date   int64  `json:"decisionDate"` // epoch milliseconds
	} `json:"procedureProposal"`
}

func (p *portalRecord) fill(e *entry) {
	e.named, e.code = brief(p.Code, 40), Code(line(p.Code))
	s := &Summary{
		Code: e.code, Name: line(p.Name), Kind: recordedKind(p.Type, e),
		Field:       Field{Code: line(p.Category.Code), Name: line(p.Category.Name)},
		Promulgator: Agency{Code: line(p.PromulgatorCode), Name: line(p.PromulgatorName)},
		Subjects:    names(p.Subjects), Results: names(p.Results),
		Decision: line(p.Decision.Number), PortalID: line(p.ID),
		FullProcess: p.IsFullProcess, NonTerritorial: p.NonTerritorial, CounterOnly: p.OfflineOnly,
	}
	s.Agencies = names(p.Executing)
	for _, g := range p.Groups {
		if g != nil && line(g.Name) != "" {
			s.Agencies = append(s.Agencies, line(g.Name))
		}
	}
	for _, t := range []struct {
		is   bool
		tier Tier
	}{{p.IsMinistry, Ministry}, {p.IsProvince, Province}, {p.IsDistrict, District}, {p.IsWard, Commune}, {p.IsVertical, Vertical}, {p.IsOther, Other}} {
		if t.is {
			s.Tiers = append(s.Tiers, t.tier)
		}
	}
	if !e.code.Valid() {
		e.refuse(BadCode, e.named)
	}
	if s.Name == "" {
		e.refuse(NoName, "")
	}
	d := &Detail{
		Requirements: clean(p.Requirements), Receives: clean(p.Receives),
		Coordinates: names(p.Coordinating),
	}
	if p.Decision.Date > 0 {
		d.DecidedOn = clock.DateOf(time.UnixMilli(p.Decision.Date).In(clock.Zone))
	}
	for _, r := range p.Results {
		d.Results = append(d.Results, Result{Code: line(r.Code), Name: line(r.Name)})
	}
	for _, l := range p.Legal {
		d.LegalBasis = append(d.LegalBasis, LegalBasis{Number: line(l.Code), Name: line(l.Name)})
	}
	p.fillSteps(d)
	p.fillCases(s, d)
	p.fillMethods(s, d, e)
	p.fillPapers(s, d)
	s.check()
	e.summary, e.detail = s, d
	s.Doubts, d.Doubts = nil, once(append(s.Doubts, d.Doubts...)) // stored once, with the record
}

func (p *portalRecord) fillSteps(d *Detail) {
	for _, st := range p.Steps {
		step := Step{Name: line(st.Name), Text: clean(st.Description)}
		if step.Text == "" && step.Name == "" {
			continue
		}
		if strings.EqualFold(step.Text, "test") {
			d.Doubts = append(d.Doubts, Doubt{Reason: PlaceholderText, Detail: step.Text})
		}
		d.Steps = append(d.Steps, step)
	}
}

func (p *portalRecord) fillCases(s *Summary, d *Detail) {
	seen := map[string]bool{}
	for _, c := range p.Cases {
		term, _ := recordedDeadline(rawText(c.Term.Qty), c.Term.Type)
		d.Cases = append(d.Cases, Case{Code: line(c.Code), Name: line(c.Name), Deadline: term})
		s.CaseTerms = append(s.CaseTerms, term)
		if seen[c.Code] {
			d.Doubts = append(d.Doubts, Doubt{Reason: CaseRepeated, Detail: line(c.Code)})
		}
		seen[c.Code] = true
		if strings.HasPrefix(strings.ToLower(line(c.Name)), "test") {
			d.Doubts = append(d.Doubts, Doubt{Reason: PlaceholderText, Detail: line(c.Name)})
		}
	}
}

func (p *portalRecord) fillMethods(s *Summary, d *Detail, e *entry) {
	for _, m := range p.Methods {
		ch := recordedChannel(m.Channel)
		term, ok := recordedDeadline(rawText(m.Time), m.Unit)
		if ch == "" || !ok && m.Unit != "OTHER" {
			e.refuse(BadMethod, m.Channel+" "+m.Unit)
			continue
		}
		full := Method{Channel: ch, Deadline: term, Note: clean(m.Note)}
		plain := Method{Channel: ch, Deadline: term}
		for _, f := range m.Fees {
			fee, doubts := recordedFee(recordedFeeKind(f.Type), f.Value, recordedCurrency(f.Currency), clean(f.Note))
			full.Fees = append(full.Fees, fee)
			d.Doubts = append(d.Doubts, doubts...)
			fee.Note = ""
			plain.Fees = append(plain.Fees, fee)
		}
		d.Methods = append(d.Methods, full)
		s.Methods = append(s.Methods, plain)
	}
}

func (p *portalRecord) fillPapers(s *Summary, d *Detail) {
	for _, g := range p.Papers {
		group := PaperGroup{Name: line(g.Name)}
		for _, c := range g.Components {
			if c.Name == "" && c.Code == "" {
				continue
			}
			s.PaperCount++
			group.Papers = append(group.Papers, Paper{
				Code: line(c.Code), Name: line(c.Name), Originals: max(c.Originals, 0), Copies: max(c.Copies, 0),
				EForm: c.EForm, IsResult: c.IsResult, Required: c.Required,
			})
		}
		if len(group.Papers) > 0 {
			d.Papers = append(d.Papers, group)
		}
	}
	if s.PaperCount == 0 {
		d.Doubts = append(d.Doubts, Doubt{Reason: NoPapers})
	}
}

// rawText reads a JSON number or text; the portal sends both.
func rawText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func recordedCurrency(name string) string {
	switch name {
	case "Việt Nam Đồng":
		return "VND"
	case "USD":
		return "USD"
	}
	return ""
}

func names(ns []portalNamed) []string {
	var out []string
	for _, n := range ns {
		if w := line(n.Name); w != "" {
			out = append(out, w)
		}
	}
	return out
}
