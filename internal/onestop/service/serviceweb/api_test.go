package serviceweb_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"slices"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/service"
	"khue/internal/onestop/service/serviceweb"
)

func TestServicesOfADay(t *testing.T) {
	t.Parallel()
	c := citytest.New(t) // 2025-06-23, three tiers
	const birth = "hanoi.civil-status.birth-registration"
	on := func(query string) serviceweb.Brief {
		var list struct {
			Items []serviceweb.Brief `json:"items"`
		}
		c.Visitor().Get("/api/v1/services" + query).Want(http.StatusOK).Into(&list)
		i := slices.IndexFunc(list.Items, func(b serviceweb.Brief) bool { return b.ID == birth })
		if i < 0 {
			t.Fatalf("%+v", list)
		}
		return list.Items[i]
	}
	if b := on(""); b.Version != "1.4.0" || b.ValidTo != "2025-06-30" || b.Level != 3 || b.Why.EN == "" {
		t.Errorf("%+v", b)
	}
	if b := on("?on=2025-07-01"); b.Version != "2.2.0" || b.ValidTo != "" {
		t.Errorf("%+v", b)
	}
	c.Visitor().Get("/api/v1/services?on=1.7.2025").Want(http.StatusUnprocessableEntity)

	var one serviceweb.Full
	c.Visitor().Get("/api/v1/services/" + birth).Want(http.StatusOK).Into(&one)
	paths := map[string]serviceweb.Field{}
	for _, f := range one.Fields {
		paths[f.Path] = f
	}
	if f := paths["child.sex"]; f.Required != "true" || len(f.Codes) != 2 {
		t.Errorf("%+v", f)
	}
	if f := paths["mother.residence.unit"]; f.Type != "unit" || f.When == "" {
		t.Errorf("%+v", f)
	}
	if len(one.Papers) == 0 || len(one.Steps) == 0 {
		t.Errorf("%+v", one)
	}
	c.Visitor().Get("/api/v1/services/nothing").Want(http.StatusNotFound)
}

// handed is the sample of the guide for another procedure, signed by a registered author.
func handed(t *testing.T, c *citytest.City) string {
	t.Helper()
	files, problems := service.ReadFolder(os.DirFS("../testdata/sample"), ".")
	if problems.Failed() {
		t.Fatal(problems)
	}
	files["service.yaml"] = bytes.Replace(files["service.yaml"], []byte(`"1.001193"`), []byte(`"1.004873"`), 1)
	private, public, err := service.NewKey("cong-ty-mau")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Library.AddAuthor(t.Context(), public, 0); err != nil {
		t.Fatal(err)
	}
	if err := service.Sign(files, private); err != nil {
		t.Fatal(err)
	}
	archive, err := service.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(archive)
}

// TestACompanySubmitsByProgram: over the API from hand to force, on both engines.
func TestACompanySubmitsByProgram(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		const path = "/api/v1/service-submissions"
		body := map[string]any{"archive": handed(t, c)}
		var check struct {
			OK       bool                 `json:"ok"`
			Problems []serviceweb.Finding `json:"problems"`
		}
		c.As("citizen").Post(path+"/check", body).Want(http.StatusOK).Into(&check)
		if !check.OK {
			t.Fatalf("%+v", check)
		}
		c.As("citizen").Post(path+"/check", map[string]any{"archive": base64.StdEncoding.EncodeToString([]byte("PK nothing"))}).Want(http.StatusOK).Into(&check)
		if check.OK || len(check.Problems) != 1 || check.Problems[0].Text.VI == "" || check.Problems[0].Text.EN == "" {
			t.Errorf("%+v", check)
		}
		c.Visitor().Post(path, body).Want(http.StatusUnauthorized)
		var x serviceweb.Submission
		c.As("citizen").Post(path, body).Want(http.StatusCreated).Into(&x)
		if x.Stage != "submitted" || x.Author != "cong-ty-mau" {
			t.Fatalf("%+v", x)
		}
		one := path + "/" + x.ID
		c.As("clerk").Get(one).Want(http.StatusNotFound)
		c.As("citizen").Get(one).Want(http.StatusOK)
		c.As("citizen").Post(one+"/decisions", map[string]any{"do": "approve"}).Want(http.StatusForbidden)
		c.As("designer").Post(one+"/decisions", map[string]any{"do": "publish", "day": "2026-11-24"}).Want(http.StatusConflict)
		c.As("designer").Post(one+"/decisions", map[string]any{"do": "approve"}).Want(http.StatusOK)
		c.As("leader").Post(one+"/decisions", map[string]any{"do": "publish", "day": "2026-11-24"}).Want(http.StatusOK).Into(&x)
		if x.Stage != "published" || x.From != "2026-11-24" {
			t.Errorf("%+v", x)
		}
		find := "/api/v1/services/" + x.Service
		c.Visitor().Get(find).Want(http.StatusNotFound)
		var full serviceweb.Full
		c.Visitor().Get(find + "?on=2026-11-24").Want(http.StatusOK).Into(&full)
		if full.Digest != x.Digest || full.Extent != "partial" {
			t.Errorf("%+v", full.Brief)
		}
	}, citytest.At(clock.MustDate("2026-11-23").At(9, 0)))
}
