package web_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"khue/internal/kernel/web"
)

func (s site) form(t testing.TB, v url.Values) (int, string) {
	t.Helper()
	r := s.do(t, call{"POST", "/form", v.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "en"}})
	return r.StatusCode, body(t, r)
}

func TestFormValues(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	for _, tt := range []struct{ name, in, want string }{
		{"NFC stays", "Nguyễn Thị Huệ", "Nguyễn Thị Huệ"},
		{"NFD becomes NFC", "Nguye\u0302\u0303n Thi\u0323 Hue\u0323\u0302", "Nguyễn Thị Huệ"},
		{"ends of lines", "a\r\nb\rc", `a\nb\nc`},
		{"names from elsewhere stay", "Noël Müller, Søren Åström, José, François, Zaïre", "Noël Müller, Søren Åström, José, François, Zaïre"},
		{"toán, quá, xuân, huệ, khuâng stay", "Toán quá xuân huê khuâng khoá hoà toà uý thuý quà", "Toán quá xuân huê khuâng khoá hoà toà uý thuý quà"},
		{"quotation and signs stay", "Công ty «An Bình»® © 2020 § 5 – 10µg 25ª", "Công ty «An Bình»® © 2020 § 5 – 10µg 25ª"},
	} {
		status, b := s.form(t, url.Values{"_key": {"abcdefgh"}, "name": {tt.in}})
		if status != 200 || !strings.Contains(b, `"name":"`+tt.want+`"`) {
			t.Errorf("%s: %d %s", tt.name, status, b)
		}
	}
	for _, tt := range []struct{ name, in, want string }{
		{"NUL", "a\x00b", "control characters"},
		{"escape", "a\x1b[31m", "control characters"},
		{"delete", "a\x7f", "control characters"},
		{"C1", "a\u0085", "control characters"},
		{"text that turns round", "Nguyễn \u202Egnp.exe", "control characters"},
		{"Latin-1 bytes", "Nguy\xean", "not Unicode"},
		{"TCVN3", "Céng hßa x· héi chñ nghÜa ViÖt Nam - §¬n xin cÊp giÊy c«ng nhËn", "old font"},
		{"TCVN3, one name", "TrÇn V¨n B×nh", "old font"},
		{"VNI", "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "old font"},
		{"VNI, one name", "Nguyeãn Vaên An", "old font"},
		{"too long", strings.Repeat("x", 65<<10), "longer than allowed"},
	} {
		status, b := s.form(t, url.Values{"_key": {"abcdefgh"}, "name": {tt.in}})
		if status != 422 || !strings.Contains(b, tt.want) || !strings.Contains(b, `"path":"name"`) {
			t.Errorf("%s: %d %s", tt.name, status, b)
		}
	}
	many := url.Values{}
	for i := range 1001 {
		many.Add("f"+string(rune('a'+i%26)), "x")
	}
	if status, b := s.form(t, many); status != 413 {
		t.Errorf("1001 fields: %d %s", status, b)
	}
	for _, key := range []string{"", "short", "has a space", strings.Repeat("x", 65), "tiếng-việt"} {
		if status, b := s.form(t, url.Values{"_key": {key}}); status != 422 || !strings.Contains(b, "request key") {
			t.Errorf("key %q: %d %s", key, status, b)
		}
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"giấy khai sinh.pdf":              "giấy khai sinh.pdf",
		"gia\u0302\u0301y.pdf":            "giấy.pdf",
		"../../etc/passwd":                "passwd",
		`C:\Users\Lan\ảnh.jpg`:            "ảnh.jpg",
		"a\x00b\r\nSet-Cookie: x.pdf":     "abSet-Cookie_ x.pdf",
		"ảnh\u202Egpj.exe":                "ảnhgpj.exe",
		".htaccess":                       "htaccess",
		"...":                             "file",
		"":                                "file",
		"con<script>.svg ":                "con_script_.svg",
		strings.Repeat("ả", 300) + ".pdf": strings.Repeat("ả", 116) + ".pdf",
	} {
		got := web.CleanFileName(in)
		if got != want {
			t.Errorf("CleanFileName(%q) = %q, want %q", in, got, want)
		}
		if again := web.CleanFileName(got); again != got {
			t.Errorf("cleaning %q again gives %q", got, again)
		}
	}
}

func FuzzCleanFileName(f *testing.F) {
	f.Add("../a.pdf")
	f.Fuzz(func(t *testing.T, in string) {
		got := web.CleanFileName(in)
		if got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > 120 || strings.ContainsAny(got, "/\\\x00\r\n\"") || got[0] == '.' {
			t.Errorf("%q → %q", in, got)
		}
	})
}

func TestUploads(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, content := range map[string]string{"../../x.png": "<script>alert(1)</script>"} {
		f, err := w.CreateFormFile("paper", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write([]byte(content))
	}
	_ = w.Close()
	r := s.do(t, call{"POST", "/files", b.String(), map[string]string{"Content-Type": w.FormDataContentType()}})
	if got := body(t, r); got != `["x.png text/html; charset=utf-8"]` { // the type is what the bytes say
		t.Errorf("uploads: %s", got)
	}
}
