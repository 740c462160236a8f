package person_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/person"
)

var today = clock.MustDate("2025-06-23")

func TestNumbersAreCheckedByTheirStructure(t *testing.T) {
	for text, want := range map[string]string{
		"999196000001": "999196000001", "999 196 000 001": "999196000001", "000196000001": "", // no such place
		"999226000001": "", // born in 2026
		"99919600000":  "", "9991960000012": "", "99919600000a": "", "": "",
	} {
		n, ok := person.ParseNumber(text, today)
		if string(n) != want || ok != (want != "") {
			t.Errorf("ParseNumber(%q) = %q, %v", text, n, ok)
		}
	}
	n, _ := person.ParseNumber("999196000001", today)
	if n.BirthYear() != 1996 || !n.Female() || n.Place() != "999" || n.Masked() != "999xxxxxx001" {
		t.Errorf("read %d, female %v, masked %s", n.BirthYear(), n.Female(), n.Masked())
	}
}

func TestCardsAreReadAndMisreadOnesRefused(t *testing.T) {
	good := "999196000001|012345678|Nguyễn Thị Hạnh|02091996|Nữ|Tổ 4, Phường Ngọc Lâm, Long Biên, Hà Nội|15062021"
	c, ok := person.ParseCard(good, today)
	if !ok || c.Name != "Nguyễn Thị Hạnh" || c.Born.String() != "1996-09-02" || c.Old != "012345678" || !c.Female || c.Issued.String() != "2021-06-15" {
		t.Fatalf("read %+v, %v", c, ok)
	}
	if c, ok := person.ParseCard(strings.Replace(good, "|012345678|", "||", 1)+"|Nguyễn Văn Cha|Trần Thị Mẹ|", today); !ok || c.Old != "" {
		t.Errorf("a card of 2024 without an old number: %+v, %v", c, ok)
	}
	for what, bad := range map[string]string{
		"six fields":            strings.TrimSuffix(good, "|15062021"),
		"another year of birth": strings.Replace(good, "02091996", "02091997", 1),
		"another sex":           strings.Replace(good, "|Nữ|", "|Nam|", 1),
		"no such day":           strings.Replace(good, "02091996", "31021996", 1),
		"issued tomorrow":       strings.Replace(good, "15062021", "24062025", 1),
		"an old number of 8":    strings.Replace(good, "012345678", "01234567", 1),
	} {
		if _, ok := person.ParseCard(bad, today); ok {
			t.Errorf("a card with %s was read", what)
		}
	}
}

// open opens the register with keys, the one that writes first.
func open(t *testing.T, d *db.DB, secret byte, reads ...byte) *person.Service {
	t.Helper()
	clk := clock.NewFake(today.At(8, 10))
	signer, err := journal.LoadKey(t.TempDir()+"/journal.key", "test")
	if err != nil {
		t.Fatal(err)
	}
	gen := id.NewGen(uint16(secret)+uint16(10*len(reads)), clk)
	secrets := [][]byte{bytes.Repeat([]byte{secret}, 32)}
	for _, b := range reads {
		secrets = append(secrets, bytes.Repeat([]byte{b}, 32))
	}
	s, err := person.New(person.Deps{
		DB: d, Gen: gen, Clock: clk, Journal: journal.New(d, gen, signer, slog.New(slog.DiscardHandler)), Secrets: secrets,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPersonIsFoundByNumberOldNumberAndPhoneAndStaysSealed(t *testing.T) {
	dbtest.Each(t, []db.Migrations{journal.Migrations(), person.Migrations()}, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		s := open(t, d, 1)
		n := person.Number("999196000001")
		told := person.Facts{Name: "Nguyễn Thị Hạnh", Old: "012345678", Phone: "0912000001", Address: "Tổ 4"}
		var first, again person.Person
		in := func(f func(tx *db.Tx) error) {
			t.Helper()
			if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return f(tx) }); err != nil {
				t.Fatal(err)
			}
		}
		in(func(tx *db.Tx) (err error) { first, err = s.Remember(tx, n, told); return err })
		in(func(tx *db.Tx) (err error) {
			again, err = s.Remember(tx, n, person.Facts{Name: "Nguyễn Thị Hảnh", Phone: "0912000009", Sex: "female"})
			return err
		})
		if again.ID != first.ID || again.Facts.Address != "Tổ 4" || again.Facts.Phone != "0912000009" ||
			again.Facts.Name != told.Name || again.Facts.Sex != "female" || again.Claim != (person.Facts{Name: "Nguyễn Thị Hảnh"}) {
			t.Errorf("the second telling made %+v of %+v", again, first)
		}
		for text, want := range map[string]int{
			"999 196 000 001": 1, "012345678": 1, "0912 000 009": 1, "0912000001": 0, "999196000002": 0, "Hạnh": 0,
			"999196000001||Nguyễn Thị Hạnh|02091996|Nữ|Tổ 4|15062021": 1,
		} {
			found, err := s.Find(ctx, text)
			if err != nil || len(found) != want {
				t.Errorf("Find(%q) = %d people, %v; want %d", text, len(found), err, want)
			}
		}
		err := d.View(ctx, func(_ context.Context, v *db.View) error {
			var row string
			var b []byte
			if err := v.QueryRow(`SELECT number_index || old_index || phone_index, sealed FROM person_person`).Scan(&row, &b); err != nil {
				return err
			}
			for _, secret := range []string{"999196000001", "012345678", "0912000009", "Hạnh"} {
				if strings.Contains(row, secret) || bytes.Contains(b, []byte(secret)) {
					t.Errorf("%q stands open in the row", secret)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := open(t, d, 2).Find(ctx, "999196000001"); err != nil || len(found) != 0 {
			t.Errorf("another key found %d people, %v", len(found), err)
		}
		if _, err := open(t, d, 2).Get(ctx, first.ID); err == nil {
			t.Error("another key opened a sealed row")
		}
	})
}
