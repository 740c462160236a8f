package bpmn_test

import (
	"os"
	"path/filepath"
	"testing"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/i18n"
)

// TestPictures draws every model that is there, in all that a drawing can show. With
// KHUE_SHOTS=DIR the drawings are kept there, to be looked at.
func TestPictures(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("KHUE_SHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	keep := func(name string, out []byte, err error) {
		t.Helper()
		if err != nil {
			t.Error(name, err)
			return
		}
		if err := os.WriteFile(filepath.Join(dir, name+".svg"), out, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, in := range map[string]string{"permit": permit, "chain3": chain(3), "chain12": chain(12)} {
		m, problems := bpmn.Parse(name, []byte(file(in)))
		if len(problems) > 0 {
			t.Error(problems)
		}
		out, err := bpmn.Draw(m, bpmn.DrawOptions{
			Standalone: true, Current: []string{"verify", "t2"},
			Heat: map[string]float64{"check": 0.1, "verify": 0.95, "draft": 0.5, "sign": 0.3, "t1": 0.7},
		})
		keep(name, out, err)
	}
	for _, folder := range []string{"bpmn-miwg", "bpmn-engines"} {
		for name, data := range corpusIfThere(folder) {
			m, _ := bpmn.Parse(name, data)
			out, err := bpmn.Draw(m, bpmn.DrawOptions{Standalone: true, Lang: i18n.EN})
			keep(name, out, err)
		}
	}
}
