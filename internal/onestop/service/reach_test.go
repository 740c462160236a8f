package service_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
	"khue/services"
)

// Where the city takes payments and signs, these reach level 4, and these cannot: each with
// the law that stops it. Without either, none reaches it.
func TestWhichServicesReachTheFourthLevel(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(decl.Messages, form.Messages, process.Messages, service.Messages)
	if err != nil {
		t.Fatal(err)
	}
	reg, problems := service.LoadAll(services.FS)
	if reg == nil {
		t.Fatal(problems)
	}
	day := clock.MustDate("2026-11-23")
	four := []string{
		"1.001193",                                     // birth
		"1.001612", "1.009664", "1.010803", "2.000635", // household business, investment, martyrs, extract
		"1.004222", "1.014137", // residence and insurance card of a child
	}
	capped := map[string][3]string{ // level, reason, words of the law that the page shows
		"1.000894": {"3", "service.level.cap.presence", "Luật Hộ tịch 60/2014/QH13, điều 18: hai bên nam, nữ cùng có mặt"},
		"2.000815": {"2", "service.level.cap.presence", "Nghị định 23/2015/NĐ-CP, điều 20: người yêu cầu xuất trình bản chính"},
		"1.013225": {"3", "service.level.cap.inspection", "Luật Xây dựng 50/2014/QH13, điều 102"},
	}
	var reached []string
	for _, p := range reg.On(day) {
		if l := p.Level(service.Working{}, day); l.N > 3 {
			t.Errorf("%s is of level %d in a city that neither takes payments nor signs", p.ID, l.N)
		}
		l := p.Level(service.Working{Payment: true, Signature: true}, day)
		if l.N == 4 {
			reached = append(reached, p.Procedure)
		}
		want, ok := capped[p.Procedure]
		if !ok {
			continue
		}
		delete(capped, p.Procedure)
		if n := string(rune('0' + l.N)); n != want[0] || l.Why[len(l.Why)-1].Key != want[1] {
			t.Errorf("%s: level %d, %v", p.ID, l.N, l.Why)
		}
		for _, lang := range i18n.Langs {
			if said := l.Public(b).In(lang); !strings.Contains(said, want[2]) {
				t.Errorf("%s: the page says %q", p.ID, said)
			}
		}
	}
	slices.Sort(reached)
	slices.Sort(four)
	if !slices.Equal(reached, four) {
		t.Errorf("level 4: %v, want %v", reached, four)
	}
	if len(capped) > 0 {
		t.Errorf("not declared: %v", capped)
	}
}

// A support is asked for the unit and the day; what nobody plugged in does not work.
func TestSupportsAreAskedPerUnitAndDay(t *testing.T) {
	t.Parallel()
	from := clock.MustDate("2026-12-01")
	s := service.Supports{Signature: func(_ context.Context, u orgunit.UnitID, on clock.Date) bool {
		return u == 7 && !on.Before(from)
	}}
	for _, tc := range []struct {
		unit orgunit.UnitID
		day  string
		want service.Working
	}{
		{7, "2026-12-01", service.Working{Signature: true}}, {7, "2026-11-30", service.Working{}}, {8, "2026-12-01", service.Working{}}, {0, "2026-12-01", service.Working{}},
	} {
		if got := s.For(t.Context(), tc.unit, clock.MustDate(tc.day)); got != tc.want {
			t.Errorf("unit %d on %s: %+v", tc.unit, tc.day, got)
		}
	}
	if (service.Supports{}).City(t.Context(), from) != (service.Working{}) {
		t.Error("a city without payment and signature has them")
	}
}
