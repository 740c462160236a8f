package dossierweb_test

import (
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/mail"
)

// TestNotices: who gave an address is told of each milestone once, in their language, with
// a link that opens the dossier; who gave none is told nothing.
func TestNotices(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		box, ok := c.Mail.(*mail.Recorder)
		if !ok {
			t.Fatal("the test's city does not record its mail")
		}
		b := citytest.Birth()
		c.As("citizen").Post("/api/v1/dossiers", b).Want(201) // without an address
		b["applicant"] = map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001", "email": "hanh@vidu.example"}
		code := c.As("citizen").In("vi").Post("/api/v1/dossiers", b).Want(201).Text("code")
		c.Eventually("the filing is told", func() bool { return len(box.Sent()) == 1 })
		act(t, c, "clerk", code, "accept", nil).Want(200)
		c.Eventually("the acceptance is told", func() bool { return len(box.Sent()) == 2 })
		m := box.Sent()[1]
		if m.To != "hanh@vidu.example" || m.Subject != "Hồ sơ "+code+" đã được tiếp nhận" || !strings.Contains(m.Text, "17:00 ngày 23/06/2025") {
			t.Errorf("told %+v", m)
		}
		_, link, found := strings.Cut(m.Text, "/dossiers/")
		if !found {
			t.Fatalf("no link in %q", m.Text)
		}
		c.Visitor().Get("/dossiers/" + strings.TrimSpace(link)).Want(200)
		// The log read again from its beginning tells nobody twice.
		fs := c.Dossiers.Module().Followers
		fs[0].Name = "again"
		if err := c.Journal.Tick(t.Context(), fs); err != nil {
			t.Fatal(err)
		}
		if counts, err := c.Notices.Counts(t.Context()); err != nil || counts["sent"] != 2 || len(counts) != 1 {
			t.Errorf("%v %v", counts, err)
		}
	})
}
