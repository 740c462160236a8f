package counter

import (
	"time"

	"khue/internal/kernel/id"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// IntakeID names an intake.
type IntakeID = id.Of[Intake]

// Life is how long an intake that nobody goes on with is kept.
const Life = 7 * 24 * time.Hour

// Intake is a dossier that is being taken in at a counter. Any clerk of its unit may go on
// with it. Number and name of the person stand sealed in the register of persons.
type Intake struct {
	ID      IntakeID
	Unit    orgunit.UnitID // whose counter
	Officer int64
	By      string
	Service string
	Case    string
	Person  person.ID // 0 while nobody is known
	Content Content
	Code    string // of the dossier that it became
	Act     string // what was done with it: accept, supplement, refuse; empty where that failed
	Updated time.Time
	Version int64
}

// Filed reports whether the intake has become a dossier.
func (i Intake) Filed() bool { return i.Code != "" }

// Content is what was typed, right or wrong.
type Content struct {
	Answers form.Answers     `json:"answers"`
	Papers  []form.File      `json:"papers,omitempty"` // scans
	Counts  map[string]Count `json:"counts,omitempty"` // by paper
	Filing  dossier.Filing   `json:"filing"`
}

// Count is what was handed over of a paper.
type Count struct {
	Originals  int  `json:"originals,omitempty"`
	Copies     int  `json:"copies,omitempty"`
	Shown      bool `json:"shown,omitempty"`      // shown only, given back
	Electronic bool `json:"electronic,omitempty"` // signed data
}

// Any reports whether the paper was there at all.
func (c Count) Any() bool { return c.Originals > 0 || c.Copies > 0 || c.Shown || c.Electronic }

// Asked is what a service asks for of a paper that must be there: where the clerk's counting
// begins.
func Asked(n form.PaperNeed) Count {
	return Count{Originals: max(n.Originals, 1-n.Copies), Copies: n.Copies}
}

// kept is how many originals stay with the one-stop.
func (c Count) kept() int {
	if c.Shown {
		return 0
	}
	return c.Originals
}

// Bytes is what the scans weigh.
func (i Intake) Bytes() (n int64) {
	for _, f := range i.Content.Papers {
		n += f.Size
	}
	return n
}

// files are the papers of the dossier: the scans of each with its counts, and a line without
// a file for one that was counted and not scanned.
func (i Intake) files(needs []form.PaperNeed) []form.File {
	out := make([]form.File, 0, len(i.Content.Papers)+len(needs))
	counted := map[string]bool{}
	for _, f := range i.Content.Papers {
		f.Originals, f.Copies = 0, 0
		if c := i.Content.Counts[f.Paper]; !counted[f.Paper] {
			counted[f.Paper] = true
			f = c.on(f)
		}
		out = append(out, f)
	}
	for _, n := range needs {
		if c := i.Content.Counts[n.ID]; c.Any() && !counted[n.ID] {
			kind := "pdf"
			if len(n.Accept) > 0 {
				kind = n.Accept[0]
			}
			out = append(out, c.on(form.File{Paper: n.ID, Name: n.Label.VI, Type: kind}))
		}
	}
	return out
}

func (c Count) on(f form.File) form.File {
	f.Originals, f.Copies, f.ShownOnly, f.Electronic = c.Originals, c.Copies, c.Shown, c.Electronic
	return f
}
