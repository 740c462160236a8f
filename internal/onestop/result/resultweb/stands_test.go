package resultweb_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/result"
	"khue/internal/register/record"
)

// tells reports what of some words a page says.
func (c city) tells(page, what string, want []string, never ...string) {
	c.t.Helper()
	for _, w := range want {
		if !strings.Contains(page, w) {
			c.t.Errorf("%s does not say %q", what, w)
		}
	}
	for _, n := range never {
		if strings.Contains(page, n) {
			c.t.Errorf("%s says %q", what, n)
		}
	}
}

// given brings a dossier to where its result is made and waits at the counter.
func (c city) given(certificate string) (code string, r result.Result) {
	c.t.Helper()
	code = c.worship(certificate, "counter")
	c.by("noivu.vanthu", code, "number", nil).Want(200)
	c.Eventually("the paper of "+code+" is made", func() bool {
		all := c.results(code)
		r = all[len(all)-1]
		return r.State == result.Issued
	})
	return code, r
}

func (c city) scanned(r result.Result) string {
	c.t.Helper()
	return string(c.Visitor().In("en").Get("/r/" + r.Public).Want(200).Body)
}

// Where nobody has a card the paper is entered without a signature: whoever scans its code is told
// that it stands in the register and counts for nothing by itself, and not also that it is in force.
func TestAPaperWithoutASignatureIsNotCalledValid(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, cc *citytest.City) {
		c := city{cc, t, nil}
		_, r := c.given("AB 601 b")
		c.tells(c.scanned(r), "the page of the paper", []string{"not digitally signed", r.Text}, "This paper is in force", "kh-banner--done")
	}, citytest.At(clock.MustDate("2026-11-09").At(8, 30)))
}

// Stopping a dossier takes no result back. Who stops it is told so beforehand, with the way to revoke
// it; afterwards officers and owner are, until it is revoked.
func TestStoppingADossierLeavesItsResultAndSaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		code, r := c.given("AB 602 b")
		here, there := "/desk/dossiers/"+code+"/correct", `href="/desk/results/`+r.ID.String()+`"`
		c.tells(c.page("noivu.pgd", here), "the page that stops", []string{"Stopping or merging the dossier does not revoke it", r.Text, there})
		c.form("noivu.pgd", here, url.Values{"kind": {"halt"}, "reason": {"Bản án hủy quyết định giải quyết"}, "authority": {"Bản án 3/2026/HC-ST"}}).Want(303)
		if now := c.results(code)[0]; now.State != result.Issued || c.state(code) != "stopped" {
			t.Fatalf("stopped, the dossier is %s and its result %s", c.state(code), now.State)
		}
		c.tells(c.scanned(r), "the page of the paper", []string{"This paper is in force"})
		c.tells(c.page("noivu.pgd", "/desk/dossiers/"+code), "the stopped dossier", []string{"is still in force", there})
		owner := string(c.Visitor().In("en").Get("/dossiers/" + code + "?k=" + url.QueryEscape(c.Dossiers.AccessKey(code))).Want(200).Body)
		c.tells(owner, "the owner's page", []string{"is in force until the agency that gave it decides to revoke it"})

		if err := c.Results.Revoke(c.as("noivu.pgd"), result.Decision{Result: r.ID, Reason: "Bản án hủy quyết định", Authority: "Bản án 3/2026/HC-ST", Key: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		c.tells(c.page("noivu.pgd", "/desk/dossiers/"+code), "the dossier after the revocation", nil, "is still in force")
	})
}

// What the register alone suspends is told on the page of the result and to whoever scans the paper;
// of two versions of one day each can be read as it was.
func TestTheRegisterAndTheResultAgree(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		code, r := c.given("AB 603 b")
		boss := c.as("noivu.pgd")
		entry := "/desk/records/" + r.Entry.String()
		if _, err := c.Records.Act(boss, record.Act{Entry: r.Entry, Version: 1, Do: record.Suspend, Reason: "Đang xác minh đơn tố cáo", Authority: "Quyết định 9/QĐ-SNV", Request: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		c.tells(c.scanned(r), "the page of the paper", []string{"suspended"}, "This paper is in force")
		c.tells(c.page("noivu.pgd", "/desk/results/"+r.ID.String()), "the page of the result", []string{"Suspended in the register"})
		c.tells(c.page("noivu.pgd", entry), "the entry", []string{"?version=1", "?version=2"})
		c.tells(c.page("noivu.pgd", entry+"?version=1"), "its first version", []string{"Version 1 of 2", "In force"}, `name="authority"`)
		c.Login("noivu.pgd").Get(entry + "?version=3").Want(404)
		if page := c.page("noivu.pgd", "/desk/registers/martyr-worship?q=thanh"); !strings.Contains(page, "Nguyễn Văn Thành") {
			t.Error("what was searched for is not shown")
		}
		csv := string(c.Login("noivu.pgd").In("en").Get("/desk/registers/martyr-worship/entries.csv").Want(200).Body)
		c.tells(csv, "the file of the register", []string{code, "Suspended", "Bo De"}, ",00118,")
	})
}

// A number that its signer did not sign is void in the book, with the reason in words, on the page and
// in the file.
func TestTheBookSaysWhyANumberIsVoid(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		boss := c.as("noivu.pgd")
		if err := c.Results.Choose(boss, c.Results.Agencies(boss)[0].ID, true); err != nil {
			t.Fatal(err)
		}
		_, r := c.numbered("AB 604 b")
		// While it waits, nobody can have the paper: its code tells nothing.
		c.Visitor().Get("/r/" + r.Public).Want(404)
		if err := c.Results.Decline(boss, result.Decision{Result: r.ID, Reason: "Giấy ghi sai địa chỉ", Key: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		c.Visitor().Get("/r/" + r.Public).Want(404)
		for _, path := range []string{"/desk/numbers?", "/desk/numbers/book.csv?"} {
			c.tells(c.page("noivu.vanthu", path+"kind=martyr-worship&year=2026"), path, []string{"the signer did not sign"}, "result.declined")
		}
	})
}

// A signature made elsewhere is taken for the very file that waits, once, and for no other.
func TestASignatureFromElsewhereFitsOneFile(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		boss := c.as("noivu.pgd")
		if err := c.Results.Choose(boss, c.Results.Agencies(boss)[0].ID, true); err != nil {
			t.Fatal(err)
		}
		code, r := c.numbered("AB 605 b")
		take := func(of string) error {
			return c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
				return c.Results.SignedElsewhereIn(tx, r.ID, of, blob.Ref{SHA256: r.DrawnSHA, Size: r.DrawnSize})
			})
		}
		if err := take(strings.Repeat("0", 64)); !errs.Is(err, errs.Conflict) {
			t.Errorf("a signature over another file was taken: %v", err)
		}
		if now := c.results(code)[0]; now.Hand != result.Waits {
			t.Errorf("after it the paper is %s", now.Hand)
		}
		if err := take(r.DrawnSHA); err != nil {
			t.Fatal(err)
		}
		if err := take(r.DrawnSHA); !errs.Is(err, errs.Conflict) {
			t.Errorf("a paper was taken twice: %v", err)
		}
	})
}

// While a result lives, no second one is numbered for its dossier.
func TestADossierHasOneLivingResult(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		code, r := c.given("AB 606 b")
		d := c.dossier(code)
		pkg, err := c.Services.ByDigest(d.Package)
		if err != nil {
			t.Fatal(err)
		}
		err = c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return c.Results.IntendIn(tx, dossier.Intent{Dossier: d, Package: pkg, Unit: r.Unit})
		})
		if !errs.Is(err, errs.Conflict) || len(c.results(code)) != 1 {
			t.Errorf("a second result of one dossier: %v, %d results", err, len(c.results(code)))
		}
	})
}

// What was revoked while it lay at the counter is not handed over, and the clerk is told why; nor is a
// result revoked without reason and decision.
func TestARevokedResultIsNotHandedOver(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		code, r := c.given("AB 607 b")
		c.by("noivu.motcua", code, "submit", nil).Want(200)
		d := result.Decision{Result: r.ID, Reason: "Giấy tờ gốc bị làm giả", Key: web.NewKey()}
		if err := c.Results.Revoke(c.as("noivu.pgd"), d); !errs.Is(err, errs.Invalid) {
			t.Errorf("revoked without a decision: %v", err)
		}
		c.tells(c.scanned(r), "the page of the paper", []string{"This paper is in force"})
		d.Authority, d.Key = "Quyết định 15/QĐ-SNV", web.NewKey()
		if err := c.Results.Revoke(c.as("noivu.pgd"), d); err != nil {
			t.Fatal(err)
		}
		if a := c.by("motcua", code, "issue", nil).Want(409); !strings.Contains(string(a.Body), "đã bị thu hồi") {
			t.Errorf("the clerk is told %s", a.Body)
		}
	})
}

// Whoever checks the file of a paper at /verify is told whether the paper holds, not only whether its
// signature does; of a file that the city did not give out nothing is said.
func TestVerifyingAFileTellsWhetherItsPaperHolds(t *testing.T) {
	t.Parallel()
	each(t, func(c city) {
		t := c.t
		code, r := c.given("AB 608 b")
		file, _, err := c.Results.Paper(t.Context(), c.dossier(code))
		if err != nil {
			t.Fatal(err)
		}
		verify := func(b []byte) string {
			t.Helper()
			var body bytes.Buffer
			m := multipart.NewWriter(&body)
			_ = m.WriteField("_key", web.NewKey())
			f, err := m.CreateFormFile("file", "giay.pdf")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = f.Write(b)
			_ = m.Close()
			return string(c.Visitor().In("en").Do("POST", "/verify", body.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Accept": "text/html"}).Want(200).Body)
		}
		c.tells(verify(file), "a paper in force", []string{"This paper is in force", r.Text, "/r/" + r.Public})
		c.tells(verify(append(bytes.Clone(file), "\n% thêm\n"...)), "another file", nil, "/r/"+r.Public)
		if err := c.Results.Revoke(c.as("noivu.pgd"), result.Decision{Result: r.ID, Reason: "Người thờ cúng đã mất", Authority: "Quyết định 15/QĐ-SNV", Key: web.NewKey()}); err != nil {
			t.Fatal(err)
		}
		c.tells(verify(file), "a revoked paper", []string{"This paper was revoked", "/r/" + r.Public}, "Thành", code)
	})
}
