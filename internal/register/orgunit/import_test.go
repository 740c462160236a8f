package orgunit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// notes keeps what a service told the journal.
type notes struct{ kinds []string }

func (n *notes) Append(tx *db.Tx, e journal.Entry) (journal.Receipt, error) {
	tx.AfterCommit(func() { n.kinds = append(n.kinds, e.Kind+" "+string(e.Payload)) })
	return journal.Receipt{}, nil
}

func migrations() []db.Migrations { return []db.Migrations{orgunit.Migrations()} }

func service(t *testing.T, d *db.DB, node uint16) (*orgunit.Service, *notes) {
	t.Helper()
	clk := clock.NewFake(clock.MustDate("2026-11-23").At(8, 0))
	n := &notes{}
	s, err := orgunit.New(d, clk, id.NewGen(node, clk), n)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s, n
}

// summary renders a report as "line key" lines, for comparison.
func summary(rep orgunit.Report) []string {
	out := []string{fmt.Sprintf("%d rows, +%d ~%d =%d", rep.Rows, rep.Added, rep.Changed, rep.Unchanged)}
	for _, n := range rep.Refused {
		out = append(out, fmt.Sprintf("refused %d %s", n.Line, n.Key))
	}
	for _, n := range rep.Doubtful {
		out = append(out, fmt.Sprintf("doubt %d %s", n.Line, n.Key))
	}
	return out
}

// A reorganisation of 2027: Bồ Đề is divided, a new ward takes its code.
const reorganisation = `kind,code,name,name_en,valid_from,valid_to,replaces,agency_code,parent_code
phường,00118,Gia Lâm Mới,,2027-01-01,,00118:rest,H26.500,
phường,88001,Ngọc Lâm,Ngoc Lam Ward,2027-01-01,,00118:part,,01
department,H26.200,Sở Dữ liệu,Department of Data,2027-01-01,,,,
xã,00577,Xã Bát Tràng,,,2027-06-30,,,
`

func TestImportIsKeptAndIdempotent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, n := service(t, d, 1)
		other, _ := service(t, d, 2)
		rep, err := s.Import(ctx, strings.NewReader(reorganisation), orgunit.ImportOptions{Source: "resolution 1"})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"4 rows, +3 ~1 =0", "doubt 2 orgunit.import.reused"}
		if diff := cmp.Diff(want, summary(rep)); diff != "" {
			t.Error(diff)
		}
		if len(n.kinds) != 1 || !strings.HasPrefix(n.kinds[0], orgunit.EventImported+` {"source":"resolution 1","added":3`) {
			t.Errorf("journal: %v", n.kinds)
		}
		if err := other.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*orgunit.Service{s, other} { // the node that imported, and its neighbour
			before, after := s.At(clock.MustDate("2026-12-31")), s.At(clock.MustDate("2027-01-01"))
			boDe, _ := before.ByCode("00118")
			fresh, _ := after.ByCode("00118")
			if boDe.Name != "Phường Bồ Đề" || fresh.Name != "Phường Gia Lâm Mới" || fresh.NameEN != "Gia Lam Moi Ward" {
				t.Errorf("%s, %s", boDe.Name, fresh.Name)
			}
			a, _ := after.AgencyOf(fresh.ID)
			if a.Code != "H26.500" || len(after.Children(a.ID)) != 5 {
				t.Errorf("agency %s with %d offices", a.Code, len(after.Children(a.ID)))
			}
			list, _ := s.Successors(boDe.ID, clock.MustDate("2027-01-01"))
			if diff := cmp.Diff([]string{"Phường Gia Lâm Mới rest", "Phường Ngọc Lâm part"}, heirs(s.Register(), list)); diff != "" {
				t.Error(diff)
			}
			if u, err := after.ByCode("H26.200"); err != nil || u.Parent != after.Government().ID {
				t.Errorf("%v %v", u, err)
			}
			if n := len(s.At(clock.MustDate("2027-07-01")).Tier(orgunit.Commune)); n != 126 {
				t.Errorf("%d communes after Bát Tràng ended", n)
			}
		}
		rep, err = other.Import(ctx, strings.NewReader(reorganisation), orgunit.ImportOptions{Source: "again"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"4 rows, +0 ~0 =4"}, summary(rep)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestImportRefusesRowByRowWithItsReason(t *testing.T) {
	t.Parallel()
	s, n := service(t, dbtest.New(t, migrations()), 1)
	for _, c := range []struct {
		name, header string
		rows         []string
		want         []string
	}{
		{"wrong by themselves", "kind,code,name,valid_from,valid_to,replaces", []string{
			"thành phố,02,Khác,2027-01-01,,",
			"phường,118,Ngắn,2027-01-01,,",
			"phường,88001,,2027-01-01,,",
			"phường,88002,<script>,2027-01-01,,",
			"phường,88003,Ngày sai,2027-02-30,,",
			"phường,88004,Ngược,2027-01-02,2027-01-01,",
			"phường,88005,Thay,2027-01-01,,00118:half",
			"phường,88006,Thiếu ô",
			`phường,88007,"Nháy"sai,2027-01-01,,`,
			"phường,88008,Không ngày,,,",
			"sở,h26,Thường,2027-01-01,,",
			"sở,H26.300,Không tên Anh,2027-01-01,,",
			"phường,88009,A ; until 2020-01-01,2027-01-01,,",
			"phường,88010,A = B,2027-01-01,,",
			"phường,88011,A | B # C,2027-01-01,,",
		}, []string{
			"15 rows, +0 ~0 =0",
			"refused 2 orgunit.import.kind", "refused 3 orgunit.import.code", "refused 4 orgunit.import.name", "refused 5 orgunit.import.name",
			"refused 6 orgunit.import.date", "refused 7 orgunit.import.order", "refused 8 orgunit.import.replaces", "refused 9 orgunit.import.columns",
			"refused 10 orgunit.import.csv", "refused 11 orgunit.import.noFrom", "refused 12 orgunit.import.code", "refused 13 orgunit.import.english",
			"refused 14 orgunit.import.name", "refused 15 orgunit.import.name", "refused 16 orgunit.import.name",
		}},
		{"wrong among the facts", "kind,code,name,valid_from,replaces,parent_code", []string{
			"phường,00118,Chiếm mã,2026-01-01,,",      // Bồ Đề lives
			"phường,88001,Mồ côi,2026-01-01,,99999",   // no such parent
			"phường,88002,Từ không,2026-01-01,77777,", // replaces nobody
			"phường,88003,Một nửa,2026-01-01,00118:part,",
			"phường,88004,Được,2026-01-01,,",
			"phường,88004,Được,2026-01-01,,",
			"quận,999,Quận Ma,2026-01-01,,00118", // a district under a ward
			"phường,00133,Ngọc Lâm,2026-01-01,,", // free again, a namesake of nobody
			"xã,88005,Bồ Đề,2020-01-01,,",        // no district named, and then there were some
			"phường,88006,Bồ Đề,2026-01-01,,",
		}, []string{
			"10 rows, +3 ~0 =0",
			"refused 2 orgunit.problem.code", "refused 3 orgunit.import.noParent", "refused 4 orgunit.import.noPart", "refused 5 orgunit.problem.alive",
			"refused 7 orgunit.import.twice", "refused 8 orgunit.problem.tier", "refused 10 orgunit.import.noParent", "doubt 11 orgunit.import.namesake",
		}},
		{"odd but taken", "kind,code,name,valid_from", []string{
			"Phường,88020,Phươ\u0300ng Hòa Bình,2026-01-01", // decomposed, with its kind in the name
			"ward,88021,Hš Nội,2026-01-01",
			"ward,88022,Hµ Néi,2026-01-01", // TCVN3 read as Latin-1
		}, []string{"3 rows, +2 ~0 =0", "refused 4 orgunit.import.name", "doubt 2 orgunit.import.normalised", "doubt 3 orgunit.import.letters"}},
	} {
		file := c.header + "\n" + strings.Join(c.rows, "\n")
		rep, err := s.Import(context.Background(), strings.NewReader(file), orgunit.ImportOptions{DryRun: true})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, summary(rep)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		if rep.Rows != rep.Added+rep.Changed+rep.Unchanged+len(rep.Refused) {
			t.Errorf("%s: rows do not add up", c.name)
		}
	}
	if len(n.kinds) > 0 || s.At(clock.MustDate("2026-06-01")).Len() != on(t, "2026-06-01").Len() {
		t.Error("a dry run changed something")
	}
}

func TestImportRefusesFiles(t *testing.T) {
	t.Parallel()
	s, _ := service(t, dbtest.New(t, migrations()), 1)
	for _, c := range []struct{ name, file, key string }{
		{"empty", "", "orgunit.import.header"},
		{"no code", "kind,name\n", "orgunit.import.header"},
		{"unknown column", "kind,code,name,colour\n", "orgunit.import.column"},
		{"column twice", "kind,code,name,name\n", "orgunit.import.column"},
		{"not UTF-8", "kind,code,name\nph\xf0\xeeng,1,2\n", "orgunit.import.encoding"},
		{"too large", "kind,code,name\n" + strings.Repeat("x", 16<<20), "orgunit.import.size"},
	} {
		_, err := s.Import(context.Background(), strings.NewReader(c.file), orgunit.ImportOptions{})
		if e, ok := errs.As(err); !ok || e.Key != c.key {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheCityAsExportedIsUnchanged(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("kind,code,name,parent_code,valid_from\n")
	for _, date := range []string{"2020-02-10", "2025-06-30", "2026-11-23"} {
		tree := on(t, date)
		for _, u := range tree.Tier(orgunit.Commune) {
			p, _ := tree.Get(u.Parent)
			fmt.Fprintf(&b, "%s,%s,%s,%s,%s\n", u.Kind, u.Code, u.Name, p.Code, date)
		}
	}
	s, _ := service(t, dbtest.New(t, migrations()), 1)
	done := 0
	rep, err := s.Import(context.Background(), strings.NewReader(b.String()), orgunit.ImportOptions{Progress: func(n, _ int) { done = n }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1236 rows, +0 ~0 =1236"}, summary(rep)); diff != "" || done != 1236 {
		t.Errorf("%d done\n%s", done, diff)
	}
}

func TestTwoImportsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, _ := service(t, d, 1)
		// While the first reads its file, the second imports: the first has planned on what is no longer so.
		r := &meanwhile{Reader: strings.NewReader(reorganisation), do: func() {
			second, _ := service(t, d, 2)
			if _, err := second.Import(ctx, strings.NewReader(reorganisation), orgunit.ImportOptions{}); err != nil {
				t.Error(err)
			}
		}}
		_, err := s.Import(ctx, r, orgunit.ImportOptions{})
		if e, ok := errs.As(err); !ok || e.Key != "orgunit.import.raced" || e.Kind != errs.Conflict {
			t.Fatal(err)
		}
		rep, err := s.Import(ctx, strings.NewReader(reorganisation), orgunit.ImportOptions{})
		if err != nil || rep.Unchanged != 4 {
			t.Errorf("%+v %v", rep, err)
		}
	})
}

type meanwhile struct {
	*strings.Reader
	do func()
}

func (m *meanwhile) Read(p []byte) (int, error) {
	if m.do != nil {
		m.do()
		m.do = nil
	}
	return m.Reader.Read(p)
}

func TestEverySentenceIsThere(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(orgunit.Messages)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Has("orgunit.problem.alive") {
		t.Error("sentences not loaded")
	}
}

func FuzzImport(f *testing.F) {
	f.Add(reorganisation)
	f.Add("kind,code,name\nphường,00118,\"Bồ Đề\"\n")
	s, err := orgunit.New(nil, clock.NewFake(clock.MustDate("2026-11-23").At(8, 0)), nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, file string) {
		rep, err := s.Import(context.Background(), strings.NewReader(file), orgunit.ImportOptions{DryRun: true})
		if err == nil && rep.Rows != rep.Added+rep.Changed+rep.Unchanged+len(rep.Refused) {
			t.Errorf("%+v", rep)
		}
	})
}
