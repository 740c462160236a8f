package feel_test

import (
	"testing"
	"time"

	"khue/internal/kernel/feel"
)

func birthScope() feel.Scope {
	return feel.PathScope(
		feel.Field{Name: "case", Type: feel.StringType},
		feel.Field{Name: "child.homeBirth", Type: feel.BooleanType},
		feel.Field{Name: "child.dob", Type: feel.DateType},
		feel.Field{Name: "copies", Type: feel.NumberType},
		feel.Field{Name: "siblings", Type: feel.ListTypeOf(feel.ContextType(feel.Field{Name: "age", Type: feel.NumberType}))},
	)
}

var morning = time.Date(2026, 11, 20, 10, 0, 0, 0, time.FixedZone("", 7*3600))

func birthRecord(scope feel.Scope) *feel.Record {
	rec := scope.Record()
	rec.Set("case", feel.String("normal"))
	rec.Set("child.homeBirth", feel.Bool(false))
	rec.Set("child.dob", feel.Date(2026, 10, 1))
	rec.Set("copies", feel.Number(3))
	age := func(n int64) feel.Value {
		return feel.ContextOf(feel.Entry{Name: "age", Value: feel.Number(n)})
	}
	rec.Set("siblings", feel.ListOf(age(5), age(12)))
	return rec
}

func TestConditions(t *testing.T) {
	t.Parallel()
	scope := birthScope()
	rec := birthRecord(scope)
	for src, want := range map[string]string{
		`case = "normal" and not(child.homeBirth)`: "true",
		`child.dob >= today() - duration("P60D")`:  "true",
		`today()`:                                             "2026-11-20",
		`copies * 2000 + 1.5`:                                 "6001.5",
		`copies between 1 and 3`:                              "true",
		`if copies > 2 then "many" else "few"`:                "many",
		`copies in (1, [3..4])`:                               "true",
		`copies in [1..2]`:                                    "false",
		`siblings[age > 6].age`:                               "[12]",
		`count(siblings)`:                                     "2",
		`sum(siblings.age) / 2`:                               "8.5",
		`some s in siblings satisfies s.age > 10`:             "true",
		`for s in siblings return s.age + 1`:                  "[6, 13]",
		`for i in 1..3 return i * i`:                          "[1, 4, 9]",
		`child.dob.year`:                                      "2026",
		`child.dob + duration("P1Y2M")`:                       "2027-12-01",
		`date("2026-11-30") - child.dob`:                      "P60D",
		`years and months duration(child.dob, today())`:       "P1M",
		`{a: 1, b: a + 1}.b`:                                  "2",
		`(function(x, y) x + y)(1, 2)`:                        "3",
		`max(copies, 10)`:                                     "10",
		`string length("Khuê")`:                               "4",
		`upper case(substring("hà nội", 1, 2))`:               "HÀ",
		`[1, 2, 3][-1]`:                                       "3",
		`case in ("normal", "surrogacy")`:                     "true",
		"1 + /* comment */ 1 // end":                          "2",
		`10 / 4`:                                              "2.5",
		`1/3`:                                                 "0.3333333333333333333333333333333333",
		`-2 ** 2`:                                             "4",
		`now()`:                                               "2026-11-20T10:00:00+07:00",
		`@"2026-11-20" in [@"2026-11-01"..@"2026-12-01")`:     "true",
		`matches("29A-12345", "^[0-9]{2}[A-Z]-[0-9]{4,5}$")`:  "true",
		`sort([3,1,2], function(a,b) a < b)`:                  "[1, 2, 3]",
		`every x in [1,2,3] satisfies x > 0`:                  "true",
		`null = null`:                                         "true",
		`date and time("2026-11-20T08:00:00+07:00") <= now()`: "true",
		`string join(["a","b"], "-")`:                         "a-b",
		`]1..3[`:                                              "(1..3)",
		`list contains([1,2], 2)`:                             "true",
	} {
		e, err := feel.Compile(src, scope)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		v, err := e.Eval(rec, feel.Env{Now: morning})
		if err != nil || v.String() != want {
			t.Errorf("%s = %v, %v; want %s", src, v, err, want)
		}
	}
}
