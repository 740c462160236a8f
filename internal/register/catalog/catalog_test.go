package catalog_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/register/catalog"
	"khue/internal/register/catalog/catalogtest"
)

var monday = clock.MustDate("2026-11-23").At(8, 10)

// each runs a test on both engines with an empty catalogue.
func each(t *testing.T, test func(t *testing.T, d *db.DB, s *catalog.Service, clk *clock.Fake)) {
	t.Helper()
	t.Parallel()
	catalogtest.Each(t, monday, func(t *testing.T, d *db.DB, clk *clock.Fake) {
		s, err := catalog.New(d, clk, catalog.Options{Home: "H26"})
		if err != nil {
			t.Fatal(err)
		}
		test(t, d, s, clk)
	})
}

const header = "code,name,field_code,field_name,promulgating_code,promulgating_agency,levels,regulation_type,kind,state,full_process,non_territorial,offline_only,executing_agencies,case_deadlines,methods_deadline_fees,dossier_component_count,results,subjects,decision_no,portal_groups,portal_id\n"

func row(code, name, levels, cases, methods string) string {
	return fmt.Sprintf("%s,%q,G15-TP07,Hộ tịch,G15,Bộ Tư pháp,%s,ASSIGNED_REGULATION,STANDARD,ACTIVE,0,0,0,Ủy ban nhân dân cấp xã,%s,%q,3,Giấy khai sinh,Công dân Việt Nam,1/QĐ,co-con-nho,0-0\n",
		code, name, levels, cases, methods)
}

func importText(t *testing.T, s *catalog.Service, text string, asOf string) catalog.Report {
	t.Helper()
	opts := catalog.ImportOptions{}
	if asOf != "" {
		opts.AsOf = clock.MustDate(asOf)
	}
	rep, err := s.Import(context.Background(), strings.NewReader(text), "test.csv", opts)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestARecordIsKeptAsItStandsAndNothingIsInferred(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, s *catalog.Service, _ *clock.Fake) {
		ctx := context.Background()
		importText(t, s, header+row("1.000001", "Thủ tục thử nghiệm", "xa+tinh", "5 WORKING_DAY",
			"ONLINE=1 OTHER [SERVICE_FEE:0] | DIRECT=Theo mô tả OTHER [FEE:8000VND,FEE:10USD] | POSTAL=3 DAY [FEE:None]"), "")
		p, err := s.Get(ctx, "1.000001", clock.Date{})
		if err != nil {
			t.Fatal(err)
		}
		n, usd := int64(8000), int64(10)
		want := []catalog.Method{
			{Channel: catalog.Online, Deadline: catalog.Deadline{Unit: catalog.Printed, Text: "1"}, Fees: []catalog.Fee{{Kind: catalog.StateFee, State: catalog.Unknown, Zero: true}}},
			{Channel: catalog.Direct, Deadline: catalog.Deadline{Unit: catalog.Printed, Text: "Theo mô tả"}, Fees: []catalog.Fee{
				{Kind: catalog.FeeCharge, State: catalog.Amount, Amount: &n, Currency: "VND"},
				{Kind: catalog.FeeCharge, State: catalog.Amount, Amount: &usd, Currency: "USD"}}},
			{Channel: catalog.Post, Deadline: catalog.Deadline{Unit: catalog.CalendarDays, N: 3}, Fees: []catalog.Fee{{Kind: catalog.FeeCharge, State: catalog.Unknown}}},
		}
		if diff := cmp.Diff(want, p.Methods); diff != "" {
			t.Errorf("methods (-want +got):\n%s", diff)
		}
		if !slices.ContainsFunc(p.Doubts, func(d catalog.Doubt) bool { return d.Reason == catalog.CasesVsMethods }) {
			t.Errorf("5 working days against 1, 3 days: not in doubt: %v", p.Doubts)
		}
		if p.CaseTerms[0] != (catalog.Deadline{Unit: catalog.WorkingDays, N: 5}) {
			t.Errorf("the deadline of the case is lost: %v", p.CaseTerms)
		}
		if p.Level != 0 {
			t.Errorf("level %d of a catalogue row alone, want 0", p.Level)
		}
	})
}

func TestANewImportAddsARevisionAndOldOnesStayReadable(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, s *catalog.Service, _ *clock.Fake) {
		ctx := context.Background()
		first := header + row("1.000001", "Tên cũ", "xa", "", "DIRECT=3 DAY []") + row("1.000002", "Không đổi", "xa", "", "DIRECT=3 DAY []")
		if rep := importText(t, s, first, "2025-07-01"); rep.Added != 2 || rep.Revised != 0 {
			t.Fatalf("first import: %+v", rep)
		}
		if rep := importText(t, s, first, "2026-01-01"); rep.Unchanged != 2 || rep.Added+rep.Revised != 0 {
			t.Fatalf("the same again: %+v", rep)
		}
		second := header + row("1.000001", "Tên mới", "xa", "", "DIRECT=2 DAY []")
		rep := importText(t, s, second, "2026-07-01")
		if rep.Revised != 1 || rep.Absent != 1 {
			t.Fatalf("second import: %+v", rep)
		}
		for _, c := range []struct {
			on   string
			name string
			rev  int
		}{{"2025-07-01", "Tên cũ", 1}, {"2026-06-30", "Tên cũ", 1}, {"2026-07-01", "Tên mới", 2}, {"2030-01-01", "Tên mới", 2}} {
			p, err := s.Get(ctx, "1.000001", clock.MustDate(c.on))
			if err != nil {
				t.Fatal(err)
			}
			if p.Name != c.name || p.Revision != c.rev || len(p.Revisions) != 2 {
				t.Errorf("on %s: %q revision %d of %d, want %q %d", c.on, p.Name, p.Revision, len(p.Revisions), c.name, c.rev)
			}
		}
		if _, err := s.Get(ctx, "1.000001", clock.MustDate("2025-06-30")); !errs.Is(err, errs.NotFound) {
			t.Errorf("before it was known: %v, want NotFound", err)
		}
		// A correction of the same day takes its place.
		importText(t, s, header+row("1.000001", "Tên sửa", "xa", "", "DIRECT=2 DAY []"), "2026-07-01")
		if p, err := s.Get(ctx, "1.000001", clock.MustDate("2026-07-01")); err != nil || p.Name != "Tên sửa" {
			t.Errorf("after a correction: %v %v", p, err)
		}
		// An older file slips in before what is newer.
		importText(t, s, header+row("1.000001", "Tên giữa", "xa", "", "DIRECT=2 DAY []"), "2026-03-01")
		for on, name := range map[string]string{"2026-02-28": "Tên cũ", "2026-03-01": "Tên giữa", "2026-06-30": "Tên giữa", "2026-07-01": "Tên sửa"} {
			if p, err := s.Get(ctx, "1.000001", clock.MustDate(on)); err != nil || p.Name != name {
				t.Errorf("on %s: %v %v, want %s", on, p, err, name)
			}
		}
	})
}

func TestImportRefusesRowByRowAndSaysWhy(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, s *catalog.Service, _ *clock.Fake) {
		text := header +
			row("1.0133611", "Mã sai", "xa", "", "DIRECT=3 DAY []") +
			row("1.000001", "Tốt", "xa", "", "DIRECT=3 DAY []") +
			row("1.000001", "Hai lần", "xa", "", "DIRECT=3 DAY []") +
			row("1.000002", " ", "xa", "", "DIRECT=3 DAY []") +
			row("1.000003", "Cấp lạ", "xóm", "", "DIRECT=3 DAY []") +
			row("1.000004", "Cách lạ", "xa", "", "FAX=3 DAY []") +
			"1.000005,thiếu cột\n" +
			row("1.000006", "Tờ khai "+"đăng ký", "xa", "", "DIRECT=3 DAY []")
		var findings bytes.Buffer
		var seen []catalog.Progress
		rep, err := s.Import(context.Background(), strings.NewReader(text), "bad.csv", catalog.ImportOptions{
			Findings: &findings, Progress: func(p catalog.Progress) { seen = append(seen, p) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if rep.Rows != 8 || rep.Added != 2 || rep.Refused != 6 {
			t.Errorf("report %+v, want 8 rows, 2 added, 6 refused", rep)
		}
		got := map[catalog.Reason]int{}
		for _, c := range rep.Reasons {
			if c.Refused {
				got[c.Reason] = c.Records
			}
		}
		want := map[catalog.Reason]int{catalog.BadCode: 1, catalog.Twice: 1, catalog.NoName: 1, catalog.BadTier: 1, catalog.BadMethod: 1, catalog.BadColumns: 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reasons (-want +got):\n%s", diff)
		}
		lines, err := csv.NewReader(&findings).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) < 7 || !slices.Equal(lines[1], []string{"2", "1.0133611", "refused", "bad_code", "1.0133611"}) {
			t.Errorf("findings %q", lines)
		}
		if len(seen) == 0 || seen[len(seen)-1].Rows != 8 || seen[len(seen)-1].Bytes != int64(len(text)) {
			t.Errorf("progress %v", seen)
		}
		// Decomposed text is stored in the composed form.
		if p, err := s.Get(context.Background(), "1.000006", clock.Date{}); err != nil || p.Name != "Tờ khai đăng ký" || p.Name != i18n.NFC(p.Name) {
			t.Errorf("%v %v", p, err)
		}
	})
}

func TestImportRefusesAFileThatIsNeither(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, s *catalog.Service, _ *clock.Fake) {
		for name, c := range map[string]struct{ text, key string }{
			"empty":       {"", "catalog.import.empty"},
			"spreadsheet": {"PK\x03\x04rest", "catalog.import.unknown"},
			"other table": {"a,b,c\n1,2,3\n", "catalog.import.columns"},
			"cut gzip":    {"\x1f\x8b\x08", "catalog.import.unreadable"},
		} {
			_, err := s.Import(context.Background(), strings.NewReader(c.text), name, catalog.ImportOptions{})
			if e, ok := errs.As(err); !ok || e.Key != c.key || !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v, want %s", name, err, c.key)
			}
		}
		rep, err := s.Import(context.Background(), strings.NewReader("{\"code\":1}\n{broken\n"+`{"code":"1.000009","name":"Tốt","type":"STANDARD"}`+"\n"), "x.jsonl", catalog.ImportOptions{})
		if err != nil || rep.Refused != 2 || rep.Added != 1 {
			t.Errorf("broken records: %+v %v", rep, err)
		}
	})
}

func TestAFullRecordKeepsTheRowThatTheCatalogueGave(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, s *catalog.Service, _ *clock.Fake) {
		ctx := context.Background()
		record := `{"code":"1.000001","name":"Tên trong bản ghi","type":"STANDARD","isWard":true,
			"executionMethods":[{"submissionMethod":"DIRECT","processingTime":"3","processingTimeUnit":"DAY","fees":[{"type":"FEE","value":0,"description":"Miễn lệ phí."}]}],
			"executionSteps":[{"description":"Nộp hồ sơ"}],
			"executionCases":[{"profileComponents":[{"code":"KQ1","name":"Tờ khai","originalQty":1,"copyQty":0,"required":false}]}]}`
		gz := func() io.Reader {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write([]byte(strings.ReplaceAll(record, "\n", " ")))
			_ = z.Close()
			return &b
		}
		for range 2 {
			if _, err := s.Import(ctx, gz(), "records.jsonl.gz", catalog.ImportOptions{}); err != nil {
				t.Fatal(err)
			}
			importText(t, s, header+row("1.000001", "Tên trong danh mục", "xa", "", "DIRECT=3 DAY [FEE:0]"), "")
		}
		p, err := s.Get(ctx, "1.000001", clock.Date{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != "Tên trong danh mục" || p.Detail == nil || p.Level != 1 || p.Field.Name != "Hộ tịch" {
			t.Errorf("got %q level %d detail %v", p.Name, p.Level, p.Detail != nil)
		}
		if f := p.Detail.Methods[0].Fees[0]; f.State != catalog.Free {
			t.Errorf("the record's text says free: %+v", f)
		}
		if paper := p.Detail.Papers[0].Papers[0]; paper.Required || paper.Originals != 1 {
			t.Errorf("paper %+v", paper)
		}
		if n := len(p.Revisions); n != 3 { // derived row, its replacement, the record
			t.Errorf("%d revisions, want 3: importing the same again must add none", n)
		}
	})
}

func TestOfferingsLiftALevelAndMoveTheIndex(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *catalog.Service, clk *clock.Fake) {
		ctx := context.Background()
		if err := s.LoadSeed(ctx); err != nil {
			t.Fatal(err)
		}
		item, err := s.Item(ctx, "1.000894")
		if err != nil || item.Level != 1 || item.Online {
			t.Fatalf("%+v %v", item, err)
		}
		set := func(level catalog.Level, why string) {
			t.Helper()
			err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				return s.SetOffering(tx, "1.000894", "", level, catalog.Why{VI: why, EN: why})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set(3, "Hai bên phải có mặt để ký sổ")
		set(3, "Hai bên phải có mặt để ký sổ")
		clk.Advance(2 * time.Second)
		if item, err = s.Item(ctx, "1.000894"); err != nil || item.Level != 3 || !item.Online || item.Why.VI == "" {
			t.Errorf("after SetOffering: %+v %v", item, err)
		}
		three := catalog.Level(3)
		page, err := s.Procedures(ctx, catalog.Filter{Level: &three})
		if err != nil || page.Total != 1 || page.Items[0].Code != "1.000894" {
			t.Errorf("level 3: %+v %v", page, err)
		}
		// From the next day on it is level 4; the day before keeps what it was.
		clk.Advance(24 * time.Hour)
		today := clock.DateOf(clk.Now())
		set(4, "Mọi bước làm trực tuyến")
		p, err := s.Get(ctx, "1.000894", today.AddDays(-1))
		if err != nil || p.Level != 4 && p.Level != 3 {
			t.Fatalf("%v %v", p, err)
		}
		set(0, "")
		if p, err = s.Get(ctx, "1.000894", today); err != nil || p.Level != 1 {
			t.Errorf("after the service ended: level %d, want 1", p.Level)
		}
		err = d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			return s.SetOffering(tx, "1.000894", "", 5, catalog.Why{VI: "x", EN: "x"})
		})
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("level 5: %v, want Invalid", err)
		}
	})
}

func TestBrowsing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *catalog.Service, _ *clock.Fake) {
		ctx := context.Background()
		for range 2 { // loading again changes nothing
			if err := s.LoadSeed(ctx); err != nil {
				t.Fatal(err)
			}
		}
		var codes []catalog.Code
		f := catalog.Filter{Limit: 10}
		for {
			page, err := s.Procedures(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != 88 {
				t.Fatalf("%d procedures, want 88", page.Total)
			}
			for _, it := range page.Items {
				codes = append(codes, it.Code)
			}
			if page.Next == "" {
				break
			}
			f.Cursor = page.Next
		}
		if len(codes) != 88 || !slices.IsSorted(codes) || len(slices.Compact(codes)) != 88 {
			t.Errorf("paging gave %d codes", len(codes))
		}
		page, err := s.Procedures(ctx, catalog.Filter{LifeEvent: "child", Limit: 50})
		if err != nil || page.Items[0].Code != "1.001193" {
			t.Errorf("having a child: %v %v", page.Items, err)
		}
		page, err = s.Procedures(ctx, catalog.Filter{Field: "Hộ tịch", Tier: catalog.Commune})
		if err != nil || page.Total == 0 || page.Tiers[catalog.Province] == 0 {
			t.Errorf("civil status at communes: %+v %v", page, err)
		}
		page, err = s.Procedures(ctx, catalog.Filter{Query: "khai sinh", Tier: catalog.Commune})
		if err != nil || page.Tiers[catalog.Commune] != page.Total {
			t.Errorf("counts beside a filter must be of the list that it gives: %d of %d, %v", page.Tiers[catalog.Commune], page.Total, err)
		}
		page, err = s.Procedures(ctx, catalog.Filter{Agency: "sở xây dựng"})
		if err != nil || page.Total != 3 {
			t.Errorf("by agency: %d %v", page.Total, err)
		}
		for _, bad := range []catalog.Filter{{Cursor: "x"}, {Cursor: "c1"}, {Cursor: "r5"}, {Query: "khai sinh", Cursor: "c1.000001"}} {
			if _, err := s.Procedures(ctx, bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("cursor %q: %v, want Invalid", bad.Cursor, err)
			}
		}
		if _, err := s.Procedures(ctx, catalog.Filter{LifeEvent: "none"}); !errs.Is(err, errs.NotFound) {
			t.Errorf("unknown life event: %v", err)
		}
		if c, err := s.Counts(ctx); err != nil || c.All != 88 || c.Reach[catalog.InCity] != 88 {
			t.Errorf("counts %+v %v", c, err)
		}
		queries := dbtest.Queries(d)
		if _, err := s.Get(ctx, "1.001193", clock.Date{}); err != nil {
			t.Fatal(err)
		}
		if n := queries(); n != 2 {
			t.Errorf("a procedure took %d queries, want 2", n)
		}
		queries = dbtest.Queries(d)
		if _, err := s.Procedures(ctx, catalog.Filter{Query: "khai sinh"}); err != nil {
			t.Fatal(err)
		}
		if n := queries(); n != 0 {
			t.Errorf("a search took %d queries, want 0", n)
		}
	})
}

// The whole national catalogue, on both engines.
func TestImportOfTheNationalCatalogue(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, s *catalog.Service, clk *clock.Fake) {
		ctx := context.Background()
		if err := s.LoadSeed(ctx); err != nil {
			t.Fatal(err)
		}
		load := func(name string) catalog.Report {
			t.Helper()
			f, err := os.Open(filepath.Join("../../../../shared/data/tthc", name))
			if errors.Is(err, os.ErrNotExist) {
				t.Skipf("the national catalogue (%s) is not here; this test imports it whole", name)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			start := time.Now() //nolint:forbidigo // printed only
			rep, err := s.Import(ctx, f, name, catalog.ImportOptions{Findings: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %+v in %v", name, rep, time.Since(start))
			return rep
		}
		const rows, records = "tthc_catalogue_2026-07.csv", "tthc_detail_province_ward_2026-07.jsonl.gz"
		rep := load(rows)
		if rep.Rows != 5664 || rep.Refused != 3 || rep.Added != 5661-88 {
			t.Errorf("catalogue: %+v", rep)
		}
		rep = load(records)
		if rep.Rows != 2837 || rep.Refused != 0 {
			t.Errorf("records: %+v", rep)
		}
		doubts := map[catalog.Reason]int{}
		for _, c := range rep.Reasons {
			doubts[c.Reason] = c.Records
		}
		// 787 records have no deadline in common between cases and methods; two of them
		// only because one side writes its number as text.
		if doubts[catalog.CasesVsMethods] != 785 {
			t.Errorf("%d records disagree with themselves", doubts[catalog.CasesVsMethods])
		}
		if again := load(rows); again.Added+again.Revised != 0 {
			t.Errorf("the same catalogue again: %+v", again)
		}
		clk.Advance(2 * time.Second)
		start := time.Now() //nolint:forbidigo // printed only
		c, err := s.Counts(ctx)
		t.Logf("index of %d in %v: %+v", c.All, time.Since(start), c)
		if err != nil || c.All != 5661 || c.Reach[catalog.ByMinistry] == 0 {
			t.Errorf("counts %+v %v", c, err)
		}
		page, err := s.Procedures(ctx, catalog.Filter{Query: "dang ky khai sinh"})
		if err != nil || page.Items[0].Code != "1.001193" {
			t.Errorf("search: %v %v", page.Items, err)
		}
		p, err := s.Get(ctx, "1.001193", clock.Date{})
		if err != nil || p.Detail == nil || len(p.Detail.Steps) == 0 {
			t.Errorf("birth registration without its steps: %v", err)
		}
	})
}

// Readers and writers at once: every reader gets a whole index, old or new.
func TestReadersWhileTheCatalogueChanges(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *catalog.Service, clk *clock.Fake) {
		ctx := context.Background()
		if err := s.LoadSeed(ctx); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					page, err := s.Procedures(ctx, catalog.Filter{Query: "khai sinh"})
					if err != nil || page.Total == 0 {
						t.Errorf("%d found, %v", page.Total, err)
						return
					}
				}
			})
		}
		for level := range catalog.Level(5) {
			clk.Advance(2 * time.Second)
			err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				return s.SetOffering(tx, "1.001193", "", level, catalog.Why{VI: "v", EN: "e"})
			})
			if err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		clk.Advance(2 * time.Second)
		if item, err := s.Item(ctx, "1.001193"); err != nil || item.Level != 4 {
			t.Errorf("level %d %v, want 4", item.Level, err)
		}
	})
}

// Every reason has a sentence in both languages.
func TestMessages(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(catalog.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []catalog.Reason{
		catalog.CasesVsMethods, catalog.RowVsRecord, catalog.DeadlinePrinted, catalog.DeadlineZero, catalog.CaseRepeated,
		catalog.FeeZero, catalog.FeeNoValue, catalog.FeeNoCurrency, catalog.FeeTiny, catalog.FeeTextHasAmount, catalog.FeeExemptSome,
		catalog.FullWithoutOnline, catalog.OfflineWithOnline, catalog.NoAgency, catalog.NoPapers, catalog.PlaceholderText,
		catalog.BadCode, catalog.BadColumns, catalog.BadJSON, catalog.BadTier, catalog.BadKind, catalog.BadMethod, catalog.NoName, catalog.Twice, catalog.TooLong,
	} {
		if !b.Has("catalog.reason." + string(r)) {
			t.Errorf("no message for %s", r)
		}
	}
}
