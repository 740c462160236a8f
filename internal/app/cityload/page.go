package cityload

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed report.html
var pageText string

// HTML writes the report as one page that needs nothing else. say gives the words of a
// language, by key under app.load.
func (r *Report) HTML(w io.Writer, lang string, say func(string) string) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"say": say, "lang": func() string { return lang },
		"ms":    func(v float64) string { return short(v) },
		"one":   func(v float64) string { return fmt.Sprintf("%.1f", v) },
		"plots": func() []plot { return r.plots(say) },
		"cpu": func() string {
			server, own := r.CPU()
			return fmt.Sprintf("%.0f + %.0f µs", server, own)
		},
		"about": func() string { return r.About[lang] },
		"rows": func(title string, rows []Row) map[string]any {
			return map[string]any{"Title": title, "Rows": rows}
		},
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}
