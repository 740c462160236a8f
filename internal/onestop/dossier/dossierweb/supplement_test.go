package dossierweb_test

import (
	"bytes"
	"encoding/base64"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

const supplied = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// TestSupplementInPieces: the bearer of the key sends a file in pieces and one with the
// form, of which a refused one costs neither the other nor what was typed; then the whole
// once, however often it is pressed.
func TestSupplementInPieces(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		filed := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		code, key := filed.Text("code"), filed.Text("accessKey")
		at := "/dossiers/" + code
		k := "?k=" + url.QueryEscape(key)
		page := map[string]string{"Accept": "text/html"}
		v := c.Visitor()
		announce := func(a citytest.Actor, query string, size int) citytest.Answer {
			meta := ""
			for name, value := range map[string]string{"paper": "birthSlip", "filename": "trang 1.pdf", "mark": "1"} {
				meta += name + " " + base64.StdEncoding.EncodeToString([]byte(value)) + ","
			}
			return a.Do(http.MethodPost, at+"/uploads"+query, nil, map[string]string{"Upload-Length": strconv.Itoa(size), "Upload-Metadata": strings.TrimSuffix(meta, ",")})
		}
		announce(v, k, len(supplied)).Want(409) // nothing is asked for
		act(t, c, "clerk", code, "supplement", map[string]any{"reason": "Ảnh mờ."}).Want(200)
		announce(v, "", len(supplied)).Want(404)
		announce(c.As("citizen2"), "", len(supplied)).Want(404)
		announce(c.As("chairman"), "", len(supplied)).Want(404) // sees the dossier, and completes it for nobody

		u := announce(v, k, len(supplied)).Want(201).Header.Get("Location")
		if !strings.Contains(u, k) {
			t.Fatalf("the address %s lacks the key", u)
		}
		piece := map[string]string{"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
		v.Do(http.MethodPatch, u, []byte(supplied), piece).Want(204)
		body := html.UnescapeString(string(v.Do(http.MethodGet, at+k, nil, page).Want(200).Body))
		if !strings.Contains(body, "trang 1.pdf") || !strings.Contains(body, "chưa gửi") {
			t.Error("the page does not list what waits")
		}

		client := web.NewKey()
		send := func(files map[string]string) citytest.Answer {
			var b bytes.Buffer
			w := multipart.NewWriter(&b)
			for name, value := range map[string]string{"_key": client, "act": "supplement", "k": key, "note": "Tôi đã chụp lại."} {
				_ = w.WriteField(name, value)
			}
			for name, content := range files {
				f, _ := w.CreateFormFile("papers.birthSlip", name)
				_, _ = io.WriteString(f, content)
			}
			_ = w.Close()
			return v.Do(http.MethodPost, at, b.Bytes(), map[string]string{"Content-Type": w.FormDataContentType(), "Accept": "text/html"})
		}
		body = html.UnescapeString(string(send(map[string]string{"trang 2.pdf": supplied + "\n", "hỏng.pdf": "%PDF-1.4\n"}).Want(422).Body))
		for _, want := range []string{"hỏng.pdf: Tệp PDF bị thiếu phần cuối", "trang 1.pdf", "trang 2.pdf", "Tôi đã chụp lại."} {
			if !strings.Contains(body, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		send(nil).Want(303)
		send(nil).Want(303) // pressed twice
		body = string(c.As("citizen").Do(http.MethodGet, at, nil, page).Want(200).Body)
		for name, n := range map[string]int{">trang 1.pdf<": 1, ">trang 2.pdf<": 1, "hỏng.pdf": 0} {
			if got := strings.Count(body, name); got != n {
				t.Errorf("%s stands %d times in the dossier, not %d", name, got, n)
			}
		}
		v.Do(http.MethodPatch, u, nil, piece).Want(409)
	})
}
