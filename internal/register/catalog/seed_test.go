package catalog

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateSeed = flag.Bool("update-seed", false, "write seed/procedures.txt from the national catalogue")

// nationalDir is where the national catalogue lies beside the repository.
const nationalDir = "../../../../shared/data/tthc"

const (
	nationalRows    = "tthc_catalogue_2026-07.csv"
	nationalRecords = "tthc_detail_province_ward_2026-07.jsonl.gz"
)

func national(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join(nationalDir, name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the national catalogue (%s) is not here; this test reads it whole", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func readAll(t testing.TB, name string) []*entry {
	t.Helper()
	next, _, err := open(national(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var out []*entry
	for {
		e, err := next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
}

// The embedded procedures say what the national record says, less its long texts.
func TestSeedIsTheNationalRecord(t *testing.T) {
	t.Parallel()
	popular, err := csv.NewReader(national(t, "tthc_popular_codes.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[Code]*entry{}
	for _, e := range readAll(t, nationalRows) {
		rows[e.code] = e
	}
	records := map[Code]*entry{}
	for _, e := range readAll(t, nationalRecords) {
		records[e.code] = e
	}
	var want bytes.Buffer
	want.WriteString("# Facts of 88 procedures, the best-known and what the city declares beside them, from the national catalogue of July 2026. Generated: go test -run Seed -update-seed\n\n")
	for _, p := range append(popular[1:], []string{"1.009664"}) { // declared, and not among the best known
		row, rec := rows[Code(p[0])], records[Code(p[0])]
		if err := writeSeed(&want, row.summary, abridged(rec.detail)); err != nil {
			t.Fatal(err)
		}
	}
	if *updateSeed {
		if err := os.WriteFile(seedFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := seedFiles.ReadFile(seedFile)
	if err != nil {
		t.Fatal(err)
	}
	if !*updateSeed && !bytes.Equal(got, want.Bytes()) {
		t.Errorf("the embedded procedures differ from the national record; see what changed, then -update-seed")
	}
}

// abridged leaves out the long texts: steps, conditions, notes of more than a few
// lines, and what stands among the papers but is a remark of no count.
func abridged(full *Detail) *Detail {
	const long = 400
	d := *full
	d.Steps, d.Requirements, d.Receives, d.Coordinates = nil, "", "", nil
	d.Methods, d.Papers = slices.Clone(d.Methods), nil
	for i := range d.Methods {
		if len(d.Methods[i].Note) > long {
			d.Methods[i].Note = ""
		}
	}
	for _, g := range full.Papers {
		g.Papers = slices.DeleteFunc(slices.Clone(g.Papers), func(p Paper) bool {
			return p.Originals+p.Copies == 0 && !p.EForm && len(p.Name) > long/2
		})
		if len(g.Papers) > 0 {
			d.Papers = append(d.Papers, g)
		}
	}
	return &d
}

func TestSeedReads(t *testing.T) {
	t.Parallel()
	entries, err := readSeed(seedFiles)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 88 {
		t.Fatalf("%d embedded procedures, want 88", len(entries))
	}
	w, err := loadWords(seedFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		s, d := e.summary, e.detail
		if s.Name == "" || s.Field.Name == "" || len(s.Tiers) == 0 || len(d.Methods) == 0 || len(s.Methods) != len(d.Methods) || len(d.LegalBasis) == 0 {
			t.Errorf("%s lacks a fact: %+v", e.code, s)
		}
		if w.glossary[e.code].en == "" {
			t.Errorf("%s has no English name", e.code)
		}
		if len(s.reach("H26")) == 0 || s.reach("H26") == OtherProvince {
			t.Errorf("%s is not of this city: %s", e.code, s.reach("H26"))
		}
		// Written again it reads the same.
		var b bytes.Buffer
		if err := writeSeed(&b, s, d); err != nil {
			t.Fatal(err)
		}
		got, err := seedFiles.ReadFile(seedFile)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(got, b.Bytes()) {
			t.Errorf("%s does not survive reading and writing:\n%s", e.code, b.String())
		}
	}
	birth := entries[0]
	want := Summary{Code: "1.001193", Name: "Thủ tục đăng ký khai sinh", Field: Field{"G15-TP07", "Hộ tịch"}, Kind: National, Tiers: []Tier{Commune}}
	got := Summary{Code: birth.summary.Code, Name: birth.summary.Name, Field: birth.summary.Field, Kind: birth.summary.Kind, Tiers: birth.summary.Tiers}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What people say stands beside what exists: every code and field named in the
// embedded lists is in the national catalogue.
func TestWordsAreAboutWhatExists(t *testing.T) {
	t.Parallel()
	w, err := loadWords(seedFiles)
	if err != nil {
		t.Fatal(err)
	}
	codes, fields := map[Code]bool{}, map[string]bool{}
	for _, e := range readAll(t, nationalRows) {
		codes[e.code], fields[e.summary.Field.Name] = true, true
	}
	for c := range w.glossary {
		if !codes[c] {
			t.Errorf("glossary: %s is not in the catalogue", c)
		}
	}
	for f := range w.fieldsEN {
		if !fields[f] {
			t.Errorf("fields: %q is not in the catalogue", f)
		}
	}
	for _, ev := range w.events {
		if ev.VI == "" || ev.EN == "" || ev.Hint.VI == "" || ev.Hint.EN == "" {
			t.Errorf("life event %s lacks a text", ev.ID)
		}
		for _, c := range ev.Codes {
			if !codes[c] {
				t.Errorf("life event %s: %s is not in the catalogue", ev.ID, c)
			}
		}
	}
}
