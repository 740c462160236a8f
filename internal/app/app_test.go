package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// run is the command line with its output.
func run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = app.Main(t.Context(), "", args, &o, &e)
	return code, o.String(), e.String()
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	accounts := filepath.Join(dir, "accounts.json")
	if err := os.WriteFile(accounts, []byte(`{"accounts":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":             {[]string{"--help"}, 0, "The digital government of a city"},
		"help of one":      {[]string{"demo", "--help"}, 0, "--at"},
		"no such command":  {[]string{"dmeo"}, 2, "dmeo"},
		"no such flag":     {[]string{"serve", "--prot=1"}, 2, "--prot"},
		"wrong day":        {[]string{"demo", "--at", "23/06/2025"}, 2, "2025-06-23"},
		"no account":       {[]string{"token", "--as", "nobody", "--data", filepath.Join(dir, "a")}, 1, "khue:"},
		"no file":          {[]string{"import", "units", filepath.Join(dir, "none.csv")}, 2, "none.csv"},
		"lint":             {[]string{"service", "lint", "../../services/birth-registration"}, 0, ""},
		"scenarios":        {[]string{"service", "test", "../../services/birth-registration"}, 0, "ok"},
		"print config":     {[]string{"serve", "--print-config", "--db", "postgres://khue:geheim@db/khue"}, 0, "postgres://khue:xxx@db/khue"},
		"a load of others": {[]string{"load", "--target", "http://192.0.2.1:80", "--accounts", accounts}, 2, "--i-own-this-server"},
		"a load by nobody": {[]string{"load", "check", accounts, "--target", "http://127.0.0.1:80"}, 2, "--accounts"},
		"unknown mix":      {[]string{"load", "--mix", "mars"}, 2, "ukraine"},
		"unknown figure":   {[]string{"bench", "speed"}, 1, "speed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errOut := run(t, c.args...)
			if code != c.code || !strings.Contains(out+errOut, c.says) {
				t.Errorf("exit %d, want %d\n%s\n%s", code, c.code, out, errOut)
			}
		})
	}
}

func TestMigrateThenVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code, out, errOut := run(t, "migrate", "--data", dir); code != 0 || !strings.Contains(out, "dossier") {
		t.Fatalf("exit %d\n%s%s", code, out, errOut)
	}
	if code, out, _ := run(t, "migrate", "--check", "--data", dir); code != 0 || out != "" {
		t.Errorf("still pending: %s", out)
	}
	// A folder without keys gets none by being looked at: who checks names the public key.
	if code, _, errOut := run(t, "verify", "--data", dir); code != 1 || !strings.Contains(errOut, "--key") {
		t.Errorf("without a key: exit %d: %s", code, errOut)
	}
	code, out, errOut := run(t, "verify", "--data", dir, "--json", "--key", "khue.hanoi+66519855+AVZB+LqcxHgabNB1eCY7/Is2ZT2KuO9td/d8nMAcwFUQ")
	var rep struct{ OK bool }
	if err := json.Unmarshal([]byte(out), &rep); code != 0 || err != nil || !rep.OK {
		t.Errorf("exit %d: %s %s", code, out, errOut)
	}
}

func TestDemoRefusesAFolderWithACity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code, _, _ := run(t, "migrate", "--data", dir); code != 0 {
		t.Fatal("migrate failed")
	}
	if code, _, errOut := run(t, "demo", "--data", dir); code != 2 || !strings.Contains(errOut, "khue serve") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestEveryRouteHasAPolicy is the list that an auditor reads.
func TestEveryRouteHasAPolicy(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	desk := 0
	for _, r := range c.Server.Routes() {
		if r.Policy == "" {
			t.Errorf("%s %s has no policy", r.Method, r.Path)
		}
		if strings.HasPrefix(r.Path, "/desk") {
			desk++
			if r.Policy == "public" || r.Policy == "signed in" {
				t.Errorf("%s %s is open to %s", r.Method, r.Path, r.Policy)
			}
		}
	}
	if desk == 0 {
		t.Error("no route of the desk")
	}
}

// TestPagesSpeakBothLanguages opens every page that takes no parameter.
func TestPagesSpeakBothLanguages(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	for _, role := range []string{"", "citizen", "clerk"} {
		who := c.Visitor()
		if role != "" {
			who = c.As(role)
		}
		for _, r := range c.Server.Routes() {
			if r.Method != "GET" || strings.Contains(r.Path, "{") && r.Path != "/{$}" || r.Path == "/metrics" {
				continue
			}
			for _, lang := range i18n.Langs {
				a := who.In(string(lang)).Get(strings.TrimSuffix(r.Path, "{$}"))
				if a.Status >= 500 || strings.Contains(string(a.Body), "⟨") {
					t.Errorf("%s as %q in %s: %d %.600s", r.Path, role, lang, a.Status, a.Body)
				}
			}
		}
	}
}

// TestDemoOpensWithWork on each of its three days, on both engines.
func TestDemoOpensWithWork(t *testing.T) {
	t.Parallel()
	for _, day := range []string{"2020-02-10", "2025-06-23", "2026-11-23"} {
		t.Run(day, func(t *testing.T) {
			citytest.Each(t, opens, citytest.At(clock.MustDate(day).At(8, 10)), citytest.With(func(c *app.Config) { c.Payments = app.Payments{Invented: true, BankSecret: "thu"} }))
		})
	}
}

func opens(t *testing.T, c *citytest.City) {
	for _, r := range orgunit.Roles() {
		if r.Role == identity.Provisioner {
			continue // a program's
		}
		c.Account(string(r.Role)) // somebody for every role
	}
	if err := c.Populate(t.Context(), c.Demo); err != nil {
		t.Fatal(err)
	}
	var list struct{ Items []struct{ Step string } }
	c.As("clerk").Get("/api/v1/tasks").Want(200).Into(&list)
	want := 5 // births: 4 to accept and 1 to return
	if _, district := c.Units.Now().ByCode("004"); district != nil {
		want += 7 // in the two-tier city also a business and a house to accept, and a business and four issued papers to return
	}
	if len(list.Items) != want {
		t.Errorf("the clerk has %d tasks, want %d", len(list.Items), want)
	}
	// Departments are asked of two houses: of one planning has answered and culture has not.
	for login, step := range map[string]string{"quyhoach": "planning", "disan": "culture", "xaydung": "examine", "kinhdoanh": "examine"} {
		var tasks struct{ Items []struct{ Step string } }
		c.AsLogin(login).Get("/api/v1/tasks").Want(200).Into(&tasks)
		got := ""
		if len(tasks.Items) > 0 {
			got = tasks.Items[0].Step
		}
		if got != step {
			t.Errorf("%s works on %q, want %q: %+v", login, got, step, tasks.Items)
		}
	}
	rep, err := c.Journal.Verify(t.Context(), journal.Held{}, nil)
	if err != nil || !rep.OK() {
		t.Errorf("the journal is not whole: %v %+v", err, rep.Problems)
	}
	// On each day those who sign get their cards, also where another agency has them.
	if _, err := c.DemoCards(t.Context(), c.Demo); err != nil {
		t.Errorf("cards: %v", err)
	}
}

func TestServeOpensWhatTheDemoLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := app.New(t.Context(), app.Config{Data: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.Close()
	second, err := app.New(t.Context(), app.Config{Data: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.Auth.FindAccount(t.Context(), "motcua"); err != nil {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := second.Run(ctx, func(net.Addr) { stop() }); err != nil {
		t.Errorf("run ended with %v", err)
	}
}
