package orgunit

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
)

//go:embed data/*.txt
var dataFS embed.FS

// factFiles are read in this order; parents may stand in a later file.
var factFiles = []string{"city.txt", "communes.txt", "wards.txt", "links.txt"}

// place names the line that a fact came from.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// change is one change of a unit, as it stands in the files.
type change struct {
	verb string
	date clock.Date // of code, parent; from of key
	to   clock.Date // until of key
	arg  string
	ref  UnitID
	sub  int    // of office, post: the office's number inside the agency
	role []Role // of office, post
	en   string // of office
}

// unitFact declares a unit, or amends one.
type unitFact struct {
	at     place
	number int
	amend  bool
	parent UnitID
	life   span
	kind   kindInfo
	code   string
	name   string
	en     string
	change []change
}

// heirFact is one successor in a linkFact.
type heirFact struct {
	code  string
	share Share
}

// linkFact says who came after one unit on a day. No heirs: nobody told us.
type linkFact struct {
	at    place
	date  clock.Date
	basis string
	from  string
	heirs []heirFact
}

// facts is what a file says, unchecked.
type facts struct {
	units []unitFact
	links []linkFact
}

// embeddedFacts reads the files inside the program.
func embeddedFacts() (facts, error) {
	var all facts
	for _, name := range factFiles {
		b, err := fs.ReadFile(dataFS, "data/"+name)
		if err != nil {
			return facts{}, err
		}
		if err := all.read(name, string(b)); err != nil {
			return facts{}, err
		}
	}
	return all, nil
}

// read adds the facts of one text. The first line that breaks the grammar ends it.
func (f *facts) read(file, text string) error {
	var b block
	n := 0
	for line := range strings.Lines(text) {
		n++
		at := place{file, n}
		line = strings.TrimSpace(stripComment(line))
		if line == "" {
			continue
		}
		var err error
		switch {
		case line[0] == '@':
			b, err = parseBlock(line[1:])
		case b.link:
			var l linkFact
			if l, err = parseLink(b, line); err == nil {
				l.at = at
				f.links = append(f.links, l)
			}
		default:
			var u unitFact
			if u, err = parseUnit(b, line); err == nil {
				u.at = at
				f.units = append(f.units, u)
			}
		}
		if err != nil {
			return fmt.Errorf("orgunit: %s: %w", at, err)
		}
	}
	return nil
}

// stripComment cuts a comment; # followed by a digit is a reference.
func stripComment(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && (i+1 == len(s) || s[i+1] < '0' || s[i+1] > '9') {
			return s[:i]
		}
	}
	return s
}

// block is what an @ line says for the lines below it.
type block struct {
	parent UnitID
	life   span
	link   bool
	date   clock.Date
	basis  string
}

func parseBlock(s string) (block, error) {
	w := strings.Fields(s)
	if len(w) == 0 {
		return block{}, nil // units without a parent
	}
	if d, err := clock.ParseDate(w[0]); err == nil {
		if len(w) != 2 {
			return block{}, fmt.Errorf("a block of successions needs a date and a basis")
		}
		return block{link: true, date: d, basis: w[1]}, nil
	}
	ref, err := parseRef(w[0])
	if err != nil {
		return block{}, err
	}
	b := block{parent: ref}
	for i := 1; i+1 < len(w); i += 2 {
		d, err := clock.ParseDate(w[i+1])
		if err != nil {
			return block{}, err
		}
		switch w[i] {
		case "from":
			b.life.from = d
		case "until":
			b.life.until = d
		default:
			return block{}, fmt.Errorf("unknown word %q in a block", w[i])
		}
	}
	return b, nil
}

// parseRef reads NUMBER or NUMBER.SUB.
func parseRef(s string) (UnitID, error) {
	num, sub, _ := strings.Cut(s, ".")
	n, err := strconv.Atoi(num)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a unit's number", s)
	}
	k := 0
	if sub != "" {
		if k, err = strconv.Atoi(sub); err != nil || k < 0 || k >= idsPerNumber {
			return 0, fmt.Errorf("%q is not a unit's number", s)
		}
	}
	return idOf(n, k), nil
}

const idsPerNumber = 1000

// idOf is the id of the sub-th unit of a number: 0 territory, 1 agency, 10… offices.
func idOf(number, sub int) UnitID { return UnitID(number*idsPerNumber + sub) }

func parseUnit(b block, line string) (unitFact, error) {
	parts := strings.Split(line, " ; ")
	u := unitFact{parent: b.parent, life: b.life}
	head := parts[0]
	if rest, ok := strings.CutPrefix(head, "~"); ok {
		u.amend = true
		n, err := strconv.Atoi(strings.TrimSpace(rest))
		if err != nil {
			return u, fmt.Errorf("%q is not a unit's number", rest)
		}
		u.number = n
	} else if err := u.parseHead(head); err != nil {
		return u, err
	}
	for _, p := range parts[1:] {
		c, err := parseChange(strings.TrimSpace(p))
		if err != nil {
			return u, err
		}
		switch c.verb {
		case "from":
			u.life.from = c.date
		case "until":
			u.life.until = c.date
		default:
		}
		u.change = append(u.change, c)
	}
	return u, nil
}

func (u *unitFact) parseHead(head string) error {
	w := strings.SplitN(head, " ", 4)
	if len(w) < 4 {
		return fmt.Errorf("a unit needs a number, a code, a kind and a name")
	}
	n, err := strconv.Atoi(w[0])
	if err != nil || n <= 0 {
		return fmt.Errorf("%q is not a unit's number", w[0])
	}
	k, ok := kindOf(w[2])
	if !ok {
		return fmt.Errorf("unknown kind %q", w[2])
	}
	u.number, u.kind = n, k
	if w[1] != "-" {
		u.code = w[1]
	}
	name, en, _ := strings.Cut(w[3], " = ")
	u.name, u.en = strings.TrimSpace(name), strings.TrimSpace(en)
	if u.name == "" {
		return fmt.Errorf("unit %d has no name", n)
	}
	return nil
}

func parseChange(s string) (change, error) {
	verb, rest, _ := strings.Cut(s, " ")
	rest = strings.TrimSpace(rest)
	w := strings.Fields(rest)
	c := change{verb: verb, arg: rest}
	bad := fmt.Errorf("%q is not a change", s)
	var err error
	switch verb {
	case "from", "until":
		c.date, err = clock.ParseDate(rest)
	case "alias", "agency":
		if len(w) != 1 {
			return c, bad
		}
	case "doubt", "english":
		if rest == "" {
			return c, bad
		}
	case "code", "parent":
		if len(w) != 2 {
			return c, bad
		}
		if c.date, err = clock.ParseDate(w[0]); err != nil {
			return c, err
		}
		c.arg = w[1]
		if verb == "parent" {
			c.ref, err = parseRef(w[1])
		}
	case "key":
		if len(w) == 0 || len(w) > 3 {
			return c, bad
		}
		c.arg = w[0]
		if len(w) > 1 && w[1] != "." {
			if c.date, err = clock.ParseDate(w[1]); err != nil {
				return c, err
			}
		}
		if len(w) > 2 {
			c.to, err = clock.ParseDate(w[2])
		}
	case "office", "post":
		return c.parseAdded(w, bad)
	default:
		return c, bad
	}
	return c, err
}

func parseLink(b block, line string) (linkFact, error) {
	l := linkFact{date: b.date, basis: b.basis}
	from, to, ok := strings.Cut(line, ">")
	l.from = strings.TrimSpace(from)
	if !ok || l.from == "" {
		return l, fmt.Errorf("%q is not a succession", line)
	}
	if strings.TrimSpace(to) == "?" {
		return l, nil
	}
	for part := range strings.SplitSeq(to, ",") {
		w := strings.Fields(part)
		h := heirFact{share: Whole}
		switch {
		case len(w) == 1:
		case len(w) == 2 && w[1] == "part":
			h.share = Part
		case len(w) == 2 && w[1] == "rest":
			h.share = Rest
		default:
			return l, fmt.Errorf("%q is not a successor", strings.TrimSpace(part))
		}
		h.code = w[0]
		l.heirs = append(l.heirs, h)
	}
	return l, nil
}
