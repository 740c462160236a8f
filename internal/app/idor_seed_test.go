package app_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"mime/multipart"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
	"khue/internal/kernel/push"
	"khue/internal/kernel/web"
	"khue/internal/onestop/counter"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/rights"
	"khue/internal/onestop/service"
	"khue/internal/register/holiday"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// seed is a city in which one of everything that has an id belongs to somebody: to the citizen
// 0912000001 or to the officers of the commune Ngọc Lâm.
type seed struct {
	*citytest.City
	t testing.TB
	// ids by the name of their kind
	id map[string]string
}

func (s *seed) ctx(login string) context.Context {
	s.t.Helper()
	for _, a := range s.Demo.Accounts {
		if a.Login == login {
			sub, err := s.Auth.Resolve(s.t.Context(), a.Token)
			s.ok(err)
			return auth.With(s.t.Context(), sub)
		}
	}
	s.t.Fatalf("nobody is called %s", login)
	return nil
}

func (s *seed) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *seed) post(login, path string, form url.Values) citytest.Answer {
	form.Set("_key", web.NewKey())
	return s.AsLogin(login).Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// act brings a dossier one task on.
func (s *seed) act(login, code, action, comment string, answers map[string]any) {
	s.t.Helper()
	task, version := s.task(login, code)
	if answers == nil {
		answers = map[string]any{}
	}
	body := map[string]any{"action": action, "version": version, "answers": answers}
	if comment != "" {
		body["comment"] = comment
	}
	s.AsLogin(login).Post("/api/v1/tasks/"+task+"/complete", body).Want(200)
}

// task is what an officer may do on a dossier.
func (s *seed) task(login, code string) (id string, version int64) {
	s.t.Helper()
	var list struct {
		Items []struct {
			ID, Dossier string
			Version     int64
		}
	}
	s.AsLogin(login).Get("/api/v1/tasks?limit=200").Want(200).Into(&list)
	for _, x := range list.Items {
		if x.Dossier == code {
			return x.ID, x.Version
		}
	}
	s.t.Fatalf("%s has no task on %s", login, code)
	return "", 0
}

// slip is a file that is what it says.
const slip = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

func sow(t testing.TB, opts ...citytest.Option) *seed {
	t.Helper()
	opts = append([]citytest.Option{citytest.At(clock.MustDate("2025-03-03").At(8, 10))}, opts...)
	s := &seed{City: citytest.New(t, opts...), t: t, id: map[string]string{}}
	citizen, clerk, chair := s.ctx("0912000001"), s.ctx("motcua"), s.ctx("chutich")
	mine := s.AsLogin("0912000001")
	birth := citytest.Birth()
	birth["answers"].(map[string]any)["child.dob"] = "2025-02-20"
	birth["applicant"].(map[string]any)["email"] = "hanh@example.vn"
	file := func() string { return mine.Post("/api/v1/dossiers", birth).Want(201).Text("code") }

	s.id["moved"] = file() // accepted, with the officer of civil status, who is late
	s.act("motcua", s.id["moved"], "accept", "", nil)
	s.Pass(12 * 24 * time.Hour)
	officer, _ := strconv.ParseInt(s.Account("justiceOfficer").ID, 10, 64)
	order, err := s.Dossiers.Order(chair, dossier.OrderDraft{Code: s.id["moved"], Officer: officer, Hours: 8, Note: "Báo cáo lý do chậm.", Key: web.NewKey()})
	s.ok(err)
	s.id["order"] = order.ID.String()

	s.id["dossier"], s.id["withdrawn"], s.id["withdrawn2"] = file(), file(), file()
	s.id["task"], _ = s.task("motcua", s.id["dossier"])
	s.id["asked"] = file() // waits for a supplement
	s.act("motcua", s.id["asked"], "supplement", "Giấy chứng sinh mờ, đề nghị chụp lại.", nil)
	// A paper dossier with an original, ready to be returned; its original under way.
	take := func(book int) string {
		code := s.AsLogin("motcua").Post("/api/v1/counter/dossiers", map[string]any{
			"service": "hanoi.civil-status.birth-registration", "who": "999196000001||Nguyễn Thị Hạnh|02091996|Nữ|Tổ 4, Phường Ngọc Lâm, Long Biên, Hà Nội|15062021",
			"applicant": map[string]any{"phone": "0912000001"}, "answers": birth["answers"],
			"papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}, map[string]any{"paper": "identity", "shownOnly": true}}, "delivery": "counter",
		}).Want(201).Text("code")
		for _, x := range []struct {
			login, action string
			answers       map[string]any
		}{{"hotich", "approve", nil}, {"hotich", "approve", map[string]any{"book.number": book, "book.year": 2025}}, {"chutich", "sign", nil}, {"vanthu", "number", nil}} {
			s.act(x.login, code, x.action, "", x.answers)
		}
		return code
	}
	taken := take(7)
	s.id["ready"], s.id["returned"], s.id["ready2"] = taken, take(8), take(9)
	s.id["original2"] = s.AsLogin("motcua").Get("/api/v1/counter/originals?code=" + s.id["ready2"]).Want(200).Text("items.0.id")
	tree := s.Units.Now()
	place, err := tree.ByCode("00133")
	s.ok(err)
	agency, _ := tree.AgencyOf(place.ID)
	s.id["agency"] = agency.ID.String()
	original := s.AsLogin("motcua").Get("/api/v1/counter/originals?code=" + taken).Want(200).Text("items.0.id")
	ready := s.AsLogin("motcua").Get("/api/v1/counter/ready").Want(200)
	for i, code := 0, ready.Text("items.0.code"); code != ""; i, code = i+1, ready.Text("items."+strconv.Itoa(i+1)+".code") {
		if code == s.id["returned"] {
			version, _ := strconv.ParseInt(ready.Text("items."+strconv.Itoa(i)+".version"), 10, 64)
			paper := s.AsLogin("motcua").Get("/api/v1/counter/originals?code=" + code).Want(200).Text("items.0.id")
			s.AsLogin("motcua").Post("/api/v1/counter/dossiers/"+code+"/return", map[string]any{"version": version, "identity": "paper", "who": "Nguyễn Thị Hạnh", "originals": []string{paper}, "paid": "before"}).Want(204)
		}
	}
	s.id["batch"] = s.AsLogin("motcua").Post("/api/v1/counter/batches", map[string]any{"originals": []string{original}, "unit": s.id["agency"], "account": s.Account("justiceOfficer").ID}).Want(201).Text("id")

	// A draft and files that are arriving.
	draft, err := s.Apply.Begin(citizen, "hanoi.civil-status.birth-registration", "normal", "vi", "")
	s.ok(err)
	s.id["draft"], s.id["draftID"] = draft.Key, draft.ID.String()
	announce := func(login, at string, size int) string {
		meta := func(k, v string) string { return k + " " + base64.StdEncoding.EncodeToString([]byte(v)) }
		a := s.AsLogin(login).Do("POST", at, nil, map[string]string{
			"Upload-Length": strconv.Itoa(size), "Upload-Metadata": strings.Join([]string{meta("paper", "birthSlip"), meta("filename", "a.pdf"), meta("mark", web.NewKey())}, ","),
		}).Want(201)
		loc := a.Header.Get("Location")
		return loc[strings.LastIndexByte(loc, '/')+1:]
	}
	whole := func(login, at string) {
		s.AsLogin(login).Do("PATCH", at+"/"+announce(login, at, len(slip)), []byte(slip), map[string]string{"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}).Want(204)
	}
	supplied := file()
	s.act("motcua", supplied, "supplement", "Giấy chứng sinh mờ, đề nghị chụp lại.", nil)
	whole("0912000001", "/dossiers/"+supplied+"/uploads")
	s.post("0912000001", "/dossiers/"+supplied, url.Values{"act": {"supplement"}}).Want(303)
	s.id["supplied"] = supplied
	whole("0912000001", "/apply/d/"+s.id["draft"]+"/uploads")
	s.id["draftUpload"] = announce("0912000001", "/apply/d/"+s.id["draft"]+"/uploads", 1000)
	s.id["dossierUpload"] = announce("0912000001", "/dossiers/"+s.id["asked"]+"/uploads", 1000)
	for _, name := range []string{"intake", "intake2"} {
		intake, several, err := s.Counter.Begin(clerk, counter.Opening{Service: "hanoi.civil-status.birth-registration", Lang: "vi", Key: web.NewKey()})
		if s.ok(err); len(several) > 0 {
			t.Fatal(several)
		}
		s.id[name] = intake.ID.String()
	}
	whole("motcua", "/desk/counter/in/"+s.id["intake"]+"/uploads")
	s.id["intakeUpload"] = announce("motcua", "/desk/counter/in/"+s.id["intake"]+"/uploads", 1000)

	// What the register of officers and the calendars hold.
	sheet := "tai_khoan;ho_ten;email;don_vi;vi_tri;tu_ngay;so_quyet_dinh\nmoi1;Nguyễn Một;m1@example.vn;00133;Công chức một cửa;;12/QĐ\n"
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("_key", web.NewKey())
	_ = m.WriteField("unit", s.id["agency"])
	w, _ := m.CreateFormFile("file", "dung.csv")
	_, _ = w.Write([]byte(sheet))
	_ = m.Close()
	at := s.AsLogin("chutich").Do("POST", "/admin/imports/officers", b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType()}).Want(303).Header.Get("Location")
	s.id["import"] = at[strings.LastIndexByte(at, '/')+1:]
	old := "ma_ho_so;thu_tuc;nguoi_nop;dien_thoai;don_vi;ngay_nop;ngay_tiep_nhan;hen_tra;trang_thai\n" +
		"CU-0001;1.001193;Trần Văn Một;0912000101;00133;20/02/2025 08:30;20/02/2025 09:00;24/02/2025;đang xử lý\n"
	oldID, err := s.Cutover.Upload(s.ctx("chutich"), "cu.csv", strings.NewReader(old), int64(len(old)), web.NewKey())
	s.ok(err)
	s.id["oldDossiers"] = oldID.String()
	change, err := s.Officers.Propose(chair, identity.Wish{Appoint: &identity.Entry{Login: "moi2", Name: "Lý Văn Hai", Email: "m2@example.vn", Unit: agency.ID, Role: orgunit.RoleClerk, Decision: "125/QĐ-UBND"}}, web.NewKey())
	s.ok(err)
	s.id["proposal"] = change.ID.String()
	s.id["officer"] = s.Account("justiceOfficer").ID
	s.results(agency.ID)
	s.signing(s.id["dossier"])
	deputy, _ := strconv.ParseInt(s.Account("clerk2").ID, 10, 64)
	absent, _ := strconv.ParseInt(s.Account("clerk").ID, 10, 64)
	today := clock.DateOf(s.Clock.Now())
	leave, err := s.Officers.EnterLeave(clerk, identity.NewLeave{Account: absent, Deputy: deputy, From: today.AddDays(20), Until: today.AddDays(22), Key: web.NewKey()})
	s.ok(err)
	s.id["leave"] = leave.ID.String()
	off, err := s.Holidays.Propose(chair, holiday.Draft{Kind: holiday.UnitOff, Unit: agency.ID, From: today.AddDays(30), To: today.AddDays(30), VI: "Sửa trụ sở", EN: "Repairs", Source: "12/QĐ-UBND", Key: web.NewKey()})
	s.ok(err)
	s.id["dayOff"] = off.ID.String()

	// The desk.
	phrase, err := s.Desk.KeepPhrase(clerk, desk.Phrase{Account: absent, VI: "Đề nghị chụp lại.", EN: "Please photograph it again."}, web.NewKey())
	s.ok(err)
	s.id["phrase"] = phrase.String()
	filter, err := s.Desk.KeepFilter(clerk, desk.Filter{Account: absent, Unit: agency.ID, Name: "Của tôi", Query: "late=1"}, web.NewKey())
	s.ok(err)
	s.id["filter"] = filter.String()

	// A package handed in by a citizen.
	files, problems := service.ReadFolder(os.DirFS("../onestop/service/testdata/sample"), ".")
	if problems.Failed() {
		t.Fatal(problems)
	}
	files["service.yaml"] = bytes.Replace(files["service.yaml"], []byte(`"1.001193"`), []byte(`"1.004873"`), 1)
	private, public, err := service.NewKey("cong-ty-mau")
	s.ok(err)
	_, err = s.Library.AddAuthor(t.Context(), public, 0)
	s.ok(err)
	s.ok(service.Sign(files, private))
	archive, err := service.Pack(files)
	s.ok(err)
	sent, err := s.Library.Submit(citizen, web.NewKey(), archive)
	s.ok(err)
	s.id["package"] = sent.ID.String()

	s.people(citizen, clerk)
	s.registers()
	s.payments(citizen)

	// Sessions, browsers and notices.
	token, _, err := s.Auth.SignIn(t.Context(), auth.Credentials{Login: "0912000001", Password: s.Demo.Password, Network: "10.0.0.1", Device: "Firefox"})
	s.ok(err)
	session, err := s.Auth.SessionOf(t.Context(), token)
	s.ok(err)
	s.id["session"] = strconv.FormatInt(session, 10)
	s.Eventually("a notice arrives", func() bool {
		s.id["notice"] = mine.Get("/api/v1/inbox").Text("items.0.id")
		return s.id["notice"] != ""
	})

	pair, err := ecdh.P256().GenerateKey(rand.Reader)
	s.ok(err)
	s.ok(s.Notices.Subscribe(citizen, push.Subscription{Endpoint: "https://fcm.googleapis.com/fcm/send/x", P256DH: pair.PublicKey().Bytes(), Auth: make([]byte, 16)}, "Firefox"))
	_, browsers, err := s.Notices.Mine(citizen)
	s.ok(err)
	s.id["browser"] = browsers[0].ID.String()

	// An act of reorganisation, proposed by a leader of the city.
	plans := s.Reorganise.Plans()
	plan := plans[0]
	actID, err := s.Reorganise.Propose(s.ctx("lanhdao"), plan, "Theo nghị quyết", web.NewKey())
	s.ok(err)
	s.id["act"], s.id["plan"] = actID.ID.String(), plan.ID
	s.Eventually("a message went out", func() bool {
		list, _, err := s.Notices.List(s.ctx("lanhdao"), notify.Filter{})
		if err == nil && len(list) > 0 {
			s.id["message"] = list[0].ID.String()
		}
		return s.id["message"] != ""
	})

	// A request about a dossier's data with a paper, which its commune answers, and an export.
	paper, err := s.Blobs.Put(t.Context(), strings.NewReader(slip), 1<<20)
	s.ok(err)
	about, _, err := s.Dossiers.Seeable(citizen, s.id["dossier"])
	s.ok(err)
	answers, err := id.Parse[orgunit.Unit](s.id["agency"])
	s.ok(err)
	request, err := s.Rights.Ask(citizen, rights.Draft{
		Kind: rights.Correction, Type: dossier.SubjectType, About: int64(about), Code: s.id["dossier"], Unit: answers, Words: "Địa chỉ ghi sai số nhà.", Fact: "address", Value: "Số 5 Ngọc Lâm",
		Paper: rights.Paper{SHA256: paper.SHA256, Name: "a.pdf", Size: paper.Size}, Key: web.NewKey(),
	})
	s.ok(err)
	s.id["request"] = request.ID.String()
	s.ok(s.Rights.BeginExport(citizen, web.NewKey()))
	s.Eventually("an export was made", func() bool {
		list, err := s.Rights.Exports(citizen)
		s.ok(err)
		s.id["export"] = list[0].ID.String()
		return list[0].State == "ready"
	})

	return s
}
