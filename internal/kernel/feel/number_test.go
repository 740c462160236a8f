package feel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

// The path written out for small numbers must be indistinguishable from the
// library's decimal128.
func TestSmallNumbersAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	edges := []int64{0, 1, -1, 9, 10, 99, 1e9, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, 5e17, -5e17}
	pick := func() Value {
		n := rnd.Int64()
		switch rnd.IntN(3) {
		case 0:
			n = edges[rnd.IntN(len(edges))]
		case 1:
			n %= 100_000
		}
		if rnd.IntN(2) == 0 {
			n = -n
		}
		return small(n, -rnd.IntN(maxScale+1))
	}
	ops := []struct {
		name string
		own  func(a, b Value) Value
		lib  func(d, x, y *apd.Decimal) (apd.Condition, error)
	}{{"+", numAdd, decimal128.Add}, {"-", numSub, decimal128.Sub}, {"*", numMul, decimal128.Mul}, {"/", numDiv, decimal128.Quo}}
	for range 200_000 {
		a, b := pick(), pick()
		x, y := apd.New(a.n, int32(a.exp)), apd.New(b.n, int32(b.exp))
		if got, want := numCmp(a, b), x.Cmp(y); got != want {
			t.Fatalf("%v cmp %v = %d, want %d", a, b, got, want)
		}
		for _, op := range ops {
			if op.name == "/" && y.IsZero() {
				continue
			}
			var want apd.Decimal
			if _, err := op.lib(&want, x, y); err != nil {
				t.Fatal(err)
			}
			if got := op.own(a, b); got.kind != KindNumber || got.dec().Cmp(&want) != 0 {
				t.Fatalf("%v %s %v = %v, want %s", a, op.name, b, got, want.Text('f'))
			}
		}
	}
}

func TestNumberText(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"0": "0", "-0": "0", "1.50": "1.5", "0.000123": "0.000123", "1.23e4": "12300", "1E-3": "0.001",
		"123456789012345678901234567890":          "123456789012345678901234567890",
		"0.1234567890123456789012345678901234567": "0.1234567890123456789012345678901235",
		"-9223372036854775808":                    "-9223372036854775808", "9223372036854775808": "9223372036854775808",
	} {
		v, ok := ParseNumber(src)
		if !ok || v.String() != want {
			t.Errorf("%s reads as %v, %v; want %s", src, v, ok, want)
		}
	}
	for _, bad := range []string{"", "-", "1.", ".", "1e", "1e99999999999", "0x10", "1_000", " 1", "Infinity", "NaN", "1.2.3", "--1", "1e7000"} {
		if v, ok := ParseNumber(bad); ok {
			t.Errorf("%q reads as %v", bad, v)
		}
	}
}
