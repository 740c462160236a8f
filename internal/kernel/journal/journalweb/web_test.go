package journalweb_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/drill"
	"khue/internal/kernel/journal/journalweb"
	"khue/internal/kernel/journal/witness"
)

// site is the city's own door as strangers reach it.
func site(t *testing.T, c *citytest.City) journalweb.Remote {
	t.Helper()
	srv := httptest.NewServer(c.Server)
	t.Cleanup(srv.Close)
	return journalweb.Remote{Base: srv.URL, Client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}}}
}

// file files a dossier and waits until its receipt carries a proof.
func file(t *testing.T, c *citytest.City) (code, key, promise string, receipt []byte) {
	t.Helper()
	filed := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
	code, key, promise = filed.Text("code"), filed.Text("accessKey"), filed.Text("promise")
	if err := c.Journal.Tick(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	c.Eventually("the filing is signed for", func() bool {
		receipt = c.Visitor().Get("/api/v1/dossiers/" + code + "/receipt?accessKey=" + key).Want(200).Body
		return strings.Contains(string(receipt), `"checkpoint"`)
	})
	return code, key, promise, receipt
}

func post(c *citytest.City, f url.Values) citytest.Answer {
	return c.Visitor().Do(http.MethodPost, "/verify/receipt", []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
}

// Whoever filed a dossier keeps a file that anybody can have checked, on the page or by the API.
func TestAReceiptIsDownloadedAndChecked(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code, key, promise, receipt := file(t, c)
		v := c.Visitor()
		page := string(v.Get("/dossiers/" + code + "?k=" + key).Want(200).Body)
		if at := "/dossiers/" + code + "/receipt?k=" + key; !strings.Contains(page, at) {
			t.Errorf("the page of the dossier does not lead to %s", at)
		}
		if got := v.Get("/dossiers/" + code + "/receipt?k=" + key).Want(200); !strings.Contains(got.Header.Get("Content-Disposition"), code+"-receipt.json") {
			t.Errorf("%v", got.Header)
		}
		v.Get("/dossiers/" + code + "/receipt").Want(404)
		v.Get("/api/v1/dossiers/" + code + "/receipt?accessKey=" + key + "x").Want(404)
		for _, name := range []string{"Nguyễn", "Trần", "Lê", "0912"} {
			if strings.Contains(string(receipt), name) {
				t.Errorf("the receipt holds %q", name)
			}
		}
		for _, text := range []string{string(receipt), promise} {
			if a := post(c, url.Values{"text": {text}}).Want(200); !strings.Contains(string(a.Body), "Biên nhận là thật") || strings.Contains(string(a.Body), "Trái ngược") {
				t.Errorf("%.3000s", a.Body)
			}
		}
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		part, err := m.CreateFormFile("file", "r.json")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(bytes.Replace(receipt, []byte("about "+code), []byte("about H26.99-1"), 1))
		_ = m.Close()
		a := v.In("en").Do(http.MethodPost, "/verify/receipt", b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Accept": "text/html"}).Want(200)
		if !strings.Contains(string(a.Body), "The receipt does not hold") {
			t.Errorf("%.3000s", a.Body)
		}
		for _, text := range []string{"", "xin chào", `{"format":"khue-receipt/1"}`, "1.2.3.4.5"} {
			a := post(c, url.Values{"text": {text}})
			if text == "" || text == "xin chào" {
				a.Want(422)
			}
			if a.Status >= 500 || strings.Contains(string(a.Body), "Biên nhận là thật") {
				t.Errorf("%q: %d", text, a.Status)
			}
		}
	})
}

// The whole talk over HTTP: a witness elsewhere checks and signs, the city collects its signature
// and an authority's time, and publishes both; a stranger recomputes the proofs.
func TestStrangersCheckTheJournal(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx, dir := t.Context(), t.TempDir()
		file(t, c)
		remote := site(t, c)
		logKey, err := remote.Key(ctx)
		if err != nil {
			t.Fatal(err)
		}
		key, err := journal.LoadWitnessKey(filepath.Join(dir, "key"), "audit.example/khue")
		if err != nil {
			t.Fatal(err)
		}
		eye, err := witness.Open(filepath.Join(dir, "state"), logKey, key, c.Clock)
		if err != nil {
			t.Fatal(err)
		}
		first, _, err := eye.Look(ctx, remote)
		if err != nil {
			t.Fatal(err)
		}
		_, _, _, receipt := file(t, c)
		second, grown, err := eye.Look(ctx, remote)
		if err != nil || grown < 1 {
			t.Fatalf("%d %v", grown, err)
		}
		if _, err := remote.Consistency(ctx, second.Size+1000, second.Size+2000); err == nil || !strings.Contains(err.Error(), witness.ErrRefused.Error()) {
			t.Errorf("a proof beyond the log: %v", err)
		}
		own := httptest.NewServer(journalweb.WitnessHandler(eye, key.PublicKey()))
		defer own.Close()
		w, err := journalweb.ParseWitness(own.URL + "=" + key.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		away := w
		away.URL = own.URL + "/nowhere"
		if err := journalweb.Collect(ctx, c.Journal, own.Client(), []journalweb.Witness{away, w}); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("a witness that is away: %v", err)
		}
		v := c.Visitor()
		cosigned := string(v.Get("/api/v1/journal/cosigned").Want(200).Body)
		if len(journal.Cosignatures(cosigned, w.Key)) != 1 {
			t.Errorf("%s", cosigned)
		}
		tsa, err := drill.NewAuthority(c.Clock)
		if err != nil {
			t.Fatal(err)
		}
		authority := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			q, _ := io.ReadAll(r.Body)
			out, err := tsa.Respond(q)
			if err != nil {
				rw.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = rw.Write(out)
		}))
		if err := c.Journal.Stamp(ctx, journalweb.TimeAuthority(authority.Client(), authority.URL)); err != nil {
			t.Fatal(err)
		}
		authority.Close()
		if a := v.Get("/api/v1/journal/timestamps/" + itoa(second.Size)).Want(200); !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || a.Header.Get("Content-Type") != "application/timestamp-token" {
			t.Errorf("%v", a.Header)
		}
		rep, err := c.Journal.Verify(ctx, journal.Held{Checkpoints: []string{first.Note, second.Note}, Receipts: [][]byte{receipt}, Witnesses: []*journal.WitnessVerifier{w.Key}, Roots: tsa.Roots()}, nil)
		if err != nil || !rep.OK() || rep.Cosigned != 1 || rep.Trusted != 1 {
			t.Errorf("%+v %v", rep, err)
		}
		if a := v.Get("/api/v1/journal/tile/0/000.p/1").Want(200); len(a.Body) != 32 {
			t.Errorf("a tile of %d bytes", len(a.Body))
		}
		for _, none := range []string{"/tile/0/000", "/tile/entries/000", "/tile/0/x", "/checkpoints/999999", "/timestamps/999999", "/proof?entry=77"} {
			v.Get("/api/v1/journal" + none).Want(404)
		}
		verdict, err := journal.CheckReceipt(receipt, journal.ReceiptCheck{Key: logKey})
		if err != nil {
			t.Fatal(err)
		}
		proof := v.Get("/api/v1/journal/proof?entry=" + verdict.Statement.ID.String() + "&size=" + itoa(second.Size)).Want(200)
		if proof.Text("leaf") != verdict.Statement.Leaf.String() {
			t.Errorf("%s", proof.Body)
		}
		// The authority is away: that is told, and checkpoints go on.
		file(t, c)
		if err := c.Journal.Stamp(ctx, journalweb.TimeAuthority(http.DefaultClient, authority.URL)); err == nil {
			t.Error("an authority that is away stamped")
		}
		if now, err := remote.Checkpoint(ctx); err != nil || now == second.Note {
			t.Errorf("%s %v", now, err)
		}
		list := v.Get("/api/v1/journal/checkpoints?limit=1").Want(200)
		if list.Text("items.0.size") == "" {
			t.Errorf("%s", list.Body)
		}
		if a := v.Get("/api/v1/journal").Want(200); a.Text("key") != logKey || a.Text("epoch") != "1" {
			t.Errorf("%s", a.Body)
		}
	})
}

func itoa(n int64) string { return strings.TrimSpace(journal.EntryID(n).String()) }
