package feel

import "time"

// Limits of one evaluation where Env leaves them at zero. A form's condition
// uses some ten steps.
const (
	DefaultSteps  = 1_000_000
	DefaultMemory = 64 << 20
	DefaultDepth  = 200
)

// Env is what an evaluation may know of the world, and what it may cost.
type Env struct {
	Now    time.Time // now() and today(), in Now's location
	Steps  int       // rounds of loops, calls, list elements looked at
	Memory int       // bytes of lists, contexts and texts made
	Depth  int       // calls inside calls
	// Note is told why a part of an expression became null, for people who
	// look for a mistake. Nil tells no one.
	Note func(*Error)
}

// Run is one evaluation, of one expression or of a whole decision: its
// expressions share the clock and the budget. Not for several goroutines.
type Run struct {
	env    Env
	lib    *library
	vars   Vars
	input  Value // of ?
	fr     *frame
	stack  []Value // arguments being gathered
	steps  int
	memory int
	depth  int
	src    string
	err    *Error
}

// frame holds the variables of one loop, filter, context or call.
type frame struct {
	up   *frame
	vals []Value
	buf  [2]Value
}

func newFrame(up *frame, n int) *frame {
	f := &frame{up: up}
	if n <= len(f.buf) {
		f.vals = f.buf[:n]
	} else {
		f.vals = make([]Value, n)
	}
	return f
}

// NewRun starts an evaluation.
func NewRun(env Env) *Run {
	r := &Run{lib: builtins}
	r.reset(env)
	return r
}

func (r *Run) reset(env Env) {
	r.env, r.vars, r.fr, r.err, r.input = env, nil, nil, nil, Value{}
	r.steps, r.memory, r.depth = env.Steps, env.Memory, env.Depth
	if r.steps <= 0 {
		r.steps = DefaultSteps
	}
	if r.memory <= 0 {
		r.memory = DefaultMemory
	}
	if r.depth <= 0 {
		r.depth = DefaultDepth
	}
}

// Err is the reason why the run was stopped: a budget used up. Nil otherwise.
func (r *Run) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// Env is the environment the run was started with.
func (r *Run) Env() Env { return r.env }

func (r *Run) stop(key string, kv ...any) {
	if r.err != nil {
		return
	}
	r.err = &Error{Key: key, Params: map[string]any{}}
	for i := 0; i+1 < len(kv); i += 2 {
		r.err.Params[kv[i].(string)] = kv[i+1]
	}
}

// Spend takes steps from the budget; false when it is used up, and then
// whoever loops must end.
func (r *Run) Spend(n int) bool {
	if r.steps -= n; r.steps < 0 || n < 0 {
		r.stop("feel.budget-steps")
		return false
	}
	return r.err == nil
}

// alloc takes bytes from the budget before they are made.
func (r *Run) alloc(n int) bool {
	if r.memory -= n; r.memory < 0 || n < 0 {
		r.stop("feel.budget-memory")
		return false
	}
	return r.err == nil
}

const valueSize = 40 // a Value in a list, roughly

// Enter counts a call inside calls; false when they are too deep. Leave ends it.
func (r *Run) Enter() bool {
	if r.depth--; r.depth < 0 {
		r.stop("feel.budget-depth")
	}
	return r.Spend(1)
}

// Leave ends what Enter began.
func (r *Run) Leave() { r.depth++ }

// note tells why a value became null.
func (r *Run) note(pos int, key string, kv ...any) Value {
	if r.env.Note != nil {
		r.env.Note(errAt(r.src, min(pos, len(r.src)), key, kv...))
	}
	return Value{}
}

// Call applies a function value to positional arguments; null where v is no
// function or the arguments do not fit.
func (r *Run) Call(v Value, args ...Value) Value {
	f := v.function()
	if f == nil {
		return r.note(0, "feel.not-a-function", "type", v.kind.String())
	}
	return r.apply(f, args, 0)
}

func (r *Run) apply(f *Function, args []Value, pos int) Value {
	if f.builtin != nil {
		return r.applyBuiltin(f.builtin, args, pos)
	}
	if len(args) != len(f.params) {
		return r.note(pos, "feel.arg-count", "name", f.name, "want", len(f.params), "got", len(args))
	}
	if !r.Enter() {
		r.Leave()
		return Value{}
	}
	base := len(r.stack)
	for i, a := range args {
		c, ok := f.params[i].Type.coerce(a, &r.steps)
		if !ok {
			r.stack = r.stack[:base]
			r.Leave()
			return r.note(pos, "feel.arg-type", "name", f.name, "param", f.params[i].Name,
				"want", f.params[i].Type.String(), "got", a.kind.String())
		}
		r.stack = append(r.stack, c)
	}
	v := f.call(r, r.stack[base:len(r.stack):len(r.stack)])
	r.stack = r.stack[:base]
	r.Leave()
	if c, ok := f.result.coerce(v, &r.steps); ok {
		return c
	}
	return r.note(pos, "feel.result-type", "name", f.name, "want", f.result.String(), "got", v.kind.String())
}

// NewFunction makes a function value of Go code. The call gets exactly as
// many arguments as there are parameters, conformed to their types, and must
// not keep the slice.
func NewFunction(name string, params []Param, result Type, call func(r *Run, args []Value) Value) Value {
	return Value{kind: KindFunction, ref: &Function{name: name, params: params, result: result, call: call}}
}

// Params are the parameters of a function value.
func (v Value) Params() []Param {
	if f := v.function(); f != nil {
		return f.params
	}
	return nil
}

// Coerce is t.Coerce on the run's budget.
func (r *Run) Coerce(t Type, v Value) (Value, bool) { return t.coerce(v, &r.steps) }

// Note tells env.Note why something became null, for callers that evaluate
// on a run.
func (r *Run) Note(key string, kv ...any) {
	if r.env.Note == nil {
		return
	}
	e := &Error{Key: key, Params: map[string]any{}}
	for i := 0; i+1 < len(kv); i += 2 {
		e.Params[kv[i].(string)] = kv[i+1]
	}
	r.env.Note(e)
}

// CallNamed applies a function value to named arguments; null where the names
// do not fit.
func (r *Run) CallNamed(v Value, names []string, args []Value) Value {
	f := v.function()
	if f == nil {
		return r.note(0, "feel.not-a-function", "type", v.kind.String())
	}
	ordered, ok := f.arrange(args, names)
	if !ok {
		return r.note(0, "feel.arg-names", "name", f.name)
	}
	return r.apply(f, ordered, 0)
}

// Builtin calls a function of the standard library by name.
func (r *Run) Builtin(name string, args ...Value) Value {
	b := r.lib.byName[name]
	if b == nil {
		return Value{}
	}
	return r.applyBuiltin(b, args, 0)
}
