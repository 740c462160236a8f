package result_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/result"
	"khue/internal/onestop/service"
	"khue/internal/register/book"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
	"khue/services"
)

// shop is the making of results over a database and a folder, with dossiers that draw a line
// of text. at is called at each place where a power cut may come.
type shop struct {
	*result.Service
	db    *db.DB
	books *book.Service
	queue *jobs.Queue
	j     *journal.Journal
	gen   *id.Gen
	pkg   *service.Package
	unit  orgunit.UnitID
	at    func(place string)
}

func (s *shop) DrawResult(_ context.Context, v dossier.ID, r dossier.ResultPaper) (dossier.Drawn, error) {
	s.at("drawing")
	return dossier.Drawn{PDF: []byte(fmt.Sprintf("%%PDF-1.7 %s %s", v, r.Number)), Entered: service.Entered{Values: map[string]any{"number": r.Number}}}, nil
}

func (s *shop) GiveOnline(context.Context, dossier.ID, func(*db.Tx) error) error { return nil }

func (s *shop) Working(context.Context, int64, orgunit.UnitID, []string) bool { return true }

func (s *shop) Own(context.Context, int64) bool { return false }

func (s *shop) TellParcel(context.Context, *db.Tx, dossier.ID, dossier.ParcelNews) error { return nil }

func (s *shop) FindIDs(_ db.Querier, ids []dossier.ID) (map[dossier.ID]dossier.Dossier, error) {
	out := map[dossier.ID]dossier.Dossier{}
	for _, v := range ids {
		out[v] = dossier.Dossier{ID: v, Applicant: "Nguyễn Văn An"}
	}
	return out, nil
}

func (s *shop) SignPDF(_ context.Context, paper []byte, _ pdf.Place, _ int64, _ orgunit.UnitID, _ []string, _ string) ([]byte, error) {
	s.at("signing")
	return append(paper, " signed"...), nil
}

// store is a folder that tells when a file was put.
type store struct {
	blob.Store
	s *shop
}

func (b store) Put(ctx context.Context, r io.Reader, max int64) (blob.Ref, error) {
	b.s.at("storing")
	ref, err := b.Store.Put(ctx, r, max)
	b.s.at("stored")
	return ref, err
}

func migrations() []db.Migrations {
	return []db.Migrations{journal.Migrations(), jobs.Migrations(), once.Migrations(), orgunit.Migrations(), book.Migrations(), record.Migrations(), result.Migrations()}
}

func newShop(t testing.TB, d *db.DB, dir string, node uint16) *shop {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	clk := clock.System()
	gen := id.NewGen(node, clk)
	signer, err := journal.LoadKey(filepath.Join(dir, "journal.key"), "test")
	check(err)
	units, err := orgunit.New(d, clk, gen, nil)
	check(err)
	reg, problems := service.LoadAll(services.FS)
	if problems.Failed() {
		t.Fatal(problems.Err())
	}
	rules, err := auth.NewPolicies(nobody{}, orgunit.ActsAs, result.Policies())
	check(err)
	local, err := blob.NewLocal(filepath.Join(dir, "blobs"))
	check(err)
	s := &shop{db: d, gen: gen, at: func(string) {}, unit: units.Now().Government().ID}
	for _, p := range reg.All() {
		if p.ID == "hanoi.merit.martyr-worship" && p.Result.Numbered() {
			s.pkg = p
		}
	}
	s.j = journal.New(d, gen, signer, log)
	s.queue = jobs.New(d, gen, jobs.Config{Log: log})
	s.books = book.New(book.Deps{DB: d, Gen: gen, Journal: s.j, Units: units, Policies: rules})
	records := record.New(record.Deps{DB: d, Gen: gen, Clock: clk, Journal: s.j, Units: units, Policies: rules, Declared: result.Declared{Services: reg}})
	s.Service = result.New(result.Deps{
		DB: d, Gen: gen, Clock: clk, Journal: s.j, Jobs: s.queue, Blobs: store{local, s}, Units: units, Policies: rules, Services: reg,
		Dossiers: s, Books: s.books, Records: records, Signing: s, Address: "https://example.vn",
	})
	return s
}

type nobody struct{}

func (nobody) Covers(context.Context, string, string) bool { return false }

// decide is the act of an officer on one dossier.
func (s *shop) decide(n int64) error {
	return s.db.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return s.IntendIn(tx, dossier.Intent{
			Dossier: dossier.Dossier{ID: dossier.ID(n), Code: "H26-" + strconv.FormatInt(n, 10), Package: s.pkg.Digest, Applicant: "Nguyễn Văn An"},
			Package: s.pkg, Unit: s.unit, Signer: dossier.Did{Duty: dossier.Signed, Account: 9, Name: "Đỗ Minh Châu"},
		})
	})
}

func (s *shop) work() error {
	_, err := s.queue.Drain(context.Background(), s.Module().Jobs)
	return err
}

const (
	childDir   = "KHUE_RESULT_KILL_DIR"
	childPlace = "KHUE_RESULT_KILL_AT"
	childHand  = "KHUE_RESULT_KILL_HAND"
	perLife    = 4
)

// TestMain is also the program that is killed.
func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	t := &testing.T{} // its failures end the child, whose parent sees it
	d, err := db.Open(context.Background(), db.Config{URL: "sqlite:" + filepath.Join(dir, "khue.db")})
	if err != nil {
		panic(err)
	}
	life, _ := strconv.ParseInt(os.Getenv("KHUE_RESULT_KILL_LIFE"), 10, 64)
	s := newShop(t, d, dir, uint16(life))
	if os.Getenv(childHand) != "" {
		handChild(s, life)
	}
	place, die := os.Getenv(childPlace), func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }
	var seen atomic.Int32
	s.at = func(at string) {
		if at == place && seen.Add(1) == 3 { // two whole ones before it
			die()
		}
	}
	for n := range int64(perLife) {
		if err := s.decide(1 + life*perLife + n); err != nil {
			panic(err)
		}
	}
	if place == "decided" {
		die()
	}
	if err := s.work(); err != nil {
		panic(err)
	}
	die() // after the last: nothing may be lost either
}

// TestPowerCutsLoseNoNumberAndNoPaper kills the program at each step, starts it again, and
// looks at what stands: every number once and without a gap, every one of them a paper that
// the journal knows, every paper named by one row.
func TestPowerCutsLoseNoNumberAndNoPaper(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url := "sqlite:" + filepath.Join(dir, "khue.db")
	first := dbtest.Open(t, url)
	if err := first.Migrate(context.Background(), migrations()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.LoadKey(filepath.Join(dir, "journal.key"), "test"); err != nil {
		t.Fatal(err)
	}
	places := []string{"decided", "drawing", "signing", "storing", "stored", "end"}
	for life, place := range places {
		cmd := exec.Command(os.Args[0], "-test.run=^$") //nolint:gosec // itself
		cmd.Env = append(os.Environ(), childDir+"="+dir, childPlace+"="+place, "KHUE_RESULT_KILL_LIFE="+strconv.Itoa(life))
		out, err := cmd.CombinedOutput()
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
			t.Fatalf("the program was to be killed at %s and ended with %v\n%s", place, err, out)
		}
	}
	d := dbtest.Open(t, url)
	s := newShop(t, d, dir, 99)
	if err := s.work(); err != nil {
		t.Fatal(err)
	}
	all, err := result.All(d)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(places) * perLife; len(all) != want {
		t.Fatalf("%d results stand, %d were decided", len(all), want)
	}
	numbers, files, signed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range all {
		if r.State != result.Issued || r.SHA256 == "" || numbers[r.Text] || files[r.SHA256] || r.Entry == 0 {
			t.Errorf("the result %+v is not one of its own that stands", r)
		}
		numbers[r.Text], files[r.SHA256] = true, true
		b, ok, err := s.Paper(context.Background(), dossier.Dossier{ID: r.Dossier})
		if err != nil || !ok || !bytes.Contains(b, []byte(r.Text+" signed")) {
			t.Errorf("the paper of %s is %q, %v", r.Text, b, err)
		}
		rs, err := s.j.BySubject(context.Background(), journal.Subject{Type: result.SubjectType, ID: int64(r.ID)}, 0, 20)
		if err != nil || len(rs) < 3 || rs[0].Kind != result.EventIntended || rs[len(rs)-1].Kind != result.EventIssued {
			t.Fatalf("the journal says of %s %v, %v", r.Text, rs, err)
		}
		// Signed once for each power cut in between, and entered once: the last that was signed.
		for _, e := range rs[1:] {
			var told result.Told
			if err := json.Unmarshal(e.Payload, &told); err != nil || !told.Signed {
				t.Errorf("the journal says of %s %+v, %v", r.Text, told, err)
			}
			if last := e.ID == rs[len(rs)-1].ID; last != (e.Kind == result.EventIssued) || last && told.SHA256 != r.SHA256 {
				t.Errorf("the journal does not know the paper of %s: %s %+v", r.Text, e.Kind, told)
			}
			signed[told.SHA256] = true
		}
		if !signed[r.SHA256] {
			t.Errorf("the paper of %s was given out and never signed", r.Text)
		}
	}
	for n := 1; n <= len(all); n++ {
		if !numbers[s.pkg.Result.NumberText(int64(n), 0)] {
			t.Errorf("number %d was lost", n)
		}
	}
}

// handChild lets papers wait, has their signer put a hand to all of them in one act, twice, and
// dies at the place where a power cut is to come.
func handChild(s *shop, life int64) {
	ctx := auth.With(context.Background(), auth.Subject{Kind: auth.KindOfficer, Account: 9, Name: "Đỗ Minh Châu"})
	if err := result.ChooseBatch(s.db, s.unit); err != nil {
		panic(err)
	}
	for n := range int64(perLife) {
		if err := s.decide(1 + life*perLife + n); err != nil {
			panic(err)
		}
	}
	if err := s.work(); err != nil {
		panic(err)
	}
	place, die := os.Getenv(childPlace), func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }
	var seen atomic.Int32
	s.at = func(at string) {
		if at == place && seen.Add(1) == 3 {
			die()
		}
	}
	var all []result.ID
	waiting, _, err := s.ToSign(ctx)
	if err != nil {
		panic(err)
	}
	for _, w := range waiting {
		all = append(all, w.ID)
	}
	for range 2 {
		if _, err := s.SignBatch(ctx, all, "key-of-life-0123456789-"+strconv.FormatInt(life, 10)); err != nil {
			panic(err)
		}
	}
	if place == "given" {
		die()
	}
	if err := s.work(); err != nil {
		panic(err)
	}
	die()
}

// TestPowerCutsWhileABatchIsSigned kills the program at each step of an act over many papers:
// started again, each paper is issued once, with one entry that gave it and one that issued it.
func TestPowerCutsWhileABatchIsSigned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url := "sqlite:" + filepath.Join(dir, "khue.db")
	first := dbtest.Open(t, url)
	if err := first.Migrate(context.Background(), migrations()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.LoadKey(filepath.Join(dir, "journal.key"), "test"); err != nil {
		t.Fatal(err)
	}
	places := []string{"given", "signing", "storing", "stored", "end"}
	for life, place := range places {
		cmd := exec.Command(os.Args[0], "-test.run=^$") //nolint:gosec // itself
		cmd.Env = append(os.Environ(), childDir+"="+dir, childPlace+"="+place, childHand+"=1", "KHUE_RESULT_KILL_LIFE="+strconv.Itoa(life))
		out, err := cmd.CombinedOutput()
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
			t.Fatalf("the program was to be killed at %s and ended with %v\n%s", place, err, out)
		}
	}
	d := dbtest.Open(t, url)
	s := newShop(t, d, dir, 99)
	if err := s.work(); err != nil {
		t.Fatal(err)
	}
	all, err := result.All(d)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(places) * perLife; len(all) != want {
		t.Fatalf("%d results stand, %d were decided", len(all), want)
	}
	for _, r := range all {
		b, ok, err := s.Paper(context.Background(), dossier.Dossier{ID: r.Dossier})
		if r.State != result.Issued || err != nil || !ok || bytes.Count(b, []byte(" signed")) != 1 {
			t.Errorf("%s is %s, its paper %q, %v", r.Text, r.State, b, err)
		}
		rs, err := s.j.BySubject(context.Background(), journal.Subject{Type: result.SubjectType, ID: int64(r.ID)}, 0, 10)
		var kinds []string
		for _, x := range rs {
			if x.Kind != result.EventSigned || kinds[len(kinds)-1] != result.EventSigned { // signed again after a cut
				kinds = append(kinds, x.Kind)
			}
		}
		if want := []string{result.EventIntended, result.EventDrawn, result.EventGiven, result.EventSigned, result.EventIssued}; err != nil || !slices.Equal(kinds, want) {
			t.Errorf("the journal says of %s %v, %v", r.Text, kinds, err)
		}
	}
}
