package catalogweb

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/register/catalog"
)

type listView struct {
	filter catalog.Filter
	page   catalog.Page
	query  url.Values
}

// with is the address of the same list with one filter changed, from its start.
func (v listView) with(key, value string) string {
	q := url.Values{}
	for k, vs := range v.query {
		q[k] = vs
	}
	q.Del("cursor")
	if value == "" {
		q.Del(key)
	} else {
		q.Set(key, value)
	}
	if len(q) == 0 {
		return "/procedures?q="
	}
	return "/procedures?" + q.Encode()
}

func (v listView) next() string {
	if v.page.Next == "" {
		return ""
	}
	q := url.Values{"cursor": {v.page.Next}}
	for k, vs := range v.query {
		if k != "cursor" {
			q[k] = vs
		}
	}
	return "/procedures?" + q.Encode()
}

func (v listView) title(ctx context.Context) string {
	switch {
	case v.filter.Query != "":
		return i18n.T(ctx, "catalog.page.results_title", "q", v.filter.Query)
	case v.filter.Field != "":
		return i18n.T(ctx, "catalog.page.field_is", "name", v.filter.Field)
	case v.filter.Agency != "":
		return i18n.T(ctx, "catalog.page.agency_is", "name", v.filter.Agency)
	case v.filter.Online:
		return i18n.T(ctx, "catalog.page.online")
	case v.filter.Reach == catalog.ByMinistry:
		return i18n.T(ctx, "catalog.reach.ministry")
	case v.filter.Tier != "":
		return i18n.T(ctx, "catalog.tier."+string(v.filter.Tier))
	}
	return i18n.T(ctx, "catalog.page.list_title")
}

func (v listView) tiers(ctx context.Context) []ui.Filter {
	out := []ui.Filter{{Label: i18n.T(ctx, "catalog.page.any_tier"), Href: v.with("tier", ""), Count: -1, Current: v.filter.Tier == ""}}
	for _, t := range catalog.Tiers {
		if n := v.page.Tiers[t]; n > 0 || v.filter.Tier == t {
			out = append(out, ui.Filter{Label: i18n.T(ctx, "catalog.tier."+string(t)), Href: v.with("tier", string(t)), Count: n, Current: v.filter.Tier == t})
		}
	}
	return out
}

func (v listView) levels(ctx context.Context) []ui.Filter {
	out := []ui.Filter{{Label: i18n.T(ctx, "catalog.page.any_level"), Href: v.with("level", ""), Count: -1, Current: v.filter.Level == nil}}
	for l := catalog.Level(4); l >= 0; l-- {
		current := v.filter.Level != nil && *v.filter.Level == l
		if n := v.page.Level[l]; n > 0 || current {
			out = append(out, ui.Filter{Label: levelLabel(ctx, l), Href: v.with("level", levelParam(l)), Count: n, Current: current})
		}
	}
	return out
}

func levelLabel(ctx context.Context, l catalog.Level) string {
	return i18n.T(ctx, "catalog.level.l"+levelParam(l))
}

func levelTone(l catalog.Level) ui.Tone {
	switch {
	case l >= 3:
		return ui.ToneDone
	case l == 2:
		return ui.ToneActive
	}
	return ui.ToneNeutral
}

// why is the reason for a level in the reader's language.
func why(ctx context.Context, p *catalog.Procedure) string {
	if w := p.Why.In(i18n.LangOf(ctx)); w != "" {
		return w
	}
	return i18n.T(ctx, "catalog.level.why"+levelParam(min(p.Level, 1)))
}

// name is a procedure's heading: our translation for an English reader where there is
// one, and then foreign is the recorded name beneath it.
func name(ctx context.Context, vi, en string) (title, foreign string, translated bool) {
	if i18n.LangOf(ctx) == i18n.EN && en != "" {
		return en, vi, true
	}
	return catalog.Title(vi), "", false
}

// fieldName is a field in the reader's language where a translation exists.
func fieldName(ctx context.Context, vi, en string) string {
	if i18n.LangOf(ctx) == i18n.EN && en != "" {
		return en
	}
	return vi
}

func href(c catalog.Code) string { return "/procedures/" + url.PathEscape(string(c)) }

func eventTitle(ctx context.Context, e catalog.LifeEvent) string {
	if i18n.LangOf(ctx) == i18n.EN {
		return e.EN
	}
	return e.VI
}

func home(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Label: i18n.T(ctx, "ui.house"), Href: "/"}}
}

func crumbs(ctx context.Context) []ui.Crumb {
	return append(home(ctx), ui.Crumb{Label: i18n.T(ctx, "catalog.page.title"), Href: "/procedures"})
}

// groupsView lists fields or agencies under their first letters.
type groupsView struct {
	groups []catalog.Group
	by     string // "field" or "agency": the filter that a link sets
}

type letter struct {
	name   string
	groups []catalog.Group
}

// letters groups by the first letter of what the reader sees.
func (v groupsView) letters(ctx context.Context) []letter {
	groups := slices.Clone(v.groups)
	if i18n.LangOf(ctx) == i18n.EN { // recorded names come in the order of the Vietnamese dictionary
		c := i18n.Collator(i18n.EN)
		slices.SortStableFunc(groups, func(a, b catalog.Group) int {
			return c.CompareString(fieldName(ctx, a.Name, a.EN), fieldName(ctx, b.Name, b.EN))
		})
	}
	var out []letter
	at := map[string]int{}
	for _, g := range groups {
		key := firstLetter(fieldName(ctx, g.Name, g.EN))
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, letter{name: key})
		}
		out[i].groups = append(out[i].groups, g)
	}
	return out
}

// firstLetter is the capital that a name stands under: A for Ă and Â, Đ for itself.
func firstLetter(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.ToUpper(strings.TrimSpace(name)))
	if r == 'Đ' {
		return "Đ"
	}
	return strings.ToUpper(i18n.Fold(string(r)))
}

func (v groupsView) href(g catalog.Group) string {
	return "/procedures?" + url.Values{v.by: {g.Name}}.Encode()
}

func (v groupsView) title(ctx context.Context) string { return i18n.T(ctx, "catalog.page.by_"+v.by) }

// procedureView is the page of one procedure.
type procedureView struct {
	*catalog.Procedure
	on     clock.Date // the day asked for; zero for today
	today  clock.Date // the day shown
	offer  *Offer
	events []catalog.LifeEvent
}

// way is methods that share deadline, fees and note.
type way struct {
	channels []catalog.Channel
	catalog.Method
}

func (v procedureView) ways() []way {
	var out []way
	for _, m := range methods(v.Procedure) {
		i := slices.IndexFunc(out, func(w way) bool { return sameTerms(w.Method, m) })
		if i < 0 {
			out = append(out, way{channels: []catalog.Channel{m.Channel}, Method: m})
			continue
		}
		if !slices.Contains(out[i].channels, m.Channel) {
			out[i].channels = append(out[i].channels, m.Channel)
		}
	}
	return out
}

func sameTerms(a, b catalog.Method) bool {
	return a.Deadline == b.Deadline && a.Note == b.Note && slices.EqualFunc(a.Fees, b.Fees, func(x, y catalog.Fee) bool {
		same := x.Amount == nil && y.Amount == nil || x.Amount != nil && y.Amount != nil && *x.Amount == *y.Amount
		x.Amount, y.Amount = nil, nil
		return same && x == y
	})
}

func channels(ctx context.Context, cs []catalog.Channel) string {
	var out []string
	for i, c := range cs {
		w := []rune(i18n.T(ctx, "catalog.channel."+string(c)))
		if i > 0 {
			w[0] = unicode.ToLower(w[0])
		}
		out = append(out, string(w))
	}
	return strings.Join(out, ", ")
}

// deadline says a term in the reader's language; printed ones as they stand.
func deadline(ctx context.Context, d catalog.Deadline) string {
	switch {
	case d.IsZero():
		return i18n.T(ctx, "catalog.deadline.none")
	case d.Unit == catalog.Printed:
		if _, err := strconv.ParseFloat(d.Text, 64); err == nil {
			return i18n.T(ctx, "catalog.deadline.printed", "text", d.Text)
		}
		return d.Text
	}
	var n any = int64(d.N)
	if d.N != float64(int64(d.N)) {
		s := strconv.FormatFloat(d.N, 'f', -1, 64)
		if i18n.LangOf(ctx) == i18n.VI {
			s = strings.Replace(s, ".", ",", 1)
		}
		n = s
	}
	return i18n.T(ctx, "catalog.deadline."+string(d.Unit), "n", n)
}

// fee says what is known of a payment.
func fee(ctx context.Context, f catalog.Fee) string {
	figure := ""
	if f.Amount != nil {
		switch f.Currency {
		case "VND":
			figure = i18n.Money(i18n.LangOf(ctx), *f.Amount)
		case "USD":
			figure = i18n.T(ctx, "catalog.fee.usd", "n", *f.Amount)
		default:
			figure = i18n.T(ctx, "catalog.fee.bare", "n", *f.Amount)
		}
	}
	switch f.State {
	case catalog.Free:
		return i18n.T(ctx, "catalog.fee.free")
	case catalog.Amount:
		return figure
	case catalog.SetByCouncil:
		if figure == "" {
			return i18n.T(ctx, "catalog.fee.council")
		}
		return i18n.T(ctx, "catalog.fee.council_figure", "amount", figure)
	case catalog.Unknown:
	}
	if f.Zero {
		return i18n.T(ctx, "catalog.fee.zero")
	}
	return i18n.T(ctx, "catalog.fee.unknown")
}

// brief lists the different deadlines or fees of all ways in one line each.
func (v procedureView) terms(ctx context.Context) []string {
	var out []string
	for _, w := range v.ways() {
		if t := deadline(ctx, w.Deadline); w.Deadline.Unit != catalog.Printed && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, d := range v.CaseTerms {
		if t := deadline(ctx, d); d.Unit != catalog.Printed && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		for _, w := range v.ways() {
			if t := deadline(ctx, w.Deadline); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

func (v procedureView) costs(ctx context.Context) []string {
	var out []string
	for _, w := range v.ways() {
		for _, f := range w.Fees {
			if t := fee(ctx, f); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	if len(out) == 0 {
		out = []string{i18n.T(ctx, "catalog.fee.none")}
	}
	return out
}

// notHere says where to go when nothing is offered here.
func (v procedureView) notHere(ctx context.Context) string {
	key := "catalog.page.not_here_city"
	switch v.Reach {
	case catalog.ByMinistry:
		key = "catalog.page.not_here_ministry"
	case catalog.OtherProvince:
		key = "catalog.page.not_here_other"
	case catalog.BetweenOffice:
		key = "catalog.page.not_here_internal"
	case catalog.InCity:
	}
	return i18n.T(ctx, key)
}

func (v procedureView) papers() []catalog.PaperGroup {
	if v.Detail == nil {
		return nil
	}
	return v.Detail.Papers
}

// folded reports whether so many papers stand here that lists are closed at first.
func (v procedureView) foldPapers() bool { return len(v.papers()) > 2 }

// doubts counts the doubts by reason, each with its first words.
type doubtLine struct {
	catalog.Doubt
	n int
}

func (v procedureView) doubtLines() []doubtLine {
	var out []doubtLine
	for _, d := range v.Doubts {
		i := slices.IndexFunc(out, func(l doubtLine) bool { return l.Reason == d.Reason })
		if i >= 0 {
			out[i].n++
			continue
		}
		out = append(out, doubtLine{d, 1})
	}
	return out
}

func (v procedureView) source(ctx context.Context) string {
	if v.Source.Name == catalog.SeedSource {
		return i18n.T(ctx, "catalog.page.embedded")
	}
	return i18n.T(ctx, "catalog.page.file", "name", v.Source.Name)
}

// validity says from when to when the version shown holds, as far as is known.
func (v procedureView) validity(ctx context.Context) string {
	l := i18n.LangOf(ctx)
	switch from, to := v.Validity.From, v.Validity.To; {
	case from.IsZero() && to.IsZero():
		return i18n.T(ctx, "catalog.page.always")
	case from.IsZero():
		return i18n.T(ctx, "catalog.page.until", "to", to)
	case to.IsZero():
		return i18n.T(ctx, "catalog.page.since", "from", from)
	default:
		return i18n.T(ctx, "catalog.page.between", "from", i18n.Date(l, from), "to", i18n.Date(l, to))
	}
}

// early reports whether the record was published after the day that is shown.
func (v procedureView) early() bool {
	return v.Detail != nil && v.Detail.DecidedOn.After(v.today)
}

// subject is who may apply, in the reader's language where it is a known kind.
func subject(ctx context.Context, recorded string) string {
	key, ok := subjectKeys()[recorded]
	if !ok || i18n.LangOf(ctx) == i18n.VI {
		return recorded
	}
	return i18n.T(ctx, "catalog.subject."+key)
}

func subjectKeys() map[string]string {
	return map[string]string{
		"Công dân Việt Nam": "citizen", "Doanh nghiệp": "enterprise", "Doanh nghiệp Việt Nam": "vietnamese_enterprise",
		"Doanh nghiệp có vốn đầu tư nước ngoài": "foreign_enterprise", "Hợp tác xã": "cooperative", "Tổ chức nước ngoài": "foreign_organisation",
		"Tổ chức (không bao gồm doanh nghiệp, HTX)": "organisation", "Người nước ngoài": "foreigner",
		"Người Việt Nam định cư ở nước ngoài": "overseas", "Cán bộ, công chức, viên chức": "official", "Đảng viên": "party_member",
		"Tổ chức Đảng": "party", "Người nước ngoài cư trú tại Việt Nam": "foreign_resident", "Người nước ngoài đã cư trú tại Việt Nam": "foreign_resident",
	}
}

// called is a few of the names that people use.
func called(names []string) string { return strings.Join(names[:min(3, len(names))], ", ") }

// shortName is how many letters of a name a list shows; some have a thousand.
const shortName = 150

// short cuts a name for a list, at a word.
func short(s string) string {
	rs := []rune(s)
	if len(rs) <= shortName {
		return s
	}
	cut := string(rs[:shortName])
	if i := strings.LastIndexByte(cut, ' '); i > 0 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:(") + "…"
}

// headingClass keeps a very long name from filling the screen.
func headingClass(title string) string {
	if utf8.RuneCountInString(title) > shortName {
		return "kh-heading-m"
	}
	return "kh-heading-l"
}

// plain drops the dash or star that records put before a line.
func plain(s string) string { return strings.TrimLeft(s, " -–*+•:") }

// paragraphs splits a record's long text at its lines.
func paragraphs(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// longNote is how many bytes of a note are shown open.
const longNote = 220
