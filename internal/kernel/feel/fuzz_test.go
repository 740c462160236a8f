package feel_test

import (
	"errors"
	"testing"
	"time"

	"khue/internal/kernel/feel"
)

// seeds are the starting points of the fuzzers; what they find is kept in testdata/fuzz.
func seeds(f *testing.F) {
	for _, s := range []string{
		shortCondition, dateCondition, hundredChars, `for i in 1..10 return partial[-1]`, `{a b: 1, c: a b + 1}.c`,
		`some x in [1,2], y in ]1..3[ satisfies x > y`, `[1,2,{a: 3}][a > 2]`, `replace("abc", "(b)", "[$1]")`,
		`date("2026-02-29")`, `@"2026-11-20T10:00:00@Asia/Ho_Chi_Minh"`, `duration("P1Y") * 1e30`, `sort([3,1], function(x, y) x < y)`,
		`function(a: list<number>, b: context<c: date>) external {java: 1}`, `x in (< 1, [2..3], not(4))`, `"\uD83D\uDE00\n"`,
		`a instance of function<number> -> string`, `/* c */ // d`, `range("[1..2]")`, `string(1e6000)`, `-1 ** -2`, `if`, `((((`,
		`split("a;b", "[;-[a]]")`, `context put({}, ["a","b"], 1)`, `years and months duration(date("2020-01-31"), today())`,
	} {
		f.Add(s)
	}
}

func FuzzExpression(f *testing.F) {
	seeds(f)
	scope := birthScope()
	rec := birthRecord(scope)
	f.Fuzz(func(t *testing.T, src string) {
		for _, sc := range []feel.Scope{scope, scope.Lenient()} {
			e, err := feel.Compile(src, sc)
			if err != nil {
				checkErrors(t, src, err)
				continue
			}
			start := time.Now()
			v, err := e.Eval(rec, feel.Env{Now: morning, Steps: 20_000, Memory: 1 << 20, Depth: 50, Note: func(n *feel.Error) { _ = n.In("vi") }})
			if err != nil {
				checkErrors(t, src, err)
			}
			_ = v.String()
			if d := time.Since(start); d > 5*time.Second {
				t.Fatalf("%q took %v", src, d)
			}
		}
	})
}

func checkErrors(t *testing.T, src string, err error) {
	t.Helper()
	var e *feel.Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: %v is no feel.Error", src, err)
	}
	if e.Offset < 0 || e.Offset > len(src) || e.In("vi") == e.Key || e.In("en") == e.Key {
		t.Fatalf("%q: %+v", src, e)
	}
}

func FuzzTests(f *testing.F) {
	seeds(f)
	for _, s := range []string{"-", "not(1, 2)", "< 10, > 20", "[1..2]", "? > 3 and ? < 9", `"a", "b"`, "null"} {
		f.Add(s)
	}
	scope := birthScope().Lenient()
	rec := birthRecord(scope)
	f.Fuzz(func(t *testing.T, src string) {
		e, err := feel.CompileTests(src, feel.NumberType, scope)
		if err != nil {
			return
		}
		_, _ = e.Cell()
		_, _ = e.EvalTest(rec, feel.Number(5), feel.Env{Now: morning, Steps: 20_000, Memory: 1 << 20, Depth: 50})
	})
}

func FuzzTemporal(f *testing.F) {
	for _, s := range []string{"2026-11-20", "10:00:00.5+07:00", "-99999-01-01T00:00:00Z", "P1Y2M", "-P3DT4H5M6.7S", "2026-11-20T10:00:00@Asia/Tokyo"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := feel.ParseTemporal(s)
		if v.IsNull() {
			return
		}
		again := feel.ParseTemporal(v.String())
		if !feel.Equal(v, again) {
			t.Fatalf("%q reads as %v, which reads as %v", s, v, again)
		}
	})
}
