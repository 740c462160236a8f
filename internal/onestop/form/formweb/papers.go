package formweb

import (
	"context"
	"strconv"
	"strings"

	"khue/internal/kernel/i18n"
)

// Accept lists the file endings that a browser offers for a paper; without any, all that
// can be kept.
func Accept(kinds []string) string {
	if len(kinds) == 0 {
		return ".pdf,.jpg,.jpeg,.png"
	}
	var out []string
	for _, k := range kinds {
		out = append(out, "."+k)
		if k == "jpg" {
			out = append(out, ".jpeg")
		}
	}
	return strings.Join(out, ",")
}

// FileSize writes a size in the reader's language: "1,2 MB", "64 kB".
func FileSize(ctx context.Context, n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	if n < 1_000_000 {
		return strconv.FormatInt((n+999)/1000, 10) + " kB"
	}
	s := strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	if i18n.LangOf(ctx) == i18n.VI {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}
