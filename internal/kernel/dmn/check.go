package dmn

import (
	"slices"
	"strings"

	"khue/internal/kernel/feel"
)

const (
	checkBudget = 3_000_000 // rules tried against pieces in one table
	maxBounds   = 1_500     // values that the cells of one input may name
	maxReports  = 20        // of one kind
)

// tableCheck looks for overlaps, gaps and rules that are never used. Each
// input's values are cut at every bound that a cell names; within a piece all
// rules behave alike, so trying the combinations of pieces is exact.
type tableCheck struct {
	t       *Table
	ct      *compiledTable
	cols    []column
	work    int
	full    bool // the budget is used up
	overlap map[[2]int]string
	gaps    []string
	first   []bool // rules that some region gives its result by
	seen    []bool // rules that match somewhere
	path    [][]int
}

// column is one input: its pieces, and per rule the pieces that it matches.
type column struct {
	name   string
	pieces []piece
	match  [][]bool // by rule; nil: any
	opaque []bool   // by rule: computed, may match anywhere
}

func (c *compiler) checkTable(t *Table, ct *compiledTable) {
	if len(t.Rules) == 0 || len(ct.inputs) == 0 || len(t.Rules) > 2000 {
		return
	}
	k := &tableCheck{t: t, ct: ct, overlap: map[[2]int]string{}, first: make([]bool, len(t.Rules)), seen: make([]bool, len(t.Rules))}
	for i := range ct.inputs {
		col, ok := newColumn(ct, i)
		k.cols = append(k.cols, col)
		k.full = k.full || !ok
	}
	report := func(rule int, sev Severity, key string, kv ...any) {
		p := problemError(key, 0, kv...)
		p.Decision, p.Rule, p.Severity = c.part.name, rule, sev
		if rule > 0 {
			p.Line = t.Rules[rule-1].line
		}
		c.m.problem(c.defs, p)
	}
	if k.full {
		report(0, Warning, "dmn.unchecked")
		return
	}
	empty := k.emptyCells(report)
	active := make([]int, 0, len(t.Rules))
	for i := range t.Rules {
		if !ct.rules[i].broken && !empty[i] {
			active = append(active, i)
		}
	}
	k.sweep(0, active)
	k.report(report, empty)
}

// emptyCells reports cells that no value satisfies.
func (k *tableCheck) emptyCells(report func(int, Severity, string, ...any)) []bool {
	empty := make([]bool, len(k.t.Rules))
	for r := range k.t.Rules {
		for _, col := range k.cols {
			if col.match[r] != nil && !slices.Contains(col.match[r], true) {
				empty[r] = true
				report(r+1, Mistake, "dmn.never-matches", "cell", col.name)
				break
			}
		}
	}
	return empty
}

// sweep splits the active rules by the pieces of one input after the other.
func (k *tableCheck) sweep(col int, active []int) {
	k.work++
	if col < len(k.cols) {
		k.work += len(k.cols[col].pieces) * (1 + len(active))
	}
	if k.work > checkBudget {
		k.full = true
		return
	}
	if len(active) == 0 && k.wantGaps() || col == len(k.cols) {
		k.region(active)
		return
	}
	if len(active) == 0 {
		return
	}
	c := &k.cols[col]
	groups := map[string][]int{} // the same rules: pieces
	var order []string
	for p := range c.pieces {
		var key strings.Builder
		for _, r := range active {
			if c.match[r] == nil || c.match[r][p] {
				key.WriteByte(byte(r))
				key.WriteByte(byte(r >> 8))
			}
		}
		s := key.String()
		if groups[s] == nil {
			order = append(order, s)
		}
		groups[s] = append(groups[s], p)
	}
	for _, s := range order {
		rules := make([]int, len(s)/2)
		for i := range rules {
			rules[i] = int(s[2*i]) | int(s[2*i+1])<<8
		}
		k.path = append(k.path, groups[s])
		k.sweep(col+1, rules)
		k.path = k.path[:len(k.path)-1]
	}
}

func (k *tableCheck) wantGaps() bool {
	if !single(k.t.HitPolicy) {
		return false
	}
	for _, o := range k.ct.outputs {
		if o.def != nil {
			return false
		}
	}
	return true
}

// region notes what happens where exactly these rules match.
func (k *tableCheck) region(rules []int) {
	if len(rules) == 0 {
		if k.wantGaps() && len(k.gaps) <= maxReports {
			k.gaps = append(k.gaps, k.where())
		}
		return
	}
	var sure []int // rules that certainly match here
	for _, r := range rules {
		k.seen[r] = true
		if !k.opaque(r) {
			sure = append(sure, r)
		}
	}
	switch k.t.HitPolicy {
	case "UNIQUE", "ANY":
		for i, a := range sure {
			for _, b := range sure[i+1:] {
				if k.t.HitPolicy == "ANY" && slices.Equal(k.t.Rules[a].Outputs, k.t.Rules[b].Outputs) {
					continue
				}
				if _, ok := k.overlap[[2]int{a, b}]; !ok && len(k.overlap) <= maxReports {
					k.overlap[[2]int{a, b}] = k.where()
				}
			}
		}
	case "FIRST":
		for _, r := range rules {
			k.first[r] = true
			if !k.opaque(r) {
				break
			}
		}
	case "PRIORITY":
		for _, r := range rules {
			if !slices.ContainsFunc(sure, func(s int) bool { return k.beats(s, r) }) {
				k.first[r] = true
			}
		}
	}
}

func (k *tableCheck) opaque(rule int) bool {
	for _, c := range k.cols {
		if c.opaque[rule] {
			return true
		}
	}
	return false
}

// beats tells whether rule a's result comes before b's by the declared order
// of the outputs, whatever the variables are.
func (k *tableCheck) beats(a, b int) bool {
	for o, values := range k.ct.priority {
		ra, rb := rankText(values, k.t.Rules[a].Outputs[o]), rankText(values, k.t.Rules[b].Outputs[o])
		if ra < 0 || rb < 0 {
			return false
		}
		if ra != rb {
			return ra < rb
		}
	}
	return false
}

func rankText(values []feel.Value, text string) int {
	x, err := feel.Compile(text, feel.NewScope())
	if err != nil {
		return -1
	}
	v, err := x.Eval(nil, feel.Env{})
	if err != nil {
		return -1
	}
	return rank(values, v)
}

func (k *tableCheck) report(report func(int, Severity, string, ...any), empty []bool) {
	pairs := make([][2]int, 0, len(k.overlap))
	for p := range k.overlap {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b [2]int) int { return (a[0]-b[0])*len(k.t.Rules) + a[1] - b[1] })
	for _, p := range pairs[:min(len(pairs), maxReports)] {
		report(p[1]+1, Mistake, "dmn.overlap", "a", p[0]+1, "b", p[1]+1, "where", k.overlap[p])
	}
	if k.full {
		report(0, Warning, "dmn.unchecked")
		return
	}
	for _, g := range k.gaps[:min(len(k.gaps), maxReports)] {
		report(0, Warning, "dmn.gap", "where", g)
	}
	for r := range k.t.Rules {
		masked := k.t.HitPolicy == "FIRST" || k.t.HitPolicy == "PRIORITY"
		if !empty[r] && !k.ct.rules[r].broken && (!k.seen[r] || masked && !k.first[r]) {
			report(r+1, Mistake, "dmn.unreachable")
		}
	}
}

// where describes the region by the inputs that it limits.
func (k *tableCheck) where() string {
	var parts []string
	for i, pieces := range k.path {
		if len(pieces) < len(k.cols[i].pieces) {
			parts = append(parts, k.cols[i].describe(pieces))
		}
	}
	if len(parts) == 0 {
		return "*"
	}
	return strings.Join(parts, ", ")
}
