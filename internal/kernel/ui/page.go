package ui

import (
	"context"
	"strconv"

	"khue/internal/kernel/i18n"
)

// PageArgs describes a page around its children.
type PageArgs struct {
	Title    string   // of the document, without the name of the house
	Summary  string   // meta description; "" leaves it out
	Crumbs   []Crumb  // way down from home, without this page
	Back     *Anchor  // the way back, instead of crumbs, inside a journey
	Problems Problems // makes the title begin with "Lỗi:"; draw them with ErrorSummary or Form
	Wide     bool     // desk pages: uses the width of the screen
	Bare     bool     // no navigation and no footer links: sign-in, errors
	Hero     bool     // the children begin with Hero, which needs no space above
	Live     bool     // loads htmx for regions that refresh
	Refresh  int      // seconds after which a browser without scripts asks again; 0: never
	Error    bool     // an error page: not indexed
}

// Anchor is a link in the reader's language.
type Anchor struct{ Label, Href string }

// Crumb is one step of the way down to a page.
type Crumb = Anchor

func documentTitle(ctx context.Context, s *Shell, a PageArgs) string {
	t := a.Title
	if len(a.Problems) > 0 {
		t = i18n.T(ctx, "ui.error.prefix", "title", t)
	}
	if s.ServiceName != "" && s.ServiceName != a.Title {
		t += " – " + s.ServiceName
	}
	return t + " – " + i18n.T(ctx, "ui.house")
}

func mainClass(a PageArgs) string {
	switch {
	case a.Hero:
		return "kh-main-wrapper kh-main-wrapper--hero"
	case a.Wide:
		return "kh-main-wrapper kh-main-wrapper--wide"
	}
	return "kh-main-wrapper"
}

func containerClass(wide bool) string {
	if wide {
		return "kh-width-container kh-width-container--wide"
	}
	return "kh-width-container"
}

func count(n int) string {
	if n > 999 {
		return "999+"
	}
	return strconv.Itoa(n)
}
