package ui

import "github.com/a-h/templ"

// Tone says what kind of news a tag, banner or event is. Words carry the meaning; the
// colour only repeats it.
type Tone string

// The tones.
const (
	ToneNeutral Tone = ""        // nothing to do: closed, archived
	ToneNew     Tone = "new"     // just arrived
	ToneActive  Tone = "active"  // somebody works on it
	ToneWaiting Tone = "waiting" // waits for the applicant
	ToneDone    Tone = "done"    // finished well
	ToneStopped Tone = "stopped" // refused, withdrawn, failed
	ToneLate    Tone = "late"    // past its date
	ToneSoon    Tone = "soon"    // near its date
)

// Cell is one cell of a table or one value of a summary: text, a link, or any component.
type Cell struct {
	Text string
	Href string          // makes Text a link
	Note string          // a second, quieter line
	Tag  Tone            // with Tagged: Text is drawn as a tag
	Body templ.Component // instead of Text

	Tagged bool
}

// none reports whether a cell has nothing to show: on a telephone it is left out with its label.
func (c Cell) none() bool { return c.Text == "" && c.Note == "" && c.Body == nil }

// T is a cell of plain text.
func T(text string) Cell { return Cell{Text: text} }

// L is a cell that links.
func L(text, href string) Cell { return Cell{Text: text, Href: href} }

// Tagged is a cell that holds a tag.
func Tagged(text string, tone Tone) Cell { return Cell{Text: text, Tag: tone, Tagged: true} }

// C is a cell that holds a component.
func C(body templ.Component) Cell { return Cell{Body: body} }

// Column heads one column of a table.
type Column struct {
	Label   string
	Numeric bool   // right-aligned, tabular figures
	Tight   bool   // never broken over lines: dates, codes
	Quiet   bool   // the label is for screen readers only: a column of buttons
	Lead    bool   // says what its row is: on a telephone it takes the whole width, unlabelled
	Href    string // sorts by this column
	Sorted  string // "ascending" or "descending" when the table is sorted by it
}

// Row is one row of a table.
type Row struct {
	Cells  []Cell
	Select string // value of the box before the row; "" for no box
	Ticked bool   // the box is ticked already
	Label  string // what the box selects, for screen readers: the dossier's code
	Marked bool   // stands out: just changed, or late
}

// TableArgs describes a table. On narrow screens each row becomes a card, every cell
// under its column's label, unless Plain.
type TableArgs struct {
	Caption      string // always given: screen readers announce it
	CaptionQuiet bool   // for screen readers only, where a heading says the same
	Head         []Column
	Rows         []Row
	First        bool   // the first cell of each row is its header
	Plain        bool   // a small table of figures, scrolled sideways when too wide
	SelectName   string // name of the boxes of Row.Select
	SelectForm   string // id of the form that they belong to
	Empty        string // sentence instead of rows
}

// SummaryRow is one line of a SummaryList.
type SummaryRow struct {
	Key    string
	Value  Cell
	Action *Anchor // "Sửa"; screen readers hear the key after it
}

// SummaryArgs describes a list of questions and answers.
type SummaryArgs struct {
	Title  string // makes it a card with a heading
	Action *Anchor
	Rows   []SummaryRow
	Tight  bool // without lines between rows
}

// PageLinks moves through a list that is paged by key. "" hides a side.
type PageLinks struct{ Prev, Next string }

// BannerArgs is news about what just happened or what the reader must know.
type BannerArgs struct {
	Title string // "" gives the word for its tone
	Text  string
	Link  *Anchor
	Tone  Tone // ToneDone, ToneStopped and ToneWaiting colour it; else information
	Alert bool // about the reader's own last act: is announced and takes the focus
}

// CardArgs is one entry of a grid or list of choices.
type CardArgs struct {
	Title string
	Href  string
	Text  string
	Meta  []string // short facts beneath: "Trong ngày", "Không thu phí"
	Tag   string
	Tone  Tone
	Icon  IconName
	Level int // of its heading: 2 directly beneath the page's title, else 3
}

// EventState is where an event of a timeline stands.
type EventState string

// The states of an event.
const (
	EventDone    EventState = "done"
	EventCurrent EventState = "current"
	EventFuture  EventState = "future"
	EventProblem EventState = "problem"
)

// Event is one entry of a timeline.
type Event struct {
	Title   string
	When    string // as the reader reads it; "" when not known
	ISO     string // the same as machines read it
	By      string // who, and for which unit
	Text    string
	Body    templ.Component // more beneath, such as papers
	State   EventState
	Planned bool // When is a promise, not a fact
}

// StepState is where a step of a journey or process stands.
type StepState string

// The states of a step.
const (
	StepDone    StepState = "done"
	StepCurrent StepState = "current"
	StepTodo    StepState = "todo"
	StepProblem StepState = "problem"
	StepSkipped StepState = "skipped"
)

// Step is one page of an application, or one step of a process.
type Step struct {
	Label string
	Href  string // back to a page that was filled
	State StepState
	Note  string
}

// ProcessStep is one row of StepTable: who does what in how long.
type ProcessStep struct {
	Name  string
	Who   string // role and unit
	Time  string // "4 giờ làm việc"
	Done  string // when and by whom, "" before
	State StepState
}

// Figure is one number on a board.
type Figure struct {
	Label string
	Value string // formatted in the reader's language
	Note  string // "so với 94,1 % tháng trước"
	Tone  Tone
	Href  string
}

// Filter is one link of a filter row.
type Filter struct {
	Label   string
	Href    string
	Count   int // -1 hides it
	Current bool
}

func tagClass(t Tone) string {
	if t == ToneNeutral {
		return "kh-tag"
	}
	return "kh-tag kh-tag--" + string(t)
}

func bannerClass(t Tone) string {
	switch t {
	case ToneDone, ToneStopped, ToneWaiting, ToneLate:
		return "kh-banner kh-banner--" + string(t)
	}
	return "kh-banner"
}

func bannerIcon(t Tone) IconName {
	switch t {
	case ToneDone:
		return IconDone
	case ToneStopped, ToneWaiting, ToneLate:
		return IconWarning
	}
	return IconInfo
}

func bannerTitle(t Tone) string {
	switch t {
	case ToneDone:
		return "ui.banner.done"
	case ToneStopped, ToneWaiting, ToneLate:
		return "ui.banner.important"
	}
	return "ui.banner.info"
}

func tableClass(a TableArgs) string {
	if a.Plain {
		return "kh-table kh-table--plain"
	}
	return "kh-table kh-table--cards"
}

func columns(a TableArgs) int {
	if a.SelectName != "" {
		return len(a.Head) + 1
	}
	return len(a.Head)
}

func columnLabel(a TableArgs, i int) string {
	if i < len(a.Head) && !a.Head[i].Quiet && !a.Head[i].Lead {
		return a.Head[i].Label
	}
	return ""
}

func numeric(a TableArgs, i int) bool { return i < len(a.Head) && a.Head[i].Numeric }

func tight(a TableArgs, i int) bool { return i < len(a.Head) && a.Head[i].Tight }
