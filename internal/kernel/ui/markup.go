package ui

import (
	"context"
	"io"
	"strconv"

	"github.com/a-h/templ"

	"khue/internal/kernel/i18n"
)

// markup writes the HTML of one component straight into the page. The inputs of forms are
// written so, not composed of smaller templates: a page of sixty questions would spend
// most of its time between them (docs/adr/0069).
type markup struct {
	ctx context.Context //nolint:containedctx // lives for one component
	w   io.StringWriter
	err error
}

// written is a component drawn by a function.
func written(draw func(m *markup)) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		sw, ok := w.(io.StringWriter)
		if !ok {
			sw = plainWriter{w}
		}
		m := markup{ctx: ctx, w: sw}
		draw(&m)
		return m.err
	})
}

type plainWriter struct{ io.Writer }

func (p plainWriter) WriteString(s string) (int, error) { return p.Write([]byte(s)) }

// raw writes markup that we wrote ourselves.
func (m *markup) raw(parts ...string) {
	for _, s := range parts {
		if m.err == nil {
			_, m.err = m.w.WriteString(s)
		}
	}
}

// text writes what others wrote, escaped: it stands between tags or within quotes.
func (m *markup) text(s string) {
	from := 0
	for i := range len(s) {
		var as string
		switch s[i] {
		case '&':
			as = "&amp;"
		case '<':
			as = "&lt;"
		case '>':
			as = "&gt;"
		case '"':
			as = "&#34;"
		case '\'':
			as = "&#39;"
		default:
			continue
		}
		m.raw(s[from:i], as)
		from = i + 1
	}
	m.raw(s[from:])
}

// attr writes an attribute; parts make up its value.
func (m *markup) attr(name string, parts ...string) {
	m.raw(" ", name, `="`)
	for _, p := range parts {
		m.text(p)
	}
	m.raw(`"`)
}

// some writes an attribute where it has a value.
func (m *markup) some(name, value string) {
	if value != "" {
		m.attr(name, value)
	}
}

func (m *markup) flag(name string, on bool) {
	if on {
		m.raw(" ", name)
	}
}

func (m *markup) say(key string) { m.text(i18n.T(m.ctx, key)) }

func (m *markup) part(c templ.Component) {
	if w, ok := m.w.(io.Writer); ok && m.err == nil {
		m.err = c.Render(m.ctx, w)
	}
}

func number(n int) string { return strconv.Itoa(n) }

// open begins the group of a question.
func (m *markup) open(f *Field) {
	if f.Error != "" {
		m.raw(`<div class="kh-form-group kh-form-group--error">`)
	} else {
		m.raw(`<div class="kh-form-group">`)
	}
}

// close ends it, with where the answer came from.
func (m *markup) close(f *Field, id string) {
	if f.Source != "" {
		m.raw(`<p`)
		m.attr("id", id, "-source")
		m.raw(` class="kh-source">`)
		m.text(i18n.T(m.ctx, "ui.source", "source", f.Source))
		m.raw(`</p>`)
	}
	m.raw(`</div>`)
}

func (m *markup) labelText(f *Field) {
	m.text(f.Label)
	if f.Optional {
		m.raw(` <span class="kh-optional">`)
		m.say("ui.optional")
		m.raw(`</span>`)
	}
}

func (m *markup) label(f *Field, id string) {
	if f.Heading {
		m.raw(`<h1 class="kh-label-wrapper"><label class="kh-label kh-label--l"`)
	} else {
		m.raw(`<label class="kh-label kh-label--s"`)
	}
	m.attr("for", id)
	m.raw(`>`)
	m.labelText(f)
	m.raw(`</label>`)
	if f.Heading {
		m.raw(`</h1>`)
	}
}

// fieldset opens a question of several boxes.
func (m *markup) fieldset(f *Field, id, role string) {
	m.raw(`<fieldset class="kh-fieldset"`)
	m.some("role", role)
	m.described(f, id, "")
	if f.Heading {
		m.raw(`><legend class="kh-fieldset__legend kh-fieldset__legend--l"><h1 class="kh-fieldset__heading">`)
		m.labelText(f)
		m.raw(`</h1></legend>`)
	} else {
		m.raw(`><legend class="kh-fieldset__legend kh-fieldset__legend--s">`)
		m.labelText(f)
		m.raw(`</legend>`)
	}
	m.notes(f, id)
}

// notes are the hint, the fault and the warning of a question.
func (m *markup) notes(f *Field, id string) {
	if f.Hint != "" {
		m.raw(`<div`)
		m.attr("id", id, "-hint")
		m.raw(` class="kh-hint">`)
		m.text(f.Hint)
		m.raw(`</div>`)
	}
	m.note(f.Error, id, "-error", "kh-error-message", "ui.error.word")
	m.note(f.Warning, id, "-warning", "kh-note-message", "ui.note")
}

func (m *markup) note(text, id, suffix, class, word string) {
	if text == "" {
		return
	}
	m.raw(`<p`)
	m.attr("id", id, suffix)
	m.raw(` class="`, class, `"><span class="kh-visually-hidden">`)
	m.say(word)
	m.raw(`</span> `)
	m.text(text)
	m.raw(`</p>`)
}

// described names what explains a question to those who hear it.
func (m *markup) described(f *Field, id, extra string) {
	if f.Hint == "" && f.Error == "" && f.Warning == "" && f.Source == "" && extra == "" {
		return
	}
	m.raw(` aria-describedby="`)
	first := true
	add := func(have bool, suffix string) {
		if !have {
			return
		}
		if !first {
			m.raw(" ")
		}
		first = false
		m.text(id)
		m.raw(suffix)
	}
	add(f.Hint != "", "-hint")
	add(f.Error != "", "-error")
	add(f.Warning != "", "-warning")
	add(f.Source != "", "-source")
	add(extra != "", extra)
	m.raw(`"`)
}

// class of a box, with its width and its fault.
func (m *markup) class(f *Field, base string, wide bool) {
	m.raw(` class="`, base)
	if wide {
		switch f.Width {
		case WidthFull:
		case WidthHalf:
			m.raw(" kh-!-width-one-half")
		case WidthThird:
			m.raw(" kh-!-width-one-third")
		case WidthTwo:
			m.raw(" kh-!-width-two-thirds")
		default:
			m.raw(" kh-input--width-", string(f.Width))
		}
	}
	if f.Error != "" {
		m.raw(" ", base, "--error")
	}
	m.raw(`"`)
}

// traits are the attributes that boxes of text share.
func (m *markup) traits(f *Field, id, extra string) {
	m.described(f, id, extra)
	if f.Error != "" {
		m.raw(` aria-invalid="true"`)
	}
	m.some("inputmode", f.Mode)
	switch {
	case ShellOf(m.ctx).Kiosk: // the next person must not be offered what this one typed
		m.attr("autocomplete", "off")
	default:
		m.some("autocomplete", f.Complete)
	}
	m.some("autocapitalize", f.Capitals)
	m.flag("readonly", f.ReadOnly)
	m.flag("disabled", f.Disabled)
}
