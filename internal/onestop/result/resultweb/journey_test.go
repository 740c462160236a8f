package resultweb_test

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/pdf"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/result"
	"khue/internal/register/book"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// pen signs by a line at the end, or fails as it is told.
type pen struct {
	mu    sync.Mutex
	err   error
	spoil map[string]error // by the number of the paper
	times map[string]int   // how often each was signed
}

func (p *pen) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *pen) Working(context.Context, int64, orgunit.UnitID, []string) bool { return true }

func (p *pen) Own(context.Context, int64) bool { return false }

func (p *pen) SignPDF(_ context.Context, paper []byte, _ pdf.Place, officer int64, _ orgunit.UnitID, by []string, number string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.spoil[number]; err != nil {
		return nil, err
	}
	if p.err != nil {
		return nil, p.err
	}
	if officer == 0 {
		return nil, errors.New("nobody signed the decision")
	}
	if p.times == nil {
		p.times = map[string]int{}
	}
	p.times[number]++
	return append(slices.Clone(paper), "\n%signed "+strings.Join(by, "+")+"\n"...), nil
}

type city struct {
	*citytest.City
	t   *testing.T
	pen *pen
}

// worship files a request for the allowance and brings it to where its decision is signed.
func (c city) worship(certificate, delivery string) (code string) {
	c.t.Helper()
	to := map[string]any{"method": delivery}
	if delivery == "post" {
		to["address"] = "Số 12, đường Bát Khối"
	}
	code = c.As("clerk").Post("/api/v1/dossiers", map[string]any{
		"service": "hanoi.merit.martyr-worship", "channel": "counter", "applicant": map[string]any{"name": "Nguyễn Văn Thành", "phone": "0912 000 011"},
		"answers": map[string]any{
			"applicant.commune": "00118", "applicant.holder": "relative", "applicant.name": "Nguyễn Văn Thành", "applicant.dob": "1958",
			"applicant.id": "999058000011", "applicant.address": "Số 12, đường Bát Khối", "applicant.kinship": "nephew",
			"martyr.name": "Nguyễn Văn Kiên", "martyr.hometown": "Gia Lâm, Hà Nội", "martyr.died": "1968", "martyr.certificate": certificate,
			"pay.method": "cash", "pay.never": true,
		},
		"papers": []any{
			map[string]any{"paper": "request", "name": "don.pdf", "type": "pdf", "size": 90_000, "originals": 1},
			map[string]any{"paper": "authorisation", "name": "uy-quyen.pdf", "type": "pdf", "size": 90_000, "originals": 1},
		},
		"delivery": to,
	}).Want(201).Text("code")
	for _, a := range []struct {
		who, action string
		with        map[string]any
	}{
		{"motcua", "accept", nil}, {"vanhoa", "approve", map[string]any{"confirm.resides": true, "confirm.noRelative": true}}, {"chutich", "approve", nil}, {"motcua", "submit", nil},
		{"noivu.motcua", "submit", nil}, {"nguoicocong", "approve", map[string]any{"decision.amount": 2789000, "decision.year": 2026}},
		{"nguoicocong.tp", "approve", nil}, {"noivu.pgd", "sign", nil},
	} {
		c.by(a.who, code, a.action, a.with).Want(200)
	}
	return code
}

func (c city) by(login, code, action string, answers map[string]any) citytest.Answer {
	c.t.Helper()
	var list struct {
		Items []struct {
			ID, Dossier string
			Version     int64
		}
	}
	c.Login(login).Get("/api/v1/tasks?limit=200").Want(200).Into(&list)
	for _, i := range list.Items {
		if i.Dossier == code {
			if answers == nil {
				answers = map[string]any{}
			}
			return c.Login(login).Post("/api/v1/tasks/"+i.ID+"/complete", map[string]any{"version": i.Version, "action": action, "answers": answers})
		}
	}
	c.t.Fatalf("%s has no task of %s", login, code)
	return citytest.Answer{}
}

func (c city) as(login string) context.Context {
	c.t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			sub, err := c.Auth.Resolve(c.t.Context(), a.Token)
			if err != nil {
				c.t.Fatal(err)
			}
			return auth.With(c.t.Context(), sub)
		}
	}
	c.t.Fatalf("nobody is called %s", login)
	return nil
}

func (c city) dossier(code string) dossier.Dossier {
	c.t.Helper()
	d, _, err := c.Dossiers.Find(c.as("motcua"), code, dossier.Viewer{})
	if err != nil {
		c.t.Fatal(err)
	}
	return d
}

func (c city) results(code string) []result.Result {
	c.t.Helper()
	all, err := c.Results.OfDossier(c.t.Context(), c.dossier(code))
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

func (c city) state(code string) string {
	return c.As("clerk").Get("/api/v1/dossiers/" + code).Want(200).Text("state")
}

func each(t *testing.T, test func(c city)) {
	t.Helper()
	run := func(t *testing.T, c *citytest.City, p *pen) { test(city{c, t, p}) }
	p := map[string]*pen{}
	var mu sync.Mutex
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		mu.Lock()
		mine := p[c.Config.Data]
		mu.Unlock()
		run(t, c, mine)
	}, citytest.At(clock.MustDate("2026-11-09").At(8, 30)), citytest.With(func(c *app.Config) {
		mine := &pen{}
		mu.Lock()
		p[c.Data] = mine
		mu.Unlock()
		c.Signing = mine
	}))
}

// TestAResultIsMadeGivenCorrectedAndRevoked goes from the decision to the file that its owner
// has, and on to what a stranger is told of it at each time.
func TestAResultIsMadeGivenCorrectedAndRevoked(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		code := c.worship("AB 417 b", "online")
		c.by("noivu.vanthu", code, "number", nil).Want(200)
		c.by("noivu.motcua", code, "submit", nil).Want(200)
		c.Eventually("the owner has the file without anybody handing it over", func() bool { return c.state(code) == "returned" })
		first := c.results(code)[0]
		if first.State != result.Issued || first.Text != "01/QĐ-SNV" || !first.Signed || first.SignedBy == "" {
			t.Fatalf("the result is %+v", first)
		}
		file := c.As("clerk").Get("/dossiers/" + code + "/papers/result.pdf").Want(200).Body
		if !bytes.HasPrefix(file, []byte("%PDF-1.7")) || !bytes.HasSuffix(file, []byte("%signed leader+unit-seal\n")) {
			t.Errorf("the file begins %q and ends %q", file[:8], file[len(file)-30:])
		}
		card := func(r result.Result, lang string, want ...string) {
			t.Helper()
			page := string(c.Visitor().In(lang).Get("/r/" + r.Public).Want(200).Body)
			for _, w := range want {
				if !strings.Contains(page, w) {
					t.Errorf("the page of %s does not say %q", r.Text, w)
				}
			}
			for _, never := range []string{"Thành", "999058000011", "Kiên", code} {
				if strings.Contains(page, never) {
					t.Errorf("the page of %s tells a stranger %q", r.Text, never)
				}
			}
		}
		card(first, "vi", "Giấy này có hiệu lực", "01/QĐ-SNV", "N. V. T.")
		card(first, "en", "This paper is in force")
		c.Visitor().Get("/r/AAAABBBBCCCCDDDD").Want(404)

		leader := c.as("noivu.pgd")
		fix := result.Decision{Result: first.ID, Changes: map[string]string{"holder.name": "Nguyễn Văn Thanh"}, Reason: "Ghi sai tên đệm", Authority: "Quyết định 12/QĐ-SNV ngày 09/11/2026", Key: web.NewKey()}
		if _, err := c.Results.Replace(c.as("noivu.vanthu"), fix); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a registry clerk corrected a result: %v", err)
		}
		if _, err := c.Results.Replace(c.as("chutich"), fix); !errs.Is(err, errs.NotFound) {
			t.Errorf("a chairman elsewhere corrected a result: %v", err)
		}
		next, err := c.Results.Replace(leader, fix)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := c.Results.Replace(leader, fix); err != nil || again != next {
			t.Errorf("the same request again gave %v, %v", again, err)
		}
		c.Eventually("the new paper stands", func() bool { return len(c.results(code)) == 2 && c.results(code)[1].State == result.Issued })
		all := c.results(code)
		first, second := all[0], all[1]
		if second.Text != "02/QĐ-SNV" || first.State != result.Replaced || first.After != second.ID || second.Entry != first.Entry {
			t.Errorf("after the correction: %+v and %+v", first, second)
		}
		card(first, "vi", "Giấy này đã được thay", "02/QĐ-SNV")
		card(second, "vi", "Giấy này có hiệu lực")
		e, history, err := c.Records.Open(leader, second.Entry, clock.Date{})
		if err != nil || len(history) != 2 || e.Key != "02/QĐ-SNV" || e.Values.Text("holder.name") != "Nguyễn Văn Thanh" || history[1].Values.Text("holder.name") != "Nguyễn Văn Thành" {
			t.Errorf("the register holds %+v in %d versions, %v", e, len(history), err)
		}

		end := result.Decision{Result: second.ID, Reason: "Người thờ cúng đã mất", Authority: "Quyết định 15/QĐ-SNV ngày 09/11/2026", Key: web.NewKey()}
		for range 2 {
			if err := c.Results.Revoke(leader, end); err != nil {
				t.Fatal(err)
			}
		}
		card(second, "en", "This paper was revoked")
		if e, _, err := c.Records.Open(leader, second.Entry, clock.Date{}); err != nil || e.Status != record.Revoked {
			t.Errorf("the entry of a revoked result is %s, %v", e.Status, err)
		}
		var kinds []string
		for _, r := range []result.Result{first, second} {
			rs, err := c.Journal.BySubject(t.Context(), journal.Subject{Type: result.SubjectType, ID: int64(r.ID)}, 0, 20)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range rs {
				kinds = append(kinds, x.Kind)
			}
		}
		if want := []string{result.EventIntended, result.EventSigned, result.EventIssued, result.EventReplaced, result.EventIntended, result.EventSigned, result.EventIssued, result.EventRevoked}; !slices.Equal(kinds, want) {
			t.Errorf("the journal says %v", kinds)
		}
		looks := func() (n int64) {
			t.Helper()
			d, _, err := c.Dossiers.Find(c.as("motcua"), code, dossier.Viewer{})
			if err != nil {
				t.Fatal(err)
			}
			err = c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
				return v.QueryRow(`SELECT COUNT(*) FROM access_shown WHERE about = $1 AND actor = $2`, int64(d.ID), auth.From(leader).Account).Scan(&n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		c.Eventually("who read an entry of the register left a look", func() bool { return looks() > 0 })
		for _, path := range []string{"/desk/results", "/desk/results/" + second.ID.String(), "/desk/numbers?kind=martyr-worship&year=2026", "/desk/numbers/book.csv?kind=martyr-worship&year=2026",
			"/desk/registers", "/desk/registers/martyr-worship?q=thanh", "/desk/registers/martyr-worship/entries.csv", "/desk/registers/martyr-worship/entries.json", "/desk/records/" + second.Entry.String()} {
			if page := string(c.Login("noivu.pgd").Get(path).Want(200).Body); path != "/desk/registers" && !strings.Contains(page, "QĐ-SNV") && !strings.Contains(page, code) {
				t.Errorf("%s does not show the result", path)
			}
		}
	})
}

// TestNothingIsHandedOverBeforeItIsMade: while the paper waits for its signature the clerk is
// told so; what fails for good leaves a void number, and is made again under a new one.
func TestNothingIsHandedOverBeforeItIsMade(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		c.pen.fail(errors.New("the token does not answer"))
		code := c.worship("AB 418 b", "counter")
		c.by("noivu.vanthu", code, "number", nil).Want(200)
		c.by("noivu.motcua", code, "submit", nil).Want(200)
		if a := c.by("motcua", code, "issue", nil).Want(409); !strings.Contains(string(a.Body), "01/QĐ-SNV đang được lập") {
			t.Errorf("the clerk is told %s", a.Body)
		}
		c.Visitor().Get("/r/" + c.results(code)[0].Public).Want(404)
		c.pen.fail(errs.E(errs.Invalid, "result.failure"))
		c.Pass(time.Hour)
		c.Eventually("the paper failed for good", func() bool { return c.results(code)[0].State == result.Failed })
		c.by("motcua", code, "issue", nil).Want(409)
		failed := c.results(code)[0]
		lines, _, err := c.Books.Lines(c.as("noivu.vanthu"), book.Book{Unit: failed.Unit, Kind: "martyr-worship", Year: 2026}, 0)
		if err != nil || len(lines) != 1 || !lines[0].Void() {
			t.Fatalf("the book holds %+v, %v", lines, err)
		}
		c.pen.fail(nil)
		if _, err := c.Results.Again(c.as("noivu.vanthu"), result.Decision{Result: failed.ID, Key: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		c.Eventually("the paper is made", func() bool { return c.results(code)[1].State == result.Issued })
		c.by("motcua", code, "issue", nil).Want(200)
		if r := c.results(code)[1]; r.Text != "02/QĐ-SNV" {
			t.Errorf("made again it has the number %s", r.Text)
		}
	})
}

// TestADossierIsDecidedAgainOnlyWithoutItsResult: while a result is being made or in force its dossier
// is neither reopened nor sent back, and who tries is told its number and what to do first. Revoked, the
// dossier is decided anew and has a second result under a second number.
func TestADossierIsDecidedAgainOnlyWithoutItsResult(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		code := c.worship("AB 733 b", "online")
		leader := c.as("noivu.pgd")
		reopen := func() error {
			_, err := c.Dossiers.Correct(leader, dossier.Correction{Kind: dossier.CorrectReopen, Dossier: code, Step: "decide", Reason: "Quyết định bị khiếu nại, phải xét lại", Authority: "Quyết định 20/QĐ-SNV", Key: web.NewKey()})
			return err
		}
		c.by("noivu.vanthu", code, "number", nil).Want(200)
		c.by("noivu.motcua", code, "submit", nil).Want(200)
		c.Eventually("the result is given", func() bool { return c.state(code) == "returned" })
		first := c.results(code)[0]
		if err := reopen(); !errs.Is(err, errs.Conflict) {
			t.Fatalf("reopened beside its result: %v", err)
		}
		form := url.Values{"_key": {web.NewKey()}, "kind": {"reopen"}, "step": {"decide"}, "reason": {"Quyết định bị khiếu nại"}, "authority": {"Quyết định 20/QĐ-SNV"}}
		page := c.Login("noivu.pgd").In("vi").Do("POST", "/desk/dossiers/"+code+"/correct", []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}).Want(409)
		for _, want := range []string{first.Text, "thu hồi kết quả đó trước", "Quyết định bị khiếu nại"} {
			if !strings.Contains(string(page.Body), want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if c.state(code) != "returned" || len(c.results(code)) != 1 {
			t.Errorf("the dossier is %s with %d results", c.state(code), len(c.results(code)))
		}
		// A correction of the paper needs no reopening.
		if _, err := c.Results.Replace(leader, result.Decision{Result: first.ID, Changes: map[string]string{"holder.name": "Nguyễn Văn Thanh"}, Reason: "Ghi sai tên đệm", Authority: "Quyết định 12/QĐ-SNV", Key: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		c.Eventually("the corrected paper stands", func() bool { return len(c.results(code)) == 2 && c.results(code)[1].State == result.Issued })
		if err := c.Results.Revoke(leader, result.Decision{Result: c.results(code)[1].ID, Reason: "Quyết định bị hủy sau khiếu nại", Authority: "Quyết định 20/QĐ-SNV", Key: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		if err := reopen(); err != nil {
			t.Fatal(err)
		}
		c.by("noivu.pgd", code, "sign", nil).Want(200)
		c.by("noivu.vanthu", code, "number", nil).Want(200)
		c.by("noivu.motcua", code, "submit", nil).Want(200)
		c.Eventually("the second result is given", func() bool { return c.state(code) == "returned" })
		all := c.results(code)
		if len(all) != 3 || all[0].State != result.Replaced || all[1].State != result.Revoked || all[2].State != result.Issued || all[2].Text == all[1].Text || all[2].Text == first.Text {
			t.Errorf("the results: %+v", all)
		}
	})
}
