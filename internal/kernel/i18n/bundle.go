package i18n

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Lang is a language of the house.
type Lang string

// The languages, in the order in which they are offered.
const (
	VI Lang = "vi"
	EN Lang = "en"
)

// Langs lists the languages, Vietnamese first.
var Langs = [...]Lang{VI, EN}

// ParseLang returns the language named, and false for any other text.
func ParseLang(s string) (Lang, bool) {
	switch Lang(s) {
	case VI, EN:
		return Lang(s), true
	}
	return VI, false
}

// Match picks a language for an Accept-Language header: English where it is
// asked for before Vietnamese, else Vietnamese.
func Match(header string) Lang {
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(tag, "-")
		if l, ok := ParseLang(strings.ToLower(base)); ok {
			return l
		}
	}
	return VI
}

// Bundle is all messages of the program. It is filled at start and read-only after.
type Bundle struct {
	messages map[Lang]map[string]message
}

// NewBundle returns a bundle with the messages of the given file systems, each
// holding i18n/vi.yaml and i18n/en.yaml (or the two at its root). It returns an
// error that lists every key or placeholder that is not in both languages, and
// every key that two files define.
func NewBundle(sources ...fs.FS) (*Bundle, error) {
	b := &Bundle{messages: map[Lang]map[string]message{VI: {}, EN: {}}}
	var problems []error
	for _, src := range sources {
		for _, l := range Langs {
			problems = append(problems, b.load(src, l))
		}
	}
	problems = append(problems, b.check())
	return b, errors.Join(problems...)
}

func (b *Bundle) load(src fs.FS, l Lang) error {
	name := "i18n/" + string(l) + ".yaml"
	raw, err := fs.ReadFile(src, name)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = fs.ReadFile(src, string(l)+".yaml")
	}
	if err != nil {
		return fmt.Errorf("i18n: %w", err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		return fmt.Errorf("i18n: %s: %w", name, err)
	}
	return b.add(l, "", tree)
}

func (b *Bundle) add(l Lang, prefix string, tree map[string]any) error {
	var problems []error
	for k, v := range tree {
		key := k
		if prefix != "" {
			key = prefix + "." + k
		}
		switch v := v.(type) {
		case string:
			problems = append(problems, b.put(l, key, message{other: parse(v)}))
		case map[string]any:
			if m, ok := plural(v); ok {
				problems = append(problems, b.put(l, key, m))
				continue
			}
			problems = append(problems, b.add(l, key, v))
		default:
			problems = append(problems, fmt.Errorf("i18n: %s %s: a message is a text, not %T", l, key, v))
		}
	}
	return errors.Join(problems...)
}

func (b *Bundle) put(l Lang, key string, m message) error {
	if _, twice := b.messages[l][key]; twice {
		return fmt.Errorf("i18n: %s %s is defined twice", l, key)
	}
	b.messages[l][key] = m
	return nil
}

func (b *Bundle) check() error {
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(b.messages[VI])) {
		en, ok := b.messages[EN][key]
		if !ok {
			problems = append(problems, fmt.Errorf("i18n: %s has no English", key))
			continue
		}
		if v, e := b.messages[VI][key].params(), en.params(); !slices.Equal(v, e) {
			problems = append(problems, fmt.Errorf("i18n: %s takes %v in Vietnamese, %v in English", key, v, e))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b.messages[EN])) {
		if _, ok := b.messages[VI][key]; !ok {
			problems = append(problems, fmt.Errorf("i18n: %s has no Vietnamese", key))
		}
	}
	return errors.Join(problems...)
}

// Has reports whether a message exists.
func (b *Bundle) Has(key string) bool {
	_, ok := b.messages[VI][key]
	return ok
}

// Keys lists all message keys, sorted.
func (b *Bundle) Keys() []string { return slices.Sorted(maps.Keys(b.messages[VI])) }

// T says a message in a language. kv are parameter names and values; a
// clock.Date or time.Time among them is written as the language does. A key that
// does not exist comes back in angle brackets, which tests look for.
func (b *Bundle) T(l Lang, key string, kv ...any) string {
	m, ok := b.messages[l][key]
	if !ok {
		return "⟨" + key + "⟩"
	}
	return m.format(l, kv)
}

// Map is T with the parameters in a map, as errors carry them.
func (b *Bundle) Map(l Lang, key string, params map[string]any) string {
	kv := make([]any, 0, 2*len(params))
	for k, v := range params {
		kv = append(kv, k, v)
	}
	return b.T(l, key, kv...)
}

type ctxKey struct{}

type reader struct {
	bundle *Bundle
	lang   Lang
}

// WithLang returns a context whose reader reads l.
func WithLang(ctx context.Context, b *Bundle, l Lang) context.Context {
	return context.WithValue(ctx, ctxKey{}, reader{b, l})
}

// LangOf is the reader's language; Vietnamese where none is set.
func LangOf(ctx context.Context) Lang {
	if r, ok := ctx.Value(ctxKey{}).(reader); ok {
		return r.lang
	}
	return VI
}

// BundleOf is the reader's bundle, or nil.
func BundleOf(ctx context.Context) *Bundle {
	r, _ := ctx.Value(ctxKey{}).(reader)
	return r.bundle
}

// T says a message in the reader's language.
func T(ctx context.Context, key string, kv ...any) string {
	r, ok := ctx.Value(ctxKey{}).(reader)
	if !ok {
		return "⟨" + key + "⟩"
	}
	return r.bundle.T(r.lang, key, kv...)
}
