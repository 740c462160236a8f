package dmn_test

import (
	"os"
	"testing"

	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
)

func FuzzModel(f *testing.F) {
	data, err := os.ReadFile("testdata/copies.dmn")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(table(`hitPolicy="UNIQUE"`, "age:number, home:boolean", "<18|true|\"low\"\n>=18|-|\"mid\"")))
	f.Add([]byte(table(`hitPolicy="COLLECT" aggregation="SUM"`, "age:number", "<18|1\n>=1|2")))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := dmn.Parse(data)
		if err != nil {
			_ = err.Error()
			return
		}
		m, err := dmn.Compile(d)
		if err != nil {
			_ = err.Error()
			return
		}
		for _, p := range m.Problems() {
			_ = p.In("vi")
		}
		for _, name := range m.Decisions() {
			_, _ = m.Decide(name, dmn.Inputs{"age": feel.Number(3), "pages": feel.Number(7)}, feel.Env{Steps: 20_000, Memory: 1 << 20, Depth: 50})
		}
	})
}
