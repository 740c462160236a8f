package applyweb_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

const (
	pdf     = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
	service = "/apply/hanoi.civil-status.birth-registration"
)

// browser is somebody at a browser of their own, without scripts.
type browser struct {
	t    *testing.T
	c    *citytest.City
	http *http.Client
	lang string
}

func visit(t *testing.T, c *citytest.City, lang string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, c, &http.Client{Jar: jar}, lang}
}

// page is what came back, after redirects.
type page struct {
	t      *testing.T
	status int
	path   string
	body   string
	header http.Header
}

func (b *browser) do(method, path, kind string, body io.Reader, more map[string]string) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.c.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", b.lang)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for k, v := range more {
		req.Header.Set(k, v)
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{b.t, res.StatusCode, res.Request.URL.Path, html.UnescapeString(string(text)), res.Header}
}

func (b *browser) get(path string) page {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", nil, nil)
}

func (b *browser) post(path string, kv ...string) page {
	b.t.Helper()
	v := url.Values{"_key": {"test-key-" + strconv.Itoa(len(kv))}}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(v.Encode()), nil)
}

type sentFile struct{ field, name, declared, content string }

func (b *browser) send(path string, fields map[string]string, files ...sentFile) page {
	b.t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for k, v := range fields {
		_ = w.WriteField(k, v)
	}
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, f.field, f.name))
		h.Set("Content-Type", f.declared)
		p, _ := w.CreatePart(h)
		_, _ = io.WriteString(p, f.content)
	}
	_ = w.Close()
	return b.do(http.MethodPost, path, w.FormDataContentType(), &buf, nil)
}

func (b *browser) signIn(role string) {
	b.t.Helper()
	b.post("/sign-in", "login", b.c.Account(role).Login, "password", b.c.Demo.Password).want(200)
}

func (p page) want(status int) page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("%s: status %d, want %d\n%.3000s", p.path, p.status, status, text(p.body))
	}
	return p
}

func (p page) says(words ...string) page {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(p.body, w) {
			p.t.Fatalf("%s does not say %q:\n%.4000s", p.path, w, text(p.body))
		}
	}
	return p
}

func (p page) lacks(words ...string) page {
	p.t.Helper()
	for _, w := range words {
		if strings.Contains(p.body, w) {
			p.t.Fatalf("%s says %q:\n%.4000s", p.path, w, text(p.body))
		}
	}
	return p
}

var tags = regexp.MustCompile(`(?s)<(script|style|svg).*?</(script|style|svg)>|<[^>]*>|\s{2,}`)

func text(s string) string { return tags.ReplaceAllString(s, " ") }

// begin opens a draft and returns its address.
func (b *browser) begin() string {
	b.t.Helper()
	p := b.post(service, "case", "normal").want(200)
	return strings.TrimSuffix(p.path, "/"+p.path[strings.LastIndexByte(p.path, '/')+1:])
}

var child = []string{
	"child.registrationUnit", "00133", "child.name", "Nguyễn Minh An", "child.dob.day", "1", "child.dob.month", "6", "child.dob.year", "2025",
	"child.sex", "female", "child.ethnicity", "01", "child.hometown", "Gia Lâm, Hà Nội", "child.homeBirth", "no", "child.birthPlace", "Bệnh viện Phụ sản Hà Nội",
}

func (b *browser) fill(at string) {
	b.t.Helper()
	if p := b.post(at+"/child", child...).want(200); strings.HasSuffix(p.path, "/child") {
		b.t.Fatalf("the first page does not let go:\n%.3000s", text(p.body))
	}
	b.post(at+"/parents", "mother.name", "Nguyễn Thị Hạnh", "mother.dob.year", "1996").want(200)
	b.post(at+"/requester", "requester.name", "Nguyễn Thị Hạnh", "requester.id", "999196000001", "requester.relation", "mother").want(200)
	b.send(at+"/papers", nil, sentFile{"papers.birthSlip", "giay-chung-sinh.pdf", "application/pdf", pdf}).want(200)
	b.post(at+"/delivery", "applicant.name", "Nguyễn Thị Hạnh", "applicant.phone", "0912 000 001", "delivery.method", "counter").want(200)
}

// TestADraftOverTheDayOfTheReorganisation: begun under three tiers, filed under two. What
// the new version cannot take is said before anybody goes on.
func TestADraftOverTheDayOfTheReorganisation(t *testing.T) {
	t.Parallel()
	for _, l := range []struct {
		lang        string
		title, why  string
		kept, asked string
	}{
		{"vi", "Mẫu khai đã thay đổi", "Đơn vị hành chính này đã thay đổi; hãy chọn lại đơn vị hiện nay.", "câu trả lời khác được giữ nguyên", "01/07/2025"},
		{"en", "The form has changed", "This administrative unit has changed; choose today's unit.", "other answers stay as they are", "July 2025"},
	} {
		t.Run(l.lang, func(t *testing.T) {
			t.Parallel()
			citytest.Each(t, func(t *testing.T, c *citytest.City) {
				b := visit(t, c, l.lang)
				at := b.begin()
				b.fill(at)
				b.get(at+"/review").want(200).says("Nguyễn Minh An", "giay-chung-sinh.pdf")
				open := b.get(at + "/child").want(200) // stands on the screen over midnight

				c.Clock.Set(clock.MustDate("2025-07-01").At(0, 10))
				moved := b.get(at).want(200).says(l.title, l.why, l.kept, l.asked, "Phường Ngọc Lâm, Quận Long Biên")
				if !strings.HasSuffix(moved.path, "/moved") {
					t.Fatalf("led to %s", moved.path)
				}
				// No page shows before that one was answered, and nothing is filed.
				for _, page := range []string{"child", "review", "papers"} {
					if p := b.get(at + "/" + page); !strings.HasSuffix(p.path, "/moved") {
						t.Errorf("%s shows %s", page, p.path)
					}
				}
				// What was typed at midnight is kept.
				late := append([]string{}, child...)
				late[3] = "Nguyễn Minh Ân"
				if p := b.post(strings.TrimSuffix(open.path, "/"), late...).want(200); !strings.HasSuffix(p.path, "/moved") {
					t.Fatalf("led to %s", p.path)
				}
				b.get(at+"/moved").want(200).says(l.title, l.why, "Phường Ngọc Lâm")
				next := b.post(at + "/moved").want(200).says("Nguyễn Minh Ân")
				if !strings.HasSuffix(next.path, "/child") {
					t.Errorf("goes on at %s", next.path)
				}
				unit := regexp.MustCompile(`name="child.registrationUnit"[^>]*value="([^"]*)"|<option value="00133" selected`)
				if m := unit.FindStringSubmatch(next.body); m != nil && (len(m) < 2 || m[1] != "") {
					t.Errorf("the old unit is still chosen: %q", m)
				}
				late[1] = "00118"
				b.post(at+"/child", late...).want(200)
				b.get(at+"/review").want(200).says("Nguyễn Minh Ân", "giay-chung-sinh.pdf", "Bồ Đề")
				// Since that day the service is filed by an account; the draft waits for it.
				if p := b.post(at+"/review", "declare", "yes").want(200); !strings.HasSuffix(p.path, "/level") {
					t.Fatalf("a visitor filed it, at %s", p.path)
				}
				b.signIn("citizen")
				done := b.post(at+"/review", "declare", "yes").want(200)
				if !strings.HasSuffix(done.path, "/done") {
					t.Fatalf("not filed, at %s:\n%.2000s", done.path, text(done.body))
				}
				if again := b.post(at+"/review", "declare", "yes").want(200); !strings.HasSuffix(again.path, "/done") || code(again) != code(done) {
					t.Errorf("a second press filed %s after %s", code(again), code(done))
				}
			}, citytest.At(clock.MustDate("2025-06-30").At(22, 0)))
		})
	}
}

func code(p page) string { return regexp.MustCompile(`H26[.\w-]+`).FindString(p.body) }

// TestDraftsAreFoundAgain by their browser or their account, by nobody else, for thirty days.
func TestDraftsAreFoundAgain(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b, other := visit(t, c, "vi"), visit(t, c, "vi")
		b.get("/apply").want(200).says("Không có hồ sơ nào đang soạn")
		at := b.begin()
		b.post(at+"/child", child...).want(200)
		list := b.get("/apply").want(200).says("Đăng ký khai sinh", "Đã khai 1 trên", "Bản khai được giữ đến hết ngày 23/07/2025", "Ai dùng trình duyệt này cũng thấy")
		own := regexp.MustCompile(`/apply/d/~\d+`).FindString(list.body)
		b.get(own + "/child").want(200).says("Nguyễn Minh An")
		other.get(own + "/child").want(404).lacks("Nguyễn Minh An")
		other.get("/apply").want(200).lacks(own)

		// Whoever signs in and goes on has it at every browser, and the browser alone has it no more.
		b.signIn("citizen")
		b.post(own+"/child", child...).want(200)
		home := visit(t, c, "vi")
		home.signIn("citizen")
		home.get("/apply").want(200).says(own).lacks("Ai dùng trình duyệt này cũng thấy")
		home.get(own + "/child").want(200).says("Nguyễn Minh An")
		b.post("/sign-out").want(200)
		b.get("/apply").want(200).lacks(own)
		b.get(own).want(404)
		b.get(at).want(404)

		// Thirty days after the last saving it is gone, and not before.
		c.Clock.Advance(29 * 24 * time.Hour)
		home.signIn("citizen")
		home.get("/apply").want(200).says(own)
		c.Clock.Advance(25 * time.Hour)
		home.signIn("citizen")
		home.get("/apply").want(200).lacks(own)
		if p := home.get(own).says("quá 30 ngày"); p.status != http.StatusGone && p.status != http.StatusNotFound {
			t.Errorf("too old, it opens: %d", p.status) // 404 where the job was faster
		}
		c.Pass(time.Hour)
		c.Eventually("the draft is removed", func() bool { return home.get(own).status == 404 })
	})
}

// TestAFilingThatTheDraftMissed: the city died after the dossier was written and before its draft
// knew. Who presses again reads of the same dossier, and there is no second.
func TestAFilingThatTheDraftMissed(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := visit(t, c, "vi")
		at := b.begin()
		b.fill(at)
		var id int64
		var answers, papers, filing string
		err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT id, answers, papers, filing FROM apply_draft WHERE code = ''`).Scan(&id, &answers, &papers, &filing)
		})
		if err != nil {
			t.Fatal(err)
		}
		done := b.post(at+"/review", "declare", "yes").want(200)
		err = c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Exec(`UPDATE apply_draft SET code = '', access = '', answers = $2, papers = $3, filing = $4 WHERE id = $1`, id, answers, papers, filing)
		})
		if err != nil {
			t.Fatal(err)
		}
		again := b.post(at+"/review", "declare", "yes").want(200)
		if !strings.HasSuffix(again.path, "/done") || code(again) == "" || again.body != done.body {
			t.Errorf("pressed again, at %s, says %s after %s", again.path, code(again), code(done))
		}
		var n int
		err = c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT COUNT(*) FROM dossier_dossier`).Scan(&n)
		})
		if err != nil || n != 1 {
			t.Errorf("%d dossiers, %v", n, err)
		}
	})
}

func TestADraftIsDeletedAfterAQuestion(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	b := visit(t, c, "en")
	at := b.begin()
	b.get(at + "/forget").want(200).says("Delete this application?")
	b.get(at).want(200)
	for range 2 {
		if p := b.post(at + "/forget").want(200); p.path != "/apply" {
			t.Errorf("led to %s", p.path)
		}
	}
	b.get(at).want(404)
}

// TestReviewLeadsBackToItself: a change does not lead through all pages once more, and
// what cannot be filed says why at its page.
func TestReviewLeadsBackToItself(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	b := visit(t, c, "vi")
	at := b.begin()
	b.fill(at)
	review := b.get(at+"/review").want(200).says(
		at+"/child?back=review", at+"/files/", "Phí, lệ phí", "Thời hạn dự kiến", "tiếp nhận ngay lúc này", "Bản khai được giữ đến hết ngày")
	if strings.Contains(review.body, "checked") {
		t.Error("the declaration is ticked beforehand")
	}
	// The number is half hidden to whoever looks over a shoulder, and opens without a script.
	if shown := strings.Index(review.body, "999xxxxxx001"); shown < 0 || strings.Count(review.body, "999196000001") != 1 || !regexp.MustCompile(`(?s)<details[^>]*><summary[^>]*>Hiện số đầy đủ</summary>.{0,60}999196000001</span></details>`).MatchString(review.body) {
		t.Error("the review shows the personal number whole, or has no way to see it")
	}
	b.get(at + "/child?back=review").want(200).says(`name="back" value="review"`)
	changed := append([]string{"back", "review"}, child...)
	if p := b.post(at+"/child", changed...).want(200); !strings.HasSuffix(p.path, "/review") {
		t.Errorf("led to %s", p.path)
	}
	b.post(at + "/review").want(422).says("Hãy đọc và đánh dấu lời cam đoan")
	file := regexp.MustCompile(at + `/files/[0-9a-f]{64}`).FindString(review.body)
	if p := b.get(file).want(200); p.body != pdf || p.header.Get("Content-Type") != "application/pdf" || p.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %v %.80q", file, p.header, p.body)
	}
	visit(t, c, "vi").get("/apply/d/NOBODYSKEYNOBODYSKEYNOBODY/files/" + file[len(file)-64:]).want(404)
}

// TestFilesOfAForm: several at once; one that is refused does not cost the others, and
// says what to do in the reader's language.
func TestFilesOfAForm(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	for lang, why := range map[string]string{"vi": "virus.pdf: Tệp PDF có chứa lệnh tự chạy.", "en": "virus.pdf: The PDF holds commands that run by themselves."} {
		b := visit(t, c, lang)
		at := b.begin()
		b.post(at+"/child", child...).want(200)
		p := b.send(at+"/papers", nil,
			sentFile{"papers.birthSlip", `C:\anh\trang 1.pdf`, "application/pdf", pdf},
			sentFile{"papers.birthSlip", "virus.pdf", "application/pdf", strings.Replace(pdf, "/Catalog", "/Catalog/OpenAction<</S/JavaScript>>", 1)},
			sentFile{"papers.birthSlip", "trang 2.pdf", "application/pdf", pdf + "\n"},
		).want(422).says(why, "trang 1.pdf", "trang 2.pdf").lacks("C:")
		remove := regexp.MustCompile(`name="remove" value="(birthSlip/[0-9a-f]{64})"`).FindStringSubmatch(p.body)
		if remove == nil {
			t.Fatal("no file can be taken away")
		}
		b.post(at+"/papers", "remove", remove[1]).want(200).lacks("trang 1.pdf").says("trang 2.pdf")
	}
}

// meta writes the header of an upload.
func meta(kv ...string) string {
	var parts []string
	for i := 0; i+1 < len(kv); i += 2 {
		parts = append(parts, kv[i]+" "+base64.StdEncoding.EncodeToString([]byte(kv[i+1])))
	}
	return strings.Join(parts, ",")
}

func (b *browser) announce(at, name string, size int) page {
	return b.do(http.MethodPost, at+"/uploads", "", nil, map[string]string{
		"Upload-Length": strconv.Itoa(size), "Upload-Metadata": meta("paper", "birthSlip", "filename", name, "filetype", "application/pdf", "mark", name), "Accept": "application/json",
	})
}

func (b *browser) piece(url string, at int, content string) page {
	return b.do(http.MethodPatch, url, "application/offset+octet-stream", strings.NewReader(content), map[string]string{"Upload-Offset": strconv.Itoa(at), "Accept": "application/json"})
}

// TestFilesInPieces over HTTP, as a script sends them.
func TestFilesInPieces(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := visit(t, c, "vi")
		at := b.begin()
		b.post(at+"/child", child...).want(200)
		p := b.announce(at, "giấy chứng sinh.pdf", len(pdf)).want(201)
		url := p.header.Get("Location")
		b.piece(url, 0, pdf[:30]).want(204)
		b.piece(url, 0, pdf[:30]).want(409)
		// The page says how far it is, and the same file goes on.
		b.get(at+"/papers").want(200).says("giấy chứng sinh.pdf", "đã tải", "chọn lại đúng tệp này để tải tiếp")
		again := b.announce(at, "giấy chứng sinh.pdf", len(pdf)).want(200)
		if again.header.Get("Location") != url || again.header.Get("Upload-Offset") != "30" {
			t.Errorf("%v", again.header)
		}
		if h := b.do(http.MethodHead, url, "", nil, nil).want(200); h.header.Get("Upload-Offset") != "30" {
			t.Errorf("%v", h.header)
		}
		// Nobody else finds it.
		stranger := visit(t, c, "vi")
		theirs := stranger.begin()
		id := url[strings.LastIndexByte(url, '/'):]
		stranger.do(http.MethodHead, theirs+"/uploads"+id, "", nil, nil).want(404)
		stranger.piece(theirs+"/uploads"+id, 30, pdf[30:]).want(404)
		stranger.do(http.MethodDelete, theirs+"/uploads"+id, "", nil, nil).want(404)

		b.piece(url, 30, pdf[30:]).want(204)
		b.get(at+"/uploads?paper=birthSlip").want(200).says("giấy chứng sinh.pdf", "remove").lacks("<html")
		b.get(at + "/review").want(200).says("giấy chứng sinh.pdf")
		b.do(http.MethodHead, url, "", nil, nil).want(404) // the draft has it

		// Refused files say why, before or after their bytes came.
		b.announce(at, "trang.html", 10).want(422).says("SVG")
		b.announce(at, "to.pdf", 11<<20).want(413).says("10 MB")
		const locked = "%PDF-1.4\ntrailer<</Encrypt 1 0 R>>\n%%EOF"
		url = b.announce(at, "khoa.pdf", len(locked)).want(201).header.Get("Location")
		b.piece(url, 0, locked).want(422).says("khoa.pdf: Tệp PDF đang bị khóa", "In → Lưu thành PDF")
		b.get(at + "/papers").want(200).lacks("khoa.pdf")

		// From another site nothing is taken.
		b.do(http.MethodPost, at+"/uploads", "", nil, map[string]string{"Upload-Length": "10", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}).want(403)
		b.do(http.MethodPost, at+"/uploads", "", nil, map[string]string{"Upload-Length": "-1"}).want(422)
		b.do(http.MethodPost, at+"/uploads", "", nil, map[string]string{"Upload-Length": "9", "Upload-Metadata": "paper !!"}).want(422)
		b.do(http.MethodPost, at+"/uploads", "", nil, map[string]string{"Upload-Length": "9", "Upload-Metadata": meta("paper", "../x", "filename", "a.pdf")}).want(404)
	})
}

// TestQueriesOfAnApplication: how often each page asks the database.
func TestQueriesOfAnApplication(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	b := visit(t, c, "vi")
	at := b.begin()
	b.fill(at)
	for path, most := range map[string]int64{
		at + "/child": 1, at + "/papers": 2, at + "/delivery": 1, at + "/review": 1, "/apply": 1, at + "/uploads?paper=birthSlip": 2,
	} {
		b.get(path).want(200)
		least := int64(1 << 30)
		for range 8 { // followers read beside us: the least is the page's
			before := c.DB.Stats().Queries
			b.get(path).want(200)
			least = min(least, c.DB.Stats().Queries-before)
		}
		if least > most {
			t.Errorf("%s asks %d times, at most %d are allowed", path, least, most)
		}
	}
}
