package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"khue/internal/kernel/errs"
)

func TestOpKeepsKindKeyAndCause(t *testing.T) {
	t.Parallel()
	root := errors.New("disk full")
	inner := func() (err error) {
		defer errs.Op(&err, "store.Insert(%d)", 7)
		return errs.E(errs.Conflict, "dossier.task.taken", errs.P("by", "Lan"), errs.Cause(root))
	}
	outer := func() (err error) {
		defer errs.Op(&err, "service.Complete")
		return inner()
	}
	err := outer()
	if !errs.Is(err, errs.Conflict) {
		t.Fatalf("kind = %v, want conflict", errs.KindOf(err))
	}
	e, _ := errs.As(err)
	if e.Key != "dossier.task.taken" || e.Params["by"] != "Lan" {
		t.Errorf("sentence lost: %+v", e)
	}
	if want := "service.Complete: store.Insert(7)"; e.Op != want {
		t.Errorf("op = %q, want %q", e.Op, want)
	}
	if !errors.Is(err, root) {
		t.Error("cause lost")
	}
}

func TestOpClassifiesForeignErrorsAsInternal(t *testing.T) {
	t.Parallel()
	f := func() (err error) {
		defer errs.Op(&err, "x")
		return errors.New("boom")
	}
	if err := f(); errs.KindOf(err) != errs.Internal {
		t.Errorf("kind = %v", errs.KindOf(err))
	}
	ok := func() (err error) { defer errs.Op(&err, "x"); return nil }
	if err := ok(); err != nil {
		t.Errorf("nil became %v", err)
	}
}

func TestOpSeesThroughForeignWrapping(t *testing.T) {
	t.Parallel()
	f := func() (err error) {
		defer errs.Op(&err, "x")
		return fmt.Errorf("reading: %w", errs.E(errs.NotFound, "a.b"))
	}
	e, _ := errs.As(f())
	if e.Kind != errs.NotFound || e.Key != "a.b" {
		t.Errorf("got %+v", e)
	}
}

func TestIsOfNil(t *testing.T) {
	t.Parallel()
	if errs.Is(nil, errs.Internal) {
		t.Error("nil is of a kind")
	}
}
