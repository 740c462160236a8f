package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/a-h/templ"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	onestopform "khue/internal/onestop/form"
	"khue/web"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address to serve on")
	shots := flag.String("shots", "", "write screenshots into this folder and stop")
	axe := flag.Bool("axe", false, "check every page with axe and stop")
	only := flag.String("only", "", "one page only")
	chromium := flag.String("chromium", "chromium", "the browser")
	flag.Parse()
	ctx := context.Background()
	if err := run(ctx, *listen, *shots, *axe, *only, browser{bin: *chromium}); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, shots string, axe bool, only string, b browser) error {
	if shots != "" || axe {
		listen = "127.0.0.1:0"
	}
	h, err := handler("web")
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	base := "http://" + l.Addr().String()
	if shots == "" && !axe {
		fmt.Println("gallery:", base+"/home")
		return srv.Serve(l)
	}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close() //nolint:errcheck // at the end of a tool
	if shots != "" {
		return b.shoot(ctx, base, shots, only)
	}
	return b.axe(ctx, base, only)
}

// page is one page of the gallery and the density that it is made for.
type page struct {
	name    string
	body    templ.Component
	density ui.Density
	both    bool // pictured in both languages
}

func pages() []page {
	all := []page{
		{name: "home", body: home()},
		{name: "form", body: formPage(false)},
		{name: "errors", body: formPage(true)},
		{name: "content", body: content()},
		{name: "done", body: done()},
		{name: "failed", body: ui.ErrorPage("Hồ sơ đã có người nhận", "Trần Văn Bình nhận việc này lúc 09:41. Hãy mở lại danh sách và chọn việc khác.", "7F3K-92QD")},
		{name: "desk", body: desk(), density: ui.DensityCompact},
		{name: "kiosk", body: home(), density: ui.DensityKiosk},
	}
	x, err := newFields()
	if err != nil {
		panic("gallery: " + err.Error()) // its own form, held by a test
	}
	return append(all, x.pages()...)
}

// csp is the policy of the program, so that the gallery breaks where the program would.
const csp = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// handler serves each page at /NAME?theme=&lang=&axe=.
func handler(webDir string) (http.Handler, error) {
	bundle, err := i18n.NewBundle(ui.Messages, onestopform.Messages)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+web.Prefix, web.Handler())
	mux.HandleFunc("GET /axe.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, webDir+"/node_modules/axe-core/axe.min.js")
	})
	mux.HandleFunc("GET /run-axe.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(runAxe))
	})
	for _, p := range pages() {
		mux.HandleFunc("GET /"+p.name, func(w http.ResponseWriter, r *http.Request) {
			ctx := head(w, r, bundle, p)
			_ = p.body.Render(ctx, w)
			if r.URL.Query().Has("axe") {
				_, _ = w.Write([]byte(`<script src="/axe.js"></script><script src="/run-axe.js"></script>`))
			}
		})
	}
	x, err := newFields()
	if err != nil {
		return nil, err
	}
	mux.HandleFunc("POST /fields", func(w http.ResponseWriter, r *http.Request) {
		ctx := head(w, r, bundle, page{name: "fields"})
		x.post(w, r.WithContext(ctx), func(c templ.Component) { _ = c.Render(ctx, w) })
	})
	return mux, nil
}

// head writes the headers of a page and gives it its shell.
func head(w http.ResponseWriter, r *http.Request, bundle *i18n.Bundle, p page) context.Context {
	lang, _ := i18n.ParseLang(r.URL.Query().Get("lang"))
	ctx := i18n.WithLang(r.Context(), bundle, lang)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", csp)
	return ui.WithShell(ctx, shell(p, lang, r))
}

func shell(p page, lang i18n.Lang, r *http.Request) ui.Shell {
	s := ui.Shell{
		Lang: lang, Theme: ui.ParseTheme(r.URL.Query().Get("theme")), Density: p.density, Path: r.URL.RequestURI(),
		SignIn: "/sign-in",
		Demo:   "Dữ liệu do máy tạo ra, không phải của người thật. Ngày trong thành phố: 23/6/2025.",
		Nav: []ui.NavItem{
			{Label: "Trang đầu", Href: "/home", Current: p.name == "home"}, {Label: "Thủ tục", Href: "#"},
			{Label: "Tra cứu hồ sơ", Href: "#", Current: p.name == "content"}, {Label: "Hồ sơ của tôi", Href: "#", Count: 2},
		},
		Footer: []ui.FooterLink{{Label: "Giới thiệu", Href: "#"}, {Label: "Dữ liệu mở và API", Href: "#"}, {Label: "Trợ năng", Href: "#"}, {Label: "Quyền riêng tư", Href: "#"}},
	}
	switch p.name {
	case "desk", "fields-officer":
		s.ServiceName = "Bàn làm việc"
		s.User = &ui.User{Name: "Trần Văn Bình", Unit: "Một cửa phường Văn Miếu", Href: "#", SignOut: "/sign-out"}
		s.Nav = []ui.NavItem{{Label: "Việc cần làm", Href: "#", Current: true, Count: 48}, {Label: "Nhận tại quầy", Href: "#"}, {Label: "Tra cứu", Href: "#"}, {Label: "Số liệu", Href: "#"}}
	case "content", "errors":
		s.User = &ui.User{Name: "Nguyễn Thị Hòa", Href: "#", SignOut: "/sign-out"}
	}
	return s
}
