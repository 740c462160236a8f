package pushweb_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/push"
	"khue/internal/kernel/push/pushtest"
	"khue/internal/kernel/push/pushweb"
)

func TestABrowserReadsWhatWasPushed(t *testing.T) {
	t.Parallel()
	b, err := pushtest.New()
	if err != nil {
		t.Fatal(err)
	}
	status := http.StatusCreated
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Encoding") != "aes128gcm" || r.Header.Get("TTL") != "86400" || !strings.HasPrefix(r.Header.Get("Authorization"), "vapid t=") {
			t.Errorf("%v", r.Header)
		}
		if err := b.Take(r.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer s.Close()
	keys, err := push.LoadKeys(filepath.Join(t.TempDir(), "push.key"))
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(s.URL)
	sender := pushweb.New(keys, "mailto:motcua@hanoi.example", []string{u.Host}, clock.System())
	sub, payload := b.Subscription(s.URL+"/abc"), []byte(`{"title":"Hồ sơ H26.16-250623-0001 có thông báo mới"}`)
	if err := sender.Send(context.Background(), sub, payload, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := b.Got(); len(got) != 1 || got[0] != string(payload) {
		t.Errorf("%q", got)
	}
	for code, want := range map[int]errs.Kind{404: errs.NotFound, 410: errs.NotFound, 413: errs.Invalid, 429: errs.Unavailable, 500: errs.Unavailable} {
		status = code
		if err := sender.Send(context.Background(), sub, payload, 24*time.Hour); errs.KindOf(err) != want || err == nil {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// A reader's subscription must not make us call a machine of their choice.
func TestOnlyPushServicesAreCalled(t *testing.T) {
	t.Parallel()
	s := pushweb.New(nil, "", []string{"127.0.0.1:9"}, clock.System())
	for endpoint, want := range map[string]bool{
		"https://fcm.googleapis.com/fcm/send/x": true, "https://updates.push.services.mozilla.com/wpush/v2/x": true, "https://web.push.apple.com/x": true,
		"http://127.0.0.1:9/x": true, "http://fcm.googleapis.com/x": false, "https://fcm.googleapis.com:8443/x": false, "https://127.0.0.1/x": false,
		"https://169.254.169.254/latest": false, "https://evilpush.services.mozilla.com.example/": false, "https://fcm.googleapis.com@10.0.0.1/": false, "file:///etc/passwd": false,
	} {
		if got := s.Takes(endpoint); got != want {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
}
