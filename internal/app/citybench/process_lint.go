package citybench

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/service"
	"khue/services"
)

const lintRounds = 15

// processLint is how long the linter takes: lint.package_ms for the slowest of the declared
// services, lint.refuse_ms for the slowest of the packages that only a machine writes.
func processLint(context.Context, Options) ([]Row, error) {
	entries, err := fs.ReadDir(services.FS, ".")
	if err != nil {
		return nil, err
	}
	slowest, n := time.Duration(0), 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		took, err := quickest(func() error {
			pkg, problems := service.Load(services.FS, e.Name())
			if pkg == nil {
				return problems.Err()
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("lint %s: %w", e.Name(), err)
		}
		slowest = max(slowest, took)
		n++
	}
	rows := []Row{{Name: "lint.package_ms", Value: milliseconds(slowest), Unit: "ms", N: n * lintRounds}}
	worst := time.Duration(0)
	bad, err := machineMade()
	if err != nil {
		return rows, err
	}
	for name, archive := range bad {
		took, err := quickest(func() error {
			if pkg, problems := service.LoadArchive("x.zip", archive); pkg != nil || !problems.Failed() {
				return fmt.Errorf("%s was taken", name)
			}
			return nil
		})
		if err != nil {
			return rows, err
		}
		worst = max(worst, took)
	}
	return append(rows, Row{Name: "lint.refuse_ms", Value: milliseconds(worst), Unit: "ms", N: len(bad) * lintRounds}), nil
}

// quickest is the fastest of several rounds: what the work takes when nobody else works.
func quickest(do func() error) (time.Duration, error) {
	var times []time.Duration
	clk := clock.System()
	for range lintRounds {
		began := clk.Now()
		if err := do(); err != nil {
			return 0, err
		}
		times = append(times, clk.Now().Sub(began))
	}
	return slices.Min(times), nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// machineMade are packages that must be refused: each a declared service with one file
// replaced.
func machineMade() (map[string][]byte, error) {
	files, problems := service.ReadFolder(services.FS, "birth-registration")
	if problems.Failed() {
		return nil, problems.Err()
	}
	out := map[string][]byte{}
	for name, with := range map[string]struct{ file, text string }{
		"1,000 questions":  {"form.yaml", "pages:\n  - id: a\n    fields:\n" + strings.Repeat("      - {id: f, type: text}\n", 1000)},
		"10,000 questions": {"form.yaml", "pages:\n  - id: a\n    fields:\n" + strings.Repeat("      - {id: f, type: text}\n", 10_000)},
		"deep":             {"form.yaml", strings.Repeat("{a: ", 10_000)},
		"10,000 tasks":     {"process.bpmn", `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">` + strings.Repeat(`<userTask id="a"/>`, 10_000) + `</process></definitions>`},
		"bomb":             {"rules/a.dmn", strings.Repeat(" ", 1<<20)},
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		all := map[string][]byte{with.file: []byte(with.text)}
		for n, c := range files {
			if n != with.file && (n != "steps.yaml" || with.file != "process.bpmn") {
				all[n] = c
			}
		}
		for n, c := range all {
			// Stored, but for the bomb: what repeats itself is refused by its ratio alone.
			h := &zip.FileHeader{Name: n, Method: zip.Store}
			if name == "bomb" {
				h.Method = zip.Deflate
			}
			w, err := z.CreateHeader(h)
			if err != nil {
				return nil, err
			}
			if _, err := w.Write(c); err != nil {
				return nil, err
			}
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		out[name] = b.Bytes()
	}
	return out, nil
}
