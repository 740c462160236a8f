package identityweb_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
)

func send(a citytest.Actor, path string, form url.Values) citytest.Answer {
	form.Set("_key", web.NewKey())
	return a.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func page(t *testing.T, a citytest.Actor, path string, wants ...string) string {
	t.Helper()
	body := string(a.In("en").Get(path).Want(200).Body)
	for _, w := range wants {
		if !strings.Contains(body, w) {
			t.Errorf("%s does not say %q", path, w)
		}
	}
	return body
}

// cut is the first text between two others.
func cut(t *testing.T, page, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, from)
	out, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %q on the page:\n%.3000s", from, page)
	}
	return out
}

// unitOf is the unit in which somebody of the demo holds the first post.
func unitOf(t *testing.T, c *citytest.City, login string) string {
	t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			sub, err := c.Auth.Resolve(context.Background(), a.Token)
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimPrefix(sub.Grants[0].Scope, "unit:")
		}
	}
	t.Fatal("nobody is ", login)
	return ""
}

func accountOf(c *citytest.City, login string) string {
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			return a.ID
		}
	}
	return "0"
}

// A post is given and ended by two people, and works at once for both.
func TestPostsTakeTwoPeople(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ward := unitOf(t, c, "chutich")
		good := func() url.Values {
			return url.Values{"unit": {ward}, "login": {"motcua.moi"}, "name": {"Lý <b>Thị</b> Mới"}, "email": {"moi@example.vn"}, "role": {"clerk"}, "decision": {"125/QĐ-UBND"}, "sign": {"tl"}}
		}
		c.As("clerk").Get("/admin/officers").Want(403)
		c.As("citizen").Get("/admin/units").Want(403)
		page(t, c.AsLogin("chutich"), "/admin/officers", "Officers of")
		page(t, c.AsLogin("chutich"), "/admin/units/"+ward, "Vacant", "Give a post")
		for name, change := range map[string]func(url.Values){
			"a role that the ward has not":  func(f url.Values) { f.Set("role", "director") },
			"a login of a citizen":          func(f url.Values) { f.Set("login", "0912000001") },
			"no address for a new account":  func(f url.Values) { f.Set("email", "") },
			"a day that has passed":         func(f url.Values) { f.Set("from.day", "1"); f.Set("from.month", "1"); f.Set("from.year", "2020") },
			"no decision":                   func(f url.Values) { f.Set("decision", "") },
			"another's login, another name": func(f url.Values) { f.Set("login", "motcua") },
		} {
			f := good()
			change(f)
			if body := string(send(c.AsLogin("chutich"), "/admin/officers", f).Want(422).Body); !strings.Contains(body, "kh-error-summary") || !strings.Contains(body, "Lý &lt;b&gt;Thị") {
				t.Errorf("%s: what was typed is lost, or nothing is said", name)
			}
		}
		f := good()
		f.Set("unit", unitOf(t, c, "giamdoc"))
		send(c.AsLogin("chutich"), "/admin/officers", f).Want(403) // another agency
		send(c.AsLogin("chutich"), "/admin/officers", good()).Want(303)
		send(c.AsLogin("chutich"), "/admin/officers", good()).Want(409) // waits already
		change := cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals", "For you to decide", "Lý &lt;b&gt;Thị&lt;/b&gt; Mới"), `action="/admin/proposals/`, `"`)
		decide := func(login, do string) citytest.Answer {
			return send(c.AsLogin(login), "/admin/proposals/"+change, url.Values{"do": {do}})
		}
		decide("chutich", "approve").Want(403)
		decide("cukhoi.chutich", "approve").Want(404) // of another ward
		decide("phochutich", "reject").Want(422)      // why?
		decide("phochutich", "approve").Want(303)
		decide("lanhdao", "approve").Want(409)

		// The new clerk gets an invitation, chooses a password and works.
		account, err := c.Auth.FindAccount(t.Context(), "motcua.moi")
		if err != nil {
			t.Fatal(err)
		}
		self := "/admin/officers/" + fmt.Sprint(account.ID)
		body := page(t, c.AsLogin("chutich"), self, "TL. (by order)", "125/QĐ-UBND", "CB00000")
		link := cut(t, c.Mail.(*mail.Recorder).Wait(t.Context(), 1)[0].Text, "/welcome?", "\n")
		q, _ := url.ParseQuery(link)
		q.Set("password", "con bò vàng ăn cỏ")
		q.Set("again", "khác")
		send(c.Visitor(), "/welcome", q).Want(422)
		q.Set("again", "con bò vàng ăn cỏ")
		send(c.Visitor(), "/welcome", q).Want(303)
		send(c.Visitor(), "/welcome", q).Want(403) // used
		token, sub, err := c.Auth.SignIn(t.Context(), auth.Credentials{Login: "motcua.moi", Password: "con bò vàng ăn cỏ", Network: "n"})
		if err != nil || !sub.Has("clerk", "unit:"+ward) {
			t.Fatalf("the new clerk cannot work: %v %+v", err, sub)
		}

		// Ended by two people, it is gone with the next request.
		send(c.AsLogin("chutich"), self, url.Values{"do": {"end"}, "unit": {ward}, "role": {"clerk"}, "from": {cut(t, body, `name="from" value="`, `"`)}, "decision": {"130/QĐ-UBND"}}).Want(303)
		change = cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals"), `action="/admin/proposals/`, `"`)
		decide("phochutich", "approve").Want(303)
		if sub, err := c.Auth.Resolve(t.Context(), token); err != nil || sub.Has("clerk") {
			t.Errorf("an ended post still works: %v %+v", err, sub)
		}

		// Who leads an agency is decided on from above.
		f = good()
		f.Set("login", "pct.moi")
		f.Set("role", "viceChairman")
		send(c.AsLogin("chutich"), "/admin/officers", f).Want(303)
		change = cut(t, page(t, c.AsLogin("quan.pct"), "/admin/proposals"), `action="/admin/proposals/`, `"`)
		decide("phochutich", "approve").Want(403)
		decide("quan.pct", "approve").Want(303)

		// An office of its own, by two people.
		send(c.AsLogin("chutich"), "/admin/units/"+ward, url.Values{
			"what": {"office"}, "unit": {ward}, "name": {"Tổ Chuyển đổi số"}, "nameEN": {"Digital Team"}, "roles": {"head", "specialist"}, "decision": {"131/QĐ-UBND"},
			"from.day": {"23"}, "from.month": {"6"}, "from.year": {"2025"},
		}).Want(303)
		change = cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals", "Tổ Chuyển đổi số"), `action="/admin/proposals/`, `"`)
		decide("phochutich", "approve").Want(303)
		page(t, c.AsLogin("chutich"), "/admin/units/"+ward, "Digital Team")
	})
}

// On leave days the deputy has the posts and the tasks; afterwards all is as before.
func TestLeave(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		var codes []string
		var tasks []string
		for range 3 {
			c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		}
		list := c.AsLogin("motcua2").Get("/api/v1/tasks?role=clerk").Want(200)
		for i := range 3 {
			codes = append(codes, list.Text(fmt.Sprintf("items.%d.dossier", i)))
			tasks = append(tasks, list.Text(fmt.Sprintf("items.%d.id", i)))
		}
		version := func(i int) int {
			for k := range 3 {
				l := c.AsLogin("motcua").Get("/api/v1/tasks?role=clerk")
				if l.Text(fmt.Sprintf("items.%d.id", k)) == tasks[i] {
					n, _ := strconv.Atoi(l.Text(fmt.Sprintf("items.%d.version", k)))
					return n
				}
			}
			return 0
		}
		for i := range 2 {
			c.AsLogin("hotich").Get("/desk/leave").Want(200)
			c.AsLogin("motcua2").Post("/api/v1/tasks/"+tasks[i]+"/claim", map[string]any{"version": version(i)}).Want(200)
		}
		form := func(deputy, from, until string) url.Values {
			f := url.Values{"do": {"leave"}, "deputy": {accountOf(c, deputy)}, "reason": {"Nghỉ phép năm"}}
			for name, d := range map[string]string{"from": from, "until": until} {
				p := strings.Split(d, "/")
				f.Set(name+".day", p[0])
				f.Set(name+".month", p[1])
				f.Set(name+".year", p[2])
			}
			return f
		}
		own := c.AsLogin("motcua2")
		send(own, "/desk/leave", form("motcua", "1/1/2020", "2/1/2020")).Want(422)
		send(own, "/desk/leave", form("nguoicocong", "24/6/2025", "25/6/2025")).Want(422) // of another agency
		send(own, "/desk/leave", form("hotich", "24/6/2025", "25/6/2025")).Want(303)
		send(own, "/desk/leave", form("motcua", "25/6/2025", "26/6/2025")).Want(409) // twice
		if sub := subject(t, c, "hotich"); sub.Has("clerk") {
			t.Fatal("the deputy acts before the leave")
		}
		c.Pass(24 * time.Hour)
		c.Eventually("the tasks go to the deputy", func() bool { return holder(c, "hotich", codes[0]) && holder(c, "hotich", codes[1]) })
		if sub := subject(t, c, "hotich"); !sub.Has("clerk") {
			t.Fatal("the deputy may not act on leave days")
		}
		// The deputy acts, and the timeline says for whom.
		c.AsLogin("hotich").Post("/api/v1/tasks/"+tasks[0]+"/complete", map[string]any{"version": version(0), "action": "accept"}).Want(200)
		page(t, c.AsLogin("chutich"), "/desk/tasks/"+tasks[0], "on behalf of Phạm Quốc Huy, absent")
		c.Eventually("the page says so", func() bool {
			body := string(own.In("en").Get("/desk/leave").Want(200).Body)
			return strings.Contains(body, "Running") && strings.Contains(body, "Tasks that moved")
		})
		c.Pass(48 * time.Hour)
		c.Eventually("the undone task comes back", func() bool { return holder(c, "motcua2", codes[1]) })
		if holder(c, "motcua2", codes[0]) {
			t.Error("a task that the deputy finished came back as another")
		}
		if sub := subject(t, c, "hotich"); sub.Has("clerk") {
			t.Error("the deputy acts after the leave")
		}
		// One that runs can be ended, and one ahead cancelled.
		send(own, "/desk/leave", form("hotich", "27/6/2025", "28/6/2025")).Want(303)
		leave := cut(t, page(t, own, "/desk/leave"), `action="/desk/leave/`, `"`)
		send(c.AsLogin("cukhoi.chutich"), "/desk/leave/"+leave, url.Values{}).Want(404)
		send(own, "/desk/leave/"+leave, url.Values{}).Want(303)
		page(t, own, "/desk/leave", "Cancelled")
	})
}

func subject(t *testing.T, c *citytest.City, login string) auth.Subject {
	t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			sub, err := c.Auth.Resolve(context.Background(), a.Token)
			if err != nil {
				t.Fatal(err)
			}
			return sub
		}
	}
	return auth.Subject{}
}

// holder reports whether somebody holds a task of a dossier.
func holder(c *citytest.City, login, code string) bool {
	return strings.Contains(string(c.AsLogin(login).Get("/api/v1/tasks?mine=true").Want(200).Body), code)
}

// A list of officers is checked cell by cell and given in one proposal.
func TestSpreadsheet(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	ward := unitOf(t, c, "chutich")
	upload := func(a citytest.Actor, name string, content []byte) citytest.Answer {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		_ = m.WriteField("_key", web.NewKey())
		_ = m.WriteField("unit", ward)
		w, _ := m.CreateFormFile("file", name)
		_, _ = w.Write(content)
		_ = m.Close()
		return a.Do("POST", "/admin/imports/officers", b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType()})
	}
	head := "tai_khoan;ho_ten;email;don_vi;vi_tri;tu_ngay;so_quyet_dinh\n"
	chair := c.AsLogin("chutich").In("en")
	bad := head + "moi1;Nguyễn Một;m1@example.vn;00133;Công chức một cửa;31/02/2025;12/QĐ\n" +
		"moi2;Nguyễn Hai;;00133;Công chức một cửa;;12/QĐ\n" +
		"moi3;Nguyễn Ba;m3@example.vn;00154;clerk;;12/QĐ\n" +
		"moi4;Nguyễn Tư;m4@example.vn;Phường Ngọc Lâm;Vua;;12/QĐ\n"
	at := upload(chair, "sai.csv", []byte(bad)).Want(303).Header.Get("Location")
	body := page(t, chair, at, "no date", "Nothing has been changed", "not one that you manage", "no such post")
	if n := len(regexp.MustCompile(`<tr`).FindAllString(cut(t, body, "Cells to be mended", "</table>"), -1)); n != 5 {
		t.Errorf("%d rows of faults, want the head and 4:\n%s", n, cut(t, body, "Cells to be mended", "</table>"))
	}
	send(chair, at, url.Values{}).Want(409)
	good := head + "moi1;Nguyễn Một;m1@example.vn;00133;Công chức một cửa;;12/QĐ\nmoi1;Nguyễn Một;m1@example.vn;00133;Văn thư;;12/QĐ\n=moi2();Nguyễn Hai;m2@example.vn;00133;clerk;;12/QĐ\n"
	at = upload(chair, "thu.csv", []byte(good)).Want(303).Header.Get("Location")
	page(t, chair, at, "=moi2()")
	at = upload(chair, "dung.csv", []byte(strings.Replace(good, "=moi2()", "moi2", 1))).Want(303).Header.Get("Location")
	c.AsLogin("phochutich").Get(at).Want(404) // a draft is its sender's
	send(chair, at, url.Values{}).Want(303)
	change := cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals", "dung.csv"), `action="/admin/proposals/`, `"`)
	send(c.AsLogin("phochutich"), "/admin/proposals/"+change, url.Values{"do": {"approve"}}).Want(303)
	a, err := c.Auth.FindAccount(t.Context(), "moi1")
	if err != nil {
		t.Fatal(err)
	}
	if held, _ := c.Auth.GrantsOf(t.Context(), a.ID); len(held) != 2 {
		t.Errorf("one new officer with two rows holds %v", held)
	}
	// Files that will not do, and hostile ones.
	for name, content := range map[string]string{
		"empty":              head,
		"no such column":     "tai_khoan;ho_ten;don_vi;vi_tri;so_quyet_dinh;luong\na;b;c;d;e;f\n",
		"a needed one lacks": "tai_khoan;ho_ten\na;b\n",
		"no text":            "\x00\x01\x02",
		"no workbook":        "PK\x03\x04 that is none",
		"a very long cell":   head + strings.Repeat("x", 5000) + ";b;c;d;e;f;g\n",
	} {
		if body := string(upload(chair, "x.csv", []byte(content)).Want(422).Body); !strings.Contains(body, "kh-error-summary") {
			t.Errorf("%s: nothing is said", name)
		}
	}
	upload(chair, "x.csv", []byte(head+strings.Repeat("a;b;c;d;e;f;g\n", 2200))).Want(413)
	if n := chair.Get("/admin/imports/officers/template.xlsx").Want(200).Body; !bytes.HasPrefix(n, []byte("PK")) {
		t.Error("the template is no workbook")
	}
	if _, ok := identity.NormalNumber("CB0000012-34"); ok {
		t.Error("check digits that do not fit are taken")
	}
}
