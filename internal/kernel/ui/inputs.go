package ui

import (
	"github.com/a-h/templ"

	"khue/internal/kernel/i18n"
)

// Input is a box for one line of text.
func Input(f Field) templ.Component {
	return written(func(m *markup) {
		id := f.id()
		m.open(&f)
		m.label(&f, id)
		m.notes(&f, id)
		if f.Prefix == "" && f.Suffix == "" {
			m.box(&f, id)
			m.close(&f, id)
			return
		}
		m.raw(`<div class="kh-input__wrapper">`)
		if f.Prefix != "" {
			m.raw(`<div class="kh-input__prefix" aria-hidden="true">`)
			m.text(f.Prefix)
			m.raw(`</div>`)
		}
		m.box(&f, id)
		if f.Suffix != "" {
			m.raw(`<div class="kh-input__suffix" aria-hidden="true">`)
			m.text(f.Suffix)
			m.raw(`</div>`)
		}
		m.raw(`</div>`)
		m.close(&f, id)
	})
}

func (m *markup) box(f *Field, id string) {
	m.raw(`<input`)
	m.class(f, "kh-input", true)
	m.attr("id", id)
	m.attr("name", f.Name)
	m.attr("type", f.inputType())
	m.attr("value", f.Value)
	if f.MaxLength > 0 {
		m.attr("maxlength", number(f.MaxLength))
	}
	m.raw(` spellcheck="false"`)
	m.traits(f, id, "")
	if f.Type == "password" {
		m.attr("data-kh-show", i18n.T(m.ctx, "ui.password.show"))
		m.attr("data-kh-hide", i18n.T(m.ctx, "ui.password.hide"))
		if f.Complete == "new-password" {
			m.attr("data-kh-weak", i18n.T(m.ctx, "ui.password.weak"))
			m.attr("data-kh-fair", i18n.T(m.ctx, "ui.password.fair"))
			m.attr("data-kh-strong", i18n.T(m.ctx, "ui.password.strong"))
		}
	}
	m.raw(`>`)
}

// Textarea is a box for several lines. With MaxLength it counts what is left.
func Textarea(f Field) templ.Component {
	return written(func(m *markup) {
		id, count := f.id(), ""
		m.open(&f)
		m.label(&f, id)
		m.notes(&f, id)
		m.raw(`<textarea`)
		m.class(&f, "kh-textarea", false)
		m.attr("id", id)
		m.attr("name", f.Name)
		m.attr("rows", f.rows())
		if f.MaxLength > 0 {
			count = "-count"
			m.attr("data-kh-count", number(f.MaxLength))
			m.attr("data-kh-count-left", i18n.T(m.ctx, "ui.count.left", "left", "%d"))
			m.attr("data-kh-count-over", i18n.T(m.ctx, "ui.count.over", "over", "%d"))
		}
		m.traits(&f, id, count)
		m.raw(`>`)
		if f.Value != "" && f.Value[0] == '\n' {
			m.raw("\n") // the first line end of a textarea is not its content
		}
		m.text(f.Value)
		m.raw(`</textarea>`)
		if count != "" {
			m.raw(`<div`)
			m.attr("id", id, count)
			m.raw(` class="kh-hint kh-character-count__message">`)
			m.text(i18n.T(m.ctx, "ui.count.max", "max", f.MaxLength))
			m.raw(`</div>`)
		}
		m.close(&f, id)
	})
}

// Select is a list that drops down; prefer Radios up to seven options. The first option is
// an empty one that asks to choose, unless the options bring their own. With Multiple
// several can be chosen: Values are.
func Select(f Field) templ.Component {
	return written(func(m *markup) {
		id := f.id()
		m.open(&f)
		m.label(&f, id)
		m.notes(&f, id)
		m.raw(`<select`)
		m.class(&f, "kh-select", true)
		m.attr("id", id)
		m.attr("name", f.Name)
		if f.Multiple {
			m.flag("multiple", true)
			m.attr("size", number(min(max(len(f.Options), 2), 6)))
		}
		m.traits(&f, id, "")
		m.raw(`>`)
		if !f.Multiple && (len(f.Options) == 0 || f.Options[0].Value != "") {
			m.raw(`<option value="">`)
			m.say("ui.choose")
			m.raw(`</option>`)
		}
		for i := range f.Options {
			o := &f.Options[i]
			m.raw(`<option`)
			m.attr("value", o.Value)
			m.flag("selected", o.Value == f.Value && !f.Multiple || f.Multiple && f.ticked(o.Value))
			m.flag("disabled", o.Disabled)
			m.raw(`>`)
			m.text(o.Label)
			m.raw(`</option>`)
		}
		m.raw(`</select>`)
		m.close(&f, id)
	})
}

// Radios is a choice of one.
func Radios(f Field) templ.Component {
	return written(func(m *markup) {
		m.choices(&f, "kh-radios", "radio", func(v string) bool { return v == f.Value })
	})
}

// Checkboxes is a choice of any number. One option alone makes a single consent box.
func Checkboxes(f Field) templ.Component {
	return written(func(m *markup) { m.choices(&f, "kh-checkboxes", "checkbox", f.ticked) })
}

func (m *markup) choices(f *Field, block, kind string, on func(value string) bool) {
	id := f.id()
	m.open(f)
	m.fieldset(f, id, "")
	m.raw(`<div class="`, block)
	if f.Inline {
		m.raw(" ", block, "--inline")
	}
	if f.Small || ShellOf(m.ctx).Density == DensityCompact {
		m.raw(" ", block, "--small")
	}
	m.raw(`">`)
	for i := range f.Options {
		o := &f.Options[i]
		own := id // the first takes the id of the field, so that the summary of errors leads to it
		if i > 0 {
			own = id + "-" + number(i+1)
		}
		m.choice(f, o, block, kind, own, on(o.Value))
	}
	m.raw(`</div></fieldset>`)
	m.close(f, id)
}

func (m *markup) choice(f *Field, o *Option, block, kind, id string, on bool) {
	if o.Divider != "" {
		m.raw(`<div class="`, block, `__divider">`)
		m.text(o.Divider)
		m.raw(`</div>`)
	}
	m.raw(`<div class="`, block, `__item"><input class="`, block, `__input"`)
	m.attr("id", id)
	m.attr("name", f.Name)
	m.raw(` type="`, kind, `"`)
	m.attr("value", o.Value)
	m.flag("checked", on)
	m.flag("disabled", o.Disabled || f.Disabled)
	if o.Hint != "" {
		m.attr("aria-describedby", id, "-about")
	}
	if o.Reveal != nil {
		m.attr("data-kh-reveal", id, "-reveal")
	}
	m.raw(`><label class="kh-label `, block, `__label"`)
	m.attr("for", id)
	m.raw(`>`)
	m.text(o.Label)
	m.raw(`</label>`)
	if o.Hint != "" {
		m.raw(`<div`)
		m.attr("id", id, "-about")
		m.raw(` class="kh-hint `, block, `__hint">`)
		m.text(o.Hint)
		m.raw(`</div>`)
	}
	m.raw(`</div>`)
	if o.Reveal != nil {
		m.raw(`<div class="`, block, `__conditional"`)
		m.attr("id", id, "-reveal")
		m.raw(`>`)
		m.part(o.Reveal)
		m.raw(`</div>`)
	}
}

// DateInput asks for a date that people know by heart: day, month, year, sent as
// Name.day, Name.month and Name.year. Value is ISO or "day/month/year".
func DateInput(f Field) templ.Component {
	return written(func(m *markup) {
		id := f.id()
		day, month, year := f.dateParts()
		m.open(&f)
		m.fieldset(&f, id, "group")
		m.raw(`<div class="kh-date-input">`)
		m.datePart(&f, "day", id, "", day, "2")
		m.datePart(&f, "month", id, "-month", month, "2")
		m.datePart(&f, "year", id, "-year", year, "4")
		m.raw(`</div></fieldset>`)
		m.close(&f, id)
	})
}

func (m *markup) datePart(f *Field, part, id, suffix, value, width string) {
	m.raw(`<div class="kh-date-input__item"><div class="kh-form-group"><label class="kh-label kh-date-input__label"`)
	m.attr("for", id, suffix)
	m.raw(`>`)
	m.say(dateWords[part])
	m.raw(`</label><input class="kh-input kh-date-input__input kh-input--width-`, width)
	if f.Error != "" {
		m.raw(` kh-input--error`)
	}
	m.raw(`"`)
	m.attr("id", id, suffix)
	m.attr("name", f.Name, ".", part)
	m.raw(` type="text" inputmode="numeric" maxlength="`, width, `"`)
	m.attr("value", value)
	if f.Complete == "bday" {
		m.attr("autocomplete", "bday-", part)
	}
	if f.Error != "" {
		m.raw(` aria-invalid="true"`)
	}
	m.flag("readonly", f.ReadOnly)
	m.flag("disabled", f.Disabled)
	m.raw(`></div></div>`)
}

//nolint:gochecknoglobals // immutable table
var dateWords = map[string]string{"day": "ui.date.day", "month": "ui.date.month", "year": "ui.date.year"}
