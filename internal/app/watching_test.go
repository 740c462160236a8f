package app_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/backup"
	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/trace"
)

// TestTheCityIsWatched: one dossier is filed; every figure that an alert rule names is told,
// no series names a person or a dossier, and spans tell routes and nothing that was typed.
func TestTheCityIsWatched(t *testing.T) {
	t.Parallel()
	spans := &recorded{}
	tracer := trace.With(spans, "test")
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		var filed struct{ Code string }
		c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Into(&filed)
		c.Measures.Refresh(t.Context())
		text := string(c.Visitor().Get("/metrics").Want(200).Body)
		for _, want := range []string{
			`khue_dossiers_total{event="filed",tier="commune"} 1`, `khue_tasks_open{role="clerk",tier="commune"}`,
			`khue_journal_follower_behind{follower="`, `khue_job_tries_total{kind="`, `khue_notices_failed{way="sms"} 0`, `khue_db_units_total`,
			`khue_http_request_seconds_count{method="POST",route="/api/v1/dossiers",status="2xx"}`, `khue_sign_ins_refused_total{why="wrong"} 0`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("not told: %s", want)
			}
		}
		if long := regexp.MustCompile(`="[^"\n]*\d{9}[^"\n]*"`).FindString(regexp.MustCompile(`khue_build.*`).ReplaceAllString(text, "")); strings.Contains(text, filed.Code) || long != "" {
			t.Errorf("a series names the dossier %s or a number: %s", filed.Code, long)
		}
		for _, name := range namedByRules(t) {
			base := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
			if strings.HasPrefix(name, "khue_backup_") {
				continue // TestTheBackupIsWatched
			}
			if name != "up" && name != "khue_certificate_days" && !strings.Contains(text, "\n"+base) {
				t.Errorf("an alert rule names %s, which is not told", name)
			}
		}
	}, citytest.With(func(c *app.Config) { c.Tracer = tracer }))
	t.Cleanup(func() {
		if err := tracer.Close(context.Background()); err != nil {
			t.Error(err)
		}
		names := map[string]bool{}
		for _, s := range spans.all() {
			name, _, _ := strings.Cut(s.Name(), ".func") // what is written in a closure is its function's
			names[name] = true
			for _, a := range s.Attributes() {
				if v := a.Value.String(); regexp.MustCompile(`\d{6}`).MatchString(v) || strings.Contains(v, "@") {
					t.Errorf("span %s: %s = %s", s.Name(), a.Key, v)
				}
			}
		}
		for _, want := range []string{"POST /api/v1/dossiers", "unit dossier.(*Service).submit", "view"} {
			if !names[want] {
				t.Errorf("no span %q", want)
			}
		}
	})
}

type recorded struct {
	tracetest.NoopExporter
	mu   sync.Mutex
	list []sdk.ReadOnlySpan
}

func (r *recorded) ExportSpans(_ context.Context, s []sdk.ReadOnlySpan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, s...)
	return nil
}

func (r *recorded) all() []sdk.ReadOnlySpan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

// TestEachTroubleHasANameOfItsOwn: a reader who steps from banner to banner hears which is which.
func TestEachTroubleHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return errors.Join(c.Jobs.Enqueue(tx, jobs.Job{Kind: "test.first"}), c.Jobs.Enqueue(tx, jobs.Job{Kind: "test.second"}), c.Jobs.Enqueue(tx, jobs.Job{Kind: "test.broken"}))
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Jobs.Drain(t.Context(), []jobs.Handler{{Kind: "test.broken", Do: func(context.Context, jobs.Task) error { return jobs.Permanent(errors.New("no")) }}})
		c.Pass(20 * time.Minute)
		c.Measures.Refresh(t.Context())
		for lang, want := range map[string][]string{
			"en": {"Jobs wait: test.first", "Jobs wait: test.second", "Jobs failed"}, "vi": {"Việc tự động phải chờ: test.first", "Việc tự động phải chờ: test.second", "Việc tự động đã hỏng"},
		} {
			page := c.AsLogin("kiemtra").In(lang).Get("/admin/health").Want(200).Body
			seen := map[string]int{}
			for _, m := range regexp.MustCompile(`role="region" aria-label="([^"]*)"`).FindAllSubmatch(page, -1) {
				seen[string(m[1])]++
			}
			for _, label := range want {
				if seen[label] != 1 {
					t.Errorf("%s: %d banners are called %q", lang, seen[label], label)
				}
			}
			for label, n := range seen {
				if n > 1 {
					t.Errorf("%s: %d banners are called %q", lang, n, label)
				}
			}
		}
	})
}

// TestTheBackupIsWatched: a city that is copied tells how far its backup is behind, and an alert asks.
func TestTheBackupIsWatched(t *testing.T) {
	t.Parallel()
	public, err := backup.NewIdentity(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := citytest.New(t, citytest.With(func(c *app.Config) { c.Backup = app.BackupConfig{Dir: dir, Recipients: []string{public}} }))
	rules := 0
	for _, name := range namedByRules(t) {
		if !strings.HasPrefix(name, "khue_backup_") {
			continue
		}
		rules++
		c.Eventually(name+" is told", func() bool {
			c.Measures.Refresh(t.Context())
			return strings.Contains(string(c.Visitor().Get("/metrics").Want(200).Body), "\n"+name)
		})
	}
	if rules == 0 {
		t.Error("no alert looks at the backup")
	}
}

// namedByRules reads the alert rules strictly and lists the figures in their expressions.
func namedByRules(t *testing.T) (out []string) {
	t.Helper()
	b, err := os.ReadFile("../../deploy/prometheus/khue.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions(b, &f, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			n++
			if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["what_to_do"] == "" || strings.Count(r.Expr, "(") != strings.Count(r.Expr, ")") {
				t.Errorf("rule %q of %s lacks its name, severity, sentence, what to do, or a bracket", r.Alert, g.Name)
			}
			out = append(out, regexp.MustCompile(`khue_[a-z_]+`).FindAllString(r.Expr, -1)...)
		}
	}
	if n < 15 {
		t.Errorf("%d rules were read", n)
	}
	return out
}

// TestAJobThatGaveUp: operators of the city see it, run it again with a reason, strike it out;
// others do not; the journal says who and why.
func TestAJobThatGaveUp(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		bury := func() string {
			t.Helper()
			err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error { return c.Jobs.Enqueue(tx, jobs.Job{Kind: "test.broken"}) })
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Jobs.Drain(t.Context(), []jobs.Handler{{Kind: "test.broken", Do: func(context.Context, jobs.Task) error {
				return jobs.Permanent(errors.New("refused for ana@example.com"))
			}}})
			list, err := c.Jobs.Dead(t.Context(), 0, 10)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0].ID.String()
		}
		id := bury()
		steward, auditor := c.AsLogin("dulieu").In("en"), c.AsLogin("kiemtra").In("en")
		page := string(auditor.Get("/admin/health").Want(200).Body)
		if !strings.Contains(page, "test.broken") || !strings.Contains(page, "One job failed for the last time") || strings.Contains(page, "example.com") {
			t.Errorf("the page: %.3000s", page)
		}
		c.AsLogin("motcua").Get("/admin/health").Want(403)
		send := func(a citytest.Actor, do, reason string) citytest.Answer {
			f := url.Values{"_key": {"key-" + do + "-12345"}, "do": {do}, "reason": {reason}}
			return a.Do("POST", "/admin/health/jobs/"+id, []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
		}
		send(auditor, "retry", "mended the server").Want(403)
		if refused := send(steward, "retry", "ok"); refused.Status != 422 || !strings.Contains(string(refused.Body), ">ok</textarea>") {
			t.Errorf("%d: what was typed stays: %.2000s", refused.Status, refused.Body)
		}
		send(steward, "retry", "mended the server").Want(303)
		if list, _ := c.Jobs.Dead(t.Context(), 0, 10); len(list) != 0 {
			t.Error("still dead")
		}
		_, _ = c.Jobs.Drain(t.Context(), []jobs.Handler{{Kind: "test.broken", Do: func(context.Context, jobs.Task) error { return jobs.Permanent(errors.New("no")) }}})
		send(steward, "discard", "done by hand").Want(303)
		send(steward, "discard", "done by hand").Want(303) // the same again
		if s, err := c.Jobs.ByKind(t.Context()); err != nil || strings.Contains(strings.Join(kinds(s), " "), "test.broken") {
			t.Error(s, err)
		}
		c.Eventually("the journal tells", func() bool {
			return len(entries(t, c, id)) == 2
		})
		if got := strings.Join(entries(t, c, id), "\n"); !strings.Contains(got, "mended the server") || !strings.Contains(got, "done by hand") || !strings.Contains(got, "Kiều Bảo Ngọc") {
			t.Error(got)
		}
	})
}

func kinds(list []jobs.KindStats) (out []string) {
	for _, k := range list {
		out = append(out, k.Kind)
	}
	return out
}

func entries(t *testing.T, c *citytest.City, job string) (out []string) {
	t.Helper()
	var n int64
	for _, r := range job {
		n = n*10 + int64(r-'0')
	}
	list, err := c.Journal.BySubject(t.Context(), journal.Subject{Type: "job", ID: n}, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		out = append(out, r.Kind+" "+string(r.Payload))
	}
	return out
}
