package upload_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/onestop/form"
	"khue/internal/onestop/upload"
)

const pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

var slip = form.PaperNeed{ID: "slip", Name: "papers.slip", Accept: []string{"pdf", "jpg"}, MaxBytes: 1 << 20}

type fixture struct {
	*upload.Service
	clk     *clock.Fake
	staging *blob.LocalStaging
	blobs   *blob.Local
}

func each(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	clk := clock.NewFake(clock.MustDate("2025-06-23").At(8, 0))
	dbtest.Each(t, []db.Migrations{upload.Migrations()}, func(t *testing.T, d *db.DB) {
		blobs, err := blob.NewLocal(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		staging, err := blob.NewStaging(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		test(t, fixture{upload.New(d, id.NewGen(1, clk), blobs, staging, upload.Scanning{}), clk, staging, blobs})
	}, dbtest.WithClock(clk))
}

func announced(scope string, size int) upload.Announced {
	return upload.Announced{Scope: upload.Scope(scope), Owner: "account:1", Name: "giay.pdf", Mark: "giay.pdf/1", Size: int64(size)}
}

func TestAFileArrivesInPieces(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		ctx := context.Background()
		u, err := f.Begin(ctx, slip, announced("draft:1", len(pdf)))
		if err != nil {
			t.Fatal(err)
		}
		// The line breaks off in the middle of the first piece: what came is kept.
		broken := errors.New("connection reset")
		u, err = f.Receive(ctx, u, 0, io.MultiReader(strings.NewReader(pdf[:20]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || u.Received != 20 {
			t.Fatalf("%d %v", u.Received, err)
		}
		// Another page, the same file: it goes on.
		again, err := f.Begin(ctx, slip, announced("draft:1", len(pdf)))
		if err != nil || again.ID != u.ID || again.Received != 20 {
			t.Fatalf("%+v %v", again, err)
		}
		if _, err := f.Receive(ctx, again, 0, strings.NewReader(pdf)); !errs.Is(err, errs.Conflict) {
			t.Errorf("from the start again: %v", err)
		}
		if _, err := f.Finish(ctx, again, slip); !errs.Is(err, errs.Conflict) {
			t.Errorf("finished half way: %v", err)
		}
		// More than was announced is not taken.
		u, err = f.Receive(ctx, again, 20, strings.NewReader(pdf[20:]+"<script>"))
		if err != nil || u.Received != int64(len(pdf)) {
			t.Fatalf("%d %v", u.Received, err)
		}
		kept, err := f.Finish(ctx, u, slip)
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.Open(ctx, kept)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(r); string(b) != pdf {
			t.Errorf("%q came back", b)
		}
		_ = r.Close()
		if _, err := f.staging.Open(ctx, u.ID.String()); !errs.Is(err, errs.NotFound) {
			t.Errorf("the pieces stay: %v", err)
		}
		if us, _ := f.Of(ctx, "draft:1"); len(upload.Files(us, []form.PaperNeed{slip})) != 1 || len(upload.Files(us, nil)) != 0 {
			t.Errorf("%+v", us)
		}
	})
}

func TestOthersDoNotFindIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		ctx := context.Background()
		u, err := f.Begin(ctx, slip, announced("draft:1", len(pdf)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Find(ctx, "draft:2", u.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("%v", err)
		}
		other := announced("draft:2", len(pdf))
		if v, err := f.Begin(ctx, slip, other); err != nil || v.ID == u.ID {
			t.Errorf("another scope goes on with it: %v %v", v.ID, err)
		}
	})
}

func TestWhatIsRefusedIsForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		ctx := context.Background()
		const page = "%PDF-1.4\n<script>x()</script>\n%%EOF"
		u, err := f.Begin(ctx, slip, announced("draft:1", len(page)))
		if err != nil {
			t.Fatal(err)
		}
		if u, err = f.Receive(ctx, u, 0, strings.NewReader(page)); err != nil {
			t.Fatal(err)
		}
		_, err = f.Finish(ctx, u, slip)
		e, ok := errs.As(err)
		if !ok || e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != "papers.slip" || e.Params["file"] != "giay.pdf" {
			t.Fatalf("%v", err)
		}
		if _, err := f.Find(ctx, "draft:1", u.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("it stays: %v", err)
		}
	})
}

func TestRefusedBeforeAByteCame(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		ctx := context.Background()
		for name, want := range map[string]errs.Kind{"a.exe": errs.Invalid, "a.png": errs.Invalid, "a.heic": errs.Invalid, "large.pdf": errs.TooLarge} {
			in := announced("draft:1", 100)
			if in.Name = name; want == errs.TooLarge {
				in.Size = 2 << 20
			}
			if _, err := f.Begin(ctx, slip, in); errs.KindOf(err) != want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		ctx := context.Background()
		big := form.PaperNeed{ID: "plan", Name: "papers.plan", MaxBytes: 150 << 20}
		in := announced("draft:1", 150<<20)
		if _, err := f.Begin(ctx, big, in); err != nil {
			t.Fatal(err)
		}
		in.Mark, in.Size = "other", 60<<20
		if _, err := f.Begin(ctx, big, in); !errs.Is(err, errs.TooLarge) {
			t.Errorf("the scope takes more than it may: %v", err)
		}
		in.Size, in.Held = 1<<20, 80<<20
		if _, err := f.Begin(ctx, big, in); !errs.Is(err, errs.TooLarge) {
			t.Errorf("what the scope holds elsewhere does not count: %v", err)
		}
		for i := range 3 {
			in := announced("draft:"+string(rune('2'+i)), 149<<20)
			_, err := f.Begin(ctx, big, in)
			if full := i == 2; full != errs.Is(err, errs.RateLimited) {
				t.Errorf("%d: %v", i, err)
			}
		}
		in = announced("draft:9", 10)
		in.Owner = "account:2"
		for i := range 11 {
			in.Mark = string(rune('a' + i))
			_, err := f.Begin(ctx, slip, in)
			if full := i == 10; full != errs.Is(err, errs.RateLimited) {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

func TestUnfinishedIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		ctx := context.Background()
		u, err := f.Begin(ctx, slip, announced("draft:1", len(pdf)))
		if err != nil {
			t.Fatal(err)
		}
		if u, err = f.Receive(ctx, u, 0, strings.NewReader(pdf[:10])); err != nil {
			t.Fatal(err)
		}
		done, err := f.Keep(ctx, slip, upload.Source{Name: "b.pdf", Size: int64(len(pdf)), R: strings.NewReader(pdf)})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Add(ctx, "dossier:1", "account:1", done); err != nil {
			t.Fatal(err)
		}
		count := func(scope upload.Scope) int {
			if err := f.Expire(ctx); err != nil {
				t.Fatal(err)
			}
			us, err := f.Of(ctx, scope)
			if err != nil {
				t.Fatal(err)
			}
			return len(us)
		}
		f.clk.Advance(23 * time.Hour)
		if count("draft:1") != 1 {
			t.Error("forgotten within the day")
		}
		f.clk.Advance(2 * time.Hour)
		if count("draft:1") != 0 || count("dossier:1") != 1 {
			t.Error("the unfinished one stays, or the finished one went")
		}
		if _, err := f.staging.Open(ctx, u.ID.String()); !errs.Is(err, errs.NotFound) {
			t.Errorf("its bytes stay: %v", err)
		}
		f.clk.Advance(30 * 24 * time.Hour)
		if count("dossier:1") != 0 {
			t.Error("finished and unused for thirty days, it stays")
		}
	})
}

// TestTwoPiecesAtOnce: of two pieces at one offset one is taken.
func TestTwoPiecesAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		ctx := context.Background()
		u, err := f.Begin(ctx, slip, announced("draft:1", 4000))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range 8 {
			wg.Go(func() {
				_, err := f.Receive(ctx, u, 0, bytes.NewReader(make([]byte, 1000)))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken++
				} else if k := errs.KindOf(err); k != errs.Conflict && k != errs.RateLimited {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if u, err = f.Find(ctx, "draft:1", u.ID); err != nil || u.Received != 1000 || taken != 1 {
			t.Errorf("%d taken, %d bytes, %v", taken, u.Received, err)
		}
	})
}
