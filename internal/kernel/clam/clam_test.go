package clam_test

import (
	"errors"
	"strings"
	"testing"

	"khue/internal/kernel/clam"
	"khue/internal/kernel/clam/clamtest"
)

func TestADaemonIsAsked(t *testing.T) {
	t.Parallel()
	d := clamtest.Start(t)
	d.Max = 1 << 20
	s, err := clam.New(d.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	big := strings.Repeat("giấy tờ ", 40_000) // several pieces
	for text, want := range map[string]string{"": "", "a paper": "", big: "", big + clamtest.EICAR: "Eicar-Test-Signature"} {
		if got, err := s.Scan(t.Context(), strings.NewReader(text)); err != nil || got != want {
			t.Errorf("%d bytes: %q %v", len(text), got, err)
		}
	}
	if _, err := s.Scan(t.Context(), strings.NewReader(strings.Repeat("x", 2<<20))); !errors.Is(err, clam.ErrTooLarge) {
		t.Logf("cut off or told: %v", err)
		if err == nil {
			t.Error("too large a file passed")
		}
	}
	d.Stop()
	if threat, err := s.Scan(t.Context(), strings.NewReader("x")); err == nil {
		t.Errorf("a daemon that is away said %q", threat)
	}
	for _, bad := range []string{"", "localhost:3310", "http://a:1", "unix:relative"} {
		if _, err := clam.New(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
