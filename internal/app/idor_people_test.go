package app_test

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/web"
	"khue/internal/register/mandate"
	register "khue/internal/register/person"
)

// people sows what the registers of people and of mandates hold.
func (s *seed) people(citizen, clerk context.Context) {
	s.t.Helper()
	ctx := s.t.Context()
	m, err := s.Mandates.Grant(citizen, mandate.Offer{Number: "999090000077", Name: "Người Được Giao", Limits: mandate.Limits{Until: clock.DateOf(s.Clock.Now()).AddDays(90)}, Key: web.NewKey()})
	s.ok(err)
	s.id["mandate"] = m.ID.String()

	// A card that a clerk compares with somebody at the counter.
	account, err := s.Auth.CreateAccount(ctx, auth.NewAccount{Login: "0912000055", Name: "Lê Thị Mới", Kind: auth.KindCitizen})
	s.ok(err)
	code, _, err := s.People.NewCode(auth.With(ctx, auth.Subject{Account: account, Kind: auth.KindCitizen}))
	s.ok(err)
	check, err := s.People.BeginCheck(clerk, register.Presented{Login: "0912000055", Code: code, Card: "999195000044||Lê Thị Mới|01021995|Nữ|Tổ 7|15062021", Unit: s.id["agency"]})
	s.ok(err)
	s.id["check"] = check.ID.String()

	// Two rows that look like one, and two that were made one.
	var rows []register.Person
	for _, n := range []register.Number{"999195000051", "999195000052", "999195000053", "999195000054"} {
		var p register.Person
		s.ok(s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			p, err = s.People.Remember(tx, n, register.Facts{Name: "Phạm Thị Song", Born: "1995-04-05"})
			return err
		}))
		rows = append(rows, p)
	}
	s.id["twin"], s.id["twin2"] = rows[0].ID.String(), rows[1].ID.String()
	steward := s.ctx("dulieu")
	s.ok(s.People.Merge(steward, rows[2].ID, rows[3].ID, "Cùng một người"))
	merges, err := s.People.Merges(steward)
	s.ok(err)
	s.id["merge"] = merges[0].ID.String()
}
