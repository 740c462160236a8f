package orgunit_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/register/orgunit"
)

var update = flag.Bool("update", false, "write docs/units-unknown.md again")

const reportFile = "../../../docs/units-unknown.md"

// TestWhatIsUnknownIsWrittenDown keeps the report beside the facts: whoever
// changes a fact sees here what is derived and what nobody told us.
func TestWhatIsUnknownIsWrittenDown(t *testing.T) {
	t.Parallel()
	got := unknowns(t)
	if *update {
		if err := os.WriteFile(reportFile, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(reportFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test ./internal/register/orgunit -run Unknown -update writes it again\n%s", diff)
	}
}

func unknowns(t *testing.T) string {
	t.Helper()
	reg := hanoi(t)
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# What is derived and what is unknown about the units\n")
	p("Written by `go test ./internal/register/orgunit -run Unknown -update`; do not edit. How the facts are kept: [units.md](units.md).\n")
	for _, day := range []string{"2020-03-01", "2025-01-01"} {
		d := clock.MustDate(day)
		p("## Who came after whom on %s\n", day)
		p("A body that lives on under its own name, also with another code, has no line.\n")
		p("| ended | successor | share | basis |\n|---|---|---|---|")
		count := map[string]int{}
		for _, s := range reg.Steps(d) {
			count[s.Basis]++
			p("| %s | %s | %s | %s |", label(reg, s.From, d.AddDays(-1)), label(reg, s.To, d), s.Share, s.Basis)
		}
		lost := reg.Lost(d)
		p("\nBy basis: %s. Successor unknown: %d.\n", counts(count), len(lost))
		for _, u := range lost {
			p("- %s: no source found", label(reg, u.ID, d.AddDays(-1)))
		}
		if len(lost) > 0 {
			p("")
		}
	}
	p("## 2025-07-01\n\n%d links from the list of parts published with the new units; none unknown. Districts ended without successors: their work went to wards and departments by procedure.\n", len(reg.Steps(clock.MustDate("2025-07-01"))))
	p("## Agency codes that are not known\n")
	for _, day := range []string{"2025-06-23", "2026-11-23"} {
		tree := reg.At(clock.MustDate(day))
		none, names := 0, []string{}
		for _, u := range tree.Select(func(u orgunit.Unit) bool { return u.Class == orgunit.Agency && u.Code == "" }) {
			if none++; u.Serves == 0 {
				none--
				names = append(names, u.Name)
			}
		}
		p("- %s: the People's Committees of %d districts, wards and communes; %s", day, none, strings.Join(names, "; "))
	}
	p("\n## Days and facts in doubt\n")
	doubts := reg.Doubts()
	var ids []orgunit.UnitID
	for id := range doubts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		u, _ := reg.Unit(id)
		p("- %s: %s", u.Name, strings.Join(doubts[id], "; "))
	}
	p("- Every unit without a first day is older than the record, which starts on %s.", orgunit.RecordStart())
	p("- Boundaries that moved between units that both lived on (2020 to 2025) are not kept.")
	return b.String()
}

func label(reg *orgunit.Register, id orgunit.UnitID, d clock.Date) string {
	tree := reg.At(d)
	u, _ := tree.Get(id)
	if u.Code == "" {
		return tree.Path(id)
	}
	return u.Code + " " + tree.Path(id)
}

func counts(m map[string]int) string {
	var out []string
	for k, n := range m {
		out = append(out, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
