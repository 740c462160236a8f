package ui

import (
	"context"

	"khue/internal/kernel/i18n"
)

// Theme is the reader's choice of light or dark. The zero value follows the device.
type Theme string

// The themes. Their text is the value of the cookie and of <html data-theme>.
const (
	ThemeAuto  Theme = ""
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// ParseTheme returns the theme named; any other text follows the device.
func ParseTheme(s string) Theme {
	switch t := Theme(s); t {
	case ThemeLight, ThemeDark:
		return t
	}
	return ThemeAuto
}

// Density is how close things stand on a page. The zero value is public.
type Density string

// The densities: citizens' pages, the desk of officers, and touch screens on which
// every target is at least 64 px high.
const (
	DensityPublic  Density = "public"
	DensityCompact Density = "compact"
	DensityKiosk   Density = "kiosk"
)

// User is who is signed in, as the header shows it.
type User struct {
	Name    string
	Unit    string   // unit and post in one line; "" for a citizen
	Href    string   // the account page; "" when there is none
	Links   []Anchor // further pages about the person
	SignOut string   // path that takes the sign-out form
}

// NavItem is one entry of the main navigation. Label is already in the reader's language.
type NavItem struct {
	Label   string
	Href    string
	Current bool
	Count   int // shown beside the label when above zero
	// Live is a count that follows what happens while the page is open; nil for none.
	Live *NavCount
}

// NavCount is a number in the navigation that is brought up to date without the page.
type NavCount struct {
	ID     string
	N      int
	Of     string // what is counted, for who does not see where it stands
	Topics string // on which it listens
	From   string // page that holds the same count and little else
}

// FooterLink is one link of the footer, in the reader's language.
type FooterLink struct{ Label, Href string }

// Shell is what surrounds every page of one request. kernel/web puts it in the context.
type Shell struct {
	Lang        i18n.Lang
	Theme       Theme
	Density     Density
	Path        string // path and query of this page, so that a change of language comes back to it
	ServiceName string // beside the name of the house: "Bàn làm việc"; "" for the front door
	Home        string // where the name leads; "" means "/"
	User        *User  // nil for a visitor
	SignIn      string // path of the sign-in page, shown to a visitor; "" hides it
	Nav         []NavItem
	NavMore     []NavItem // folded away behind the bar
	Footer      []FooterLink
	Desk        bool   // an officer's page: loads the styles and scripts of the desk
	Kiosk       bool   // a browser in a public place: nothing is remembered
	Demo        string // ribbon text while the data are invented; "" otherwise
	DemoTag     string // word before it; "" is the demo's own
	DemoHref    string // where the word leads; "" nowhere
}

type shellKey struct{}

// WithShell returns a context in which pages are drawn inside s.
func WithShell(ctx context.Context, s Shell) context.Context {
	return context.WithValue(ctx, shellKey{}, &s)
}

// ShellOf is the shell of the request; the bare front door where none was set.
func ShellOf(ctx context.Context) Shell {
	if s, ok := ctx.Value(shellKey{}).(*Shell); ok {
		return *s
	}
	return Shell{Lang: i18n.LangOf(ctx)}
}

func (s Shell) lang() string {
	if s.Lang == "" {
		return string(i18n.VI)
	}
	return string(s.Lang)
}

func (s Shell) density() string {
	if s.Density == "" {
		return string(DensityPublic)
	}
	return string(s.Density)
}

func (s Shell) home() string {
	if s.Home == "" {
		return "/"
	}
	return s.Home
}
