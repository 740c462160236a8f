package auth_test

import (
	"context"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// TestFailuresCountOnEveryNodeAndAfterARestart: whoever is held back at one node is held back at
// all of them, and by no restart let go. No try writes; the owner who came in is let in elsewhere too.
func TestFailuresCountOnEveryNodeAndAfterARestart(t *testing.T) {
	each(t, func(t *testing.T, one node) {
		two := one.another(2)
		one.account(t, auth.NewAccount{})
		ctx := context.Background()
		try := func(n node, word string) error {
			_, _, err := n.SignIn(ctx, auth.Credentials{Login: "lan.nt", Password: word, Network: "203.0.113.7", Device: "curl"})
			return err
		}
		share := func() {
			t.Helper()
			for _, n := range []node{one, two} {
				if err := n.Share(ctx); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // read twice, counted once
				for _, n := range []node{one, two} {
					if err := n.Poll(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		rows := func() (n int) {
			t.Helper()
			err := one.db.View(ctx, func(_ context.Context, v *db.View) error {
				return v.QueryRow(`SELECT COUNT(*) FROM auth_tally`).Scan(&n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}

		for range 3 {
			wantKind(t, try(one, "sai mật khẩu rồi"), errs.Unauthenticated)
		}
		wantKind(t, try(two, "sai mật khẩu rồi"), errs.Unauthenticated)
		if n := rows(); n != 0 {
			t.Errorf("%d rows were written while tries were made", n)
		}
		share()
		if n := rows(); n != 2 {
			t.Errorf("%d rows, want one for each node however many tries", n)
		}
		wantKind(t, try(two, "sai mật khẩu rồi"), errs.Unauthenticated) // the fifth
		share()
		for _, n := range []node{one, two, one.another(3)} {
			if err := n.Poll(ctx); err != nil {
				t.Fatal(err)
			}
			wantKind(t, try(n, password), errs.RateLimited)
		}

		one.clk.Advance(4 * time.Minute) // one try has drained
		if err := try(one, password); err != nil {
			t.Fatal(err)
		}
		share()
		for range 4 {
			wantKind(t, try(two, "sai mật khẩu rồi"), errs.Unauthenticated)
		}
		one.clk.Advance(time.Hour)
		if err := one.Purge(ctx); err != nil {
			t.Fatal(err)
		}
		if n := rows(); n != 0 {
			t.Errorf("%d rows live on after what they count has drained", n)
		}
	})
}
