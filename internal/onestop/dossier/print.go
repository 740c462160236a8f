package dossier

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// Papers of the one-stop as the process names them, and the result.
const (
	PaperReceipt    = "receipt"    // form 01
	PaperSupplement = "supplement" // form 02
	PaperRefusal    = "refusal"    // form 03
	PaperExtension  = "extension"  // form 04
	PaperStop       = "stop"       // form 05 since 2025
	PaperResult     = "result"
	PaperDraft      = "draft" // the result as it would be drawn now, before anybody signed
)

// Numbers tells the identification numbers of officers; identity.Service implements it.
type Numbers interface {
	// NumberOf is "" for an account that is no officer's.
	NumberOf(q db.Querier, account int64) (string, error)
}

// printing is what a paper is drawn from.
type printing struct {
	ctx     context.Context
	s       *Service
	lang    i18n.Lang
	d       Dossier
	c       Content
	pkg     *service.Package
	line    Line             // the act that made the paper
	numbers map[int64]string // of the officers who acted
	address string
}

// Print draws a paper of a dossier. The papers of the one-stop go to whoever may see the
// state; the result only to the owner and officers. NotFound where no act made the paper.
func (s *Service) Print(ctx context.Context, code, paper string, lang i18n.Lang, viewer Viewer, address string) (b []byte, err error) {
	defer errs.Op(&err, "dossier.Print(%s)", paper)
	d, access, err := s.Find(ctx, code, viewer)
	if err != nil {
		return nil, err
	}
	p := printing{ctx: ctx, s: s, lang: lang, d: d, address: address}
	if p.pkg, err = s.pkg(d); err != nil {
		return nil, err
	}
	if p.c, err = s.ContentOf(ctx, d); err != nil {
		return nil, err
	}
	if paper == PaperResult {
		if access != SeeAll || d.State != process.Done && d.State != process.Returned {
			return nil, errs.E(errs.NotFound, "dossier.paper.notFound")
		}
		if s.Results != nil && p.pkg.Result.Numbered() {
			if b, ok, err := s.Results.Paper(ctx, d); ok || err != nil {
				return b, err
			}
		}
		p.line.At = d.ClosedAt
		return p.result(p.pkg.Result.Kind, p.t("unsigned"))
	}
	if paper == PaperDraft {
		if access != SeeAll || auth.From(ctx).Kind != auth.KindOfficer || d.State.Ended() {
			return nil, errs.E(errs.NotFound, "dossier.paper.notFound")
		}
		p.line.At = s.Clock.Now()
		return p.result(p.pkg.Result.Kind, p.t("draft"))
	}
	lines, err := s.Timeline(ctx, d, SeeAll)
	if err != nil {
		return nil, err
	}
	if p.numbers, err = s.numbersOf(ctx, lines); err != nil {
		return nil, err
	}
	if paper == PaperControl {
		if access != SeeAll || auth.From(ctx).Kind != auth.KindOfficer || d.AcceptedAt.IsZero() {
			return nil, errs.E(errs.NotFound, "dossier.paper.notFound")
		}
		p.line.At = d.AcceptedAt // it was opened with the acceptance: the form of that day
		return p.render(p.controlSlip(lines), lines[len(lines)-1].At)
	}
	if r, ok := more(p.pkg, paper); ok {
		for _, l := range lines {
			if slices.Contains(l.Reached, r.On) {
				p.line = l
			}
		}
		if access != SeeAll || p.line.At.IsZero() {
			return nil, errs.E(errs.NotFound, "dossier.paper.notFound")
		}
		return p.result(r.Kind, p.t("unsigned"))
	}
	found := false
	for _, l := range lines {
		for _, made := range l.Papers {
			if made == paper {
				p.line, found = l, true // the latest counts
			}
		}
	}
	if !found {
		return nil, errs.E(errs.NotFound, "dossier.paper.notFound")
	}
	return p.render(p.oneStopPaper(paper), p.line.At)
}

// numbersOf are the identification numbers of the officers who acted.
func (s *Service) numbersOf(ctx context.Context, lines []Line) (out map[int64]string, err error) {
	out = map[int64]string{}
	if s.Numbers == nil {
		return out, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		for _, l := range lines {
			if _, known := out[l.Actor]; known || l.Actor == 0 {
				continue
			}
			if out[l.Actor], err = s.Numbers.NumberOf(v, l.Actor); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// officer is who acted, with the number by which the city knows them for good.
func (p printing) officer(l Line) string {
	if n := p.numbers[l.Actor]; n != "" && l.By != "" {
		return l.By + ", " + n
	}
	return l.By
}

func (p printing) t(key string, kv ...any) string {
	return i18n.BundleOf(p.ctx).T(p.lang, "dossier.paper."+key, kv...)
}

// render sets a paper. One of a demonstration or a training copy says so across the page, and one that is
// printed on a later day than it was made says that it is printed again.
func (p printing) render(l pdf.Layout, at time.Time) ([]byte, error) {
	if today := clock.DateOf(p.s.Clock.Now()); l.Page.Footer != "" && today.After(clock.DateOf(at)) {
		l.Page.Footer += " · " + p.t("again", "day", i18n.Date(p.lang, today))
	}
	mark := ""
	switch {
	case p.s.Demo:
		mark = p.t("mark.demo")
	case p.s.Training:
		mark = p.t("mark.training")
	}
	if mark != "" {
		l.Page.Watermark, l.Page.Footer = mark, p.t("mark.foot", "mark", mark, "foot", l.Page.Footer)
	}
	return pdf.Render(l, pdf.Options{Fonts: p.s.Fonts, Title: p.d.Code, Lang: string(p.lang), Created: at})
}

func (p printing) unit(u orgunit.UnitID) string {
	v, _ := p.s.Units.At(p.d.day()).Get(u)
	if p.lang == i18n.EN && v.NameEN != "" {
		return v.NameEN
	}
	return v.Name
}

// oneStopPaper is one of the papers that acts make. They share head, fields and foot; which
// form it is stands in paperLaws.
func (p printing) oneStopPaper(paper string) pdf.Layout {
	d := p.d
	day := clock.DateOf(p.line.At)
	f, _ := FormOf(paper, day)
	fields := []pdf.Field{
		{Label: p.t("applicant"), Value: d.Applicant, Strong: true},
		{Label: p.t("phone"), Value: d.Phone},
		{Label: p.t("procedure"), Value: p.pkg.Name().In(p.lang)},
	}
	if paper == PaperReceipt {
		fields = slices.Insert(fields, 1, pdf.Field{Label: p.t("address"), Value: p.applicantAddress()})
	}
	if p.line.Numbers[paper] > 0 { // otherwise the head says the code, and A5 has no line to spare
		fields = slices.Insert(fields, 0, pdf.Field{Label: p.t("code"), Value: d.Code, Strong: true})
	}
	if b := p.c.Filing.Behalf; b != nil {
		text := b.Holder + ", " + strings.ToLower(i18n.BundleOf(p.ctx).T(p.lang, "mandate.kind."+string(b.Kind)))
		if b.Paper != "" {
			text += " (" + b.Paper + ")"
		}
		fields = append(fields, pdf.Field{Label: p.t("behalf"), Value: text})
	}
	if p.c.Filing.Applicant.Email != "" {
		fields = append(fields, pdf.Field{Label: p.t("email"), Value: p.c.Filing.Applicant.Email})
	}
	blocks := append(p.head(paper, day), pdf.Block{Fields: &pdf.Fields{Rows: fields}})
	switch paper {
	case PaperReceipt:
		blocks = append(blocks, p.receipt()...)
	default:
		lead, text := p.t("reason."+f.Words), p.line.Comment
		if text == "" && slices.Contains(p.line.Reached, "lapsed") {
			text = p.t("lapsed")
		}
		if paper == PaperExtension && p.line.DueWhy == string(calendar.Redated) {
			lead, text = p.t("reason.redate"), p.why()
		}
		blocks = append(blocks, pdf.Block{Paragraph: &pdf.Paragraph{Text: lead, Style: "bold"}}, pdf.Block{Note: &pdf.Note{Text: text}})
		if paper == PaperExtension {
			blocks = append(blocks, p.newDate(f)...)
		}
	}
	blocks = append(blocks, pdf.Block{Signatures: []pdf.Signature{
		{Role: p.t("signer.applicant"), Hint: p.t("signHint"), Name: p.c.Filing.Submitter.Name},
		{Role: p.t("signer.clerk"), Hint: p.t("signHint"), Name: p.officer(p.line)},
	}})
	return pdf.Layout{Page: pdf.Page{Size: f.Size, Footer: p.t("footer", "code", d.Code)}, Blocks: blocks}
}

// head is the beginning of every form: which form of which circular, whose it is, its title.
func (p printing) head(paper string, day clock.Date) []pdf.Block {
	link := strings.TrimSuffix(p.address, "/") + "/dossiers/" + url.PathEscape(p.d.Code) + "?k=" + url.QueryEscape(p.s.AccessKey(p.d.Code))
	f, source := FormOf(paper, day)
	var out []pdf.Block
	if source != "" {
		out = append(out, pdf.Block{Paragraph: &pdf.Paragraph{Text: p.t("form", "number", f.Number, "source", source), Align: "right", Style: "small"}})
	}
	return append(
		out,
		pdf.Block{Heading: &pdf.Heading{
			Left:   []string{strings.ToUpper(p.unit(p.d.Receiving)), strings.ToUpper(p.oneStop())},
			Number: p.number(paper), Place: p.place(day),
		}},
		pdf.Block{Title: &pdf.Title{Text: p.t("title." + f.Words), QR: link, QRCaption: p.t("scan")}},
	)
}

// oneStop is the one-stop of the receiving agency by its name on the day of the paper.
func (p printing) oneStop() string {
	o, ok := p.s.Units.At(clock.DateOf(p.line.At)).Office(p.d.Receiving, "onestop")
	switch {
	case !ok:
		return p.t("delivery.counter")
	case p.lang == i18n.EN && o.NameEN != "":
		return o.NameEN
	}
	return o.Name
}

// returnAt is where the result is handed over.
func (p printing) returnAt() string {
	if m := p.c.Filing.Delivery.Method; m != "counter" {
		return p.t("delivery." + m)
	}
	return p.oneStop()
}

// number is the paper's own number in the year; of one that has none, the dossier's code.
func (p printing) number(paper string) string {
	if n := p.line.Numbers[paper]; n > 0 {
		return p.t("numbered", "n", twoDigits(int(n)), "sign", p.t("sign."+paper))
	}
	return p.t("number", "code", p.d.Code)
}

// place is where and when a paper was made.
func (p printing) place(day clock.Date) string {
	month := strconv.Itoa(int(day.Month))
	if day.Month < 3 { // as the rules of office papers write it: days under 10 and the first two months with a zero
		month = twoDigits(int(day.Month))
	}
	return p.t("place", "day", twoDigits(day.Day), "month", month, "year", strconv.Itoa(day.Year))
}

// newDate is the end of form 04: the date in its place, why it is that date, and whether
// the apology came in time.
func (p printing) newDate(f PaperForm) []pdf.Block {
	var rows []pdf.Field
	if p.line.Due != 0 {
		rows = append(rows, pdf.Field{Label: p.t("newDue." + f.Words), Value: i18n.DateTime(p.lang, db.Time(p.line.Due)), Strong: true})
	}
	if p.line.Sorry != 0 {
		rows = append(rows, pdf.Field{Label: p.t("sorry"), Value: p.t("sorryLate", "by", i18n.DateTime(p.lang, db.Time(p.line.Sorry)))})
	}
	out := []pdf.Block{{Fields: &pdf.Fields{Rows: rows}}}
	if why := p.why(); why != "" && p.line.DueWhy != string(calendar.Redated) {
		out = append(out, pdf.Block{Paragraph: &pdf.Paragraph{Text: why}})
	}
	return out
}

// why is how the date of the paper was counted, in words.
func (p printing) why() string {
	r, ok := p.s.ReasonAt(p.line, p.d, p.pkg)
	if !ok {
		return ""
	}
	return r.Words(i18n.WithLang(p.ctx, i18n.BundleOf(p.ctx), p.lang))
}

// receipt is the middle of form 01: papers handed in, and the promise.
func (p printing) receipt() []pdf.Block {
	table := &pdf.Table{Columns: []pdf.Column{
		{Title: p.t("col.no"), Width: 0.4, Align: "center"}, {Title: p.t("col.paper"), Width: 4},
		{Title: p.t("col.originals"), Width: 0.8, Align: "center"}, {Title: p.t("col.copies"), Width: 0.8, Align: "center"},
	}}
	for i, f := range p.c.Papers {
		name := p.pkg.PaperName(f.Paper).In(p.lang)
		if f.ShownOnly {
			name += " (" + p.t("shownOnly") + ")"
		}
		if f.Electronic {
			name += " (" + p.t("electronic") + ")"
		}
		table.Rows = append(table.Rows, []string{strconv.Itoa(i + 1), name, strconv.Itoa(f.Originals), strconv.Itoa(f.Copies)})
	}
	due := p.t("noDue")
	if p.line.Due != 0 {
		due = i18n.DateTime(p.lang, time.UnixMilli(p.line.Due))
	}
	return []pdf.Block{
		{Paragraph: &pdf.Paragraph{Text: p.t("composition"), Style: "bold"}},
		{Table: table},
		{Fields: &pdf.Fields{Rows: []pdf.Field{
			{Label: p.t("sets"), Value: "1"},
			{Label: p.t("term"), Value: p.term()},
			{Label: p.t("fee"), Value: p.fee()},
			{Label: p.t("receivedAt"), Value: i18n.DateTime(p.lang, p.line.At)},
			{Label: p.t("dueAt"), Value: due, Strong: true},
			{Label: p.t("returnAt"), Value: p.returnAt()},
			{Label: p.t("hotline"), Value: p.s.Hotline}, // a line to write on where none is set
		}}},
	}
}

// applicantAddress is where the applicant lives, as the filing or the form says; a line to
// write on where neither does.
func (p printing) applicantAddress() string {
	if a := p.c.Filing.Delivery.Address; a != "" {
		return a
	}
	env := form.Env{Now: p.line.At, Case: p.d.Case, Channel: string(p.d.Channel), Units: p.s.units, Files: p.c.Papers}
	words := p.pkg.Form.Words(p.c.Answers, p.c.Officer, env)
	heads := []string{"requester.residence", "applicant.residence", "owner.residence"}
	for _, parent := range [...]string{"mother", "father"} {
		if i18n.Fold(p.c.Answers.Text(parent+".name")) == i18n.Fold(p.d.Applicant) {
			heads = append(heads, parent+".residence")
		}
	}
	for _, head := range heads {
		var parts []string
		for _, part := range [...]string{".line", ".unit"} {
			if w := words[head+part].In(p.lang); w != "" {
				parts = append(parts, w)
			}
		}
		if len(parts) > 0 {
			return strings.Join(parts, ", ")
		}
	}
	return ""
}

// fee is what the applicant pays, in words.
func (p printing) fee() string {
	f, err := p.pkg.FeeOf(p.c.Answers, form.Env{Now: p.line.At, Case: p.d.Case, Channel: string(p.d.Channel), Units: p.s.units, Files: p.c.Papers})
	if err != nil {
		return ""
	}
	return f.Words(i18n.BundleOf(p.ctx), p.lang)
}

// term is the legal term that the promise was counted by, in words.
func (p printing) term() string {
	if t := p.line.Term; t != nil {
		return p.t("term_"+t.Kind.String(), "n", t.N)
	}
	for _, dl := range p.pkg.Terms.Deadlines {
		if (dl.Case == "" || dl.Case == p.d.Case) && (dl.Channel == "" || dl.Channel == string(p.d.Channel)) {
			return p.t("term_"+dl.Term.Kind.String(), "n", dl.Term.N)
		}
	}
	return ""
}

// more finds a further result of a service by its name as a paper.
func more(pkg *service.Package, paper string) (service.Result, bool) {
	kind, ok := strings.CutPrefix(paper, PaperResult+"-")
	if !ok {
		return service.Result{}, false
	}
	for _, r := range pkg.More {
		if r.Kind == kind {
			return r, true
		}
	}
	return service.Result{}, false
}

// result is an unsigned result, plainly marked: signing is a later floor.
func (p printing) result(kind, mark string) ([]byte, error) {
	l, ok := p.pkg.Layouts[kind]
	if !ok {
		return nil, errs.E(errs.NotFound, "dossier.paper.notFound")
	}
	env := form.Env{Now: p.s.Clock.Now(), Case: p.d.Case, Channel: string(p.d.Channel), Units: p.s.units, Files: p.c.Papers}
	words := p.resultWords(env)
	words["reason"], words["result.mark"] = p.line.Comment, mark
	layout := pdf.Fill(l, pdf.Data{Words: words, Lists: map[string][]map[string]string{"papers": p.papers()}})
	layout.Page.Watermark = mark
	return p.render(layout, p.line.At)
}

// resultWords are what every result is filled with.
func (p printing) resultWords(env form.Env) map[string]string {
	words := p.pkg.ResultData(p.c.Answers, p.c.Officer, env, p.lang)
	words["dossier.code"], words["agency"], words["agency.upper"] = p.d.Code, p.unit(p.d.Competent), strings.ToUpper(p.unit(p.d.Competent))
	day := clock.DateOf(p.line.At)
	words["day"], words["month"], words["year"] = twoDigits(day.Day), twoDigits(int(day.Month)), strconv.Itoa(day.Year)
	return words
}

// papers are the files of the dossier, for tables of a result.
func (p printing) papers() []map[string]string {
	rows := make([]map[string]string, 0, len(p.c.Papers))
	for i, f := range p.c.Papers {
		if f.ShownOnly {
			continue
		}
		rows = append(rows, map[string]string{"#": strconv.Itoa(i + 1), "id": f.Paper, "paper": p.pkg.PaperName(f.Paper).In(p.lang), "file": f.Name, "sha256": f.SHA256})
	}
	return rows
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
