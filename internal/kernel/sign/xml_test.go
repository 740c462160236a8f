package sign

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const document = `<?xml version="1.0" encoding="UTF-8"?>
<k:hoSo xmlns:k="urn:khue:ho-so" xmlns:unused="urn:x" ma='H26-1'>
  <!-- ghi chú --><k:ten>Nguyễn Văn An &amp; vợ</k:ten><k:soTien loai="phí"  b="1" a="2">5000000</k:soTien>
</k:hoSo>
`

// xmlsec1, which no one here wrote, reads two signatures of one document, by ECDSA and RSA.
func TestXMLHoldsElsewhere(t *testing.T) {
	r := newRig(t)
	one, err := SignXML(t.Context(), []byte(document), r.ecdsa, r.stamp, r.now)
	if err != nil {
		t.Fatal(err)
	}
	two, err := SignXML(t.Context(), one, r.rsa, r.stamp, r.now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.authority.CheckXML(t.Context(), two)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for _, s := range got {
		if !s.Good() || s.Format != "XAdES" || s.Stamped.Unix() != r.now.Unix() || s.Claimed.Unix() != r.now.Unix() {
			t.Errorf("%+v", s)
		}
	}
	path := r.put(t, "two.xml", two)
	for _, n := range []string{"1", "2"} {
		out, err := r.run(t, "xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem", "root.pem", "--id-attr:Id", nsXAdES+":SignedProperties",
			"--node-xpath", "(//*[local-name()='Signature'])["+n+"]", path)
		if err != nil || !strings.Contains(out, "OK") {
			t.Errorf("xmlsec1 %s: %v\n%s", n, err, out)
		}
	}
}

// A changed document, moved parts, another certificate and unsigned times are told.
func TestXMLChangesAreSeen(t *testing.T) {
	r := newRig(t)
	one, err := SignXML(t.Context(), []byte(document), r.ecdsa, nil, r.now)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"amount":    {"5000000", "9000000"},
		"attribute": {`ma='H26-1'`, `ma='H26-2'`}, "attribute2": {`ma="H26-1"`, `ma="H26-2"`},
		"added": {"</k:hoSo>", "<k:them/></k:hoSo>"},
		"time":  {"SigningTime>20", "SigningTime>19"},
		"same":  {"<ds:SignedInfo", `<ds:Object Id="x"/><ds:Object Id="x"/><ds:SignedInfo`},
	} {
		bad := bytes.Replace(one, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(bad, one) {
			continue
		}
		got, err := r.authority.CheckXML(t.Context(), bad)
		if err != nil || len(got) != 1 || got[0].Good() || got[0].Whole == Kept {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	// A signed element that was moved away, another put into its place.
	moved := strings.Replace(string(one), "<k:hoSo", "<k:gia xmlns:k=\"urn:khue:ho-so\"><k:hoSo", 1)
	moved = strings.TrimSpace(moved) + "</k:gia>"
	if got, err := r.authority.CheckXML(t.Context(), []byte(moved)); err != nil || got[0].Good() {
		t.Errorf("wrapped: %+v %v", got, err)
	}
	for name, bad := range map[string]string{
		"entities": `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, "laughs": `<!DOCTYPE a [<!ENTITY x "ha">]><a>&x;</a>`,
		"deep": strings.Repeat("<a>", 5000), "none": "", "two": "<a/><b/>", "text": "xin chào", "style": `<?xml-stylesheet href="x"?><a/>`,
	} {
		if _, err := r.authority.CheckXML(t.Context(), []byte(bad)); !errors.Is(err, ErrXML) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := SignXML(t.Context(), []byte(bad), r.ecdsa, nil, r.now); !errors.Is(err, ErrXML) {
			t.Errorf("%s is signed: %v", name, err)
		}
	}
}
