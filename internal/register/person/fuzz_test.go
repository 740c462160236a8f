package person_test

import (
	"testing"

	"khue/internal/register/person"
)

// FuzzCard: a card that is taken says nothing that contradicts itself.
func FuzzCard(f *testing.F) {
	f.Add("999196000001|999111222|Nguyễn Văn Mẫu|01011996|Nam|Số 1, phường Mẫu|01072021")
	f.Add("999196000001||Nguyễn Thị Mẫu|01011996|Nữ|Số 1|01072021|||more")
	f.Add("|||||||")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := person.ParseCard(s, today)
		if !ok {
			return
		}
		if n, good := person.ParseNumber(string(c.Number), today); !good || n != c.Number || c.Born.Year != c.Number.BirthYear() || c.Name == "" || !person.IsCard(s) {
			t.Errorf("%q read as %+v", s, c)
		}
	})
}

// FuzzNumber: the form of a number is stable.
func FuzzNumber(f *testing.F) {
	f.Add("999 196 000 001")
	f.Add("٠٠١")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := person.ParseNumber(s, today); ok {
			if again, ok := person.ParseNumber(string(n), today); !ok || again != n || len(n) != 12 {
				t.Errorf("%q: %q, then %q", s, n, again)
			}
		}
	})
}
