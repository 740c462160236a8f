package app_test

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
)

// second runs another node over the database of a city, on the same clock.
func second(t *testing.T, c *citytest.City) *app.Program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p, err := app.New(ctx, c.Config)
	if err != nil {
		t.Fatal(err)
	}
	up, done := make(chan net.Addr, 1), make(chan error, 1)
	go func() { done <- p.Run(ctx, func(a net.Addr) { up <- a }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		p.Close()
	})
	<-up
	return p
}

// TestNothingIsLeftOfAPostOnAnotherNode: what somebody may no more do, no node lets them do.
// The clock stands still meanwhile, so that nothing runs out by itself: nodes tell each other.
func TestNothingIsLeftOfAPostOnAnotherNode(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t, app.Migrations())
	c := citytest.New(t, citytest.With(demo), citytest.With(func(c *app.Config) { c.DB = url }))
	other := second(t, c)
	number := func(login string) (n int64) {
		for _, a := range c.Demo.Accounts {
			if a.Login == login {
				n, _ = strconv.ParseInt(a.ID, 10, 64)
			}
		}
		return n
	}
	token := func(login string) string {
		for _, a := range c.Demo.Accounts {
			if a.Login == login {
				return a.Token
			}
		}
		return ""
	}
	at := func(p *app.Program, login string) context.Context {
		sub, err := p.Auth.Resolve(t.Context(), token(login))
		if err != nil {
			return t.Context() // a visitor
		}
		return auth.With(t.Context(), sub)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tree := c.Units.Now()
	place, err := tree.ByCode("00133")
	must(err)
	agency, _ := tree.AgencyOf(place.ID)
	works := func(p *app.Program, login, role string) bool {
		return p.Policies.May(at(p, login), "dossier.act", auth.Resource{Type: "Task", Units: []string{"unit:" + agency.ID.String()}, Roles: []string{role}})
	}
	gone := func(what, login, role string, act func()) {
		t.Helper()
		if !works(other, login, role) { // and the other node has it in memory now
			t.Fatalf("%s: %s may not act as %s from the first", what, login, role)
		}
		act()
		began := time.Now()
		c.Eventually(what+" is seen on the other node", func() bool { return !works(other, login, role) })
		t.Logf("%s: seen on the other node after %s", what, time.Since(began).Round(time.Millisecond))
		if works(c.Program, login, role) {
			t.Errorf("%s: the node where it happened did not see it", what)
		}
	}

	gone("a post ended", "vanhoa", "cultureSocialOfficer", func() {
		change, err := c.Officers.Propose(at(c.Program, "chutich"), identity.Wish{End: &identity.Ending{Account: number("vanhoa"), Unit: agency.ID, Role: "cultureSocialOfficer", Decision: "126/QĐ-UBND"}}, web.NewKey())
		must(err)
		_, err = c.Officers.Decide(at(c.Program, "phochutich"), change.ID, identity.Approve, "", web.NewKey())
		must(err)
	})

	today := clock.DateOf(c.Clock.Now())
	leave, err := c.Officers.EnterLeave(at(c.Program, "hotich"), identity.NewLeave{Account: number("hotich"), Deputy: number("thongke"), From: today, Until: today.AddDays(2), Key: web.NewKey()})
	must(err)
	c.Eventually("the deputy stands in on the other node", func() bool { return works(other, "thongke", "justiceOfficer") })
	c.Eventually("the leave has begun", func() bool {
		l, err := c.Officers.FindLeave(at(c.Program, "hotich"), leave.ID)
		return err == nil && l.Status == identity.LeaveRunning
	})
	gone("a leave was taken back", "thongke", "justiceOfficer", func() {
		_, err := c.Officers.CancelLeave(at(c.Program, "hotich"), leave.ID, web.NewKey())
		must(err)
	})

	gone("an account was barred", "diachinh", "landOfficer", func() { must(c.Auth.SetDisabled(t.Context(), number("diachinh"), true)) })

	// A unit that is no more: who worked at it has nothing there.
	if !works(other, "motcua", "clerk") {
		t.Fatal("the clerk may not act")
	}
	reorganised(t, c)
	for _, p := range []*app.Program{c.Program, other} {
		c.Eventually("the clerk of a commune that is no more acts there no more", func() bool { return !works(p, "motcua", "clerk") })
	}
}
