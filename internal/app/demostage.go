package app

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/portal/demo"
)

// stage is what a demo's page tells of its city: the people that were settled and the
// dossiers of the story. It fills while the demo is played, before the door opens.
type stage struct {
	mu    sync.Mutex
	city  DemoCity
	codes map[string]string // by what the page says of them
}

func newStage() *stage { return &stage{codes: map[string]string{}} }

func (s *stage) show(key, code string) {
	if key == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[key] = code
}

// settle takes the people, and the story of a city that was opened before.
func (s *stage) settle(city DemoCity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.city = city
	maps.Copy(s.codes, city.Tales)
}

func (s *stage) tales() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.codes)
}

// cast are the people whom one may be with a click. Of several logins the first that the day
// has; page is where they begin when nothing waits.
func cast() []struct{ key, logins, page string } {
	return []struct{ key, logins, page string }{
		{"citizen", hanh, "/dossiers"},
		{"clerk", "motcua", "/desk"},
		{"justice", "hotich", "/desk"},
		{"chairman", "chutich", "/desk"},
		{"labour", "ldtbxh", "/desk"},
		{"economy", "kinhdoanh", "/desk"},
		{"department", "nguoicocong chuyenvien", "/desk"},
		{"planning", "quyhoach", "/desk"},
		{"designer", "thietke", "/admin/services"},
		{"leader", "lanhdao", "/desk/report?unit=all"},
		{"auditor", "kiemtra", "/desk/report?unit=all"},
	}
}

// playbill are the dossiers and pages of the story, in the order in which one looks at them,
// with the officer who sees each.
func playbill() []demo.Tale {
	return []demo.Tale{
		{Key: "sunday", Login: "motcua"},
		{Key: "papers", Login: "motcua"},
		{Key: "draft", Login: "hotich"},
		{Key: "why", Login: "kinhdoanh"},
		{Key: "late", Login: "kinhdoanh"},
		{Key: "silent", Login: "xaydung"},
		{Key: "family", Login: "motcua"},
		{Key: "refused", Login: "motcua"},
		{Key: "uncollected", Login: "motcua"},
		{Key: "border", Login: "ldtbxh nguoicocong"},
	}
}

func (s *stage) story() demo.Story {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := map[string]DemoAccount{}
	for _, a := range s.city.Accounts {
		by[a.Login] = a
	}
	var out demo.Story
	for _, c := range cast() {
		if login, ok := firstOf(by, c.logins); ok {
			a := by[login]
			out.People = append(out.People, demo.Person{Key: c.key, Login: login, Name: a.Name, Token: a.Token, Page: c.page})
		}
	}
	for _, t := range playbill() {
		if t.Code = s.codes[t.Key]; t.Code != "" {
			t.Login, _ = firstOf(by, t.Login)
			out.Tales = append(out.Tales, t)
		}
	}
	// One code, two wards: until 2025 it was Ngọc Thụy, since then it is Bồ Đề.
	out.Tales = append(out.Tales, demo.Tale{Key: "code", Page: "/units?q=ngoc+thuy&at=2019-06-01"})
	return out
}

func firstOf(by map[string]DemoAccount, logins string) (string, bool) {
	for _, login := range strings.Fields(logins) {
		if _, ok := by[login]; ok {
			return login, true
		}
	}
	return "", false
}

// merger is the day on which the districts went and 526 communes became 126.
func merger() time.Time { return clock.MustDate("2025-07-01").At(8, 0) }

// jumps are the moves of the clock that a demo offers now.
func (p *Program) jumps() []demo.Jump {
	now := p.Clock.Now()
	today := clock.DateOf(now)
	next := today.At(8, 0)
	cal := p.Holidays.Of(0)
	if c, err := demoCommune(p.Units.At(today), today); err == nil {
		cal = p.Holidays.Of(c.ID)
	}
	if !now.Before(next) || !cal.IsWorking(today) {
		next = cal.NextWorking(today).At(8, 0)
	}
	out := []demo.Jump{{Key: "next", To: next}}
	if now.Before(merger()) && now.After(merger().AddDate(0, 0, -60)) {
		out = append(out, demo.Jump{Key: "merger", To: merger()})
	}
	return out
}

// leap moves the demo's clock and wakes what waits for the time: timers of dossiers, notices,
// and what is offered on the new day.
func (p *Program) leap(ctx context.Context, to time.Time) error {
	if err := p.jump(to); err != nil {
		return err
	}
	p.Jobs.Wake()
	return p.offer(ctx)
}

// demoDoor is the demo's page.
func (p *Program) demoDoor() demo.Deps {
	return demo.Deps{
		Clock: p.Clock, Auth: p.Auth, Dossiers: p.Dossiers, Services: p.Services, Password: demoPassword, Post: p.postLine,
		Story: p.stage.story, Jumps: p.jumps, JumpTo: p.leap,
	}
}
