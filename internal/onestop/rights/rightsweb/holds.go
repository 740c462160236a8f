package rightsweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/rights"
)

const holdsPath = adminPath + "/holds"

// holdsView lists the holds and asks for a new one.
type holdsView struct {
	Done     string
	Holds    ui.TableArgs
	May      bool
	Key      string
	Decision ui.Field
	Ordered  ui.Field
	Since    ui.Field
	Codes    ui.Field
	Numbers  ui.Field
	Money    ui.Field
	Why      ui.Field
	Problems ui.Problems
}

func (h handlers) holds(w http.ResponseWriter, r *http.Request) error {
	return h.showHolds(w, r, http.StatusOK, url.Values{}, nil)
}

func (h handlers) showHolds(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	list, err := h.Rights.Holds(ctx)
	if err != nil {
		return err
	}
	v := holdsView{Holds: holdTable(ctx, list), May: h.Rights.MayHold(ctx, rights.Hold{}), Key: web.NewKey(), Problems: ui.ProblemsOf(ctx, refused)}
	field := func(name string, width ui.Width, more ui.Field) ui.Field {
		more.Name, more.Label, more.Value, more.Error, more.Width = name, t(ctx, "hold."+name), sent.Get(name), v.Problems.For(name), width
		return more
	}
	v.Decision = field("decision", ui.WidthHalf, ui.Field{Hint: t(ctx, "hold.decisionHint"), MaxLength: 80})
	v.Ordered = field("ordered", ui.WidthFull, ui.Field{Hint: t(ctx, "hold.orderedHint"), MaxLength: 200})
	v.Since = field("since", ui.WidthFull, ui.Field{Hint: t(ctx, "hold.sinceHint")})
	_, v.Since.Value = dateOf(sent, "since")
	v.Codes = field("codes", ui.WidthFull, ui.Field{Hint: t(ctx, "hold.codesHint"), Optional: true, Rows: 3})
	v.Numbers = field("numbers", ui.WidthFull, ui.Field{Hint: t(ctx, "hold.numbersHint"), Optional: true, Rows: 2, Complete: "off"})
	v.Money = field("money", ui.WidthFull, ui.Field{Hint: t(ctx, "hold.moneyHint"), Optional: true, Rows: 2, Complete: "off"})
	v.Why = field("why", ui.WidthFull, ui.Field{MaxLength: 500, Rows: 3})
	return web.Render(w, r, status, holdsPage(v))
}

// dateOf reads the three boxes of a date, the zero date where they name no day, and what was typed.
func dateOf(sent url.Values, name string) (d clock.Date, typed string) {
	box := func(part string) string { return strings.TrimSpace(sent.Get(name + part)) }
	typed = box(".day") + "/" + box(".month") + "/" + box(".year")
	if at, err := time.ParseInLocation("2/1/2006", typed, clock.Zone); err == nil {
		d = clock.DateOf(at)
	}
	return d, strings.TrimPrefix(typed, "//")
}

// holdTable lists holds for the pages that name them.
func holdTable(ctx context.Context, list []rights.Hold) ui.TableArgs {
	l := i18n.LangOf(ctx)
	out := ui.TableArgs{Caption: t(ctx, "terms.holds"), CaptionQuiet: true, First: true, Empty: t(ctx, "terms.noHolds"), Head: []ui.Column{
		{Label: t(ctx, "hold.decision")}, {Label: t(ctx, "hold.of")}, {Label: t(ctx, "terms.state")}, {Label: t(ctx, "hold.asked")},
	}}
	for _, x := range list {
		c := ui.L(decisionOf(ctx, x), holdsPath+"/"+x.ID.String())
		c.Note = x.OrderedBy
		of := ui.T(t(ctx, "hold.things", "n", len(x.Of)))
		if len(x.Of) == 1 {
			of = ui.T(x.Of[0].Name)
		}
		out.Rows = append(out.Rows, ui.Row{Marked: x.Waits() != 0, Cells: []ui.Cell{
			c, of, ui.Tagged(t(ctx, "hold.state."+x.State), holdTone(x.State)), {Text: x.Asked.Name, Note: i18n.DateTime(l, x.Asked.At)},
		}})
	}
	return out
}

func decisionOf(ctx context.Context, h rights.Hold) string {
	if h.Decision == "" {
		return t(ctx, "hold.before")
	}
	return h.Decision
}

func holdTone(state string) ui.Tone {
	switch state {
	case "held":
		return ui.ToneActive
	case "lifted":
		return ui.ToneDone
	case "refused":
		return ui.ToneStopped
	}
	return ui.ToneWaiting
}

func (h handlers) askHold(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	since, _ := dateOf(sent, "since")
	v, err := h.Rights.AskHold(r.Context(), rights.HoldAsk{
		Decision: sent.Get("decision"), OrderedBy: sent.Get("ordered"), Since: since,
		Codes: rights.SplitList(sent.Get("codes")), Numbers: rights.SplitList(sent.Get("numbers")), Money: rights.SplitList(sent.Get("money")), Why: sent.Get("why"), Key: key,
	})
	if errs.Is(err, errs.Invalid) {
		return h.showHolds(w, r, http.StatusUnprocessableEntity, sent, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, holdsPath+"/"+v.String())
}

// holdView shows one hold, and what the reader may say of it.
type holdView struct {
	ID       string
	Title    string
	Rows     ui.SummaryArgs
	Things   ui.TableArgs
	Banner   string
	Ask      string // what a second person is asked; empty: nothing
	Warning  string
	Agree    string
	Refuse   string
	TakeBack string // for who asked
	Lift     bool
	Key      string
	Decision ui.Field
	Why      ui.Field
	Problems ui.Problems
}

func (h handlers) holdPage(w http.ResponseWriter, r *http.Request) error {
	return h.showHold(w, r, http.StatusOK, url.Values{}, nil)
}

func (h handlers) showHold(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	id, err := web.PathID[rights.Hold](r, "id")
	if err != nil {
		return err
	}
	x, err := h.Rights.HoldOf(ctx, id)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v := holdView{ID: x.ID.String(), Title: t(ctx, "hold.title", "decision", decisionOf(ctx, x)), Key: web.NewKey()}
	if errs.Is(refused, errs.Invalid) {
		v.Problems = ui.ProblemsOf(ctx, refused)
	} else if refused != nil {
		v.Banner = web.ProblemOf(ctx, refused).Detail
	}
	add := func(key string, c ui.Cell) {
		if c.Text != "" {
			v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: t(ctx, "hold."+key), Value: c})
		}
	}
	said := func(key string, said rights.Word) {
		if said.By != 0 {
			add(key, ui.Cell{Text: said.Name, Note: i18n.DateTime(l, said.At)})
		}
	}
	add("stands", ui.Tagged(t(ctx, "hold.state."+x.State), holdTone(x.State)))
	add("ordered", ui.T(x.OrderedBy))
	if !x.Since.IsZero() {
		add("since", ui.T(i18n.Date(l, x.Since)))
	}
	add("why", ui.T(x.Why))
	said("asked", x.Asked)
	said("agreed", x.Agreed)
	add("liftDecision", ui.T(x.LiftDecision))
	add("liftWhy", ui.T(x.LiftWhy))
	said("liftAsked", x.Lift)
	said("ended", x.Ended)
	v.Things = ui.TableArgs{Caption: t(ctx, "hold.of"), First: true, Head: []ui.Column{{Label: t(ctx, "hold.kind")}, {Label: t(ctx, "hold.name")}}}
	for _, o := range x.Of {
		v.Things.Rows = append(v.Things.Rows, ui.Row{Cells: []ui.Cell{ui.T(t(ctx, "hold.is."+o.Kind)), ui.T(o.Name)}})
	}
	switch may := h.Rights.MayHold(ctx, x); {
	case x.Waits() != 0 && x.Waits() == auth.From(ctx).Account:
		v.TakeBack = t(ctx, "hold.takeBack")
	case x.Waits() != 0 && may:
		v.Ask, v.Agree, v.Refuse = t(ctx, "hold.ask."+x.State), t(ctx, "hold.agree."+x.State), t(ctx, "hold.refuse."+x.State)
		if x.State == "lifting" {
			v.Warning = t(ctx, "hold.lifts")
		}
	case x.State == "held" && may:
		v.Lift = true
		v.Decision = ui.Field{Name: "liftDecision", Label: t(ctx, "hold.liftDecision"), Value: sent.Get("liftDecision"), Error: v.Problems.For("liftDecision"), Width: ui.WidthHalf, MaxLength: 80}
		v.Why = ui.Field{Name: "liftWhy", Label: t(ctx, "hold.liftWhy"), Value: sent.Get("liftWhy"), Error: v.Problems.For("liftWhy"), MaxLength: 500, Rows: 3}
	}
	return web.Render(w, r, status, holdPage(v))
}

// moveHold takes the next word on a hold.
func (h handlers) moveHold(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	id, err := web.PathID[rights.Hold](r, "id")
	if err != nil {
		return err
	}
	switch sent.Get("do") {
	case "lift":
		err = h.Rights.AskLift(r.Context(), id, sent.Get("liftDecision"), sent.Get("liftWhy"), key)
	default:
		err = h.Rights.AgreeHold(r.Context(), id, sent.Get("do") == "agree", key)
	}
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) || errs.Is(err, errs.Forbidden) {
		return h.showHold(w, r, web.ProblemOf(r.Context(), err).Status, sent, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, holdsPath+"/"+id.String())
}
