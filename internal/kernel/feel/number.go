package feel

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Numbers are decimal128: 34 digits, half-even. Nearly all that a city
// computes fits an int64 coefficient with a few decimals, so that path is
// written out here and everything else goes to apd (docs/adr/0020).

const (
	maxScale  = 18
	precision = 34
	maxDigits = 6144 // decimal128's greatest exponent; also caps plain text
)

// pow10 are the powers of ten that fit an int64.
var pow10 = [19]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// decimal128 is the arithmetic of big numbers; results out of range become
// infinite or NaN, which big turns into null.
var decimal128 = apd.Context{Precision: precision, MaxExponent: maxDigits, MinExponent: -maxDigits, Rounding: apd.RoundHalfEven}

// Number is a whole FEEL number.
func Number(n int64) Value { return Value{kind: KindNumber, n: n} }

// Decimal is coefficient × 10^exponent.
func Decimal(coefficient int64, exponent int) Value {
	return big(apd.New(coefficient, int32(max(min(exponent, 2*maxDigits), -2*maxDigits)))) // #nosec G115 -- clamped
}

// ParseNumber reads a FEEL numeric literal with an optional sign; null and
// false where the text is none.
func ParseNumber(s string) (Value, bool) {
	neg := false
	t := s
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	var n int64
	scale, digits, dot := 0, 0, false
	for i := 0; i < len(t); i++ {
		c := t[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
			if digits > 18 {
				return parseBig(s, t)
			}
			n = n*10 + int64(c-'0')
			if dot {
				scale++
			}
		case c == '.' && !dot && i+1 < len(t) && t[i+1] >= '0' && t[i+1] <= '9':
			dot = true
		case (c == 'e' || c == 'E') && digits > 0:
			return parseBig(s, t)
		default:
			return Value{}, false
		}
	}
	if digits == 0 {
		return Value{}, false
	}
	if neg {
		n = -n
	}
	return small(n, -scale), true
}

func parseBig(s, unsigned string) (Value, bool) {
	mantissa, exp, hasExp := strings.Cut(strings.ToLower(unsigned), "e")
	for i := 0; i < len(mantissa); i++ {
		if c := mantissa[i]; c != '.' && (c < '0' || c > '9') {
			return Value{}, false
		}
	}
	if strings.Count(mantissa, ".") > 1 || strings.HasSuffix(mantissa, ".") {
		return Value{}, false
	}
	if hasExp {
		if e, err := strconv.Atoi(exp); err != nil || e > 2*maxDigits || e < -2*maxDigits {
			return Value{}, false
		}
	}
	d, _, err := decimal128.NewFromString(s)
	if err != nil {
		return Value{}, false
	}
	v := big(d)
	return v, !v.IsNull()
}

// small is n × 10^exp with exp in -maxScale..0, without trailing zeros.
func small(n int64, exp int) Value {
	for exp < 0 && n%10 == 0 {
		n /= 10
		exp++
	}
	return Value{kind: KindNumber, n: n, exp: int8(exp)} // #nosec G115 -- -18..0
}

// big wraps a decimal, in the small form where it fits. NaN and infinity are null.
func big(d *apd.Decimal) Value {
	if d.Form != apd.Finite {
		return Value{}
	}
	if d.IsZero() {
		return Number(0)
	}
	if d.Coeff.IsInt64() || d.Exponent < 0 {
		var r apd.Decimal
		r.Reduce(d)
		if r.Coeff.IsInt64() {
			n := r.Coeff.Int64()
			e := int(r.Exponent)
			if e > 0 && e < len(pow10) {
				if p, ok := mul64(n, pow10[e]); ok {
					n, e = p, 0
				}
			}
			if e <= 0 && e >= -maxScale {
				if d.Negative {
					n = -n
				}
				return Value{kind: KindNumber, n: n, exp: int8(e)} // #nosec G115 -- -18..0
			}
		}
	}
	return Value{kind: KindNumber, ref: d}
}

// dec is the number as an apd decimal, for reading only.
func (v Value) dec() *apd.Decimal {
	if d := v.decimal(); d != nil {
		return d
	}
	return apd.New(v.n, int32(v.exp))
}

func mul64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(abs64(a), abs64(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true // #nosec G115 -- checked above
	}
	return int64(lo), true // #nosec G115 -- checked above
}

func abs64(a int64) uint64 {
	if a < 0 {
		return uint64(-(a + 1)) + 1 // #nosec G115 -- two's complement of the least int64
	}
	return uint64(a)
}

// align brings two small numbers to one scale.
func align(a, b Value) (x, y int64, exp int, ok bool) {
	if a.ref != nil || b.ref != nil {
		return 0, 0, 0, false
	}
	if a.exp == b.exp {
		return a.n, b.n, int(a.exp), true
	}
	if a.exp < b.exp {
		y, ok = mul64(b.n, pow10[b.exp-a.exp])
		return a.n, y, int(a.exp), ok
	}
	x, ok = mul64(a.n, pow10[a.exp-b.exp])
	return x, b.n, int(b.exp), ok
}

func numAdd(a, b Value) Value {
	if x, y, e, ok := align(a, b); ok {
		if s := x + y; (s > x) == (y > 0) {
			return small(s, e)
		}
	}
	return bigOp(decimal128.Add, a, b)
}

func numSub(a, b Value) Value {
	if x, y, e, ok := align(a, b); ok {
		if s := x - y; (s < x) == (y > 0) {
			return small(s, e)
		}
	}
	return bigOp(decimal128.Sub, a, b)
}

func numMul(a, b Value) Value {
	if a.ref == nil && b.ref == nil {
		if p, ok := mul64(a.n, b.n); ok && int(a.exp)+int(b.exp) >= -maxScale {
			return small(p, int(a.exp)+int(b.exp))
		}
	}
	return bigOp(decimal128.Mul, a, b)
}

// numDiv is null for a division by zero.
func numDiv(a, b Value) Value {
	if x, y, _, ok := align(a, b); ok {
		if y == 0 {
			return Value{}
		}
		if x != math.MinInt64 && x%y == 0 {
			return Number(x / y)
		}
	}
	return bigOp(decimal128.Quo, a, b)
}

func numNeg(a Value) Value {
	if a.ref == nil && a.n != math.MinInt64 {
		a.n = -a.n
		return a
	}
	d := new(apd.Decimal)
	_, _ = decimal128.Neg(d, a.dec())
	return big(d)
}

func bigOp(op func(d, x, y *apd.Decimal) (apd.Condition, error), a, b Value) Value {
	d := new(apd.Decimal)
	if _, err := op(d, a.dec(), b.dec()); err != nil {
		return Value{}
	}
	return big(d)
}

func bigFn(op func(d, x *apd.Decimal) (apd.Condition, error), a Value) Value {
	d := new(apd.Decimal)
	if _, err := op(d, a.dec()); err != nil {
		return Value{}
	}
	return big(d)
}

func numCmp(a, b Value) int {
	if x, y, _, ok := align(a, b); ok {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return a.dec().Cmp(b.dec())
}

// Int is the value of a whole number that fits an int64.
func (v Value) Int() (int64, bool) {
	if v.kind != KindNumber {
		return 0, false
	}
	if v.ref == nil {
		if v.exp == 0 {
			return v.n, true
		}
		return 0, false
	}
	n, err := v.decimal().Int64()
	return n, err == nil
}

// truncInt is the whole part of a number that fits an int64.
func (v Value) truncInt() (int64, bool) {
	if v.ref == nil {
		return v.n / pow10[-v.exp], true
	}
	var d apd.Decimal
	ctx := decimal128
	ctx.Rounding = apd.RoundDown
	if v.decimal().NumDigits()+int64(v.decimal().Exponent) > 19 {
		return 0, false
	}
	_, _ = ctx.Quantize(&d, v.decimal(), 0)
	n, err := d.Int64()
	return n, err == nil
}

// Float is the number as the nearest float64, for display and benchmarks only.
func (v Value) Float() float64 {
	f, _ := strconv.ParseFloat(v.dec().Text('e'), 64)
	return f
}

// numText is the plain decimal text without trailing zeros.
func numText(v Value) string {
	if v.ref == nil && v.exp == 0 {
		return strconv.FormatInt(v.n, 10)
	}
	var r apd.Decimal
	r.Reduce(v.dec())
	return r.Text('f')
}
