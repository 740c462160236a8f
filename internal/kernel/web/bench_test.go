package web_test

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

// application is a form of about 2 KB, as a citizen sends it.
type application struct {
	Service   string            `json:"service" maxLength:"50"`
	Case      string            `json:"case" maxLength:"50"`
	Unit      string            `json:"unit" pattern:"^[0-9]{5}$"`
	Channel   string            `json:"channel" enum:"online,counter,post"`
	Applicant applicant         `json:"applicant"`
	Answers   map[string]string `json:"answers"`
	Papers    []paper           `json:"papers" maxItems:"20"`
	Copies    int               `json:"copies" minimum:"0" maximum:"20"`
}

type applicant struct {
	Name  string `json:"name" maxLength:"200"`
	Phone string `json:"phone" maxLength:"20"`
	Email string `json:"email,omitempty" maxLength:"200"`
}

type paper struct {
	Code string `json:"code" maxLength:"20"`
	Name string `json:"name" maxLength:"200"`
	Size int    `json:"size" minimum:"0"`
}

const form = `{"service":"birth-registration","case":"normal","unit":"00133","channel":"online","applicant":{"name":"Nguyễn Thị Lan","phone":"0912345678"},
"answers":{"child.name":"Trần Nguyễn Minh Anh","child.born":"2025-06-20","child.sex":"nữ","child.place":"Bệnh viện Phụ sản Hà Nội, 929 đường La Thành, phường Ngọc Khánh, quận Ba Đình, thành phố Hà Nội",
"child.ethnic":"Kinh","child.nationality":"Việt Nam","child.home":"xã Tiên Du, huyện Phù Ninh, tỉnh Phú Thọ","mother.name":"Nguyễn Thị Lan","mother.born":"1995-03-12","mother.ethnic":"Kinh",
"mother.nationality":"Việt Nam","mother.residence":"số 12 ngõ 34 phố Ngọc Lâm, phường Ngọc Lâm, quận Long Biên, thành phố Hà Nội","mother.paper":"001195012345","father.name":"Trần Văn Minh","father.born":"1992-11-02",
"father.ethnic":"Kinh","father.nationality":"Việt Nam","father.residence":"số 12 ngõ 34 phố Ngọc Lâm, phường Ngọc Lâm, quận Long Biên, thành phố Hà Nội","father.paper":"001092054321","relation":"mẹ",
"certificate.number":"0123456","certificate.issued":"2025-06-21","certificate.issuer":"Bệnh viện Phụ sản Hà Nội","note":"Gia đình đề nghị cấp ba bản sao trích lục khai sinh và trả kết quả tại bộ phận một cửa của phường."},
"papers":[{"code":"KQ003208","name":"giấy chứng sinh.pdf","size":182233},{"code":"KQ003303","name":"giấy chứng nhận kết hôn.pdf","size":92233},{"code":"KQ003159","name":"giấy ủy quyền.pdf","size":2233}],"copies":3}`

func benchAPI(a *web.API) {
	type in struct {
		web.Keyed
		Body application
	}
	type out struct {
		Body struct {
			ID string `json:"id"`
		}
	}
	web.Op(a, huma.Operation{OperationID: "apply", Method: "POST", Path: "/api/v1/bench", Summary: "x", DefaultStatus: 201}, auth.SignedIn,
		func(context.Context, *in) (*out, error) {
			o := &out{}
			o.Body.ID = "7340032000000001"
			return o, nil
		})
}

type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

type rewinder struct{ *strings.Reader }

func (rewinder) Close() error { return nil }

// BenchmarkShell is what the edge costs by itself. cpu-us/op is processor time, which a
// busy machine does not inflate as it does ns/op.
func BenchmarkShell(b *testing.B) {
	d, _ := deps(b)
	d.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	s, err := web.New(web.Config{}, d, demo(), web.Module{Name: "bench", API: benchAPI})
	if err != nil {
		b.Fatal(err)
	}
	for _, bm := range []struct {
		name string
		call call
	}{
		{"page", call{path: "/hello", head: map[string]string{"Cookie": "khue=lan", "Accept-Language": "vi"}}},
		{"compressed", call{path: "/long", head: map[string]string{"Accept-Encoding": "gzip"}}},
		{"transition", call{method: "POST", path: "/api/v1/things", body: `{"name":"Đồng ý","count":3}`}},
		{"submission", call{method: "POST", path: "/api/v1/bench", body: form}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := httptest.NewRequest(cmp.Or(bm.call.method, "GET"), bm.call.path, nil)
			for k, v := range bm.call.head {
				r.Header.Set(k, v)
			}
			if bm.call.body != "" {
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer lan")
				r.Header.Set("Idempotency-Key", "key-00001")
			}
			w := &discard{http.Header{}}
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				clear(w.h)
				if bm.call.body != "" {
					r.Body, r.ContentLength = rewinder{strings.NewReader(bm.call.body)}, int64(len(bm.call.body))
				}
				s.ServeHTTP(w, r)
			}
			b.ReportMetric(float64(cpu()-before)/1e3/float64(b.N), "cpu-us/op")
		})
	}
}

// cpu is the processor time of this process in nanoseconds.
func cpu() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}
