// Package ui is the look of the house: templ components on govuk-frontend's patterns and
// CSS, under our own names (classes kh-…), brand and theme.
//
// A handler puts a Shell into the context (kernel/web does it for every request) and
// renders Page around its content. All texts given to components are in the reader's
// language already; the components' own words are in i18n/. Every component works
// without JavaScript, in both themes and in the three densities.
//
// Page and layout
//
//	Page(PageArgs){…}              the document; title, crumbs or back link, header, footer
//	ErrorPage(title, text, ref){…} a request that failed
//	Title(above, title, lead)      head of a page (h1)
//	Hero(title, lead){…}           lacquer band at a front door; PageArgs.Hero is set with it
//	Narrow(){…} Split(aside){…} Section(title){…} Grid(){Card…} CardList(){Card…}
//
// Forms; every input takes one Field
//
//	Form(FormArgs){…}              POST with _key, error summary, buttons; never sent twice
//	Input Textarea Select Radios Checkboxes DateInput FileUpload (Field)
//	Fieldset(legend, hint){…}      several fields under one question
//	When(field, values…){…}        fields that depend on another
//	FileList(name, []File) SearchBox(action, name, label, value)
//	Button(ButtonArgs) ButtonGroup(){…} ErrorSummary(Problems)
//	ProblemsOf(ctx, err)           errs.Fields in the reader's language; Problems.For(name)
//
// Content
//
//	Table(TableArgs) with Cell by T(text), L(text, href), Tagged(text, tone), C(component)
//	SummaryList(SummaryArgs) Figures([]Figure) Filters(label, []Filter)
//	Pagination(PageLinks)          by key: previous, next
//	Tag(text, tone) Banner(BannerArgs){…} Panel(title, label, code){…} Empty(title, text){…}
//	Details(summary, open){…} Inset(){…} Warning(text) Code(text) Link(Anchor)
//	Timeline([]Event) Steps([]Step) TaskList([]Step) StepTable(caption, []ProcessStep)
//	Icon(name) Mark()
//
// Plain HTML inside a page uses the classes kh-heading-xl/l/m/s, kh-body, kh-body-l,
// kh-body-s, kh-list kh-list--bullet, kh-link, kh-caption-l.
//
// It owns no table. What must not come here: words of the city, handlers, anything that
// asks a service. Styles and scripts are in /web; no inline ones are possible under our
// content security policy.
package ui
