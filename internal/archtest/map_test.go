package archtest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheMapNamesEveryModule holds the list of folders in docs/architecture.md against the
// folders: whoever looks there first finds every module, and none that is gone.
func TestTheMapNamesEveryModule(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, floor := range []string{"kernel", "register", "onestop", "portal"} {
		line := regexp.MustCompile(`(?m)^ +` + floor + `/ .*: (.*)$`).FindSubmatch(text)
		if line == nil {
			t.Errorf("the map has no line of %s", floor)
			continue
		}
		named := strings.Fields(string(line[1]))
		there, err := os.ReadDir("../" + floor)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range there {
			if d.IsDir() && !slices.Contains(named, d.Name()) {
				t.Errorf("docs/architecture.md does not name %s/%s", floor, d.Name())
			}
		}
		for _, name := range named {
			if st, err := os.Stat("../" + floor + "/" + name); err != nil || !st.IsDir() {
				t.Errorf("docs/architecture.md names %s/%s, which is gone", floor, name)
			}
		}
	}
}
