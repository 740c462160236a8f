package e2e

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/bankweb"
	"khue/internal/onestop/rights"
)

// counterOfMoney is a city with payments in every state that there is.
type counterOfMoney struct {
	*citytest.City
	t     *testing.T
	bank  *bankweb.Bank
	clerk context.Context
	head  context.Context
}

// copies is a filing whose fee of 8,000 đồng a copy is due when it is filed.
func copies(n int, name string) map[string]any {
	return map[string]any{
		"service": "hanoi.civil-status.extract", "channel": "online",
		"applicant": map[string]any{"name": name, "phone": "0912 000 021"},
		"answers": map[string]any{
			"record.event": "birth", "record.commune": "00118", "record.name": "Nguyễn Minh An", "record.dob": "2018-10-01", "request.copies": n,
			"requester.relation": "parent", "requester.name": name, "requester.id": "999190000021", "requester.group": "none", "requester.declaration": true,
		},
		"delivery": map[string]any{"method": "counter"},
	}
}

// file files, and says what is to be paid.
func (c *counterOfMoney) file(n int, name string) (code string, o payment.Order) {
	c.t.Helper()
	code = c.As("citizen").Post("/api/v1/dossiers", copies(n, name)).Want(201).Text("code")
	var list struct{ Items []payment.Shown }
	c.As("citizen").Get("/api/v1/dossiers/" + code + "/payments").Want(200).Into(&list)
	return code, c.order(list.Items[0].ID)
}

func (c *counterOfMoney) order(id payment.OrderID) payment.Order {
	c.t.Helper()
	o, err := c.Payments.Find(c.t.Context(), id)
	c.ok(err)
	return o
}

func (c *counterOfMoney) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// tells lets the bank tell of money; by no code where o is nil.
func (c *counterOfMoney) tells(o *payment.Order, account, ref, text string, amount int64) {
	c.t.Helper()
	n := payment.Notice{Way: payment.ByBank, External: ref, Amount: amount, Account: account, Text: text, At: c.Clock.Now()}
	if o != nil {
		n.Reference = o.Reference
	}
	_, err := c.Payments.Take(c.t.Context(), n, payment.Origin{Via: "notice"})
	c.ok(err)
}

// moneyCity opens a city, fills it and names the pages: of citizens by what they show, of officers by
// who reads them.
func moneyCity(t *testing.T) (c *counterOfMoney, visitors map[string]string, desk map[string][]string) {
	t.Helper()
	city, bank := besideBank(t, clock.MustDate("2026-09-15").At(9, 0), false)
	c = &counterOfMoney{City: city, t: t, bank: bank, clerk: officer(t, city, "motcua"), head: officer(t, city, "lanhdao")}
	expired, expiredOrder := c.file(25, "Nguyễn Thị Hạnh")
	_, again := c.file(10, "Nguyễn Thị Hạnh")
	_, late := c.file(5, "Nguyễn Thị Hạnh")
	_, part := c.file(7, "Nguyễn Thị Hạnh")
	payee, _ := c.Payments.Payees.Payee(late.Unit)
	city.Pass(61 * 24 * time.Hour)
	c.ok(c.Payments.Sweep(t.Context()))
	renewed := city.As("citizen").Post("/api/v1/payments/"+again.ID.String()+"/renew", nil).Want(200).Text("page")
	c.tells(&late, payee.Account, "FT26319000001", "", late.Amount)
	c.tells(&part, payee.Account, "FT26319000002", "", 16_000)

	waits, open := c.file(12, "Công ty trách nhiệm hữu hạn một thành viên Thương mại và Dịch vụ Ngọc Lâm")
	_, partial := c.file(20, "Nguyễn Thị Hạnh")
	_, paid := c.file(3, "Nguyễn Thị Hạnh")
	_, over := c.file(2, "Nguyễn Thị Hạnh")
	_, asked := c.file(4, "Nguyễn Thị Hạnh")
	_, approved := c.file(6, "Nguyễn Thị Hạnh")
	_, refunded := c.file(8, "Nguyễn Thị Hạnh")
	_, disputed := c.file(9, "Nguyễn Thị Hạnh")
	ended, cancelled := c.file(11, "Nguyễn Thị Hạnh")
	_, cash := c.file(15, "Nguyễn Thị Hạnh")
	_, lost := c.file(16, "Nguyễn Thị Hạnh")
	for i, x := range []struct {
		o   payment.Order
		sum int64
	}{{partial, 50_000}, {paid, paid.Amount}, {over, over.Amount + 1_234_567_000}, {asked, asked.Amount * 2}, {approved, approved.Amount * 2}, {refunded, refunded.Amount}, {disputed, disputed.Amount}} {
		c.tells(&x.o, payee.Account, "FT2631900001"+string(rune('0'+i)), "", x.sum)
	}
	key := web.NewKey
	ask := func(o payment.Order, all bool) {
		_, err := c.Payments.AskRefund(c.clerk, o.ID, all, "Người nộp chuyển khoản hai lần, có giấy báo nợ", key())
		c.ok(err)
	}
	ask(asked, false)
	ask(approved, false)
	ask(refunded, true)
	for _, o := range []payment.Order{approved, refunded} {
		_, err := c.Payments.ApproveRefund(c.head, o.ID, key())
		c.ok(err)
	}
	_, err := c.Payments.PayOut(c.clerk, refunded.ID, payment.ByBank, "FT26319000099", key())
	c.ok(err)
	_, err = c.Payments.Contest(c.clerk, disputed.ID, "Người nộp báo không thực hiện giao dịch này", key())
	c.ok(err)
	acts(t, city, "motcua", ended, "refuse", map[string]any{"ground": "notEntitled", "reason": "Người nộp đề nghị không tiếp tục"})

	shift, err := c.Payments.OpenShift(c.clerk, open.Unit, 500_000, key())
	c.ok(err)
	_, err = c.Payments.TakeHere(c.clerk, cash.ID, payment.ByCash, "", key())
	c.ok(err)
	_, err = c.Payments.CloseShift(c.clerk, shift.ID, 500_000+cash.Amount-50_000, "Trả nhầm tiền thừa cho người nộp trước", key())
	c.ok(err)
	_, err = c.Payments.OpenShift(c.clerk, open.Unit, 1_500_000, key())
	c.ok(err)

	c.tells(nil, payee.Account, "FT26319000071", "TRAN THI LUA nop le phi trich luc khai sinh cho con, so dien thoai 0912000021, chuyen tu ngan hang khac", 12_345_678_900)
	c.tells(nil, payee.Account, "FT26319000072", "CTY TNHH NGOC LAM", 96_000)
	c.tells(nil, payee.Account, "FT26319000073", "chuyen nham", 5_000)
	lying, err := c.Payments.Suspense(c.head, open.Unit)
	c.ok(err)
	c.ok(c.Payments.AskMoney(c.clerk, lying[1].ID, payment.Assign, open.Reference, "Giấy báo có của ngân hàng ngày 15/11/2026", key()))
	c.ok(c.Payments.AskMoney(c.clerk, lying[2].ID, payment.SendBack, "", "Người gửi đề nghị trả lại, đơn ngày 15/11/2026", key()))
	c.ok(c.Payments.DecideMoney(c.head, lying[2].ID, key()))
	day := clock.DateOf(city.Clock.Now()).String()
	_, err = c.Payments.Import(c.clerk, open.Unit, strings.NewReader("account,date,reference,debit,credit,description\n"+
		payee.Account+","+day+",FT26319000011,,24000,da biet\n"+
		payee.Account+","+day+",FT26319000090,,1234567890,CTY CO PHAN khong ghi ma nop\n"+
		payee.Account+","+day+",FT26319000091,,128000,"+lost.Reference+"\n"+
		payee.Account+","+day+",FT26319000092,22000,,phi quan ly tai khoan\n"))
	c.ok(err)

	hold, err := c.Rights.AskHold(officer(t, city, "kiemtra"), rights.HoldAsk{
		Decision: "15/2026/QĐ-TA", OrderedBy: "Tòa án nhân dân khu vực 2 - Hà Nội", Since: clock.MustDate("2026-11-02"),
		Money: []string{"FT26319000071", strings.ToLower(disputed.Reference)}, Why: "Vụ án số 5, tòa án yêu cầu giữ chứng từ", Key: key(),
	})
	c.ok(err)

	to, err := url.Parse(c.Payments.ToPay(open).Gateway)
	c.ok(err)
	c.bank.Faults.Lose = 1 // whoever comes back is first
	back := func(done bool) string {
		t.Helper()
		at, err := bank.PayGateway(to.Query(), done)
		c.ok(err)
		return strings.TrimPrefix(at, city.URL)
	}
	link := c.Payments.Link
	visitors = map[string]string{
		"open": link(open.ID), "partial": link(partial.ID), "paid": link(paid.ID), "over": link(over.ID), "late": link(late.ID), "late in part": link(part.ID),
		"expired": link(expiredOrder.ID), "replaced": link(again.ID), "renewed": renewed, "refunding": link(approved.ID), "refunded": link(refunded.ID),
		"disputed": link(disputed.ID), "cancelled": link(cancelled.ID), "back": back(true), "failed": back(false), "unsigned": strings.Replace(link(open.ID), "?", "/return?", 1),
		"dossier": "/dossiers/" + waits + "?k=" + city.Dossiers.AccessKey(waits), "dossier expired": "/dossiers/" + expired + "?k=" + city.Dossiers.AccessKey(expired),
	}
	of := func(os ...payment.Order) (out []string) {
		for _, o := range os {
			out = append(out, "/desk/payments/"+o.ID.String())
		}
		return out
	}
	money := func(i int) string { return "/desk/suspense/" + lying[i].ID.String() }
	desk = map[string][]string{
		"motcua": append(of(open, partial, paid, over, late, expiredOrder, again, asked, approved, refunded, disputed, cancelled),
			"/desk/payments", "/desk/payments?state=expired", "/desk/payments?q=KHP123", "/desk/cash", "/desk/reconcile", "/desk/reconcile?at.day=31&at.month=11&at.year=2026", "/desk/suspense", money(0), money(2), "/desk/dossiers/"+expired),
		"lanhdao":  append(of(late, asked, disputed), money(1)),
		"taichinh": of(open),
		"kiemtra":  append(of(paid), "/desk/payments", "/admin/retention/holds", "/admin/retention/holds/"+hold.String()),
	}
	return c, visitors, desk
}

// The pages of payment say in every state what holds and what comes next: clean for axe, nothing cut
// off, no text missing, on a telephone at night and on a desk by day. KHUE_SHOTS keeps them in both
// themes at both widths.
func TestEveryStateOfAPaymentIsClean(t *testing.T) {
	t.Parallel()
	c, visitors, desk := moneyCity(t)
	looks := []look{{width: 360, dark: true, js: true, lang: "vi"}, {width: 1280, js: true, lang: "en"}}
	if dir := os.Getenv("KHUE_SHOTS"); dir != "" {
		c.ok(os.MkdirAll(dir, 0o755))
		for _, lang := range []string{"vi", "en"} {
			paper := c.Visitor().In(lang).Get(strings.Replace(visitors["paid"], "?", "/receipt.pdf?", 1)).Want(200).Body
			c.ok(os.WriteFile(filepath.Join(dir, "receipt-"+lang+".pdf"), paper, 0o600))
		}
		looks = append(looks, look{width: 360, js: true, lang: "vi"}, look{width: 1280, dark: true, js: true, lang: "vi"})
	}
	for _, l := range looks {
		v := visit(t, c.City, l)
		for _, page := range visitors {
			v.open(page)
			v.unfold()
		}
		for login, pages := range desk {
			v := visit(t, c.City, l)
			v.signInAs(login)
			for _, page := range pages {
				v.open(page)
				v.unfold()
			}
		}
	}
}

// A code whose time is over is made new on an old telephone without scripts, and paid; the cashier
// takes cash for another, counts a box that is short, says why, and closes it.
func TestANewCodeAndABoxWithoutScripts(t *testing.T) {
	t.Parallel()
	c, visitors, _ := moneyCity(t)
	v := visit(t, c.City, look{width: 360, lang: "vi"})
	v.open(visitors["dossier expired"])
	v.sees("đã hết hạn hoặc bị hủy", "Lấy mã thanh toán mới")
	v.open(visitors["expired"])
	v.sees("Hết hạn nộp", "xin đừng nộp lại")
	v.press("main form button")
	v.sees("Chờ nộp", "200.000 đồng", "VietQR")
	if !v.has("svg.kh-qr") {
		t.Error("the new code cannot be scanned")
	}
	link := v.path()
	v.open(visitors["expired"])
	v.sees("đã được thay bằng mã thanh toán mới")
	v.press("main a[href*='/pay/']")
	if v.path() != link {
		t.Errorf("the old page leads to %s, not %s", v.path(), link)
	}
	c.bank.Faults.Lose = 0
	v.leave("main a[href*='/pay?']")
	v.leave("button[value=pay]")
	v.check()
	v.sees("Đã nộp đủ", "Biên lai")
	if b := v.download("main a[href*='/receipt.pdf']"); !strings.HasPrefix(string(b), "%PDF") {
		t.Error("the receipt is no PDF")
	}

	o := visit(t, c.City, look{width: 360, lang: "vi"})
	o.signInAs("motcua")
	reference := strings.TrimPrefix(c.order(mustID(t, visitors["open"])).Reference, "KHP")
	o.open("/desk/payments")
	o.fill(map[string]string{"q": "khp " + strings.ToLower(reference)})
	o.press("main form button")
	o.sees("Khoản nộp KHP"+reference, "Thu tại quầy")
	o.press("button[value=cash]")
	o.sees("Đã nộp đủ")
	o.open("/desk/cash")
	o.sees("96.000 đồng", "1.596.000 đồng")
	o.fill(map[string]string{"counted": "1.500.000"})
	o.press("button[value=close]")
	o.sees("Két thiếu 96.000 đồng so với sổ")
	o.fill(map[string]string{"why": "Trả nhầm tiền thừa cho người nộp"})
	o.press("button[value=close]")
	o.sees("Tiền lẻ đầu ca", "Trả nhầm tiền thừa cho người nộp", "-96.000 đồng")
}

// mustID is the id in a payer's link.
func mustID(t *testing.T, link string) payment.OrderID {
	t.Helper()
	text, _, _ := strings.Cut(strings.TrimPrefix(link, "/pay/"), "?")
	v, err := id.Parse[payment.Order](text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
