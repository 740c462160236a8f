package pdf_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"testing"

	"khue/internal/kernel/pdf"
	"khue/web"
)

// TestMain is the child too, when it is started as one.
func TestMain(m *testing.M) {
	switch os.Args[len(os.Args)-1] {
	case "as-drawer":
		regular, _ := web.Font(web.Regular)
		bold, _ := web.Font(web.Bold)
		italic, _ := web.Font(web.Italic)
		both, _ := web.Font(web.BoldItalic)
		if err := pdf.ServeDrawings(os.Stdin, os.Stdout, pdf.Fonts{Regular: regular, Bold: bold, Italic: italic, BoldItalic: both}); err != nil {
			panic(err)
		}
		os.Exit(0)
	case "as-bare": // a child without type
		_ = pdf.ServeDrawings(os.Stdin, os.Stdout, pdf.Fonts{})
		os.Exit(0)
	case "as-dying":
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// TestAPaperIsTheSameWhoeverDrawsIt: also where the child dies at once, cannot draw or is
// closed; and the place to sign comes back with it.
func TestAPaperIsTheSameWhoeverDrawsIt(t *testing.T) {
	t.Parallel()
	var at pdf.Place
	opt := options(t)
	opt.ID, opt.Place = "0123456789abcdef", func(p pdf.Place) { at = p }
	want, err := pdf.Render(receipt(), opt)
	if err != nil || at.Page == 0 {
		t.Fatal(at, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, as := range []string{"as-drawer", "as-bare", "as-dying", "closed"} {
		t.Run(as, func(t *testing.T) {
			t.Parallel()
			d := pdf.NewDrawer(slog.New(slog.DiscardHandler), self, as)
			t.Cleanup(d.Close)
			if as == "closed" {
				d.Close()
			}
			var told pdf.Place
			mine := opt
			mine.Place = func(p pdf.Place) { told = p }
			got, err := d.Render(t.Context(), receipt(), mine)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
			}
			if told != at {
				t.Errorf("the place to sign is %v, want %v", told, at)
			}
			if drew := d.PID() != 0; drew != (as != "closed") {
				t.Errorf("a child was started: %v", drew)
			}
		})
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	d := pdf.NewDrawer(slog.New(slog.DiscardHandler), self, "as-drawer")
	t.Cleanup(d.Close)
	if _, err := d.Render(over, receipt(), opt); err == nil {
		t.Error("a paper for somebody whose time is over")
	}
}
