package bpmn_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// drawn are the groups of a drawing by element; it fails where the drawing is not
// well-formed or has what could run or load.
func drawn(t testing.TB, svg []byte) map[string]map[string]string {
	t.Helper()
	groups := make(map[string]map[string]string)
	dec := xml.NewDecoder(bytes.NewReader(svg))
	taken := []string{"svg", "g", "title", "desc", "rect", "circle", "path", "text", "tspan"}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return groups
		}
		if err != nil {
			t.Fatal(err)
		}
		x, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains(taken, x.Name.Local) {
			t.Errorf("element %s", x.Name.Local)
		}
		attrs := make(map[string]string)
		for _, a := range x.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" || a.Name.Local == "href" || a.Name.Local != "aria-label" && strings.Contains(a.Value, "url(") && a.Name.Local != "data-element" {
				t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
			}
			if strings.Contains(a.Value, "NaN") && x.Name.Local != "g" {
				t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
			}
			attrs[a.Name.Local] = a.Value
		}
		if x.Name.Local == "g" {
			if attrs["aria-label"] == "" || attrs["role"] != "img" {
				t.Errorf("%s says nothing", attrs["data-element"])
			}
			groups[attrs["data-element"]] = attrs
		}
	}
}

func draw(t testing.TB, m *bpmn.Model, opt bpmn.DrawOptions) []byte {
	t.Helper()
	out, err := bpmn.Draw(m, opt)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every shape and edge of the outside models that stands for something is drawn.
func TestDrawMIWG(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t, "bpmn-miwg") {
		m := parsed(t, string(data))
		for _, d := range m.Diagrams {
			if len(d.Shapes) == 0 {
				continue
			}
			groups := drawn(t, draw(t, m, bpmn.DrawOptions{Plane: d.Plane}))
			known := known(m)
			for _, s := range d.Shapes {
				if groups[s.Element] == nil && known[s.Element] {
					t.Errorf("%s: %s is not drawn", name, s.Element)
				}
			}
			for _, e := range d.Edges {
				if groups[e.Element] == nil && known[e.Element] {
					t.Errorf("%s: %s is not drawn", name, e.Element)
				}
			}
		}
	}
}

// known are the ids of all that the model has.
func known(m *bpmn.Model) map[string]bool {
	ids := make(map[string]bool)
	var body func(b *bpmn.Body)
	body = func(b *bpmn.Body) {
		for _, e := range b.Elements {
			ids[e.ID] = true
			if e.Body != nil {
				body(e.Body)
			}
		}
		for _, f := range b.Flows {
			ids[f.ID] = true
		}
		for _, a := range b.Artifacts {
			ids[a.ID] = true
		}
		for _, a := range b.Associations {
			ids[a.ID] = true
		}
		for _, d := range b.DataFlows {
			ids[d.ID] = true
		}
	}
	for _, p := range m.Processes {
		for _, l := range p.Lanes {
			ids[l.ID] = true
		}
		body(&p.Body)
	}
	for _, c := range m.Collaborations {
		for _, p := range c.Participants {
			ids[p.ID] = true
		}
		for _, f := range c.MessageFlows {
			ids[f.ID] = true
		}
	}
	return ids
}

func TestDrawSaysWhatItShows(t *testing.T) {
	t.Parallel()
	m := parsed(t, file(permit))
	svg := draw(t, m, bpmn.DrawOptions{
		Current: []string{"verify"}, Heat: map[string]float64{"check": 0, "draft": 0.5, "sign": 7, "verify": 1},
		Labels: func(id string) string { return map[string]string{"give": "Trao tận tay"}[id] },
	})
	groups := drawn(t, svg)
	for id, want := range map[string]string{
		"check": "Việc của người: Kiểm tra thành phần hồ sơ, mức 1 trên 5", "verify": "Việc của người: Thẩm định hồ sơ, kiểm tra thực địa, mức 5 trên 5, bước hiện tại",
		"give": "Việc của người: Trao tận tay", "late": "Sự kiện trên viền (thời gian): Quá 30 ngày", "f3": "Từ Hồ sơ đủ? đến Thẩm định hồ sơ, kiểm tra thực địa: đủ",
		"l1": "Làn: Bộ phận Một cửa", "f8": "Từ đi mọi nhánh đến Lấy ý kiến Cảnh sát phòng cháy chữa cháy",
	} {
		if got := groups[id]["aria-label"]; got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	for id, want := range map[string]string{"check": "bpmn-heat-1", "draft": "bpmn-heat-3", "sign": "bpmn-heat-5", "verify": "bpmn-current"} {
		if !slices.Contains(strings.Fields(groups[id]["class"]), want) {
			t.Errorf("%s: %q lacks %s", id, groups[id]["class"], want)
		}
	}
	for _, s := range []string{`role="graphics-document document"`, `lang="vi"`, `<title id="bpmn-title">Sơ đồ quy trình `, "Bước hiện tại: Thẩm định hồ sơ", "Đang ở đây"} {
		if !strings.Contains(string(svg), s) {
			t.Errorf("no %s", s)
		}
	}
	if strings.Contains(string(svg), `fill="#`) {
		t.Error("colours stand in the drawing")
	}
	english := string(draw(t, m, bpmn.DrawOptions{Lang: i18n.EN, Standalone: true, ID: "two"}))
	for _, s := range []string{`id="two-title"`, "Diagram of the process", "Task of a person: Soạn giấy phép", `fill="#`} {
		if !strings.Contains(english, s) {
			t.Errorf("no %s", s)
		}
	}
	if !bytes.Equal(svg, draw(t, m, bpmn.DrawOptions{
		Current: []string{"verify"}, Heat: map[string]float64{"verify": 1, "sign": 7, "draft": 0.5, "check": 0},
		Labels: func(id string) string { return map[string]string{"give": "Trao tận tay"}[id] },
	})) {
		t.Error("not the same twice")
	}
	if len(m.Diagrams) > 0 {
		t.Error("drawing changed the model")
	}
}

// Names are text, whatever stands in them: also those that the caller gives.
func TestDrawEscapes(t *testing.T) {
	t.Parallel()
	m := parsed(t, file(chain(2)))
	svg := string(draw(t, m, bpmn.DrawOptions{Title: `</title><script>`, Labels: func(string) string { return `"><script>alert(1)</script>` }}))
	if strings.Contains(svg, "<script") {
		t.Error("a script")
	}
	drawn(t, []byte(svg))
}

func TestDrawOfAPlaneThatIsNotThere(t *testing.T) {
	t.Parallel()
	if _, err := bpmn.Draw(parsed(t, file(chain(1))), bpmn.DrawOptions{Plane: "x"}); errs.KindOf(err) != errs.NotFound {
		t.Error(err)
	}
}

func FuzzDraw(f *testing.F) {
	f.Add([]byte(file(permit)))
	f.Add([]byte(tangle(3, 12)))
	f.Add(bpmn.Write(made()))
	for _, folder := range []string{"bpmn-engines", "bpmn-miwg"} {
		for _, data := range corpusIfThere(folder) {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _ := bpmn.Parse("x", data) // also what has problems is drawn, to show them
		if m == nil {
			return
		}
		var out []byte
		var err error
		within(t, "drawing", 3*time.Second, func() {
			out, err = bpmn.Draw(m, bpmn.DrawOptions{Standalone: len(data)%2 == 0, Heat: map[string]float64{"a": 1}})
		})
		if err != nil {
			return
		}
		drawn(t, out)
	})
}

func BenchmarkC(b *testing.B) {
	files := corpus(b, "bpmn-miwg")
	for _, name := range []string{"C.1.0.bpmn", "C.8.0.bpmn"} {
		data := files[name]
		m := parsed(b, string(data))
		b.Run("parse/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				bpmn.Parse(name, data)
			}
		})
		b.Run("write/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bpmn.Write(m)
			}
		})
		b.Run("draw/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				draw(b, m, bpmn.DrawOptions{})
			}
		})
	}
	m := parsed(b, file(permit))
	b.Run("layout/permit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Diagrams = nil
			bpmn.Layout(m)
		}
	})
}
