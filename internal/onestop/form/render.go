package form

import (
	"time"

	"khue/internal/kernel/decl"
)

// PageKind says what a page asks.
type PageKind uint8

// The kinds of pages.
const (
	Questions PageKind = iota
	Papers
	Review
)

// PageInfo names a page that applies under given answers.
type PageInfo struct {
	ID    string
	Kind  PageKind
	Title decl.Label
}

// Page is a page ready to be drawn: every value as it was typed.
type Page struct {
	PageInfo
	Intro  decl.Label
	Fields []Field
	Papers []PaperNeed // of a Papers page
	// Seen are the questions of the page that come and go, and "!path" of each warning: the
	// page sends them back, so that News knows what its reader saw. Follow is set where
	// there can be any.
	Seen   []string
	Follow bool
	// Live are the names of inputs on which other questions of the page hang: a page with
	// scripts asks to be drawn again when one changes.
	Live []string
}

// Widget says how a field is drawn.
type Widget uint8

// The widgets.
const (
	WidgetText Widget = iota
	WidgetTextarea
	WidgetDate        // three inputs: <path>.day .month .year
	WidgetPartialDate // the same, day and month may be empty
	WidgetRadios
	WidgetSelect
	WidgetCheckbox   // one box for yes
	WidgetCheckboxes // several of a list
	WidgetUnit       // select with search
	WidgetGroup      // heading over Parts: person, address
	WidgetRows       // list of groups, each in Rows
	WidgetOutput     // computed: shown, not sent
	WidgetPoint      // text, with a button for where the phone is
	WidgetFile       // upload
)

// Field is one question ready to be drawn.
type Field struct {
	Path         string // also the name of the input
	Type         string
	Widget       Widget
	Label        decl.Label
	Hint         decl.Label
	Required     bool
	Locked       bool // filled by a source; shown, not typed over
	From         Origin
	Value        string    // as typed; of WidgetDate unused
	Day          string    // of the date widgets
	Month        string    //
	Year         string    //
	Chosen       []string  // of WidgetCheckboxes
	Options      []Option  // of radios, select, checkboxes, unit
	InputMode    string    // numeric, tel, email, text
	Autocomplete string    // token of the HTML standard, "bday"; empty: off
	MaxLength    int       //
	Error        []Message // empty where nothing is wrong
	Warning      []Message
	Parts        []Field   // of WidgetGroup
	Rows         [][]Field // of WidgetRows
	RowLabel     decl.Label
	Min, Max     int        // rows that WidgetRows may have
	Text         decl.Label // of WidgetOutput: the value in words
	Plain        bool       // capitals and digits: nothing to spell or correct
	At           time.Time  // when a source gave the value; zero: with the form
	Finds        bool       // WidgetUnit can search by names, also by those of old
	Query        string     // of WidgetUnit: the name that was typed
	Matches      []Match    // what it may mean
	File         *PaperNeed // of WidgetFile
	Files        []File     // that were handed in
	// ShownBy is set where another field of the page alone decides whether this one
	// applies, so that a page with scripts can reveal it in place.
	ShownBy *Reveal
}

// Option is one choice.
type Option struct {
	Value string
	Label decl.Label
}

// Message is a key of the bundle with its parameters.
type Message struct {
	Key    string
	Params map[string]any
}

// Reveal names the yes or no question and the answer that shows a field.
type Reveal struct {
	Path  string
	Value string
}

// Line is one answer in words, for the review page, the officer and papers.
type Line struct {
	Path  string
	Page  string
	Label decl.Label
	Text  decl.Label // the same twice where no translation applies
	From  Origin
	Group decl.Label // "Mother", where the field is a part
	// At and Consent are when and under which consent a source gave the answer.
	At      time.Time
	Consent string
}
