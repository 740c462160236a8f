package accessweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/access"
)

func dayOf(at time.Time) clock.Date { return clock.DateOf(at) }

// boardView is what a head sees of their units, or an auditor of the city.
type boardView struct {
	All      bool
	Path     string
	Done     bool
	Flags    []flagView
	Open     bool // only flags that wait
	Filters  []ui.Filter
	Looks    ui.TableArgs
	Pages    ui.PageLinks
	Rules    []ui.SummaryRow
	Problems ui.Problems
}

// flagView is one flag with what may be done about it.
type flagView struct {
	ID      string
	Title   string
	Rows    ui.SummaryArgs
	Settled bool
	May     bool
	Key     string
	Verdict ui.Field
	Note    ui.Field
	Ps      ui.Problems
}

func pathOf(all bool) string {
	if all {
		return adminPath
	}
	return deskPath
}

func (h handlers) board(all bool) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := web.Query(r)
		if err != nil {
			return err
		}
		return h.showBoard(w, r, http.StatusOK, all, q, 0, nil, nil)
	}
}

func (h handlers) showBoard(w http.ResponseWriter, r *http.Request, status int, all bool, q url.Values, tried access.FlagID, sent url.Values, refused error) error {
	ctx := r.Context()
	var before access.LookID
	if _, err := web.ReadCursor(q.Get("cursor"), &before); err != nil {
		return err
	}
	open := q.Get("flags") != "all"
	b, err := h.Looks.BoardOf(ctx, all, open, before)
	if err != nil {
		return err
	}
	v := boardView{All: all, Path: pathOf(all), Open: open, Done: q.Get("done") != "", Problems: ui.ProblemsOf(ctx, refused)}
	v.Filters = []ui.Filter{
		{Label: t(ctx, "board.open"), Href: v.Path, Count: -1, Current: open}, {Label: t(ctx, "board.every"), Href: v.Path + "?flags=all", Count: -1, Current: !open},
	}
	who, things := actors(b.Looks), []int64{}
	for _, l := range b.Looks {
		things = append(things, l.About)
	}
	for _, f := range b.Flags {
		who, things = append(who, f.Actor), append(things, f.About)
	}
	names, err := h.Accounts.Names(ctx, who)
	if err != nil {
		return err
	}
	labels, err := h.Labels(ctx, things)
	if err != nil {
		return err
	}
	for _, f := range b.Flags {
		v.Flags = append(v.Flags, h.flagView(ctx, f, names, labels, tried, sent, v.Problems))
	}
	v.Looks = ui.TableArgs{
		Caption: t(ctx, "board.looks"), CaptionQuiet: true, First: true, Empty: t(ctx, "board.none"),
		Head: []ui.Column{{Label: t(ctx, "col.when"), Tight: true}, {Label: t(ctx, "col.who")}, {Label: t(ctx, "col.seen")}, {Label: t(ctx, "col.why")}},
	}
	for _, l := range b.Looks {
		v.Looks.Rows = append(v.Looks.Rows, ui.Row{Cells: []ui.Cell{
			{Text: i18n.DateTime(i18n.LangOf(ctx), l.At)}, {Text: names[l.Actor], Note: h.post(ctx, l) + ", " + h.unit(ctx, l.Unit, l.At)},
			{Text: label(ctx, labels, l.Type, l.About), Note: t(ctx, "seen."+string(l.What))}, {Text: t(ctx, "choice."+l.Why), Note: l.Words},
		}})
	}
	if b.Next != 0 {
		v.Pages.Next = v.Path + "?cursor=" + web.NewCursor(b.Next)
	}
	if before != 0 {
		v.Pages.Prev = v.Path
	}
	for _, rule := range h.Looks.Rules() {
		v.Rules = append(v.Rules, ui.SummaryRow{Key: t(ctx, "rule."+rule.Counts), Value: ui.T(ruleWords(ctx, rule))})
	}
	return web.Render(w, r, status, boardPage(v))
}

// label is what the board calls a thing: a dossier by its code, a person by no name.
func label(ctx context.Context, labels map[int64]Own, kind string, about int64) string {
	if kind != "dossier" {
		return t(ctx, "aPerson")
	}
	return labels[about].Label
}

func ruleWords(ctx context.Context, r access.Rule) string {
	if r.Within == 0 {
		return t(ctx, "ruleSays."+r.Counts)
	}
	span := t(ctx, "hours", "n", int(r.Within.Hours()))
	if r.Within >= 48*time.Hour {
		span = t(ctx, "days", "n", int(r.Within.Hours())/24)
	}
	return t(ctx, "ruleSays."+r.Counts, "n", r.Over, "span", span)
}

func (h handlers) flagView(ctx context.Context, f access.Flag, names map[int64]string, labels map[int64]Own, tried access.FlagID, sent url.Values, ps ui.Problems) flagView {
	v := flagView{Rows: ui.SummaryArgs{Tight: true}, ID: f.ID.String(), Settled: f.Verdict != "", Key: web.NewKey()}
	i := slices.IndexFunc(h.Looks.Rules(), func(r access.Rule) bool { return r.ID == f.Rule })
	v.Title = f.Rule
	if i >= 0 {
		v.Title = t(ctx, "rule."+h.Looks.Rules()[i].Counts)
	}
	add := func(key string, c ui.Cell) {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: t(ctx, "flag."+key), Value: c})
	}
	add("who", ui.Cell{Text: names[f.Actor], Note: h.unit(ctx, f.Unit, f.At)})
	add("when", ui.T(i18n.DateTime(i18n.LangOf(ctx), f.At)))
	if seen := label(ctx, labels, f.Type, f.About); seen != "" {
		add("seen", ui.T(seen))
	}
	if f.N > 1 {
		add("n", ui.T(i18n.Number(i18n.LangOf(ctx), int64(f.N))))
	}
	if v.Settled {
		add("verdict", ui.Cell{Text: t(ctx, "verdict."+f.Verdict), Note: f.Note})
		add("settled", ui.Cell{Text: f.SettledBy, Note: i18n.DateTime(i18n.LangOf(ctx), f.SettledAt)})
		return v
	}
	v.May = f.Actor != auth.From(ctx).Account
	v.Verdict = ui.Field{Name: "verdict", Scope: v.ID + "-", Label: t(ctx, "flag.choose"), Inline: true, Small: true}
	for _, x := range access.Verdicts() {
		v.Verdict.Options = append(v.Verdict.Options, ui.Option{Value: x, Label: t(ctx, "verdict."+x)})
	}
	v.Note = ui.Field{Name: "note", Scope: v.ID + "-", Label: t(ctx, "flag.note"), MaxLength: 500, Rows: 2}
	if f.ID == tried {
		v.Ps = slices.Clone(ps)
		v.Verdict.Value, v.Note.Value = sent.Get("verdict"), sent.Get("note")
		v.Verdict.Error, v.Note.Error = ps.For("verdict"), ps.For("note")
		for i := range v.Ps {
			v.Ps[i].Field = v.ID + "-" + v.Ps[i].Field
		}
	}
	return v
}

func (h handlers) settle(all bool) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		sent, key, err := web.Command(r)
		if err != nil {
			return err
		}
		v, err := id.Parse[access.Flag](r.PathValue("id"))
		if err != nil {
			return errs.E(errs.NotFound, "access.flag.notFound", errs.Cause(err))
		}
		err = h.Looks.Settle(r.Context(), v, sent.Get("verdict"), sent.Get("note"), key)
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Conflict, errs.Mismatch:
			if err != nil {
				return h.showBoard(w, r, web.ProblemOf(r.Context(), err).Status, all, url.Values{}, v, sent, err)
			}
		}
		if err != nil {
			return err
		}
		return web.Redirect(w, r, pathOf(all)+"?done=1")
	}
}
