package auth_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

const password = "bốn con ngựa qua cầu"

type node struct {
	*auth.Service
	clk *clock.Fake
	db  *db.DB
}

func (n node) another(no uint16) node { // a second node over the same database
	n.Service = auth.New(n.db, id.NewGen(no, n.clk), n.clk, slog.New(slog.DiscardHandler), auth.Config{})
	return n
}

func each(t *testing.T, test func(t *testing.T, n node)) {
	t.Helper()
	t.Parallel()
	run := func(t *testing.T, open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB) {
		t.Parallel()
		clk := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
		n := node{clk: clk, db: open(t, []db.Migrations{auth.Migrations()}, dbtest.WithClock(clk))}
		test(t, n.another(1))
	}
	t.Run("sqlite", func(t *testing.T) { run(t, dbtest.New) })
	t.Run("postgres", func(t *testing.T) { run(t, dbtest.NewPostgres) })
}

func (n node) account(t *testing.T, a auth.NewAccount) int64 {
	t.Helper()
	if a.Login == "" {
		a.Login, a.Name, a.Kind, a.Password = "lan.nt", "Nguyễn Thị Lan", auth.KindOfficer, password
	}
	id, err := n.CreateAccount(context.Background(), a)
	if err != nil {
		t.Fatalf("creating an account: %v", err)
	}
	return id
}

func (n node) signIn(t *testing.T, network string) string {
	t.Helper()
	token, _, err := n.SignIn(context.Background(), auth.Credentials{Login: "LAN.NT", Password: password, Network: network, Device: "Firefox"})
	if err != nil {
		t.Fatalf("signing in: %v", err)
	}
	return token
}

func wantKind(t *testing.T, err error, k errs.Kind) {
	t.Helper()
	if !errs.Is(err, k) {
		t.Fatalf("error is %v, want kind %v", err, k)
	}
}

func TestSignInAndOut(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		id := n.account(t, auth.NewAccount{})
		token := n.signIn(t, "203.0.113.0/24")
		sub, err := n.Resolve(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		want := auth.Subject{Account: id, Name: "Nguyễn Thị Lan", Login: "lan.nt", Kind: auth.KindOfficer, Grants: []auth.Grant{},
			Session: sub.Session, Methods: []string{auth.ByPassword}, Proved: n.clk.Now()}
		if d := cmp.Diff(want, sub); d != "" {
			t.Errorf("subject (-want +got):\n%s", d)
		}
		other := n.another(2)
		if _, err := other.Resolve(ctx, token); err != nil {
			t.Fatalf("the other node does not know the session: %v", err)
		}
		if err := n.SignOut(ctx, token); err != nil {
			t.Fatal(err)
		}
		_, err = n.Resolve(ctx, token)
		wantKind(t, err, errs.Unauthenticated)
		if err := other.Poll(ctx); err != nil {
			t.Fatal(err)
		}
		_, err = other.Resolve(ctx, token)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestWrongCredentialsTellNothing(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		off := n.account(t, auth.NewAccount{})
		var said []string
		try := func(login, pw string) {
			_, _, err := n.SignIn(ctx, auth.Credentials{Login: login, Password: pw, Network: "n"})
			wantKind(t, err, errs.Unauthenticated)
			e, _ := errs.As(err)
			said = append(said, e.Key)
		}
		try("lan.nt", "sai mật khẩu rồi")
		try("khong.co", password)
		if err := n.SetDisabled(ctx, off, true); err != nil {
			t.Fatal(err)
		}
		try("lan.nt", password)
		if said[0] != said[1] || said[1] != said[2] {
			t.Errorf("refusals differ, so a stranger learns which accounts exist: %v", said)
		}
	})
}

func TestRevocationReachesEveryNode(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		account := n.account(t, auth.NewAccount{})
		other := n.another(2)
		grant := auth.Grant{Role: "clerk", Scope: "unit:00133"}
		day := clock.DateOf(n.clk.Now())
		steps := []struct {
			name string
			do   func() error
			want func(auth.Subject, error) bool
		}{
			{"a grant is given", func() error {
				return n.AddGrant(ctx, account, auth.GrantPeriod{Grant: grant, From: day})
			}, func(s auth.Subject, err error) bool { return err == nil && s.Has("clerk", "unit:00133") }},
			{"the grant ended yesterday", func() error {
				return n.EndGrant(ctx, account, grant, day.AddDays(-1))
			}, func(s auth.Subject, err error) bool { return err == nil && !s.Has("clerk") }},
			{"the account is disabled", func() error {
				return n.SetDisabled(ctx, account, true)
			}, func(_ auth.Subject, err error) bool { return errs.Is(err, errs.Unauthenticated) }},
		}
		token := n.signIn(t, "n")
		for _, s := range []node{n, other} {
			if _, err := s.Resolve(ctx, token); err != nil { // both have it in memory
				t.Fatal(err)
			}
		}
		for _, step := range steps {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			n.clk.Advance(time.Second)
			if err := other.Poll(ctx); err != nil {
				t.Fatal(err)
			}
			for i, s := range []node{n, other} {
				if !step.want(s.Resolve(ctx, token)) {
					t.Errorf("%s: node %d has not seen it", step.name, i+1)
				}
			}
		}
	})
}

func TestGrantsHoldOnTheirDays(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		day := clock.DateOf(n.clk.Now())
		n.account(t, auth.NewAccount{Login: "lan.nt", Name: "Lan", Kind: auth.KindOfficer, Password: password, Grants: []auth.GrantPeriod{
			{Grant: auth.Grant{Role: "past", Scope: "*"}, Until: day.AddDays(-1)},
			{Grant: auth.Grant{Role: "last-day", Scope: "*"}, Until: day},
			{Grant: auth.Grant{Role: "tomorrow", Scope: "*"}, From: day.AddDays(1)},
		}})
		token := n.signIn(t, "n")
		sub, err := n.Resolve(ctx, token)
		if err != nil || !cmp.Equal(sub.Roles(), []string{"last-day"}) {
			t.Errorf("today: %v %v", sub.Roles(), err)
		}
		n.clk.Set(day.AddDays(1).At(0, 1))
		token = n.signIn(t, "n")
		sub, err = n.Resolve(ctx, token)
		if err != nil || !cmp.Equal(sub.Roles(), []string{"tomorrow"}) {
			t.Errorf("tomorrow: %v %v", sub.Roles(), err)
		}
	})
}

func TestSessionsEndWhenIdleAndAtTheLatest(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		n.account(t, auth.NewAccount{})
		idle, busy := n.signIn(t, "n"), n.signIn(t, "n")
		for range 11 * 4 { // eleven hours of work
			n.clk.Advance(15 * time.Minute)
			if _, err := n.Resolve(ctx, busy); err != nil {
				t.Fatalf("the busy session ended: %v", err)
			}
			if err := n.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		_, err := n.Resolve(ctx, idle)
		wantKind(t, err, errs.Unauthenticated)
		if _, err := n.another(2).Resolve(ctx, busy); err != nil {
			t.Errorf("a node that starts now takes the busy session for idle: %v", err)
		}
		if err := n.Purge(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Resolve(ctx, busy); err != nil {
			t.Errorf("purging took a live session: %v", err)
		}
		n.clk.Advance(time.Hour)
		_, err = n.Resolve(ctx, busy)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestSignsOfLifeInMemoryCount(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		n.account(t, auth.NewAccount{})
		token := n.signIn(t, "n")
		for range 3 { // nothing is flushed
			n.clk.Advance(90 * time.Minute)
			if _, err := n.Resolve(context.Background(), token); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTokenPlantedBeforeSignInIsWorthNothingAfter(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		n.account(t, auth.NewAccount{})
		old := n.signIn(t, "n")
		fresh, _, err := n.SignIn(ctx, auth.Credentials{Login: "lan.nt", Password: password, Network: "n", Old: old})
		if err != nil || fresh == old {
			t.Fatalf("no new token: %v", err)
		}
		_, err = n.Resolve(ctx, old)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestStrangersCannotLockTheOwnerOut(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		n.account(t, auth.NewAccount{})
		n.signIn(t, "home")
		refused := 0
		for i := range 60 { // guesses from many networks
			_, _, err := n.SignIn(ctx, auth.Credentials{Login: "lan.nt", Password: "đoán mò " + strings.Repeat("x", i%7), Network: "bot" + string(rune('a'+i%20))})
			if errs.Is(err, errs.RateLimited) {
				refused++
			}
		}
		if refused == 0 {
			t.Error("sixty guesses from everywhere were all answered")
		}
		_, _, err := n.SignIn(ctx, auth.Credentials{Login: "lan.nt", Password: password, Network: "bota"})
		wantKind(t, err, errs.RateLimited)
		n.signIn(t, "home") // the owner comes in
	})
}

func TestFailuresDrain(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		n.account(t, auth.NewAccount{})
		bad := auth.Credentials{Login: "lan.nt", Password: "sai sai sai sai", Network: "home"}
		var err error
		for range 6 {
			_, _, err = n.SignIn(ctx, bad)
		}
		wantKind(t, err, errs.RateLimited)
		e, _ := errs.As(err)
		wait, _ := e.Params["after"].(time.Duration)
		if wait <= 0 || wait > 15*time.Minute {
			t.Fatalf("told to wait %v", wait)
		}
		n.clk.Advance(wait)
		n.signIn(t, "home")
	})
}

func TestTokensOfPrograms(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		account := n.account(t, auth.NewAccount{Login: "so-tu-phap", Name: "Sở Tư pháp", Kind: auth.KindSystem})
		token, err := n.IssueToken(ctx, account, "báo cáo")
		if err != nil {
			t.Fatal(err)
		}
		n.clk.Advance(300 * 24 * time.Hour) // never idle
		if _, err := n.Resolve(ctx, token); err != nil {
			t.Errorf("after 300 days: %v", err)
		}
		_, _, err = n.SignIn(ctx, auth.Credentials{Login: "so-tu-phap", Password: ""})
		wantKind(t, err, errs.Unauthenticated) // no password, no sign-in
		list, err := n.Sessions(ctx, account)
		if err != nil || len(list) != 1 || list[0].Label != "báo cáo" {
			t.Fatalf("sessions %v %v", list, err)
		}
		if err := n.EndSession(ctx, account+1, list[0].ID); err != nil { // somebody else's
			t.Fatal(err)
		}
		if _, err := n.another(2).Resolve(ctx, token); err != nil {
			t.Errorf("another account ended it: %v", err)
		}
		if err := n.EndSession(ctx, account, list[0].ID); err != nil {
			t.Fatal(err)
		}
		_, err = n.Resolve(ctx, token)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestAccountsAreChecked(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		ctx := context.Background()
		_, err := n.CreateAccount(ctx, auth.NewAccount{Login: "x", Kind: auth.KindCitizen, Password: "12345678"})
		wantKind(t, err, errs.Invalid)
		e, _ := errs.As(err)
		var paths []string
		for _, f := range e.Fields {
			paths = append(paths, f.Path)
		}
		if d := cmp.Diff([]string{"name", "login", "password"}, paths); d != "" {
			t.Errorf("fields refused (-want +got):\n%s", d)
		}
		n.account(t, auth.NewAccount{Login: "0912345678", Name: "Lan", Kind: auth.KindCitizen, Password: password})
		_, err = n.CreateAccount(ctx, auth.NewAccount{Login: "+84 912 345 678", Name: "Lan", Kind: auth.KindCitizen, Password: password})
		wantKind(t, err, errs.Conflict)
	})
}

func TestForgedTokensNeverReachTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		queries := dbtest.Queries(n.db)
		for _, token := range []string{"", "x", "Bearer khue_", strings.Repeat("k", 10_000), "khue_" + strings.Repeat("x", 10_000)} {
			_, err := n.Resolve(context.Background(), token)
			wantKind(t, err, errs.Unauthenticated)
		}
		if q := queries(); q != 0 {
			t.Errorf("%d queries", q)
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	clk := clock.System()
	d := dbtest.New(b, []db.Migrations{auth.Migrations()})
	s := auth.New(d, id.NewGen(1, clk), clk, slog.New(slog.DiscardHandler), auth.Config{})
	ctx := context.Background()
	account, err := s.CreateAccount(ctx, auth.NewAccount{Login: "bench", Name: "B", Kind: auth.KindSystem})
	if err != nil {
		b.Fatal(err)
	}
	token, err := s.IssueToken(ctx, account, "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Resolve(ctx, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPassword(b *testing.B) {
	clk := clock.System()
	s := auth.New(nil, id.NewGen(1, clk), clk, slog.New(slog.DiscardHandler), auth.Config{})
	for b.Loop() {
		if _, err := s.HashPassword(context.Background(), password); err != nil {
			b.Fatal(err)
		}
	}
}
