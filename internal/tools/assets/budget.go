package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"khue/web"
)

// The budget of a citizen's first page, in bytes as they travel (gzip, since the oldest
// telephones know nothing better). A page of HTML may take what the files leave.
const (
	budgetPlain = 60 << 10 // without fonts
	budgetFonts = 100 << 10
	pageShare   = 12 << 10 // what a long page of HTML takes, compressed
)

// first lists what every citizen's page loads at once.
var first = [...]string{"app.css", "app.js", "icon.svg", "window.svg"}

// weigh prints the sizes and returns an error when a first load is over its budget.
func weigh(w io.Writer, m web.Manifest) error {
	fmt.Fprintf(w, "%-20s %9s %9s %9s\n", "asset", "bytes", "gzip", "brotli")
	for _, name := range slices.Sorted(maps.Keys(m.Assets)) {
		e := m.Assets[name]
		fmt.Fprintf(w, "%-20s %9d %9d %9d\n", name, e.Size, e.Gzip, e.Brotli)
	}
	plain, fonts := pageShare, 0
	for _, name := range first {
		plain += m.Assets[name].Gzip
	}
	for name, e := range m.Assets {
		if strings.HasSuffix(name, ".woff2") {
			fonts += e.Size
		}
	}
	fmt.Fprintf(w, "first load of a page with 12 KB of HTML: %.1f KB, with fonts %.1f KB (budget 60 and 100)\n",
		float64(plain)/1024, float64(plain+fonts)/1024)
	if plain > budgetPlain || plain+fonts > budgetFonts {
		return fmt.Errorf("the first load is over its budget")
	}
	return nil
}
