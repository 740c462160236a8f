package citybench

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// start measures how long the program takes to answer, its memory at rest, and what a
// citizen's first page loads.
func start(ctx context.Context, o Options) (rows []Row, err error) {
	const rounds = 5
	var demo, serve []float64
	var rss, page, fonts float64
	for i := range rounds {
		c, err := open(ctx, o)
		if err != nil {
			return rows, err
		}
		demo = append(demo, c.Ready.Seconds())
		c.stop()
		if err := c.serve(ctx, o); err != nil {
			c.close()
			return rows, err
		}
		serve = append(serve, c.Ready.Seconds())
		if i == rounds-1 {
			if page, fonts, err = firstLoad(ctx, c.URL); err == nil {
				time.Sleep(3 * time.Second) // let it come to rest
				rss, err = residentMB(c.cmd.Process.Pid)
			}
		}
		c.close()
		if err != nil {
			return rows, err
		}
	}
	return []Row{
		{"start.demo_s", median(demo), "s", rounds},
		{"start.serve_s", median(serve), "s", rounds},
		{"idle.rss_mb", rss, "MB", 1},
		{"page.first_load_kb", page, "KB", 1},
		{"page.first_load_fonts_kb", page + fonts, "KB", 1},
	}, nil
}

func median(v []float64) float64 {
	s := append([]float64(nil), v...)
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s[len(s)/2]
}

// residentMB is the memory that a process holds, from /proc.
func residentMB(pid int) (float64, error) {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		if rest, ok := strings.CutPrefix(sc.Text(), "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}

var (
	linked = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+\.(?:css|js|svg|png|ico))"`)
	inCSS  = regexp.MustCompile(`url\(["']?([^"')]+\.woff2)`)
)

// firstLoad adds up the compressed bytes of the front page and all that it names, fonts apart.
func firstLoad(ctx context.Context, base string) (page, fonts float64, err error) {
	get := func(path string) (size int, body string, err error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return 0, "", err
		}
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return 0, "", err
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			return 0, "", fmt.Errorf("%s: status %d", path, res.StatusCode)
		}
		raw, err := io.ReadAll(res.Body)
		if err != nil || res.Header.Get("Content-Encoding") != "gzip" {
			return len(raw), string(raw), err
		}
		z, err := gzip.NewReader(strings.NewReader(string(raw)))
		if err != nil {
			return 0, "", err
		}
		text, err := io.ReadAll(z)
		return len(raw), string(text), err
	}
	n, html, err := get("/")
	if err != nil {
		return 0, 0, err
	}
	page = float64(n)
	seen := map[string]bool{}
	for _, m := range linked.FindAllStringSubmatch(html, -1) {
		if seen[m[1]] {
			continue
		}
		seen[m[1]] = true
		n, text, err := get(m[1])
		if err != nil {
			return 0, 0, err
		}
		page += float64(n)
		for _, f := range inCSS.FindAllStringSubmatch(text, -1) {
			name := f[1]
			if !strings.HasPrefix(name, "/") {
				name = m[1][:strings.LastIndexByte(m[1], '/')+1] + strings.TrimPrefix(name, "./")
			}
			if seen[name] {
				continue
			}
			seen[name] = true
			n, _, err := get(name)
			if err != nil {
				return 0, 0, err
			}
			fonts += float64(n)
		}
	}
	return page / 1000, fonts / 1000, nil
}
