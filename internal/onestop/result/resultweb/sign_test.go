package resultweb_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
)

func (c city) form(login, path string, form url.Values) citytest.Answer {
	c.t.Helper()
	if !form.Has("_key") {
		form.Set("_key", web.NewKey())
	}
	return c.Login(login).In("en").Do(http.MethodPost, path, []byte(form.Encode()), map[string]string{"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"})
}

func (c city) page(login, path string) string {
	c.t.Helper()
	a := c.Login(login).In("en").Do(http.MethodGet, path, nil, map[string]string{"Accept": "text/html"})
	if to := a.Header.Get("Location"); to != "" { // of a dossier to the task that the reader has with it
		return c.page(login, to)
	}
	return string(a.Want(200).Body)
}

// numbered brings a dossier to where its paper waits for the hand of the deputy director.
func (c city) numbered(certificate string) (code string, r result.Result) {
	c.t.Helper()
	code = c.worship(certificate, "online")
	c.by("noivu.vanthu", code, "number", nil).Want(200)
	c.by("noivu.motcua", code, "submit", nil).Want(200)
	c.Eventually("the paper of "+code+" is drawn", func() bool {
		all := c.results(code)
		r = all[len(all)-1]
		return r.Hand == result.Waits
	})
	return code, r
}

func (c city) kinds(r result.Result) (out []string) {
	c.t.Helper()
	list, err := c.Journal.BySubject(c.t.Context(), journal.Subject{Type: result.SubjectType, ID: int64(r.ID)}, 0, 50)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range list {
		out = append(out, e.Kind)
	}
	return out
}

// TestALeaderSignsPapersInOneAct: where an agency has its papers wait, they stand on the leader's
// page with who they are for; one act signs those that were marked, what fails is named and goes
// on waiting, and neither a second press nor a second act signs anything twice.
func TestALeaderSignsPapersInOneAct(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		tells := func(page string, want ...string) {
			t.Helper()
			for _, w := range want {
				if !strings.Contains(page, w) {
					t.Errorf("the page does not say %q", w)
				}
			}
		}
		leader := c.as("noivu.pgd")
		unit := c.Results.Agencies(leader)[0].ID
		c.form("noivu.vanthu", "/desk/to-sign", url.Values{"do": {"choose"}, "unit": {unit.String()}, "to": {"batch"}}).Want(403)
		c.form("noivu.pgd", "/desk/to-sign", url.Values{"do": {"choose"}, "unit": {unit.String()}, "to": {"batch"}}).Want(303)

		codes, papers := make([]string, 3), make([]result.Result, 3)
		for i := range codes {
			codes[i], papers[i] = c.numbered("AB 50" + string(rune('0'+i)) + " b")
		}
		if a := c.by("motcua", codes[0], "issue", nil).Want(409); !strings.Contains(string(a.Body), papers[0].SignedBy) {
			t.Errorf("the clerk is not told who has to sign: %s", a.Body)
		}
		tells(c.page("noivu.pgd", "/desk/to-sign"), "3 papers are drawn and numbered", "01/QĐ-SNV", "Nguyễn Văn Thành", codes[2], "Sign all (3)")
		if strings.Contains(c.page("chutich", "/desk/to-sign"), codes[0]) {
			t.Error("a leader elsewhere is shown the paper")
		}
		file := c.Login("noivu.pgd").Get("/desk/results/" + papers[0].ID.String() + "/paper.pdf").Want(200).Body
		if !strings.HasPrefix(string(file), "%PDF-") || strings.Contains(string(file), "%signed") {
			t.Error("the preview is not the paper as it waits")
		}
		c.Login("chutich").Get("/desk/results/" + papers[0].ID.String() + "/paper.pdf").Want(404)

		c.form("noivu.pgd", "/desk/to-sign", url.Values{"do": {"marked"}}).Want(422)
		c.pen.mu.Lock()
		c.pen.spoil = map[string]error{papers[1].Text: errs.E(errs.NotFound, "certificate.error.noSeal")}
		c.pen.mu.Unlock()
		stranger := "1234567890123"
		press := url.Values{"do": {"marked"}, "paper": {papers[0].ID.String(), papers[1].ID.String(), stranger}, "_key": {web.NewKey()}}
		first := c.form("noivu.pgd", "/desk/to-sign", press).Want(303).Header.Get("Location")
		if again := c.form("noivu.pgd", "/desk/to-sign", press).Want(303).Header.Get("Location"); again != first {
			t.Errorf("the second press made another act: %s and %s", first, again)
		}
		c.Login("chutich").Get(first).Want(404)
		c.Eventually("one is signed and one is not", func() bool {
			return c.results(codes[0])[0].State == result.Issued && c.results(codes[1])[0].Hand == result.Waits
		})
		tells(c.page("noivu.pgd", first), "Signed: 1. Not signed: 2", "this paper does not wait for you", "no digital seal in force")
		tells(c.page("noivu.pgd", "/desk/to-sign"), "could not be signed the last time", "02/QĐ-SNV", "03/QĐ-SNV")

		// Others of the same leader, and what was signed already, in a further act.
		c.pen.mu.Lock()
		c.pen.spoil = nil
		c.pen.mu.Unlock()
		second := c.form("noivu.pgd", "/desk/to-sign", url.Values{"do": {"marked"}, "paper": {papers[0].ID.String(), papers[1].ID.String()}}).Want(303).Header.Get("Location")
		third := c.form("noivu.pgd", "/desk/to-sign", url.Values{"do": {"all"}}).Want(303).Header.Get("Location")
		c.Eventually("all are signed and given", func() bool {
			return c.state(codes[0]) == "returned" && c.state(codes[1]) == "returned" && c.state(codes[2]) == "returned"
		})
		tells(c.page("noivu.pgd", second), "signed and issued already")
		tells(c.page("noivu.pgd", third), "1 paper was signed and issued")
		tells(c.page("noivu.pgd", "/desk/to-sign"), "No paper waits for your signature")
		for i, r := range papers {
			now := c.results(codes[i])[0]
			if now.State != result.Issued || !now.Signed || now.SHA256 == r.DrawnSHA || c.pen.times[r.Text] != 1 {
				t.Errorf("%s was signed %d times and is %+v", r.Text, c.pen.times[r.Text], now)
			}
		}
		want := "result.intended result.drawn result.given result.notSigned result.given result.signed result.issued"
		if got := strings.Join(c.kinds(papers[1]), " "); got != want {
			t.Errorf("the journal says of the second: %s", got)
		}
	})
}

// TestAnotherLeaderSignsInPlace: who cannot sign is replaced by a leader of the agency under whose
// name the paper is drawn again; who will not sign says why, and the number is void.
func TestAnotherLeaderSignsInPlace(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		boss := c.as("noivu.pgd")
		if err := c.Results.Choose(boss, c.Results.Agencies(boss)[0].ID, true); err != nil {
			t.Fatal(err)
		}
		code, r := c.numbered("AB 510 b")
		d := result.Decision{Result: r.ID, Reason: "Giấy ghi sai địa chỉ", Key: web.NewKey()}
		if err := c.Results.Decline(c.as("noivu.vanthu"), d); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a registry clerk declined for the leader: %v", err)
		}
		short := d
		short.Reason = "x"
		if err := c.Results.Decline(boss, short); !errs.Is(err, errs.Invalid) {
			t.Errorf("declined without a reason: %v", err)
		}
		if err := c.Results.TakeOver(c.as("chutich"), d); !errs.Is(err, errs.NotFound) {
			t.Errorf("a leader elsewhere took the paper: %v", err)
		}
		if err := c.Results.Decline(boss, d); err != nil {
			t.Fatal(err)
		}
		if now := c.results(code)[0]; now.State != result.Failed || now.Hand != result.NoHand {
			t.Errorf("declined, the paper is %+v", now)
		}
		if !strings.Contains(c.page("noivu.vanthu", "/desk/results/"+r.ID.String()), d.Reason) {
			t.Error("the reason is not told")
		}
		if _, err := c.Results.Again(c.as("noivu.vanthu"), result.Decision{Result: r.ID, Key: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		c.Eventually("it is drawn again", func() bool { all := c.results(code); return len(all) == 2 && all[1].Hand == result.Waits })
		next := c.results(code)[1]
		take := result.Decision{Result: next.ID, Reason: "Người ký đi công tác", Key: web.NewKey()}
		if err := c.Results.TakeOver(boss, take); err != nil {
			t.Fatal(err)
		}
		c.Eventually("it waits for who took it", func() bool { return c.results(code)[1].Hand == result.Waits })
		if got := c.results(code)[1]; got.Text != next.Text || got.Signer != auth.From(boss).Account {
			t.Errorf("taken over it is %+v", got)
		}
	})
}

// TestSigningPapersWantsAFreshProof: a program's token, which proved nothing, signs no paper.
func TestSigningPapersWantsAFreshProof(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-09").At(8, 30)), citytest.With(func(c *app.Config) { c.Demand, c.Signing = auth.Demand{Officers: true}, &pen{} }))
	sub, err := c.Auth.Resolve(context.Background(), c.Account("chairman").Token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Results.SignBatch(auth.With(t.Context(), sub), []result.ID{1}, web.NewKey()); auth.Wanted(err) != auth.ProveToSign {
		t.Errorf("signed without a fresh proof: %v", err)
	}
}
