package holiday

import (
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

// ChangeID names a change.
type ChangeID = id.Of[Change]

// Kind is what a change does.
type Kind string

// The kinds. The first four are for the whole city, the next three for one unit; Cancel
// takes back days of either that have not come yet.
const (
	NewHoliday   Kind = "holiday"      // a public holiday of one or more days
	Compensatory Kind = "compensatory" // a day off in lieu of one that fell on the weekly rest
	Swap         Kind = "swap"         // a working day off, and the rest day worked for it
	CityHours    Kind = "cityHours"    // the hours of every office without its own
	UnitOff      Kind = "unitOff"      // days on which one unit is closed
	UnitWork     Kind = "unitWork"     // days off on which one unit works
	UnitHours    Kind = "unitHours"    // the hours of one unit
	Cancel       Kind = "cancel"       // days taken back
)

// Kinds lists all kinds in the order of the form.
func Kinds() []Kind {
	return []Kind{NewHoliday, Compensatory, Swap, UnitOff, UnitWork, UnitHours, CityHours, Cancel}
}

// Local reports whether a kind is for one unit only.
func (k Kind) Local() bool { return k == UnitOff || k == UnitWork || k == UnitHours }

// Status is where a change stands.
type Status string

// The statuses.
const (
	Proposed Status = "proposed"
	Approved Status = "approved"
	Rejected Status = "rejected"
)

// Body is what a change lays over the facts.
type Body struct {
	Days  []calendar.Day `json:"days,omitempty"`
	Plain []clock.Date   `json:"plain,omitempty"` // taken back: plain days of the week again
	Week  *calendar.Week `json:"week,omitempty"`
}

// Change is one addition to the facts. It is made once, decided once, and never edited.
type Change struct {
	ID         ChangeID
	Unit       orgunit.UnitID // 0: the whole city
	Kind       Kind
	Body       Body
	Source     string
	Status     Status
	Number     int64 // of the version that it made; 0 until approved
	Proposer   int64
	ProposedBy string
	ProposedAt time.Time
	Decider    int64
	DecidedBy  string
	DecidedAt  time.Time
	Reason     string
}

// Draft is a change as asked for. From and To are the first and last day (To zero: one
// day), Work the rest day that Swap works.
type Draft struct {
	Kind   Kind
	Unit   orgunit.UnitID
	From   clock.Date
	To     clock.Date
	Work   clock.Date
	VI, EN string // name of the occasion
	Source string
	Week   calendar.Week // of the two kinds of hours; From is its first day
	Key    string        // client's request id
}

// Bounds of a draft: longer ones are slips of the pen.
const (
	maxDays  = 31
	maxName  = 80
	maxWords = 300
)

// body checks a draft against the facts in force and says what it lays over them.
func (d *Draft) body(st *state, today clock.Date) (Body, error) {
	var bad []errs.Field
	refuse := func(path, key string, kv ...any) {
		e := errs.E(errs.Invalid, key, errs.P(kv...))
		bad = append(bad, errs.Field{Path: path, Key: "holiday.draft." + key, Params: e.Params})
	}
	clean := func(s string) string { return i18n.NFC(strings.Join(strings.Fields(s), " ")) }
	d.VI, d.EN, d.Source = clean(d.VI), clean(d.EN), clean(d.Source)
	if n := utf8.RuneCountInString(d.Source); n < 5 || n > maxWords {
		refuse("source", "source", "max", maxWords)
	}
	if d.Kind.Local() && d.Unit == 0 {
		refuse("unit", "unit")
	}
	if !d.Kind.Local() && d.Kind != Cancel && d.Unit != 0 {
		refuse("unit", "city")
	}
	if d.From.IsZero() || d.From.Before(today) || d.From.Sub(today) > 3*366 {
		refuse("from", "from", "today", today)
	}
	if d.To.IsZero() {
		d.To = d.From
	}
	hours := d.Kind == UnitHours || d.Kind == CityHours
	if n := d.To.Sub(d.From); !hours && (n < 0 || n >= maxDays) {
		refuse("to", "to", "max", maxDays)
	}
	if !hours && d.Kind != Cancel {
		if n := utf8.RuneCountInString(d.VI); n < 2 || n > maxName {
			refuse("vi", "name", "max", maxName)
		}
		if n := utf8.RuneCountInString(d.EN); n < 2 || n > maxName {
			refuse("en", "name", "max", maxName)
		}
	}
	var b Body
	if len(bad) == 0 {
		b = d.lay(st, refuse)
	}
	if len(bad) > 0 {
		return b, errs.E(errs.Invalid, "holiday.draft.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return b, nil
}

// lay makes the body of a draft whose own fields are in order.
func (d *Draft) lay(st *state, refuse func(path, key string, kv ...any)) (b Body) {
	cal := st.of(d.Unit)
	if d.Kind == UnitHours || d.Kind == CityHours {
		w := d.Week
		w.From = d.From
		if w.Check() != nil {
			refuse("hours", "hours")
		}
		return Body{Week: &w}
	}
	kind := map[Kind]calendar.DayKind{
		NewHoliday: calendar.Holiday, Compensatory: calendar.Compensatory, Swap: calendar.SwappedOff, UnitOff: calendar.UnitOff, UnitWork: calendar.UnitWork,
	}[d.Kind]
	for day := d.From; !day.After(d.To); day = day.AddDays(1) {
		is := cal.Day(day)
		special := is.Kind != calendar.Plain && is.Kind != calendar.Weekend
		weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
		switch {
		case d.Kind == Cancel:
			own := is.Kind == calendar.UnitOff || is.Kind == calendar.UnitWork
			if !special || own != (d.Unit != 0) {
				refuse("from", "nothing", "day", day)
			}
			b.Plain = append(b.Plain, day)
			continue
		case d.Kind == UnitWork && !is.Kind.Off():
			refuse("from", "worked", "day", day)
		case d.Kind == UnitOff && is.Kind.Off(), d.Kind != UnitWork && special:
			refuse("from", "already", "day", day)
		case (d.Kind == Compensatory || d.Kind == Swap) && weekend:
			refuse("from", "weekend", "day", day)
		case kind == 0:
			refuse("kind", "kind")
			return b
		}
		b.Days = append(b.Days, calendar.Day{Date: day, Kind: kind, VI: d.VI, EN: d.EN})
	}
	if d.Kind != Swap {
		return b
	}
	rest := !d.Work.IsZero() && (d.Work.Weekday() == time.Saturday || d.Work.Weekday() == time.Sunday)
	if !rest || d.Work.Before(st.today) || d.To != d.From || cal.Day(d.Work).Kind != calendar.Weekend {
		refuse("work", "work")
	}
	b.Days = append(b.Days, calendar.Day{Date: d.Work, Kind: calendar.SwappedWork, VI: d.VI, EN: d.EN})
	return b
}
