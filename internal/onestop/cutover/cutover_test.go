package cutover_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/web"
	"khue/internal/onestop/cutover"
)

const (
	home = "/admin/imports/dossiers"
	head = "ma_ho_so;thu_tuc;nguoi_nop;dien_thoai;don_vi;ngay_nop;ngay_tiep_nhan;hen_tra;trang_thai\n"
	row  = "%s;1.001193;Trần Văn Một;0912000101;%s;20/06/2025 08:30;20/06/2025 09:00;24/06/2025;đang xử lý\n"
)

func upload(a citytest.Actor, name, content string) citytest.Answer {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("_key", web.NewKey())
	w, _ := m.CreateFormFile("file", name)
	_, _ = w.Write([]byte(content))
	_ = m.Close()
	return a.Do("POST", home, b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType()})
}

func do(a citytest.Actor, path, what string) citytest.Answer {
	form := url.Values{"_key": {web.NewKey()}, "do": {what}}
	return a.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func says(t *testing.T, a citytest.Actor, path string, wants ...string) {
	t.Helper()
	body := string(a.Get(path).Want(200).Body)
	for _, w := range wants {
		if !strings.Contains(body, w) {
			t.Errorf("%s does not say %q:\n%.4000s", path, w, body)
		}
	}
}

// A file is looked at, then brought in; the report tells each row, and stays.
func TestAFileIsLookedAtAndThenBroughtIn(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		chair := c.AsLogin("chutich").In("en")
		says(t, chair, home, "No file has been sent yet")
		file := head
		for i := range 230 {
			file += fmt.Sprintf(row, fmt.Sprintf("CU-%04d", i), "00133")
		}
		file += fmt.Sprintf(row, "CU-0001", "00133") + fmt.Sprintf(row, "CU-9001", "00154") + fmt.Sprintf(row, "CU-9002", "99999")
		file += strings.Replace(fmt.Sprintf(row, "CU-9003", "00133"), "24/06/2025", "31/02/2025", 1)
		at := upload(chair, "cu.csv", file).Want(303).Header.Get("Location")
		c.Eventually("the file is looked at", func() bool { return strings.Contains(string(chair.Get(at).Body), "Bring the dossiers in") })
		says(t, chair, at, "Nothing has been brought in yet", "This code stands on line", "not one that you manage", "No unit had the code 99999", "31/02/2025", "Can come in")
		chair.Get("/api/v1/dossiers/CU-0000").Want(404)

		// It is its sender's, and hostile posts change nothing.
		c.AsLogin("phochutich").Get(at).Want(404)
		do(c.AsLogin("phochutich"), at, "start").Want(404)
		c.AsLogin("motcua").Get(home).Want(403)
		do(chair, at, "dance").Want(422)

		do(chair, at, "start").Want(303)
		c.Eventually("the run ends", func() bool { return strings.Contains(string(chair.Get(at).Body), "The dossiers are in") })
		says(t, chair, at, "Brought in", "230", "not one that you manage", "31/02/2025")
		chair.Get("/api/v1/dossiers/CU-0229").Want(200)
		chair.Get("/api/v1/dossiers/CU-9001").Want(404)
		do(chair, at, "start").Want(409)
		if b := chair.Get(at + "/report.xlsx").Want(200).Body; !bytes.HasPrefix(b, []byte("PK")) {
			t.Error("the report is no workbook")
		}
		kept := 0
		if err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT COUNT(*) FROM cutover_part`).Scan(&kept)
		}); err != nil || kept != 0 {
			t.Errorf("%d pieces of the file are kept after the run: %v", kept, err)
		}

		// The same file again adds nothing.
		again := upload(chair, "cu.csv", file).Want(303).Header.Get("Location")
		c.Eventually("the file is looked at", func() bool { return strings.Contains(string(chair.Get(again).Body), "Waits for you") })
		if strings.Contains(string(chair.Get(again).Body), "Bring the dossiers in") {
			t.Error("a file that adds nothing can be started")
		}
		do(chair, again, "drop").Want(303)
		says(t, chair, home, "cu.csv", "Dropped", "Done")
	})
}

// Only one file is at work; one that is broken off goes on where it stopped.
func TestOneFileAtATime(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		chair := c.AsLogin("chutich").In("en")
		sub := auth.Subject{}
		for _, a := range c.Demo.Accounts {
			if a.Login == "chutich" {
				var err error
				if sub, err = c.Auth.Resolve(t.Context(), a.Token); err != nil {
					t.Fatal(err)
				}
			}
		}
		// A stage that no job works on is one that was broken off.
		stuck := cutover.ImportID(7)
		if err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Exec(`INSERT INTO cutover_import (id, file, sha256, size, account, name, units, lane, status, total, unreadable, place, added, open, same, changed, refused, doubts, uploaded_at)
 VALUES ($1, 'x.csv', $2, 1, $3, 'Chủ tịch', 'null', 1, 'running', 10, 0, 5, 5, 0, 0, 0, 0, 0, $4)`, stuck, strings.Repeat("0", 64), sub.Account, db.Millis(c.Clock.Now()))
		}); err != nil {
			t.Fatal(err)
		}
		says(t, chair, home, "is at work")
		says(t, chair, home+"/7", "Brought in: 50 %", "Look again")
		chair.Get(home + "/7/report.xlsx").Want(409)
		if body := string(upload(chair, "y.csv", head+fmt.Sprintf(row, "CU-0001", "00133")).Want(409).Body); !strings.Contains(body, "x.csv") {
			t.Error("the refusal does not name the file that is at work")
		}
		do(chair, home+"/7", "drop").Want(303)
		upload(chair, "y.csv", head+fmt.Sprintf(row, "CU-0001", "00133")).Want(303)
	})
}

// Files that will not do are refused with what to do.
func TestFilesThatWillNotDo(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	chair := c.AsLogin("chutich").In("en")
	for name, f := range map[string]struct {
		content string
		status  int
	}{
		"empty":          {head, 422},
		"columns lack":   {"ma_ho_so;thu_tuc;nguoi_nop\na;b;c\n", 422},
		"no text":        {"\x00\x01\x02", 422},
		"no workbook":    {"PK\x03\x04 that is none", 422},
		"no JSON":        {"{not json", 422},
		"too large":      {strings.Repeat("x", cutover.MaxFile+10), 413},
		"far too large":  {strings.Repeat("x", cutover.MaxFile+3<<20), 413},
		"too many lines": {head + strings.Repeat("a;b;c;d;e;f;g;h;i\n", 60_000), 413},
	} {
		upload(chair, "x.csv", f.content).Want(f.status)
		_ = name
	}
}
