package feel

// node is one part of the typed tree: where it stands and what type its
// value has as far as the text tells.
type node interface {
	typ() Type
	at() int
}

type base struct {
	t   Type
	pos int
}

func (b base) typ() Type { return b.t }
func (b base) at() int   { return b.pos }

type (
	constNode struct {
		base
		v Value
	}
	slotNode struct { // a declared variable
		base
		slot int
		name string
		read int // index into parser.reads
	}
	localNode struct { // a variable of an enclosing for, filter, function or context
		base
		up, idx int
		name    string
	}
	dynamicNode struct { // a name in filters over elements of unknown type
		base
		name  string
		items []int // frames whose element may have the entry, innermost first
		outer node  // what it means where none has; nil: null
	}
	inputNode struct{ base } // ? in unary tests
	pathNode  struct {
		base
		x    node
		name string
		read int // index into parser.reads, -1 when x is no variable
	}
	negNode struct {
		base
		x node
	}
	arithNode struct {
		base
		op   byte // + - * / ^
		l, r node
	}
	logicNode struct {
		base
		or   bool
		l, r node
	}
	compareNode struct {
		base
		op   compareOp
		l, r node
	}
	betweenNode struct {
		base
		x, lo, hi node
	}
	inNode struct {
		base
		x     node
		tests []node
	}
	testNode struct { // a unary comparison as a test: < 10
		base
		op compareOp
		x  node
	}
	rangeNode struct {
		base
		lo, hi         node // nil: open
		loIncl, hiIncl bool
		op             rangeOp
	}
	ifNode struct {
		base
		cond, then, els node
	}
	iteration struct {
		in, to node // to: in..to
	}
	forNode struct {
		base
		its  []iteration
		body node
		keep bool // the body makes functions that outlive the round
	}
	quantNode struct {
		base
		every bool
		its   []iteration
		body  node
		keep  bool
	}
	listNode struct {
		base
		items []node
	}
	contextNode struct {
		base
		names []string
		vals  []node
		twice bool // an entry stands twice: null
	}
	filterNode struct {
		base
		x, by node
		keep  bool
	}
	callNode struct {
		base
		fn    node
		args  []node
		names []string // of named arguments, nil when positional
	}
	builtinNode struct {
		base
		fn    *builtin
		form  *form
		named bool
		args  []node // nil where an optional one is left out
	}
	functionNode struct {
		base
		params []Param
		body   node // nil: external
	}
	instanceNode struct {
		base
		x    node
		want Type
	}
	testsNode struct { // a cell of a decision table
		base
		tests  []node
		negate bool
		any    bool // "-"
	}
)

type compareOp uint8

const (
	opEq compareOp = iota
	opNe
	opLt
	opLe
	opGt
	opGe
)

func (o compareOp) String() string { return [...]string{"=", "!=", "<", "<=", ">", ">="}[o] }
