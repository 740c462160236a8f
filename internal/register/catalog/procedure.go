package catalog

import (
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// Summary is what lists, search and browsing show of a procedure: the facts of a
// catalogue row.
type Summary struct {
	Code        Code       `json:"code"`
	Name        string     `json:"name"` // Vietnamese, as the record has it
	Field       Field      `json:"field"`
	Kind        Kind       `json:"kind"`
	Tiers       []Tier     `json:"tiers"`
	Promulgator Agency     `json:"promulgator"`
	Agencies    []string   `json:"agencies,omitempty"` // executing, names as recorded
	Methods     []Method   `json:"methods,omitempty"`
	CaseTerms   []Deadline `json:"caseTerms,omitempty"`
	Results     []string   `json:"results,omitempty"`
	Subjects    []string   `json:"subjects,omitempty"`
	Groups      []string   `json:"groups,omitempty"` // life-event groups of the national portal
	Decision    string     `json:"decision,omitempty"`
	PortalID    string     `json:"portalId,omitempty"`
	PaperCount  int        `json:"paperCount,omitempty"` // all cases added up by the record

	FullProcess    bool `json:"fullProcess,omitempty"`    // the record claims the whole process online
	NonTerritorial bool `json:"nonTerritorial,omitempty"` // may be filed at any place
	CounterOnly    bool `json:"counterOnly,omitempty"`

	Doubts []Doubt `json:"doubts,omitempty"`
}

// Detail is the rest of a full record.
type Detail struct {
	Methods      []Method     `json:"methods,omitempty"` // with the record's notes
	Cases        []Case       `json:"cases,omitempty"`
	Papers       []PaperGroup `json:"papers,omitempty"`
	Results      []Result     `json:"results,omitempty"`
	LegalBasis   []LegalBasis `json:"legalBasis,omitempty"`
	Requirements string       `json:"requirements,omitempty"`
	Steps        []Step       `json:"steps,omitempty"`
	Receives     string       `json:"receives,omitempty"` // addresses of reception, as recorded
	Coordinates  []string     `json:"coordinates,omitempty"`
	DecidedOn    clock.Date   `json:"decidedOn,omitzero"`
	Doubts       []Doubt      `json:"doubts,omitempty"`
}

// Procedure is a procedure as it is in force on a date.
type Procedure struct {
	Summary
	Detail     *Detail // nil where only the catalogue row is known
	NameEN     string  // unofficial translation; empty where none exists
	FieldEN    string
	Called     []string // what people call it, most common first; Vietnamese
	Reach      Reach
	Level      Level
	Why        Why
	Offerings  []Offering
	LifeEvents []string
	Validity   Validity
	Source     Source
	Revision   int
	Revisions  []Revision // all known, newest first
}

// Field is a field of administration; Code is the ministry's ("G15-TP07").
type Field struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Agency is a body by its identifier code (Decision 20/2020) and recorded name.
type Agency struct {
	Code string `json:"code,omitempty"`
	Name string `json:"name"`
}

// Channel is a way to submit.
type Channel string

// The channels of the national record.
const (
	Online Channel = "online"
	Direct Channel = "direct"
	Post   Channel = "post"
)

// Method is one way to submit, with its own deadline and fees. A record may hold
// several for one channel (other place, other case); Note tells which.
type Method struct {
	Channel  Channel  `json:"channel"`
	Deadline Deadline `json:"deadline"`
	Fees     []Fee    `json:"fees,omitempty"`
	Note     string   `json:"note,omitempty"`
}

// Case is a case of a procedure with its own deadline: "1.001193.02".
type Case struct {
	Code     string   `json:"code"`
	Name     string   `json:"name"`
	Deadline Deadline `json:"deadline"`
}

// PaperGroup is a list of papers under one heading of the record; the heading often
// names a case ("Trường hợp ủy quyền…") or how papers are shown.
type PaperGroup struct {
	Name   string  `json:"name,omitempty"`
	Papers []Paper `json:"papers"`
}

// Paper is a component of a dossier. Whether it is required is not known: the
// record says false for every paper of every procedure. Declared services say it.
type Paper struct {
	Code      string `json:"code,omitempty"` // "000.00.00.G15-KQ003208"
	Name      string `json:"name"`
	Originals int    `json:"originals,omitempty"`
	Copies    int    `json:"copies,omitempty"`
	EForm     bool   `json:"eForm,omitempty"`
	IsResult  bool   `json:"isResult,omitempty"` // itself the result of another procedure
	Required  bool   `json:"required,omitempty"` // true where a record says so; never false, only unknown
}

// Result is what the applicant receives: "KQ.G15.000031".
type Result struct {
	Code string `json:"code,omitempty"`
	Name string `json:"name"`
}

// LegalBasis is one legal text that a procedure rests on.
type LegalBasis struct {
	Number string `json:"number"`
	Name   string `json:"name,omitempty"`
}

// Step is one step of the handling, in the record's words.
type Step struct {
	Name string `json:"name,omitempty"`
	Text string `json:"text"`
}

// Validity is the time in which a version is in force: from From, until the day
// before To. An open end is the zero date; an open start means that the record was
// first known here and does not say since when it holds.
type Validity struct {
	From clock.Date `json:"from,omitzero"`
	To   clock.Date `json:"to,omitzero"`
}

// Contains reports whether the version is in force on a day.
func (v Validity) Contains(d clock.Date) bool {
	return !d.Before(v.From) && (v.To.IsZero() || d.Before(v.To))
}

// Source says where a version comes from.
type Source struct {
	Name string // "embedded", or the name of the imported file
}

// Revision is one stored version of a procedure's row or full record.
type Revision struct {
	Number   int
	Validity Validity
	Source   Source
	Full     bool // a full record; otherwise a catalogue row
}

// HasTier reports whether the procedure is handled at t.
func (s *Summary) HasTier(t Tier) bool { return slices.Contains(s.Tiers, t) }

// Channels lists the channels of the procedure's methods, each once.
func (s *Summary) Channels() []Channel {
	var out []Channel
	for _, m := range s.Methods {
		if !slices.Contains(out, m.Channel) {
			out = append(out, m.Channel)
		}
	}
	return out
}

// reach tells how a procedure concerns the city whose agency code is home ("H26").
func (s *Summary) reach(home string) Reach {
	local := strings.HasPrefix(s.Promulgator.Code, "H")
	switch {
	case s.Kind == Internal:
		return BetweenOffice
	case local && s.Promulgator.Code != home && !strings.HasPrefix(s.Promulgator.Code, home+"."):
		return OtherProvince
	case s.HasTier(Commune), s.HasTier(District), s.HasTier(Province):
		return InCity
	}
	return ByMinistry
}

// Title is the name as a heading: the record's leading "Thủ tục" says nothing there.
func Title(name string) string {
	const lead = "thu tuc "
	f := i18n.Fold(name)
	if !strings.HasPrefix(f, lead) {
		return name
	}
	words := strings.Fields(name)
	rest := []rune(strings.Join(words[2:], " "))
	if len(rest) == 0 {
		return name
	}
	return strings.ToUpper(string(rest[0])) + string(rest[1:])
}
