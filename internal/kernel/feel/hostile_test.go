package feel_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/feel"
)

// Texts that would cost another engine its stack, its memory or its day.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	deep := 10_000
	for name, src := range map[string]string{
		"brackets":        strings.Repeat("(", deep) + "1" + strings.Repeat(")", deep),
		"lists":           strings.Repeat("[", deep),
		"contexts":        strings.Repeat("{a:", deep),
		"minus":           strings.Repeat("-", deep) + "1",
		"not":             strings.Repeat("not(", deep),
		"if":              strings.Repeat("if ", deep),
		"in":              strings.Repeat("1 in (", deep),
		"filters":         strings.Repeat("[1][", deep),
		"types":           "1 instance of " + strings.Repeat("list<", deep),
		"too long":        strings.Repeat("1+", 40_000) + "1",
		"functions":       strings.Repeat("function(x) ", deep) + "1",
		"ranges":          strings.Repeat("]1..", deep) + "1",
		"never closed":    `"` + strings.Repeat("a", 1000),
		"comment":         "/* " + strings.Repeat("a", 1000),
		"not UTF-8":       "\xff\xfe",
		"some, unbounded": strings.Repeat("some x in ", deep),
	} {
		start := time.Now()
		_, err := feel.Compile(src, feel.NewScope())
		var e *feel.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	env := feel.Env{Steps: 100_000, Memory: 4 << 20, Depth: 60}
	for src, key := range map[string]string{
		`count(for i in 1..1000000000 return i)`:                                                    "feel.budget-steps",
		`for a in 1..1000, b in 1..1000, c in 1..1000 return 1`:                                     "feel.budget-steps",
		`every i in 1..1000000000 satisfies i > 0`:                                                  "feel.budget-steps",
		`{f: function(g) g(g), r: f(f)}.r`:                                                          "feel.budget-depth",
		`for i in 1..60 return if i = 1 then "ab" else partial[-1] + partial[-1]`:                   "feel.budget-memory",
		`for i in 1..60 return if i = 1 then [1] else concatenate(partial[-1], partial[-1])`:        "feel.budget-memory feel.budget-steps",
		`for i in 1..30 return if i = 1 then "aaaaaaaa" else replace(partial[-1], "a", "aaaaaaaa")`: "feel.budget-memory feel.budget-steps",
		`string join(for i in 1..90000 return string(1e6000), "")`:                                  "feel.budget-memory feel.budget-steps",
	} {
		e, err := feel.Compile(src, feel.NewScope())
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		start := time.Now()
		v, err := e.Eval(nil, env)
		var fe *feel.Error
		if !errors.As(err, &fe) || !strings.Contains(key, fe.Key) {
			t.Errorf("%s = %.40v, %v; want %s", src, v, err, key)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s took %v", src, d)
		}
	}
}

// Shared parts let a short text stand for more than memory holds.
func TestSharedPartsDoNotMultiply(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("{a0: [1, 1]")
	for i := range 60 {
		b.WriteString(", a" + strconv.Itoa(i+1) + ": [a" + strconv.Itoa(i) + ", a" + strconv.Itoa(i) + "]")
	}
	lists := b.String()
	var c strings.Builder
	c.WriteString("{a0: 1")
	for i := range 60 {
		n := strconv.Itoa(i)
		c.WriteString(", a" + strconv.Itoa(i+1) + ": {l: a" + n + ", r: a" + n + "}")
	}
	contexts := c.String()
	for _, src := range []string{
		lists + "}", lists + ", s: string(a60)}.s", lists + ", s: a60 = [a59, a59]}.s", lists + ", s: a60 in (a60, [a59, a59])}.s",
		lists + ", s: flatten(a60)}.s", lists + ", s: a60 instance of list<list<list<list<list<list<number>>>>>>}.s",
		contexts + "}", contexts + ", s: a60 = {l: a59, r: a59}}.s", contexts + ", f: a60.l.r.l}.f", "for i in 1..60 return partial", "string(for i in 1..60 return partial)",
	} {
		start := time.Now()
		e, err := feel.Compile(src, feel.NewScope())
		if err != nil {
			t.Errorf("%.60s: %v", src, err)
			continue
		}
		v, _ := e.Eval(nil, feel.Env{Steps: 200_000, Memory: 4 << 20})
		_ = v.String()
		_ = e.Type().String()
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%.60s took %v", src, d)
		}
	}
}

// Patterns that explode elsewhere are linear here, and those that cannot be are null.
func TestHostilePatterns(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 30_000)
	for src, want := range map[string]string{
		`matches("` + long + `!", "^(a+)+$")`:         "false",
		`matches("` + long + `", "^(a|a)*b$")`:        "false",
		`matches("aa", "(a)\1")`:                      "null",
		`matches("a", "((a{1000}){1000}){1000}")`:     "null",
		`matches("a", "(?=a)a")`:                      "null",
		`replace("aaa", "a*", "b")`:                   "null",
		`replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")`: "[1=ab][2=]cd",
		`matches("helloworld", "hello world", "x")`:   "true",
		`matches("b", "[a-z-[aeiou]]")`:               "true",
		`matches("e", "[a-z-[aeiou]]")`:               "false",
	} {
		e, err := feel.Compile(src, feel.NewScope())
		if err != nil {
			t.Error(err)
			continue
		}
		start := time.Now()
		v, err := e.Eval(nil, feel.Env{})
		if err != nil || v.String() != want {
			t.Errorf("%.80s = %v, %v; want %s", src, v, err, want)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%.80s took %v", src, d)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	scope := birthScope()
	for src, want := range map[string]string{
		"case =\n  child.homeBrith": "2:9: There is no entry homeBrith here; do you mean homeBirth?",
		`cse = "normal"`:            "1:1: There is no field or function called cse; do you mean case?",
		`child.dob + 5`:             "1:11: date + number cannot be computed.",
		`child.dob >= "x" or copies and true`: "1:11: date and string cannot be compared by >=.; " +
			"1:21: and needs a condition that is true or false, not number.",
		`substring(case)`:         "1:1: substring cannot be called with 1 arguments; call it as substring(string, start position, length?).",
		`siblings[aeg > 3]`:       "1:10: There is no field or function called aeg; do you mean age?",
		`if copies then 1 else 2`: "1:4: if needs a condition that is true or false, not number.",
		`coutn(siblings)`:         "1:1: There is no field or function called coutn; do you mean count?",
		`1 +`:                     "1:4: The expression is not finished.",
		`@"2026-02-30"`:           `1:1: "2026-02-30" is not a date, time or duration; write it as "2026-11-20", "08:30:00" or "P60D".`,
		`copies in ["a".."b"]`:    "1:11: number and string cannot be compared by in.",
	} {
		_, err := feel.Compile(src, scope)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n  %v\n  want %s", src, err, want)
		}
	}
}

func TestPathsRead(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`case = "normal" and not(child.homeBirth)`: "case child.homeBirth",
		`child`: "child.dob child.homeBirth",
		`for s in siblings return s.age + copies`:           "copies siblings",
		`{case: 1, x: case}.x`:                              "",
		`count(siblings[age > copies]) in (1, [2..copies])`: "copies siblings",
		`child.dob.year > 2000`:                             "child.dob.year",
	} {
		e, err := feel.Compile(src, birthScope())
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := strings.Join(e.Paths(), " "); got != want {
			t.Errorf("%s reads %q, want %q", src, got, want)
		}
	}
}

// Every message has both languages and the same parameters in them.
func TestMessages(t *testing.T) {
	t.Parallel()
	for key, m := range feel.Messages {
		if m.VI == "" || m.EN == "" || m.VI == m.EN || strings.Count(m.VI, "{") != strings.Count(m.EN, "{") {
			t.Errorf("%s: %q, %q", key, m.VI, m.EN)
		}
	}
}
