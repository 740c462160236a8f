package cityload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/app/cityload"
	"khue/internal/citytest"
	"khue/internal/kernel/db"
	"khue/internal/onestop/process"
)

// everything is a scenario in which each act has its turn and half of the posts meet a fault.
func everything(t *testing.T) cityload.Scenario {
	t.Helper()
	s, err := cityload.ReadScenario("city")
	if err != nil {
		t.Fatal(err)
	}
	s = s.Along("constant")
	s.Before, s.Faults = 12, 0.5
	for i := range s.Actors {
		s.Actors[i].Pause = 100 * time.Millisecond
	}
	return s
}

// played is a city after a load, and the load's ledger.
func played(t *testing.T, c *citytest.City) (told citybench.Told, ledger string, rep *cityload.Report) {
	t.Helper()
	told = citybench.Told{URL: c.URL, At: c.Demo.At, Password: c.Demo.Password}
	for _, a := range c.Demo.Accounts {
		told.Accounts = append(told.Accounts, citybench.Account{Login: a.Login, Role: a.Role, Token: a.Token})
	}
	ledger = filepath.Join(t.TempDir(), "ledger")
	l, err := cityload.OpenLedger(ledger)
	if err != nil {
		t.Fatal(err)
	}
	rep, err = cityload.Run(t.Context(), cityload.Options{Scenario: everything(t), City: told, Unit: "00133", For: 3 * time.Second, Times: 1, Connections: 32, Seed: 7, Ledger: l, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return told, ledger, rep
}

func lines(t *testing.T, ledger string) []cityload.Line {
	t.Helper()
	b, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	all, err := cityload.ReadLedger(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestALoadedCityHoldsWhatItAcknowledged plays every kind of actor with slow lines, double
// posts and lost answers, and holds the city against the ledger; then a dossier's entry is
// taken out of the database, a filing is made twice, and both are found by name.
func TestALoadedCityHoldsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		told, ledger, rep := played(t, c)
		for said, n := range rep.Errors {
			t.Errorf("%d × %s", n, said)
		}
		if rep.Served < 150 || len(rep.Faults) != 3 || rep.Again == 0 {
			t.Errorf("served %d, faults %+v, sent again %d", rep.Served, rep.Faults, rep.Again)
		}
		for _, n := range rep.Notes {
			t.Error(n)
		}
		cmp, err := cityload.Check(t.Context(), lines(t, ledger), told)
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.OK() || cmp.Compared != cmp.Acknowledged || cmp.Acknowledged < 60 || cmp.Open != 0 {
			t.Fatalf("an honest city: %+v", cmp)
		}
		var filed, acted cityload.Line
		for _, x := range lines(t, ledger) {
			if x.Kind == "ack" && x.Promise != "" && filed.Code == "" {
				filed = x
			}
			if x.Kind == "ack" && x.Entry != "" && x.Promise == "" && x.Code != filed.Code {
				acted = x
			}
		}
		var name, key string
		for _, x := range lines(t, ledger) {
			if x.Kind == "ask" && x.Key == filed.Key {
				name, key = x.Name, "another-key-of-the-same"
			}
		}
		gone, err := strconv.ParseInt(acted.Entry, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		// A loss: one entry of an acknowledged act is gone.
		if err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			// The table refuses it; whoever owns the server does not ask it.
			guard := "DROP TRIGGER journal_entry_no_delete"
			if strings.HasSuffix(t.Name(), "postgres") {
				guard += " ON journal_entry"
			}
			if err := tx.Exec(guard); err != nil {
				return err
			}
			return tx.Exec("DELETE FROM journal_entry WHERE id = $1", gone)
		}); err != nil {
			t.Fatal(err)
		}
		// A doubling: the same filing under another key.
		body := citytest.Counter()
		body["applicant"] = map[string]any{"name": name, "phone": "0912 000 001"}
		twice := c.As("clerk").PostAs(key, "/api/v1/dossiers", body).Want(201).Text("code")

		if cmp, err = cityload.Check(t.Context(), lines(t, ledger), told); err != nil {
			t.Fatal(err)
		}
		if len(cmp.Lost) != 1 || cmp.Lost[0].Code != acted.Code || cmp.Lost[0].Entry != acted.Entry {
			t.Errorf("entry %s of %s was taken out; found lost: %+v", acted.Entry, acted.Code, cmp.Lost)
		}
		if len(cmp.Doubled) != 1 || cmp.Doubled[0].Code != twice || !strings.Contains(cmp.Doubled[0].Said, filed.Code) {
			t.Errorf("%s was filed again as %s; found doubled: %+v", filed.Code, twice, cmp.Doubled)
		}
		// What ended before today is opened with a reason: here one of which the ledger knows no end.
		if err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Exec("UPDATE dossier_dossier SET state = $2, closed_at = $3 WHERE code = $1", filed.Code, int64(process.Withdrawn), db.Millis(tx.Now()))
		}); err != nil {
			t.Fatal(err)
		}
		c.Pass(16 * time.Hour)
		late, err := cityload.Check(t.Context(), lines(t, ledger), told)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(late.Different, func(f cityload.Finding) bool { return f.Code == filed.Code }) {
			t.Errorf("%s ended before midnight and was not read: %+v", filed.Code, late)
		}
		var page, obj bytes.Buffer
		rep.Check = cmp
		if err := rep.HTML(&page, "vi", func(k string) string { return k }); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page.String(), acted.Entry) || strings.Contains(page.String(), "src=") || strings.Contains(page.String(), "NaN") {
			t.Error("the page does not name the loss, or leans on something outside")
		}
		if err := rep.JSON(&obj); err != nil || !json.Valid(obj.Bytes()) {
			t.Errorf("the report as JSON: %v", err)
		}
	})
}
