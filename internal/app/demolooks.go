package app

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Sizes of a year of invented looks: enough to turn pages.
const (
	yearOfPerson  = 110 // at each invented citizen, at counters and in lists
	yearOfReasons = 90  // with a reason, on the boards
	looksSeed     = 20250623
)

// fillLooks gives a filled demo a year of looks: at its citizens, and on the boards of heads
// and auditors.
func (p *Program) fillLooks(ctx context.Context, city DemoCity) error {
	rnd := rand.New(rand.NewPCG(looksSeed, 1)) //nolint:gosec // invented, and the same each time
	now := p.Clock.Now()
	var officers, clerks []auth.Subject
	var citizens []int64
	for _, a := range city.Accounts {
		sub, err := p.Auth.Resolve(ctx, a.Token)
		if err != nil {
			return err
		}
		switch {
		case sub.Kind == auth.KindOfficer && len(posts(sub)) > 0 && !sub.Has(access.Auditor):
			officers = append(officers, sub)
			if sub.Has(string(orgunit.RoleClerk)) {
				clerks = append(clerks, sub)
			}
		case sub.Kind == auth.KindCitizen:
			citizens = append(citizens, sub.Account)
		}
	}
	if len(clerks) == 0 {
		return nil
	}
	old, err := p.Dossiers.EndedBefore(ctx, "hanoi.civil-status.birth-registration", now.AddDate(0, 0, -200), 0, yearOfReasons)
	if err != nil {
		return err
	}
	line := func(of []auth.Subject, at time.Time) access.Line {
		who := of[rnd.IntN(len(of))]
		post := posts(who)[0]
		return access.Line{At: at, Actor: who.Account, Unit: post.Unit, Post: post.Role, Type: "account"}
	}
	var out []access.Line
	for _, c := range citizens {
		for range yearOfPerson {
			l := line(clerks, p.workHour(rnd, now, 365))
			l.About, l.Basis, l.Why, l.What = c, access.ByDuty, access.DutyCounter, access.Person
			out = append(out, l)
		}
		own, err := p.Dossiers.OwnOf(auth.With(ctx, auth.Subject{Account: c, Kind: auth.KindCitizen}))
		if err != nil {
			return err
		}
		for _, d := range own {
			for _, what := range []access.What{access.List, access.Dossier, access.Paper} {
				l := line(clerks, d.SubmittedAt.Add(time.Duration(5+rnd.IntN(50))*time.Minute))
				if l.At.After(now) {
					continue
				}
				l.Type, l.About, l.What, l.Basis = dossier.SubjectType, int64(d.ID), what, access.ByDossier
				if what == access.List {
					l.Basis, l.Why = access.ByDuty, access.DutyPost
				}
				out = append(out, l)
			}
		}
	}
	words := []string{"Trả lời đơn phản ánh về thời hạn", "Sao lục theo yêu cầu của chủ hồ sơ", "Đối chiếu với hồ sơ đang xử lý của cùng gia đình", "Theo công văn của tòa án", "Sửa sai sót trong trích lục đã cấp"}
	choices := []string{"complaint", "archive", "related", "authority", "correction"}
	for _, d := range old {
		l := line(officers, p.workHour(rnd, now, 199))
		i := rnd.IntN(len(words))
		l.Type, l.About, l.What, l.Basis, l.Why, l.Words = dossier.SubjectType, int64(d), access.Dossier, access.ByReason, choices[i], words[i]
		if rnd.IntN(15) == 0 {
			l.At = clock.DateOf(l.At).At(22, 5+rnd.IntN(50)) // what a rule finds unusual
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b access.Line) int { return a.At.Compare(b.At) })
	return p.Looks.Fill(ctx, out)
}

// workHour is an instant of the last days in which offices work.
func (p *Program) workHour(rnd *rand.Rand, now time.Time, days int) time.Time {
	cal := p.Holidays.City()
	day := cal.PrevWorking(clock.DateOf(now).AddDays(-1 - rnd.IntN(days)))
	return day.At(8+rnd.IntN(8), rnd.IntN(60))
}
