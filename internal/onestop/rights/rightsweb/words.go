package rightsweb

import (
	"context"
	"slices"
	"strconv"
)

// periodWords says a term: P2Y, permanent, service.
func periodWords(ctx context.Context, period string) string {
	if len(period) < 3 || period[0] != 'P' {
		return t(ctx, "period."+period)
	}
	n, err := strconv.Atoi(period[1 : len(period)-1])
	if err != nil {
		return period
	}
	return t(ctx, "period."+period[len(period)-1:], "n", n)
}

func sorted(m map[string]string) (out [][2]string) {
	for k, v := range m {
		out = append(out, [2]string{k, v})
	}
	slices.SortFunc(out, func(a, b [2]string) int {
		if a[0] < b[0] {
			return -1
		}
		return 1
	})
	return out
}
