package e2e

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// eventually waits for what the page shows after a while.
func (v *visitor) eventually(what string, ok func() bool) {
	v.t.Helper()
	for began := time.Now(); !ok(); {
		if time.Since(began) > bound {
			v.t.Fatalf("it did not happen at %s (%s): %s; the page says:\n%.2500s", v.path(), v.look, what, v.text())
		}
		v.must(v.within().WaitRepaint())
	}
}

// inner is the text of an element.
func (v *visitor) inner(selector string) string {
	v.t.Helper()
	text, err := v.find(selector).Text()
	v.must(err)
	return text
}

// pressable are the roles of what a person can use.
var pressable = []string{"button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "spinbutton", "DisclosureTriangle", "option", "tab", "menuitem", "Iframe"}

// named reads the accessibility tree as a screen reader does: what can be used has a name,
// there is one main heading, and no level of headings is left out.
func (v *visitor) named() {
	v.t.Helper()
	tree, err := proto.AccessibilityGetFullAXTree{}.Call(v.within())
	v.must(err)
	byID := map[proto.AccessibilityAXNodeID]*proto.AccessibilityAXNode{}
	for _, n := range tree.Nodes {
		byID[n.NodeID] = n
	}
	text := func(x *proto.AccessibilityAXValue) string {
		if x == nil {
			return ""
		}
		return x.Value.Str()
	}
	level, first, used := 0, 0, 0
	var walk func(n *proto.AccessibilityAXNode)
	walk = func(n *proto.AccessibilityAXNode) {
		if !n.Ignored {
			role, name := text(n.Role), text(n.Name)
			if slices.Contains(pressable, role) {
				if used++; name == "" {
					what, _ := proto.DOMDescribeNode{BackendNodeID: n.BackendDOMNodeID}.Call(v.within())
					v.t.Errorf("a %s has no name at %s (%s): %v", role, v.path(), v.look, what)
				}
			}
			if role == "heading" {
				now := 0
				for _, p := range n.Properties {
					if p.Name == "level" {
						now = p.Value.Value.Int()
					}
				}
				if now == 1 {
					first++
				}
				if now > level+1 || name == "" {
					v.t.Errorf("heading %q of level %d follows level %d at %s (%s)", name, now, level, v.path(), v.look)
				}
				level = now
			}
		}
		for _, c := range n.ChildIDs {
			if child := byID[c]; child != nil {
				walk(child)
			}
		}
	}
	walk(tree.Nodes[0])
	if first != 1 || used < 10 {
		v.t.Errorf("%s (%s) has %d main headings and %d things to use", v.path(), v.look, first, used)
	}
}

// withPaper files a dossier with a scanned paper at the counter.
func withPaper(t *testing.T, city *citytest.City) (code string) {
	t.Helper()
	scan := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
	ref, err := city.Blobs.Put(t.Context(), bytes.NewReader(scan), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	b := citytest.Counter()
	answers := form.Answers{}
	for path, v := range b["answers"].(map[string]any) {
		answers[path] = form.Answer{Value: v}
	}
	filed, err := city.Dossiers.Submit(officer(t, city, "motcua"), dossier.Submission{
		Service: fmt.Sprint(b["service"]), Case: "normal", Channel: service.Counter, Applicant: dossier.Party{Name: "Nguyễn Thị Hạnh", Phone: "0912000001"}, Answers: answers,
		Papers: []form.File{
			{Paper: "birthSlip", Name: "giay-chung-sinh.pdf", Type: "pdf", Size: int64(len(scan)), SHA256: ref.SHA256, Originals: 1},
			{Paper: "birthSlip", Name: "mat-sau.pdf", Type: "pdf", Size: int64(len(scan)), SHA256: ref.SHA256, Copies: 1},
		},
		Delivery: dossier.Delivery{Method: "counter"}, Lang: "vi", Key: web.NewKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return filed.Code
}

// officer is a demo person as the services know them.
func officer(t *testing.T, city *citytest.City, login string) context.Context {
	t.Helper()
	for _, a := range city.Demo.Accounts {
		if a.Login == login {
			sub, err := city.Auth.Resolve(t.Context(), a.Token)
			if err != nil {
				t.Fatal(err)
			}
			return auth.With(t.Context(), sub)
		}
	}
	t.Fatalf("the demo has nobody called %s", login)
	return nil
}

// unitOf is where a demo person stands.
func unitOf(t *testing.T, city *citytest.City, login string) string {
	t.Helper()
	return city.Dossiers.Posts(officer(t, city, login))[0].String()
}
