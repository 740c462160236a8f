package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/errs"
)

func local(t *testing.T) (*blob.Local, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "blobs")
	s, err := blob.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIsPutComesBack(t *testing.T) {
	t.Parallel()
	s, dir := local(t)
	ctx := context.Background()
	for _, content := range []string{"", "abc", strings.Repeat("Nguyễn ", 100_000)} {
		ref, err := s.Put(ctx, strings.NewReader(content), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Open(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != content || ref.Size != int64(len(content)) {
			t.Errorf("%d bytes came back as %d, %v", len(content), len(got), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	ref, err := s.Put(ctx, strings.NewReader("abc"), 3)
	if err != nil || ref.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%+v %v", ref, err)
	}
	if n := len(files(t, dir)); n != 3 {
		t.Errorf("%d files", n)
	}
	for _, f := range files(t, dir) {
		if st, err := os.Stat(f); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, st.Mode(), err)
		}
	}
}

func TestRefusedWritesLeaveNothing(t *testing.T) {
	t.Parallel()
	s, dir := local(t)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := s.Put(ctx, strings.NewReader("12345"), 4); !errs.Is(err, errs.TooLarge) {
		t.Errorf("too long: %v", err)
	}
	broken := errors.New("connection reset")
	if _, err := s.Put(ctx, io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)), 10); !errors.Is(err, broken) {
		t.Errorf("broken: %v", err)
	}
	cancel()
	if _, err := s.Put(ctx, strings.NewReader("123"), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestDamageIsNotHandedOut(t *testing.T) {
	t.Parallel()
	s, dir := local(t)
	ctx := context.Background()
	ref, err := s.Put(ctx, strings.NewReader("the result"), 100)
	if err != nil {
		t.Fatal(err)
	}
	file := files(t, dir)[0]
	defer func() {
		// Put again, it is whole again.
		if _, err := s.Put(ctx, strings.NewReader("the result"), 100); err != nil {
			t.Error(err)
		}
		if err := s.Stat(ctx, ref); err != nil {
			t.Error(err)
		}
	}()
	if err := os.WriteFile(file, []byte("the RESULT"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errs.Is(err, errs.Internal) {
		t.Errorf("altered: %v", err)
	}
	_ = r.Close()
	if err := os.WriteFile(file, []byte("the"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(ctx, ref); !errs.Is(err, errs.Internal) {
		t.Errorf("cut: %v", err)
	}
}

func TestNamesThatAreNone(t *testing.T) {
	t.Parallel()
	s, _ := local(t)
	for _, name := range []string{"", "../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("../", 21) + "x", strings.Repeat("0", 64)} {
		if _, err := s.Open(context.Background(), blob.Ref{SHA256: name}); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestManyPutTheSame(t *testing.T) {
	t.Parallel()
	s, dir := local(t)
	content := bytes.Repeat([]byte("x"), 200_000)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.Put(context.Background(), bytes.NewReader(content), 1<<20); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files", n)
	}
}

func TestSweepTakesOldOrphansOnly(t *testing.T) {
	t.Parallel()
	s, dir := local(t)
	ctx := context.Background()
	put := func(content string, age time.Duration) blob.Ref {
		ref, err := s.Put(ctx, strings.NewReader(content), 100)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(dir, ref.SHA256[:2], ref.SHA256[2:4], ref.SHA256), at, at); err != nil {
			t.Fatal(err)
		}
		return ref
	}
	wanted, orphan, young := put("wanted", 48*time.Hour), put("orphan", 48*time.Hour), put("young", time.Hour)
	broken := filepath.Join(dir, "tmp", "put-1")
	if err := os.WriteFile(broken, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(broken, time.Now().Add(-48*time.Hour), time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	// While the sweep asks for the third, somebody puts it again: it is young then, and stays.
	again := put("again", 48*time.Hour)
	names := blob.NewNames()
	names.Add(`[{"sha256":"` + wanted.SHA256 + `","size":6}]`)
	got, err := s.Sweep(ctx, time.Now().Add(-24*time.Hour), func(sum string) bool {
		if sum == again.SHA256 {
			put("again", 0)
		}
		return names.Has(sum)
	})
	if want := (blob.Swept{Kept: 3, Bytes: 16, Removed: 1, Freed: 6, Broken: 1}); err != nil || got != want {
		t.Errorf("%+v, want %+v, %v", got, want, err)
	}
	for ref, kept := range map[blob.Ref]bool{wanted: true, orphan: false, young: true, again: true} {
		if err := s.Stat(ctx, ref); (err == nil) != kept {
			t.Errorf("%s: %v", ref.SHA256[:8], err)
		}
	}
}

// A name that was added is known whatever stands around it; of a hundred thousand others hardly one is
// taken for it.
func TestNamesForgetNone(t *testing.T) {
	t.Parallel()
	n := blob.NewNames()
	name := func(i int) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(strconv.Itoa(i)))) }
	for i := range 100_000 {
		n.Add(`{"a":"` + name(i) + `","b":` + strconv.Itoa(i) + "}\n" + name(-i-1))
	}
	wrong := 0
	for i := range 100_000 {
		if !n.Has(name(i)) || !n.Has(name(-i-1)) { // also the second of a text
			t.Fatalf("a name of %d is forgotten", i)
		}
		if n.Has(name(i + 1_000_000)) {
			wrong++
		}
	}
	if wrong > 20 {
		t.Errorf("%d of 100000 names that nobody added are known", wrong)
	}
	if n.Has("") || n.Has("../../etc/passwd") || n.Has(strings.ToUpper(name(1))) {
		t.Error("what is no name is known")
	}
}

// A sweep that ended between setting a file aside and looking at it for the last time takes nothing: the
// next one puts a young file back, and lets an old one go.
func TestASweepThatWasCutOff(t *testing.T) {
	t.Parallel()
	s, dir := local(t)
	ctx := context.Background()
	aside := func(content string, age time.Duration) blob.Ref {
		t.Helper()
		ref, err := s.Put(ctx, strings.NewReader(content), 100)
		if err != nil {
			t.Fatal(err)
		}
		tmp, at := filepath.Join(dir, "tmp", "swept-"+ref.SHA256), time.Now().Add(-age)
		if err := errors.Join(os.Rename(filepath.Join(dir, ref.SHA256[:2], ref.SHA256[2:4], ref.SHA256), tmp), os.Chtimes(tmp, at, at)); err != nil {
			t.Fatal(err)
		}
		return ref
	}
	young, old := aside("young", time.Minute), aside("old", 48*time.Hour)
	if _, err := s.Sweep(ctx, time.Now().Add(-24*time.Hour), func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if err := s.Stat(ctx, young); err != nil {
		t.Errorf("what somebody put again is gone: %v", err)
	}
	if err := s.Stat(ctx, old); !errs.Is(err, errs.NotFound) || len(files(t, dir)) != 1 {
		t.Errorf("what nobody wants stays: %v, %v", err, files(t, dir))
	}
}
