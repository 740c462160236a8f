package catalog

import (
	"bufio"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed seed
var seedFiles embed.FS

// LifeEvent is something that happens in a life and calls for procedures.
type LifeEvent struct {
	ID    string `yaml:"id"`
	VI    string `yaml:"vi"`
	EN    string `yaml:"en"`
	Hint  Why    `yaml:"hint"`
	Codes []Code `yaml:"codes"`
}

// words is what people say, beside what records say: names in daily use, English
// names, synonyms, life events. Read once from the embedded files.
type words struct {
	glossary map[Code]glossaryEntry
	fieldsEN map[string]string
	filler   map[string]bool
	synonyms map[string][][]string // folded phrase → what records say, in folded words
	longest  int                   // words in the longest phrase
	events   []LifeEvent
	eventsOf map[Code][]string
}

type glossaryEntry struct {
	known   bool
	en      string
	aliases []string
	folded  string // "|so do|so hong|"
}

func loadWords(files fs.FS) (*words, error) {
	w := &words{
		glossary: map[Code]glossaryEntry{}, fieldsEN: map[string]string{}, filler: map[string]bool{},
		synonyms: map[string][][]string{}, eventsOf: map[Code][]string{},
	}
	for name, take := range map[string]func(string) error{
		"seed/glossary.txt": w.takeGlossary, "seed/fields.txt": w.takeField, "seed/synonyms.txt": w.takeSynonym,
	} {
		if err := eachLine(files, name, take); err != nil {
			return nil, err
		}
	}
	raw, err := fs.ReadFile(files, "seed/life_events.yaml")
	if err != nil {
		return nil, err
	}
	if err := yaml.UnmarshalWithOptions(raw, &w.events, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalog: life_events.yaml: %w", err)
	}
	for _, e := range w.events {
		for _, c := range e.Codes {
			if !c.Valid() {
				return nil, fmt.Errorf("catalog: life_events.yaml: %s: %q is not a code", e.ID, c)
			}
			w.eventsOf[c] = append(w.eventsOf[c], e.ID)
		}
	}
	return w, nil
}

// eachLine gives take the lines of a file that say something.
func eachLine(files fs.FS, name string, take func(string) error) error {
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		l := sc.Text()
		if strings.TrimSpace(l) == "" || l[0] == '#' {
			continue
		}
		if err := take(l); err != nil {
			return fmt.Errorf("catalog: %s:%d: %w", name, n, err)
		}
	}
	return sc.Err()
}

func (w *words) takeGlossary(l string) error {
	part := strings.Split(l, " | ")
	if len(part) != 3 || !Code(part[0]).Valid() {
		return fmt.Errorf("want code | English | names")
	}
	g := glossaryEntry{known: true, en: part[1], aliases: list(part[2], ";"), folded: "|"}
	for _, a := range g.aliases {
		g.folded += fold(a) + "|"
	}
	w.glossary[Code(part[0])] = g
	return nil
}

func (w *words) takeField(l string) error {
	vi, en, ok := strings.Cut(l, " | ")
	if !ok {
		return fmt.Errorf("want Vietnamese | English")
	}
	w.fieldsEN[line(vi)] = en
	return nil
}

func (w *words) takeSynonym(l string) error {
	if fill, ok := strings.CutPrefix(l, "!"); ok {
		for _, f := range tokens(fill) {
			w.filler[f] = true
		}
		return nil
	}
	typed, said, ok := strings.Cut(l, " => ")
	if !ok {
		return fmt.Errorf("want typed => said | said")
	}
	key := tokens(typed)
	w.longest = max(w.longest, len(key))
	for s := range strings.SplitSeq(said, "|") {
		k := strings.Join(key, " ")
		w.synonyms[k] = append(w.synonyms[k], tokens(s))
	}
	return nil
}

// synonym returns how many of the first words form a known phrase, the longest one,
// and what records say for it; 0 for none.
func (w *words) synonym(ws []string) (int, [][]string) {
	for n := min(w.longest, len(ws)); n > 0; n-- {
		if syn, ok := w.synonyms[strings.Join(ws[:n], " ")]; ok {
			return n, syn
		}
	}
	return 0, nil
}
