package service_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// item is one entry of a hostile archive.
type item struct {
	name string
	body string
	mode fs.FileMode
	link string
}

func zipOf(t testing.TB, items ...item) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, it := range items {
		h := &zip.FileHeader{Name: it.name, Method: zip.Deflate}
		h.SetMode(it.mode | 0o644)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, it.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, items ...item) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for _, it := range items {
		h := &tar.Header{Name: it.name, Size: int64(len(it.body)), Mode: 0o644, Typeflag: tar.TypeReg, Linkname: it.link}
		switch {
		case it.mode&fs.ModeSymlink != 0:
			h.Typeflag = tar.TypeSymlink
		case it.mode&fs.ModeNamedPipe != 0:
			h.Typeflag = tar.TypeFifo
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, it.body); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sampleItems are the files of the sample under a folder.
func sampleItems(t testing.TB, prefix string) []item {
	t.Helper()
	var out []item
	fsys := sample(t, nil)
	err := fs.WalkDir(fsys, "sample", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		out = append(out, item{name: prefix + strings.TrimPrefix(name, "sample/"), body: string(b)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestArchivesLoadAsTheirFolders(t *testing.T) {
	t.Parallel()
	want, problems := service.Load(sample(t, nil), "sample")
	if want == nil {
		t.Fatal(problems)
	}
	for name, data := range map[string][]byte{
		"a.zip": zipOf(t, sampleItems(t, "")...), "b.zip": zipOf(t, sampleItems(t, "birth/")...),
		"a.tar.gz": tarOf(t, sampleItems(t, "")...), "b.tar.gz": tarOf(t, sampleItems(t, "birth/")...),
	} {
		got, problems := service.LoadArchive(name, data)
		if got == nil {
			t.Errorf("%s: %v", name, problems)
			continue
		}
		if got.Digest != want.Digest || len(got.Scenarios) != len(want.Scenarios) {
			t.Errorf("%s: another package came out", name)
		}
	}
}

const bpmnHead = `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:khue="https://khue.vn/bpmn/1" id="d" targetNamespace="x"><bpmn:process id="p" isExecutable="true">`

// hostile are packages that must be refused, each with the key of the reason and the
// element that is named.
func hostile(t testing.TB) map[string]struct {
	data []byte
	key  string
	file string
} {
	t.Helper()
	type refusal = struct {
		data []byte
		key  string
		file string
	}
	extra := func(it item) []byte { return zipOf(t, append(sampleItems(t, ""), it)...) }
	extraTar := func(it item) []byte { return tarOf(t, append(sampleItems(t, ""), it)...) }
	changed := func(name, body string) []byte {
		items := sampleItems(t, "")
		for i := range items {
			if items[i].name == name {
				items[i].body = body
			}
		}
		return tarOf(t, items...) // not zip: what repeats itself is refused as a bomb there
	}
	drawn := func(inner string) []byte {
		items := sampleItems(t, "")
		for i := range items {
			if items[i].name == "steps.yaml" {
				items[i] = item{name: "process.bpmn", body: bpmnHead + inner + "</bpmn:process></bpmn:definitions>"}
			}
		}
		return tarOf(t, items...)
	}
	var tasks strings.Builder
	for i := range 10_000 {
		tasks.WriteString(`<bpmn:userTask id="t` + itoa(i+1) + `" name="x"/>`)
	}
	var many []item
	for i := range 5000 {
		many = append(many, item{name: "rules/r" + string(rune('a'+i%26)) + strings.Repeat("x", i%50) + "-" + itoa(i) + ".dmn"})
	}
	fields := func(n int) string {
		return "pages:\n  - id: a\n    fields:\n" + strings.Repeat("      - {id: f, type: text}\n", n)
	}
	deep := strings.Repeat("{a: ", 5000) + "1" + strings.Repeat("}", 5000)
	return map[string]refusal{
		"symlink in zip":    {extra(item{name: "rules/x.dmn", body: "/etc/passwd", mode: fs.ModeSymlink}), "service.lint.symlink", "rules/x.dmn"},
		"symlink in tar":    {extraTar(item{name: "rules/x.dmn", link: "/etc/passwd", mode: fs.ModeSymlink}), "service.lint.symlink", "rules/x.dmn"},
		"pipe in tar":       {extraTar(item{name: "rules/x.dmn", mode: fs.ModeNamedPipe}), "service.lint.special", "rules/x.dmn"},
		"out of the folder": {extra(item{name: "../../etc/cron.yaml", body: "x"}), "service.lint.pathOutside", "cron.yaml"},
		"absolute":          {extra(item{name: "/etc/x.yaml", body: "x"}), "service.lint.pathOutside", "x.yaml"},
		"absolute in tar":   {extraTar(item{name: "/etc/x.yaml", body: "x"}), "service.lint.pathOutside", "x.yaml"},
		"backslash":         {extra(item{name: `rules\x.dmn`, body: "x"}), "service.lint.pathOutside", `rules\x.dmn`},
		"drive":             {extra(item{name: "c:/x.yaml", body: "x"}), "service.lint.pathOutside", "x.yaml"},
		"name by case":      {extra(item{name: "Service.yaml", body: "x"}), "service.lint.pathTwice", "Service.yaml"},
		"name twice":        {extra(item{name: "service.yaml", body: "x"}), "service.lint.pathTwice", "service.yaml"},
		"name with a sign":  {extra(item{name: "rules/\u202ex.dmn", body: "x"}), "service.lint.pathForm", "rules/"},
		"deep folders":      {extra(item{name: "rules/a/b/c/d.dmn", body: "x"}), "service.lint.pathForm", "d.dmn"},
		"script":            {extra(item{name: "rules/x.js", body: "x"}), "service.lint.file", "x.js"},
		"SVG":               {extra(item{name: "help/x.svg", body: "<svg><script/></svg>"}), "service.lint.svg", "x.svg"},
		"SVG as PNG":        {extra(item{name: "help/x.png", body: "<svg><script/></svg>"}), "service.lint.magic", "x.png"},
		"PDF that acts":     {extra(item{name: "help/x.pdf", body: "%PDF-1.7 /OpenAction /JavaScript"}), "service.lint.active", "x.pdf"},
		"binary as text":    {extra(item{name: "rules/x.dmn", body: "\x00\xff"}), "service.lint.text8", "x.dmn"},
		"bomb":              {extra(item{name: "rules/x.dmn", body: strings.Repeat(" ", 1<<20)}), "service.lint.bomb", "x.dmn"},
		"bomb in tar":       {tarOf(t, item{name: "rules/x.dmn", body: strings.Repeat(" ", 64<<20)}), "service.lint.bomb", ""},
		"10,000 tasks":      {drawn(tasks.String()), "service.lint.many", "process.bpmn"},
		"round without a wait": {drawn(`<bpmn:startEvent id="s"/><bpmn:scriptTask id="a" scriptFormat="feel" khue:result="x"><bpmn:script>1</bpmn:script></bpmn:scriptTask>
			<bpmn:exclusiveGateway id="g" default="f3"/><bpmn:userTask id="verify" khue:role="clerk" khue:unit="receiving" khue:actions="accept issue"/><bpmn:endEvent id="e"/>
			<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/><bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="g"/><bpmn:sequenceFlow id="f3" sourceRef="g" targetRef="a"/>
			<bpmn:sequenceFlow id="f4" sourceRef="g" targetRef="verify"><bpmn:conditionExpression>x = 2</bpmn:conditionExpression></bpmn:sequenceFlow><bpmn:sequenceFlow id="f5" sourceRef="verify" targetRef="e"/>`), "process.lint.spin", "process.bpmn"},
		"ids that collide in the drawing": {drawn(`<bpmn:startEvent id="s"/><bpmn:endEvent id="s"/>`), "bpmn.lint.doubledID", "process.bpmn"},
		"entities in the drawing":         {drawn(`<!DOCTYPE a [<!ENTITY b "c">]>`), "bpmn.lint.doctype", "process.bpmn"},
		"many files":                      {zipOf(t, many...), "service.lint.tooMany", ""},
		"many files in tar":               {tarOf(t, many...), "service.lint.tooMany", ""},
		"no archive":                      {[]byte("hello"), "service.lint.archive", ""},
		"broken zip":                      {[]byte("PK\x03\x04 broken"), "service.lint.archive", ""},
		"broken tar":                      {[]byte{0x1f, 0x8b, 8, 0}, "service.lint.archive", ""},
		"10,000 questions":                {changed("form.yaml", fields(10_000)), "decl.tooMany", "form.yaml"},
		"1,000 questions":                 {changed("form.yaml", fields(1000)), "service.lint.many", "form.yaml"},
		"deep YAML":                       {changed("form.yaml", deep), "decl.tooDeep", "form.yaml"},
		"deep list":                       {changed("form.yaml", strings.Repeat("- ", 100_000)+"a"), "decl.tooDeep", "form.yaml"},
		"tags":                            {changed("form.yaml", strings.Repeat("!a ", 100_000)), "decl.tooDeep", "form.yaml"},
		"many values":                     {changed("form.yaml", "pages: ["+strings.Repeat("a,", 200_000)+"]"), "decl.tooMany", "form.yaml"},
		"colliding ids":                   {changed("form.yaml", strings.Replace(body(t, "form.yaml"), "id: child.sex", "id: child.dob", 1)), "form.lint.idTwice", "form.yaml"},
		"HTML label":                      {changed("i18n/vi.yaml", strings.Replace(body(t, "i18n/vi.yaml"), "Họ và tên", "<img src=x>", 1)), "service.lint.html", "i18n/vi.yaml"},
		"entities":                        {changed("rules/fee.dmn", `<!DOCTYPE a [<!ENTITY b "c">]><definitions/>`), "service.lint.rule", "fee.dmn"},
	}
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func body(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "sample", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHostilePackagesAreRefused: each in bounded memory, with element, reason and mend; how
// long it takes is measured by khue bench. Not parallel: it looks at the heap.
func TestHostilePackagesAreRefused(t *testing.T) {
	b, err := i18n.NewBundle(decl.Messages, form.Messages, process.Messages, service.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			pkg, problems := service.LoadArchive("x.zip", h.data)
			runtime.ReadMemStats(&after)
			if pkg != nil || !problems.Failed() {
				t.Fatal("taken")
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 200<<20 {
				t.Errorf("allocated %d MB", grown>>20)
			}
			found := false
			for _, p := range problems {
				told(t, b, p)
				found = found || p.Key == h.key && strings.Contains(p.File, h.file)
			}
			if !found {
				t.Errorf("got %v", problems)
			}
			if len(problems) > 300 {
				t.Errorf("%d problems", len(problems))
			}
		})
	}
}

// TestFoldersAreNotFollowedOut: a link in a folder on disk is refused, not read.
func TestFoldersAreNotFollowedOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/sample")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "rules", "x.dmn")); err != nil {
		t.Fatal(err)
	}
	pkg, problems := service.Load(os.DirFS(dir), ".")
	if pkg != nil || len(problems) != 1 || problems[0].Key != "service.lint.symlink" || problems[0].File != "rules/x.dmn" {
		t.Errorf("%v", problems)
	}
}

func TestSignedPackages(t *testing.T) {
	t.Parallel()
	private, public, err := service.NewKey("thu-nghiem")
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := service.NewKey("nguoi-khac")
	if err != nil {
		t.Fatal(err)
	}
	files, problems := service.ReadFolder(sample(t, nil), "sample")
	if problems.Failed() {
		t.Fatal(problems)
	}
	if err := service.Sign(files, private); err != nil {
		t.Fatal(err)
	}
	archive, err := service.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	pkg, problems := service.LoadArchive("x.zip", archive)
	if pkg == nil {
		t.Fatal(problems)
	}
	plain, _ := service.Load(sample(t, nil), "sample")
	if pkg.Digest != plain.Digest {
		t.Error("a signature changes the digest")
	}
	if who, err := service.Signers(files, public, other); err != nil || len(who) != 1 || who[0] != "thu-nghiem" {
		t.Errorf("%v %v", who, err)
	}
	if _, err := service.Signers(files, other); err == nil {
		t.Error("the signature of a stranger counts")
	}
	again, err := service.Pack(files)
	if err != nil || !bytes.Equal(again, archive) {
		t.Error("the same files make another archive")
	}
	files["help/vi.md"] = append(files["help/vi.md"], ' ')
	if archive, err = service.Pack(files); err != nil {
		t.Fatal(err)
	}
	pkg, problems = service.LoadArchive("x.zip", archive)
	if pkg != nil || len(problems) != 1 || problems[0].Key != "service.lint.changed" || problems[0].Element != "help/vi.md" {
		t.Errorf("a changed byte: %v", problems)
	}
	if _, err := service.Signers(files, public); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Errorf("a changed byte: %v", err)
	}
}

func FuzzLoadArchive(f *testing.F) {
	f.Add(zipOf(f, sampleItems(f, "")...))
	f.Add(tarOf(f, sampleItems(f, "a/")...))
	for _, h := range hostile(f) {
		if len(h.data) < 64<<10 {
			f.Add(h.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		pkg, problems := service.LoadArchive("x.zip", data)
		if (pkg == nil) != problems.Failed() {
			t.Errorf("package %v, problems %v", pkg != nil, problems)
		}
		for _, p := range problems {
			if p.Key == "" || p.File == "" {
				t.Errorf("%+v says nothing", p)
			}
		}
	})
}

func FuzzLoadFiles(f *testing.F) {
	for _, name := range []string{"service.yaml", "form.yaml", "steps.yaml", "register.yaml", "rules/fee.dmn", "help/vi.md", "i18n/vi.yaml"} {
		f.Add(name, body(f, name))
	}
	base := map[string]string{}
	for _, it := range sampleItems(f, "") {
		base[it.name] = it.body
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if _, known := base[name]; !known {
			name = "form.yaml"
		}
		fsys := fstest.MapFS{}
		for n, b := range base {
			fsys[n] = &fstest.MapFile{Data: []byte(b)}
		}
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
		if pkg, problems := service.Load(fsys, "."); (pkg == nil) != problems.Failed() {
			t.Errorf("package %v, problems %v", pkg != nil, problems)
		}
	})
}
