package service

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
)

// RegisterFormat is the word that register.yaml begins with.
const RegisterFormat = "khue-register/1"

// Entry is what the result is entered in: the register and its fields, compiled.
type Entry struct {
	ID     string // as result.book names it
	Fields []EntryField
	Unique [][]string // ids of fields whose values no two entries share
	Until  *feel.Expr // last day on which an entry is valid; nil: without end

	scope feel.Scope
}

// EntryField is one field of a register.
type EntryField struct {
	ID        string
	Type      string // text, number, date, yesno
	Retention string // permanent, or an ISO period: P10Y
	Personal  bool   // personal data in the sense of the law
	From      *feel.Expr
}

// registerDef is register.yaml as written.
type registerDef struct {
	Pos    decl.Pos
	Format decl.Text          `yaml:"format,required"`
	ID     decl.Text          `yaml:"id,required"`
	Unique []decl.Text        `yaml:"unique"` // each one field, or several joined by +
	Until  decl.Text          `yaml:"until"`  // FEEL over the same names as the fields: a date
	Fields []registerFieldDef `yaml:"fields,required"`
}

type registerFieldDef struct {
	Pos       decl.Pos
	ID        decl.Text `yaml:"id,required"`
	Type      decl.Text `yaml:"type,required"`
	From      decl.Text `yaml:"from,required"` // FEEL over the form, the officers' forms and result.number, result.date
	Retention decl.Text `yaml:"retention"`
	Personal  decl.Text `yaml:"personal"` // yes or no
}

// registerTypes are the types of a register's fields, each with what FEEL gives for it.
//
//nolint:gochecknoglobals // immutable table
var registerTypes = map[string]feel.Type{
	"text": feel.StringType, "number": feel.NumberType, "date": feel.DateType, "yesno": feel.BooleanType, "list": feel.ListType,
}

// retention is for ever, or a whole number of years, months or days.
var retention = regexp.MustCompile(`^(permanent|P[1-9]\d{0,3}[YMD])$`)

var registerID = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*)*$`)

// entry reads register.yaml. A result that is entered in a book should say what is written
// there, from which answer, and how long it stays.
func (l *loader) entry() {
	const file = "register.yaml"
	if _, ok := l.read(file); !ok {
		if l.pkg.Result.Book != "" {
			l.warn("service.yaml", l.pkg.Result.Pos, "result.book", "service.lint.noRegister", "book", l.pkg.Result.Book)
		}
		return
	}
	var def registerDef
	if !l.decode(file, &def) {
		return
	}
	l.register = &def
	if def.Format.S != RegisterFormat {
		l.fail(file, def.Format.Pos, "format", "service.lint.word", "value", def.Format.S, "known", RegisterFormat)
	}
	if def.ID.S != l.pkg.Result.Book {
		l.fail(file, def.ID.Pos, "id", "service.lint.registerID", "id", def.ID.S, "book", l.pkg.Result.Book)
	}
	scope := l.wideScope()
	entry := &Entry{ID: def.ID.S, scope: scope}
	var seen []string
	for _, f := range def.Fields {
		at := "fields." + f.ID.S
		if !registerID.MatchString(f.ID.S) {
			l.fail(file, f.ID.Pos, at, "service.lint.fieldID", "id", f.ID.S)
		}
		if slices.Contains(seen, f.ID.S) {
			l.fail(file, f.ID.Pos, at, "service.lint.idTwice", "id", f.ID.S)
		}
		seen = append(seen, f.ID.S)
		entry.Fields = append(entry.Fields, l.entryField(file, at, f, scope))
	}
	for _, u := range def.Unique {
		fields := strings.Split(u.S, "+")
		for i := range fields {
			if fields[i] = strings.TrimSpace(fields[i]); !slices.Contains(seen, fields[i]) {
				l.fail(file, u.Pos, "unique", "service.lint.wordNear", "value", fields[i], "known", list(seen), "nearest", nearestOr(fields[i], seen))
			}
		}
		entry.Unique = append(entry.Unique, fields)
	}
	if def.Until.Set() {
		e, err := feel.Compile(def.Until.S, scope)
		switch {
		case err != nil:
			l.fail(file, def.Until.Pos, "until", "service.lint.feel", "reason", reasonOf(err))
		case !e.Type().MayBe(feel.DateType):
			l.fail(file, def.Until.Pos, "until", "service.lint.kind", "want", "date", "got", e.Type().String())
		default:
			entry.Until = e
		}
	}
	l.pkg.Register = entry
}

// numbering checks how the city is to number the result.
func (l *loader) numbering() {
	r := l.pkg.Result
	if known := []string{SigningAct, SigningBatch}; r.Signing != "" && !slices.Contains(known, r.Signing) {
		l.fail("service.yaml", r.Pos, "result.signing", "service.lint.wordNear", "value", r.Signing, "known", list(known), "nearest", nearestOr(r.Signing, known))
	}
	if !r.Numbered() {
		if r.Signing == SigningBatch {
			l.fail("service.yaml", r.Pos, "result.signing", "service.lint.signingNumber")
		}
		return
	}
	if !strings.Contains(r.Number, "{n}") {
		l.fail("service.yaml", r.Pos, "result.number", "service.lint.numberPattern", "value", r.Number)
	}
	if l.pkg.Register == nil {
		l.fail("service.yaml", r.Pos, "result.number", "service.lint.numberRegister")
	}
}

func (l *loader) entryField(file, at string, f registerFieldDef, scope feel.Scope) EntryField {
	out := EntryField{ID: f.ID.S, Type: f.Type.S, Retention: f.Retention.S, Personal: f.Personal.S == "yes" || f.Personal.S == "true"}
	want, ok := registerTypes[f.Type.S]
	if !ok {
		known := []string{"date", "list", "number", "text", "yesno"}
		l.fail(file, f.Type.Pos, at+".type", "service.lint.wordNear", "value", f.Type.S, "known", list(known), "nearest", nearestOr(f.Type.S, known))
	}
	switch {
	case !f.Retention.Set():
		l.fail(file, f.Pos, at+".retention", "service.lint.fieldRetention", "field", f.ID.S)
	case !retention.MatchString(f.Retention.S):
		l.fail(file, f.Retention.Pos, at+".retention", "service.lint.retentionForm", "value", f.Retention.S)
	}
	switch {
	case !f.Personal.Set():
		l.fail(file, f.Pos, at+".personal", "service.lint.fieldPersonal", "field", f.ID.S)
	case !slices.Contains([]string{"yes", "no", "true", "false"}, f.Personal.S):
		l.fail(file, f.Personal.Pos, at+".personal", "service.lint.word", "value", f.Personal.S, "known", "yes, no")
	}
	e, err := feel.Compile(f.From.S, scope)
	if err != nil {
		l.fail(file, f.From.Pos, at+".from", "service.lint.feel", "reason", reasonOf(err))
		return out
	}
	if ok && !e.Type().MayBe(want) {
		l.fail(file, f.From.Pos, at+".from", "service.lint.kind", "want", f.Type.S, "got", e.Type().String())
	}
	out.From = e
	return out
}

// wideScope are all answers of a dossier, the applicant's and the officers', and what its
// result has.
func (l *loader) wideScope() feel.Scope {
	var fields []feel.Field
	seen := map[string]bool{}
	add := func(sc feel.Scope) {
		for _, p := range sc.Paths() {
			if t, ok := sc.TypeAt(p); ok && !seen[p] {
				seen[p] = true
				fields = append(fields, feel.Field{Name: p, Type: t})
			}
		}
	}
	add(l.pkg.Form.Scope())
	for _, name := range l.pkg.Form.Actions() {
		if o := officerForm(l.pkg.Form, name); o != nil {
			add(o.Scope())
		}
	}
	for _, f := range []feel.Field{
		{Name: "result.number", Type: feel.StringType}, {Name: "result.date", Type: feel.DateType}, {Name: "dossier.code", Type: feel.StringType},
	} {
		if !seen[f.Name] {
			fields = append(fields, f)
		}
	}
	return feel.PathScope(fields...)
}

// reasonOf is FEEL's complaint in both languages.
func reasonOf(err error) decl.Label {
	var fe *feel.Error
	if errors.As(err, &fe) {
		return decl.Label{VI: fe.In("vi"), EN: fe.In("en")}
	}
	return decl.Label{VI: err.Error(), EN: err.Error()}
}
