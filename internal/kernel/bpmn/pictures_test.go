package bpmn_test

import (
	"os"
	"path/filepath"
	"testing"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/i18n"
)

// With KHUE_SHOTS=DIR the drawings are kept there, to be looked at.
func TestPictures(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("KHUE_SHOTS")
	if dir == "" {
		t.Skip("KHUE_SHOTS is not set")
	}
	for _, folder := range []string{"bpmn-miwg", "bpmn-engines"} {
		for name, data := range corpusIfThere(folder) {
			m, _ := bpmn.Parse(name, data)
			out, err := bpmn.Draw(m, bpmn.DrawOptions{Standalone: true, Lang: i18n.EN})
			if err != nil {
				t.Error(name, err)
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name+".svg"), out, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
