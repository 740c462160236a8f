package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/bankweb"
)

// trader files a household business at the counter and says its code and payment.
func trader(city *citytest.City, name string) (code string, order payment.Shown) {
	filing := business()
	filing["channel"], filing["papers"] = "counter", []any{map[string]any{"paper": "request", "name": "request.pdf", "type": "pdf", "size": 90_000, "originals": 1}}
	filing["answers"].(map[string]any)["business.name"] = name
	code = city.Login("motcua").Post("/api/v1/dossiers", filing).Want(201).Text("code")
	var list struct{ Items []payment.Shown }
	city.Login("motcua").Get("/api/v1/dossiers/" + code + "/payments").Want(200).Into(&list)
	return code, list.Items[0]
}

// settled is a business that was paid and numbered.
func settled(t *testing.T, city *citytest.City, bank *bankweb.Bank, name string) (code string) {
	t.Helper()
	code, o := trader(city, name)
	pays(t, city, bank, o, 0)
	acts(t, city, "motcua", code, "accept", nil)
	acts(t, city, "kinhdoanh.tp", code, "assign", nil)
	acts(t, city, "kinhdoanh", code, "approve", map[string]any{"check.examined": []string{"owner"}})
	acts(t, city, "kinhdoanh.tp", code, "sign", nil)
	acts(t, city, "vanthu", code, "number", nil)
	return code
}

// pays transfers what an order asks for, or another amount.
func pays(t *testing.T, city *citytest.City, bank *bankweb.Bank, o payment.Shown, amount int64) {
	t.Helper()
	full, err := city.Payments.Find(t.Context(), o.ID)
	if err == nil {
		_, err = bank.Transfer(city.Payments.ToPay(full).QR, amount)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The pages of payment, signing, certificates, verifying, results and registers are clean for axe
// on a telephone at night and on a desk by day, filled and with what is wrong told on them.
func TestPagesOfMoneyAndSigningAreClean(t *testing.T) {
	t.Parallel()
	city, bank := banked(t)
	done := settled(t, city, bank, "Quán phở Bồ Đề")
	city.Eventually("the certificate is signed", func() bool { return resultOf(t, city, done).Signed })
	given := resultOf(t, city, done)
	if err := city.Results.Choose(officer(t, city, "chutich"), given.Unit, true); err != nil {
		t.Fatal(err)
	}
	settled(t, city, bank, "Tiệm may Bồ Đề")
	_, open := trader(city, "Bún chả Ngọc Lâm")
	_, over := trader(city, "Sửa xe Minh Phát")
	pays(t, city, bank, over, over.Amount+100_000)
	full, err := city.Payments.Find(t.Context(), open.ID)
	if err != nil {
		t.Fatal(err)
	}
	lost, err := payment.ParseQR(city.Payments.ToPay(full).QR)
	if err != nil {
		t.Fatal(err)
	}
	lost.Purpose = "LE PHI KINH DOANH" // names no payment
	code, err := lost.QR()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bank.Transfer(code, 0); err != nil {
		t.Fatal(err)
	}
	money, err := city.Payments.Suspense(officer(t, city, "taichinh"), full.Unit)
	if err != nil || len(money) != 1 {
		t.Fatalf("%d amounts in suspense, %v", len(money), err)
	}
	city.Eventually("the second paper waits to be signed", func() bool {
		_, n, err := city.Results.ToSign(officer(t, city, "kinhdoanh.tp"))
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	filing := citytest.Birth()
	answers := filing["answers"].(map[string]any)
	answers["child.registrationUnit"], answers["child.dob"] = "00118", "2026-06-01" // the units of its day
	mine := city.As("citizen").Post("/api/v1/dossiers", filing).Want(201).Text("code")
	plain := filepath.Join(t.TempDir(), "khong-ky.xml")
	if err := os.WriteFile(plain, []byte("<giay/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	const books = "/desk/registers/household-business"
	for _, l := range []look{{width: 360, dark: true, js: true, lang: "en"}, {width: 1280, js: true, lang: "vi"}} {
		for _, who := range []struct {
			login string
			pages []string
		}{
			{"", []string{open.Page, over.Page, strings.Replace(open.Page, "?", "/return?", 1), "/r/" + given.Public, "/r/ABCDEFGHJKMNPQRS", "/ca", "/verify"}},
			{"motcua", []string{"/desk/payments", "/desk/payments?q=KHP123", "/desk/payments/" + over.ID.String(), "/desk/cash", "/desk/parcels", books}},
			{"taichinh", []string{"/desk/reconcile", "/desk/suspense", "/desk/suspense/" + money[0].ID.String()}},
			{"chutich", []string{
				"/desk/to-sign", "/desk/results", "/desk/results/" + given.ID.String(), "/desk/registers", books + "?q=khong+co", "/desk/records/" + given.Entry.String(),
				"/desk/numbers", "/desk/numbers?kind=household-business&year=2026", "/admin/certificates",
			}},
			{"kinhdoanh.tp", []string{"/desk/to-sign"}},
			{"0912000001", []string{"/dossiers/" + mine + "/sign"}},
		} {
			v := visit(t, city, l)
			if who.login != "" {
				v.open("/sign-in")
				v.fill(map[string]string{"login": who.login, "password": city.Demo.Password})
				v.press("main form button")
			}
			for _, page := range who.pages {
				v.open(page)
				v.unfold()
			}
			switch who.login { // and with what is wrong told
			case "":
				v.press("main form button")
				v.fill(map[string]string{"file": plain})
				v.press("main form button")
			case "motcua":
				v.open("/desk/cash")
				v.fill(map[string]string{"float": "nhiều"})
				v.press("main form.kh-form button")
			case "taichinh":
				v.fill(map[string]string{"why": "?"})
				v.press("main form button[value=assign]")
			case "kinhdoanh.tp":
				v.press("main form button[value=marked]")
			}
		}
	}
}
