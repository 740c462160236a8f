package ui

import "github.com/a-h/templ"

// FormArgs describes a form that posts. Problems, when there are any, are summed up above it.
type FormArgs struct {
	Action   string // path that takes the POST
	Key      string // client request id, sent as _key; "" leaves it out
	Upload   bool   // the form carries files
	Problems Problems
	Submit   string    // label of the main button; "" leaves the buttons to the children
	Name     string    // name and value of the main button, when the handler must know it
	Value    string    //
	Warning  bool      // the main button does something that cannot be undone
	Others   []Choice  // more submit buttons beside the main one
	Cancel   *Anchor   // a plain link after the buttons
	Hidden   []KeyText // further hidden fields, in this order
	ID       string    // so that buttons elsewhere may belong to it
	Get      bool      // a search or a filter: GET, without _key
}

// Choice is a second submit button: the handler receives Name=Value. It skips the checks
// of the browser, as "save and come back later" must.
type Choice struct{ Label, Name, Value string }

// KeyText is one hidden field.
type KeyText struct{ Name, Value string }

// ButtonKind is the weight of a button. The zero value is the main act of the page.
type ButtonKind string

// The kinds of button.
const (
	ButtonPrimary   ButtonKind = ""
	ButtonSecondary ButtonKind = "secondary"
	ButtonWarning   ButtonKind = "warning"
	ButtonInverse   ButtonKind = "inverse" // on the dark band of a hero
)

// ButtonArgs describes a button of a form, or a link that looks like one when Href is set.
type ButtonArgs struct {
	Label    string
	Kind     ButtonKind
	Href     string // a link: starts a journey, downloads a file
	Name     string
	Value    string
	Icon     IconName // before the label
	Start    bool     // a large button with an arrow, at the door of a journey
	Small    bool     // in tables and toolbars
	Disabled bool
	Form     string           // id of the form that it belongs to, when it stands outside
	Hidden   string           // words for screen readers after the label: "hồ sơ H26…"
	More     templ.Attributes // hx-… and data-…
}

func buttonClass(b ButtonArgs) string {
	c := "kh-button"
	if b.Kind != ButtonPrimary {
		c += " kh-button--" + string(b.Kind)
	}
	if b.Start {
		c += " kh-button--start"
	}
	if b.Small {
		c += " kh-button--small"
	}
	return c
}

func submitKind(warning bool) ButtonKind {
	if warning {
		return ButtonWarning
	}
	return ButtonPrimary
}

// File is one uploaded file, as FileList shows it.
type File struct {
	Name     string
	Href     string // download or view; "" shows the name only
	Size     string // "1,2 MB", in the reader's language
	Note     string // where it came from, or what was found in it
	Error    string // why it was refused
	Remove   string // value of the button "remove"; "" hides it
	Checking bool   // still being checked
}
