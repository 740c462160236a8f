package feel

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

// BenchmarkNumber measures the written-out path for small numbers against the
// library behind it (docs/adr/0020).
func BenchmarkNumber(b *testing.B) {
	ops := map[string]func(x, y Value) Value{"add": numAdd, "mul": numMul, "quo": numDiv,
		"cmp": func(x, y Value) Value { return Number(int64(numCmp(x, y))) }}
	for _, pair := range [][2]string{{"2000", "3"}, {"1234.56", "0.05"}, {"1234567890123456789012345", "98765432.10987654321"}} {
		x, _ := ParseNumber(pair[0])
		y, _ := ParseNumber(pair[1])
		for name, op := range ops {
			b.Run(fmt.Sprintf("%s/%s", name, pair[0]), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					op(x, y)
				}
			})
		}
	}
	x, y := apd.New(123456, -2), apd.New(5, -2)
	b.Run("library add/1234.56", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = decimal128.Add(new(apd.Decimal), x, y)
		}
	})
}
