// Package dmnbench measures kernel/feel and kernel/dmn for `khue bench feel`.
// It keeps no state; the figures in force are in the open issues.
package dmnbench

import (
	_ "embed"
	"testing"
	"time"

	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
)

// Row is one figure.
type Row struct {
	Name  string
	Value float64
	Unit  string
	N     int // rounds measured
}

// condition is of the kind that stands in forms: a case, a yes or no, a date.
const condition = `case = "normal" and not(child.homeBirth) and child.dob >= today() - duration("P60D")`

// hundred has a hundred characters.
const hundred = `if case = "normal" and child.dob >= today() - duration("P60D") then copies * 2000 else max(copies, 10)`

//go:embed table20.dmn
var table20 []byte

// Run measures for about a second a figure: feel.condition_ns, feel.allocs,
// feel.compile_us, dmn.table20_us. The error is a model or text that does not
// compile, or gives another result than it must.
func Run() ([]Row, error) {
	scope := feel.PathScope(
		feel.Field{Name: "case", Type: feel.StringType},
		feel.Field{Name: "child.homeBirth", Type: feel.BooleanType},
		feel.Field{Name: "child.dob", Type: feel.DateType},
		feel.Field{Name: "copies", Type: feel.NumberType},
	)
	rec := scope.Record()
	rec.Set("case", feel.String("normal"))
	rec.Set("child.homeBirth", feel.Bool(false))
	rec.Set("child.dob", feel.Date(2026, 10, 1))
	rec.Set("copies", feel.Number(3))
	env := feel.Env{Now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.FixedZone("", 7*3600))}
	expr, err := feel.Compile(condition, scope)
	if err != nil {
		return nil, err
	}
	if v, err := expr.Eval(rec, env); err != nil || !v.IsTrue() {
		return nil, errWrong("condition", err)
	}
	defs, err := dmn.Parse(table20)
	if err != nil {
		return nil, err
	}
	model, err := dmn.Compile(defs)
	if err != nil {
		return nil, err
	}
	in := dmn.Inputs{"kind": feel.String("k"), "pages": feel.Number(145), "express": feel.Bool(true)}
	if v, err := model.Decide("fee", in, env); err != nil || v.String() != "2000" {
		return nil, errWrong("table", err)
	}
	cond := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = expr.Eval(rec, env)
		}
	})
	comp := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			_, _ = feel.Compile(hundred, scope)
		}
	})
	tab := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			_, _ = model.Decide("fee", in, env)
		}
	})
	ns := func(r testing.BenchmarkResult) float64 { return float64(r.T.Nanoseconds()) / float64(r.N) }
	return []Row{
		{"feel.condition_ns", ns(cond), "ns", cond.N},
		{"feel.allocs", float64(cond.MemAllocs) / float64(cond.N), "allocs", cond.N},
		{"feel.compile_us", ns(comp) / 1000, "us", comp.N},
		{"dmn.table20_us", ns(tab) / 1000, "us", tab.N},
	}, nil
}

type wrong struct {
	what  string
	cause error
}

func (w wrong) Error() string { return "the measured " + w.what + " gives a wrong result" }
func (w wrong) Unwrap() error { return w.cause }

func errWrong(what string, cause error) error { return wrong{what, cause} }
