package citybench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

const (
	grown       = 10_000 // the small city beside which the large one is held
	growthReads = 60
	growthLives = 100
)

// looked is one page of a city that may have grown.
type looked struct {
	name, path, role string
}

var growthPages = [...]looked{
	{"desk.search_ms", "/desk/search?q=van+nguyen", "clerk"},
	{"desk.search_city_ms", "/desk/search?q=van+nguyen", "leader"},
	{"desk.search_begin_ms", "/desk/search?q=thi+han", "clerk"},
	{"desk.search_phone_ms", "/desk/search?q=0912345678", "clerk"},
	{"desk.queue_ms", "/desk/queue", "clerk"},
	{"queue_ms", "/api/v1/tasks?limit=50", "clerk"},
}

// growth measures the same city small and large: what officers look for, dossiers of any age
// drawn at random, and a transition. One client over loopback.
func growth(ctx context.Context, o Options) (rows []Row, err error) {
	small, err := growthOf(ctx, o, grown, "")
	if err != nil {
		return nil, err
	}
	large, err := growthOf(ctx, o, o.Growth, o.Folder)
	if err != nil {
		return nil, err
	}
	for i, r := range large {
		was := small[i]
		rows = append(rows, Row{was.Name + "@10k", was.Value, was.Unit, was.N}, r, Row{"growth." + r.Name, r.Value / was.Value, "", r.N})
	}
	return rows, nil
}

func growthOf(ctx context.Context, o Options, n int, folder string) (rows []Row, err error) {
	c, err := openAt(ctx, o, folder, "--empty", "--filled", "--dossiers", strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	defer c.close()
	conn, err := dial(c.addr())
	if err != nil {
		return nil, err
	}
	defer conn.close()
	for _, m := range growthPages {
		row, err := timed(conn, m.name, c.token(m.role), growthReads, func(int) string { return m.path })
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	codes, err := oldCodes(c, conn)
	if err != nil {
		return nil, err
	}
	for _, code := range codes { // a dossier that has ended opens with a reason
		status, body, err := conn.do(http.MethodPost, "/api/v1/dossiers/"+url.PathEscape(code)+"/reason", c.token("leader"), []byte(`{"choice":"complaint","words":"Đo thời gian mở hồ sơ cũ."}`))
		if err != nil {
			return nil, err
		}
		if status >= http.StatusMultipleChoices {
			return nil, refused("reason", status, body)
		}
	}
	row, err := timed(conn, "desk.old_ms", c.token("leader"), len(codes), func(i int) string { return "/desk/dossiers/" + url.PathEscape(codes[i]) })
	if err != nil {
		return nil, err
	}
	rows = append(rows, row)
	row, err = timed(conn, "track_ms", c.token("leader"), len(codes), func(i int) string { return "/api/v1/dossiers/" + url.PathEscape(codes[i]) })
	if err != nil {
		return nil, err
	}
	rows = append(rows, row)
	submit, stages, err := Script("00133", "2025-06-01")
	if err != nil {
		return nil, err
	}
	w := worker{c: conn, city: c, submit: submit, stages: stages}
	for range growthLives {
		if err := w.life(); err != nil {
			return nil, err
		}
	}
	slices.Sort(w.steps)
	return append(rows, Row{"transition_ms", quantile(w.steps, 0.5), "ms", len(w.steps)}), nil
}

func timed(conn *client, name, token string, n int, path func(int) string) (Row, error) {
	all := make([]time.Duration, 0, n)
	for i := range n {
		began := time.Now()
		status, body, err := conn.do(http.MethodGet, path(i), token, nil)
		if err == nil && status >= http.StatusBadRequest { // an open dossier leads on to its task
			err = refused(path(i), status, body)
		}
		if err != nil {
			return Row{}, err
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return Row{name, quantile(all, 0.5), "ms", n}, nil
}

var codeLink = regexp.MustCompile(`href="/desk/dossiers/([^"/?]+)"`)

// oldCodes are codes of dossiers of any day, drawn at random by the end of a code; each is
// read for the first time when it is measured.
func oldCodes(c *city, conn *client) (out []string, err error) {
	rnd := rand.New(rand.NewPCG(17, 4)) //nolint:gosec // the same draw in each run
	last := time.Date(2025, 6, 20, 0, 0, 0, 0, time.UTC)
	for tries := 0; len(out) < growthReads && tries < 40*growthReads; tries++ {
		day := last.AddDate(0, 0, -rnd.IntN(360))
		status, body, err := conn.do(http.MethodGet, fmt.Sprintf("/desk/search?q=%s%04d", day.Format("060102"), 1+rnd.IntN(3)), c.token("leader"), nil)
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, refused("search", status, body)
		}
		if found := codeLink.FindAllSubmatch(body, -1); len(found) > 0 {
			code, err := url.PathUnescape(string(found[rnd.IntN(len(found))][1]))
			if err != nil {
				return nil, err
			}
			out = append(out, code)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no dossier was found by the end of its code")
	}
	return out, nil
}
