package dossier

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// HandOver is one block of the control slip: the dossier went from one pair of hands to
// the next.
type HandOver struct {
	From  string // "Clerk, one-stop of the ward"
	To    string // of parallel ways, all of them
	At    time.Time
	Term  time.Time // until when the giver was to be done; zero where none was kept
	How   string    // early, onTime, late; "" where no term ran
	Giver string    // who signs for handing over
	Taker string    // who acted next; "" while nobody has
	Note  string
}

// handOvers reads the hand-overs of a dossier from its timeline: every act that opened a
// task elsewhere.
func (p printing) handOvers(lines []Line) []HandOver {
	var out []HandOver
	for i, l := range lines {
		if l.Erased || len(l.To) == 0 || l.Kind == KindSubmitted {
			continue
		}
		unit, _ := id.Parse[orgunit.Unit](l.Unit)
		h := HandOver{From: p.hands(l.Role, unit), At: l.At, Giver: p.officer(l), Note: l.Comment}
		for _, m := range l.To {
			to := p.hands(m.Role, orgunit.UnitID(m.Unit))
			if h.To != "" {
				to = h.To + "; " + to
			}
			h.To = to
		}
		h.Taker = p.taker(lines[i+1:], l.To)
		switch {
		case l.TaskDue == 0:
		case l.Late:
			h.How = "late"
		case clock.DateOf(l.At).Before(clock.DateOf(db.Time(l.TaskDue))):
			h.How = "early"
		default:
			h.How = "onTime"
		}
		if l.TaskDue != 0 {
			h.Term = db.Time(l.TaskDue)
		}
		out = append(out, h)
	}
	return out
}

// taker is who acted first on one of the steps that were opened.
func (p printing) taker(after []Line, to []Moved) string {
	for _, l := range after {
		if l.Erased || l.By == "" || l.Step == "" {
			continue
		}
		if slices.ContainsFunc(to, func(m Moved) bool { return m.Step == l.Step }) {
			return p.officer(l)
		}
	}
	return ""
}

// hands names a post at a unit.
func (p printing) hands(role string, u orgunit.UnitID) string {
	var parts []string
	switch r, ok := orgunit.RoleOf(orgunit.Role(role)); {
	case role == process.RoleApplicant:
		return p.t("hands.applicant")
	case ok && p.lang == i18n.EN:
		parts = append(parts, r.NameEN)
	case ok:
		parts = append(parts, r.Name)
	}
	if name := p.unit(u); u != 0 && name != "" {
		parts = append(parts, name)
	}
	if len(parts) == 0 {
		return p.t("hands.system")
	}
	return strings.Join(parts, ", ")
}

// controlSlip is the form that goes with the dossier.
func (p printing) controlSlip(lines []Line) pdf.Layout {
	d := p.d
	day := clock.DateOf(p.line.At)
	f, _ := FormOf(PaperControl, day)
	due := p.t("noDue")
	if !d.DueAt.IsZero() {
		due = i18n.DateTime(p.lang, d.DueAt)
	}
	blocks := append(p.head(PaperControl, day), pdf.Block{Fields: &pdf.Fields{Rows: []pdf.Field{
		{Label: p.t("code"), Value: d.Code, Strong: true},
		{Label: p.t("procedure"), Value: p.pkg.Name().In(p.lang)},
		{Label: p.t("oneStopOf"), Value: p.unit(d.Receiving)},
		{Label: p.t("decides"), Value: p.unit(d.Competent)},
		{Label: p.t("receivedAt"), Value: i18n.DateTime(p.lang, d.AcceptedAt)},
		{Label: p.t("dueAt"), Value: due, Strong: true},
	}}})
	for i, h := range p.handOvers(lines) {
		rows := []pdf.Field{
			{Label: p.t("hand.from"), Value: h.From},
			{Label: p.t("hand.to"), Value: h.To},
			{Label: p.t("hand.at"), Value: i18n.DateTime(p.lang, h.At)},
		}
		result := p.t("hand.noTerm")
		if h.How != "" {
			result = p.t("hand."+h.How) + " (" + p.t("hand.by", "at", i18n.DateTime(p.lang, h.Term)) + ")"
		}
		rows = append(rows, pdf.Field{Label: p.t("hand.result"), Value: result, Strong: h.How == "late"}, pdf.Field{Label: p.t("hand.note"), Value: h.Note})
		blocks = append(
			blocks,
			pdf.Block{Paragraph: &pdf.Paragraph{Text: p.t("hand.title", "n", strconv.Itoa(i+1)), Style: "bold"}},
			pdf.Block{Fields: &pdf.Fields{Rows: rows}},
			pdf.Block{Signatures: []pdf.Signature{
				{Role: p.t("signer.giver"), Hint: p.t("signHint"), Name: h.Giver},
				{Role: p.t("signer.taker"), Hint: p.t("signHint"), Name: h.Taker},
			}},
		)
	}
	return pdf.Layout{Page: pdf.Page{Size: f.Size, Footer: p.t("footer", "code", d.Code)}, Blocks: blocks}
}
