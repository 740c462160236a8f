package dossier_test

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	stdmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
)

type catcher struct {
	url   string
	mu    sync.Mutex
	busy  bool
	tries int
	got   []string // subject + body
	ids   map[string]int
}

func catch(t *testing.T) *catcher {
	t.Helper()
	c := &catcher{ids: map[string]int{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{c}, nil }))
	s.Domain, s.EnableSMTPUTF8 = "catcher.example", true
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = l.Close(); _ = s.Close(); <-done })
	c.url = "smtp+plain://" + l.Addr().String()
	return c
}

type session struct{ c *catcher }

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string, *smtp.RcptOptions) error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.tries++
	if s.c.busy {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "busy"}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := stdmail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return err
	}
	var w mime.WordDecoder
	sub, err := w.DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.got = append(s.c.got, sub+"\n"+string(body))
	s.c.ids[m.Header.Get("Message-Id")]++
	return err
}

func (c *catcher) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.got...)
}
func (c *catcher) has(s string) bool { return strings.Contains(strings.Join(c.all(), "\x00"), s) }

func withMail(b map[string]any, addr string) map[string]any {
	b["applicant"].(map[string]any)["email"] = addr
	return b
}

func accept(t *testing.T, c *citytest.City, code string) {
	t.Helper()
	var list struct {
		Items []struct {
			ID, Dossier string
			Version     int64
		}
	}
	c.As("clerk").Get("/api/v1/tasks?limit=200").Want(200).Into(&list)
	for _, i := range list.Items {
		if i.Dossier == code {
			c.As("clerk").Post("/api/v1/tasks/"+i.ID+"/complete", map[string]any{"version": i.Version, "action": "accept", "answers": map[string]any{}}).Want(200)
			return
		}
	}
	t.Fatalf("no task of %s", code)
}

func TestNoticesArriveOnceInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *citytest.City, k *catcher) {
		filed := c.As("citizen").In("vi").Post("/api/v1/dossiers", withMail(citytest.Birth(), "hanh@example.com")).Want(201)
		code := filed.Text("code")
		c.Eventually("received", func() bool { return k.has("Đã nhận hồ sơ " + code) })
		accept(t, c, code)
		c.Eventually("accepted", func() bool { return k.has("Hồ sơ " + code + " đã được tiếp nhận") })
		en := c.As("citizen").In("en").Post("/api/v1/dossiers", withMail(citytest.Birth(), "ann@example.com")).Want(201).Text("code")
		c.Eventually("English", func() bool { return k.has("Dossier " + en + " received") })
		if !k.has("/dossiers/" + code + "?k=" + filed.Text("accessKey")) {
			t.Errorf("no link: %q", k.all())
		}
		if !k.has("Hẹn trả kết quả: 17:00") {
			t.Errorf("no due date: %q", k.all())
		}
		for _, m := range k.all() {
			if s, _, _ := strings.Cut(m, "\n"); strings.Contains(s, "Hạnh") {
				t.Errorf("name in subject %q", s)
			}
		}
		// The follower again, over all of the first dossier.
		fid, err := id.Parse[dossier.Dossier](filed.Text("id"))
		if err != nil {
			t.Fatal(err)
		}
		rs, err := c.Journal.BySubject(t.Context(), journal.Subject{Type: "dossier", ID: int64(fid)}, 0, 100)
		if err != nil || len(rs) < 2 {
			t.Fatal(len(rs), err)
		}
		n := len(k.all())
		for _, r := range rs {
			err := c.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return c.Dossiers.Module().Followers[0].Fn(ctx, tx, r) })
			if err != nil {
				t.Fatal(err)
			}
		}
		s, err := c.Jobs.Stats(t.Context())
		last := c.As("citizen").In("vi").Post("/api/v1/dossiers", withMail(citytest.Birth(), "sau@example.com")).Want(201).Text("code")
		c.Eventually("the last", func() bool { return k.has("Đã nhận hồ sơ " + last) })
		if got := len(k.all()); got != n+1 {
			t.Errorf("%d mails, want %d; jobs %+v %v", got, n+1, s, err)
		}
		// A busy server.
		k.mu.Lock()
		k.busy, k.tries = true, 0
		k.mu.Unlock()
		late := c.As("citizen").In("vi").Post("/api/v1/dossiers", withMail(citytest.Birth(), "cho@example.com")).Want(201).Text("code")
		c.Eventually("a try", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return k.tries > 0 })
		if k.has("Đã nhận hồ sơ " + late) {
			t.Error("sent by a busy server")
		}
		k.mu.Lock()
		k.busy = false
		k.mu.Unlock()
		c.Eventually("tried again", func() bool { c.Pass(10 * time.Second); return k.has("Đã nhận hồ sơ " + late) })
	})
}

func each(t *testing.T, f func(*testing.T, *citytest.City, *catcher)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			k := catch(t)
			opt := citytest.With(func(cfg *app.Config) {
				cfg.SMTP, cfg.MailFrom = k.url, "motcua@hanoi.example"
				if engine == "postgres" {
					cfg.DB = dbtest.PostgresURL(t, app.Migrations())
				}
			})
			f(t, citytest.New(t, opt), k)
		})
	}
}
