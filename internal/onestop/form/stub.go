package form

import (
	"net/url"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// Form is a compiled form. It is immutable.
type Form struct{}

// Compile checks a definition and compiles it.
func Compile(def Definition, opt Options) (*Form, decl.Problems) { panic("soon") }

// Pages are the pages that apply, in order.
func (f *Form) Pages(a Answers, env Env) []PageInfo { panic("soon") }

// ParsePage reads what a page sent (names are paths; dates in three parts) and
// returns prev with the page's answers replaced. Unknown names are ignored. Wrong
// values are kept as typed.
func (f *Form) ParsePage(page string, sent url.Values, prev Answers, env Env) Answers { panic("soon") }

// ParseJSON reads answers from outside: an object by path, or nested. All are Typed.
// An unknown path or an unreadable value is Invalid with fields.
func (f *Form) ParseJSON(raw []byte) (Answers, error) { panic("soon") }

// Validate checks all answers and papers.
func (f *Form) Validate(a Answers, env Env) Result { panic("soon") }

// ValidatePage checks one page only.
func (f *Form) ValidatePage(page string, a Answers, env Env) Result { panic("soon") }

// Render is a page ready to be drawn; false where it does not exist or apply.
func (f *Form) Render(page string, a Answers, found []errs.Field, env Env) (Page, bool) {
	panic("soon")
}

// Lines are the answers in words, in order of the pages; empty ones are left out.
func (f *Form) Lines(a Answers, env Env) []Line { panic("soon") }

// Papers are the papers that the dossier needs or may hold under these answers.
func (f *Form) Papers(a Answers, env Env) []PaperNeed { panic("soon") }

// Officer is the form of an action at a step: "verify.approve", else "approve";
// false where nothing is asked. It has one page, named "action".
func (f *Form) Officer(step, action string) (*Form, bool) { panic("soon") }

// Scope are the variables that conditions over this form may read.
func (f *Form) Scope() feel.Scope { panic("soon") }

// Vars gives conditions their values.
func (f *Form) Vars(a Answers, env Env) feel.Vars { panic("soon") }
