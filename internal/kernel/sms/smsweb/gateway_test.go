package smsweb_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/sms"
	"khue/internal/kernel/sms/smsweb"
)

func TestGatewayOverHTTP(t *testing.T) {
	t.Parallel()
	status := http.StatusAccepted
	var got map[string]string
	var heads http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heads = r.Header
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"id":"g-1"}`))
	}))
	defer s.Close()
	c, err := smsweb.New(strings.Replace(s.URL, "http://", "http+json://bi-mat@", 1) + "/send?from=HANOI")
	if err != nil {
		t.Fatal(err)
	}
	m := sms.Message{To: "0912345678", Text: "Hồ sơ đã có kết quả", Key: "n-1"}
	ref, err := c.Send(context.Background(), m)
	if err != nil || ref != "g-1" || got["to"] != "84912345678" || got["text"] != m.Text || got["from"] != "HANOI" ||
		heads.Get("Authorization") != "Bearer bi-mat" || heads.Get("Idempotency-Key") != "n-1" {
		t.Errorf("%s %v %v %v", ref, err, got, heads)
	}
	for code, want := range map[int]errs.Kind{400: errs.Invalid, 422: errs.Invalid, 429: errs.Unavailable, 500: errs.Unavailable, 401: errs.Unavailable, 302: errs.Unavailable} {
		status = code
		if _, err := c.Send(context.Background(), m); err == nil || errs.KindOf(err) != want || strings.Contains(err.Error(), "bi-mat") {
			t.Errorf("%d: %v", code, err)
		}
	}
	for _, bad := range []string{"ftp://x", "smpp://host", "smpp://u:mat-khau-qua-dai@host", "https+json://host/x"} {
		if _, err := smsweb.New(bad); err == nil || strings.Contains(err.Error(), "mat-khau") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
