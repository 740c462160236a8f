package feel_test

import (
	"testing"

	"khue/internal/kernel/feel"
)

const (
	shortCondition = `case = "normal" and not(child.homeBirth)`
	dateCondition  = `child.dob >= today() - duration("P60D")`
	hundredChars   = `if case = "normal" and child.dob >= today() - duration("P60D") then copies * 2000 else max(copies, 10)`
)

func BenchmarkCondition(b *testing.B) {
	scope := birthScope()
	rec := birthRecord(scope)
	env := feel.Env{Now: morning}
	for name, src := range map[string]string{
		"short": shortCondition, "date": dateCondition, "fee": hundredChars,
		"in":   `case in ("normal", "surrogacy") and copies between 1 and 20`,
		"some": `some s in siblings satisfies s.age >= 6 and s.age < 18`,
		"sum":  `sum(siblings[age > 3].age) / count(siblings) > 7.5`,
	} {
		e, err := feel.Compile(src, scope)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(rec, env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	scope := birthScope()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := feel.Compile(hundredChars, scope); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompileShort(b *testing.B) {
	scope := birthScope()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := feel.Compile(shortCondition, scope); err != nil {
			b.Fatal(err)
		}
	}
}
