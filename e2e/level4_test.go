package e2e

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/bankweb"
	"khue/internal/onestop/result"
)

// besideBank is a city beside the bank and gateway that cmd/standin-bank serves. The gateway
// answers what became of a payment where it may be asked.
func besideBank(t *testing.T, at time.Time, ask bool) (*citytest.City, *bankweb.Bank) {
	t.Helper()
	bank := &bankweb.Bank{BankSecret: []byte("b"), GatewaySecret: []byte("g")}
	counter := httptest.NewServer(bank.Handler())
	t.Cleanup(counter.Close)
	// The gateway sends payers back to the city's own address, so that is settled first.
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	city := citytest.New(t, citytest.At(at), citytest.With(func(c *app.Config) {
		c.Listen = listen
		c.Payments = app.Payments{BankSecret: "b", GatewaySecret: "g", Gateway: counter.URL + "/pay", Invented: true}
		if ask {
			c.Payments.GatewayAsk = counter.URL + "/ask"
		}
	}))
	bank.City, bank.Clock = city.URL, city.Clock
	return city, bank
}

// banked is a city beside a bank whose signers have their cards.
func banked(t *testing.T) (*citytest.City, *bankweb.Bank) {
	t.Helper()
	city, bank := besideBank(t, clock.MustDate("2026-06-22").At(8, 30), true)
	if _, err := city.DemoCards(t.Context(), city.Demo); err != nil {
		t.Fatal(err)
	}
	city.Pass(time.Hour) // the catalogue hears every hour of what works
	city.Eventually("the catalogue tells level 4", func() bool {
		return strings.Contains(string(city.Visitor().In("vi").Get("/procedures/1.001612").Want(200).Body), "Mức 4")
	})
	return city, bank
}

// leave follows a link or button to a page that is not ours, or back: ours are checked by axe.
func (v *visitor) leave(selector string) {
	v.t.Helper()
	el := v.find(selector)
	wait := v.within().WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.click(el)
	wait()
}

// download is the file behind a link on the page, as this visitor gets it.
func (v *visitor) download(selector string) []byte {
	v.t.Helper()
	href, err := v.find(selector).Property("href")
	v.must(err)
	cookies, err := v.within().Cookies([]string{v.city.URL})
	v.must(err)
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, href.Str(), nil)
	v.must(err)
	for _, c := range cookies {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	res, err := http.DefaultClient.Do(req)
	v.must(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	v.must(err)
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %d: %.300s", href.Str(), res.StatusCode, b)
	}
	return b
}

// TestFromApplicationToSignedResultWithoutPaper: a household business is applied for and paid
// online, decided at its desks, numbered by its book, signed and given by jobs, downloaded, and
// checked by strangers. Nothing is printed and nobody comes. By gateway with scripts, by a VietQR
// code on a phone without them. It is the month before the council set that nothing is taken online.
func TestFromApplicationToSignedResultWithoutPaper(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 1280, js: true, lang: "vi"}, {width: 360, js: false, lang: "vi"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city, bank := banked(t)
			v := visit(t, city, l)
			v.signIn("citizen")
			v.open("/procedures/1.001612")
			v.sees("Mức 4", "toàn trình", "150.000")
			v.press("main a[href^='/apply/']")
			v.pages(
				map[string]string{"case": "individual"},
				map[string]string{
					"business.address.unit": "00118", "business.address.line": "Số 12 phố Ngọc Lâm", "business.name": "Bún chả Ngọc Lâm", "business.trade": "food",
					"business.conditional": "no", "business.capital": "50.000.000", "business.labour": "2", "business.accounting": "declaration",
				},
				map[string]string{
					"owner.name": "Trần Thị Lụa", "owner.dob.day": "12", "owner.dob.month": "5", "owner.dob.year": "1990", "owner.sex": "female", "owner.id": "999190000021",
					"owner.ethnicity": "01", "owner.residence.line": "Tổ 5, phường Bồ Đề, Hà Nội", "owner.phone": "0912000021", "owner.otherBusiness": "no",
				},
				map[string]string{"filer.kind": "owner", "filer.declaration": "yes"},
			)
			v.press(submit) // no paper is asked for
			who := filer("Trần Thị Lụa")
			who["delivery.method"] = "online"
			v.pages(who, map[string]string{"declare": "yes"})
			code := v.codeOf()

			v.open("/dossiers/" + code)
			v.press("main a[href*='/pay/']")
			v.sees("100.000 đồng")
			if link := v.path(); l.js {
				v.leave("main a[href^='http'][href*='/pay?']")
				v.sees("Not a bank", "100000")
				v.leave("button[value=pay]")
				v.check()
			} else { // the code is scanned by the bank's own application
				if _, err := bank.Transfer(qrOf(t, city, code), 0); err != nil {
					t.Fatal(err)
				}
				v.open(link)
			}
			v.sees("Đã nộp đủ")

			acts(t, city, "motcua", code, "accept", nil)
			acts(t, city, "kinhdoanh.tp", code, "assign", nil)
			acts(t, city, "kinhdoanh", code, "approve", map[string]any{"check.examined": []string{"owner"}})
			for _, a := range [][2]string{{"kinhdoanh.tp", "sign"}, {"vanthu", "number"}} { // who binds the agency, at the desk
				if !l.js {
					acts(t, city, a[0], code, a[1], nil)
					continue
				}
				o := visit(t, city, desk)
				o.signInAs(a[0])
				do(o, code, a[1], nil)
			}
			city.Eventually("the certificate is with its owner, and nobody handed it over", func() bool {
				return city.As("citizen").Get("/api/v1/dossiers/"+code).Want(200).Text("state") == "returned"
			})

			v.open("/dossiers/" + code)
			v.sees("Đã trả kết quả", "Kết quả (bản điện tử đã ký số)")
			paper := v.download("main a[href$='/papers/result.pdf']")
			file := filepath.Join(t.TempDir(), "giay-chung-nhan.pdf")
			if err := os.WriteFile(file, paper, 0o600); err != nil {
				t.Fatal(err)
			}

			stranger := visit(t, city, l)
			stranger.open("/verify")
			stranger.fill(map[string]string{"file": file})
			stranger.press("main form button")
			stranger.sees("Chữ ký hợp lệ", "nội dung còn nguyên", "Trịnh Quốc Đạt", "phường Bồ Đề")
			spoilt := bytes.Replace(paper, []byte("/MediaBox"), []byte("/MediaBos"), 1)
			if err := os.WriteFile(file+".2.pdf", spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			stranger.open("/verify")
			stranger.fill(map[string]string{"file": file + ".2.pdf"})
			stranger.press("main form button")
			if strings.Contains(stranger.text(), "Chữ ký hợp lệ") {
				t.Error("a paper that was changed is said to be whole")
			}
			r := resultOf(t, city, code)
			if r.Text != "01/2026/GCN-HKD" || !r.Signed {
				t.Errorf("the result: %+v", r)
			}
			stranger.open("/r/" + r.Public) // what the code on the paper leads to
			stranger.sees("Giấy này có hiệu lực", r.Text)
			if strings.Contains(stranger.text(), "Trần Thị Lụa") {
				t.Error("a stranger reads the owner's name")
			}
			if bin, err := exec.LookPath("pdfsig"); err == nil {
				out, _ := exec.Command(bin, "-nocert", file).CombinedOutput() //nolint:gosec // ours
				if said := string(out); strings.Count(said, "Signature is Valid") != 2 || !strings.Contains(said, "Trịnh Quốc Đạt") {
					t.Errorf("pdfsig says\n%s", said)
				}
			}
		})
	}
}

// qrOf is what the code on the payer's page says.
func qrOf(t *testing.T, city *citytest.City, code string) string {
	t.Helper()
	head := auth.With(t.Context(), auth.Subject{Account: 9, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "head", Scope: auth.Everywhere}}})
	d, _, err := city.Dossiers.Find(head, code, dossier.Viewer{})
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := city.Payments.OfUnit(head, d.Receiving, payment.Open, 0)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d orders, %v", len(all), err)
	}
	return city.Payments.ToPay(all[0]).QR
}

func resultOf(t *testing.T, city *citytest.City, code string) result.Result {
	t.Helper()
	d, _, err := city.Dossiers.Find(t.Context(), code, dossier.Viewer{Key: city.Dossiers.AccessKey(code)})
	if err != nil {
		t.Fatal(err)
	}
	all, err := city.Results.OfDossier(t.Context(), d)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d results, %v", len(all), err)
	}
	return all[0]
}
