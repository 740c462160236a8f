package dossierweb

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
)

// scoresView is what applicants say of an agency in a period, if enough of them did.
type scoresView struct {
	Figures []ui.Figure
	Most    string // what they mention, the most frequent first
	Few     string // instead of figures
}

func scoresOf(ctx context.Context, s dossier.Scores) scoresView {
	say := func(key string, kv ...any) string { return i18n.T(ctx, "dossierweb.rate."+key, kv...) }
	if !s.Shown() {
		return scoresView{Few: say("few", "n", dossier.LeastRatings)}
	}
	lang := i18n.LangOf(ctx)
	mean := strconv.FormatFloat(s.Mean(), 'f', 1, 64)
	if lang == i18n.VI {
		mean = strings.Replace(mean, ".", ",", 1)
	}
	v := scoresView{Figures: []ui.Figure{
		{Label: say("n"), Value: i18n.Number(lang, int64(s.N))},
		{Label: say("mean"), Value: mean},
		{Label: say("satisfied"), Value: strconv.Itoa((s.By[3]+s.By[4])*100/s.N) + " %"},
	}}
	about := dossier.RatingReasons()
	slices.SortStableFunc(about, func(a, b string) int { return cmp.Compare(s.About[b], s.About[a]) })
	var list []string
	for _, k := range about {
		if n := s.About[k]; n > 0 {
			list = append(list, aboutWord(ctx, k)+" ("+i18n.Number(lang, int64(n))+")")
		}
	}
	if len(list) > 0 {
		v.Most = say("most", "list", strings.Join(list, ", "))
	}
	return v
}
