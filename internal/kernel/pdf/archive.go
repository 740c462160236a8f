package pdf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// producer names the program in files. It carries no version: the same paper stays the same.
const producer = "Khue"

// archive gives a document that the setter made the structure of PDF/A-2b (ISO 19005-2): a
// binary header, an identifier, metadata in XMP that agree with those in the trailer, and the
// colour space that its colours are meant in. The setter writes objects one after another,
// information and catalogue last, and one table; both are written anew here.
func archive(doc []byte, o Options) ([]byte, error) {
	offsets, err := objects(doc)
	if err != nil {
		return nil, err
	}
	n := len(offsets) // objects, the last two of which are replaced
	head := bytes.IndexByte(doc, '\n') + 1
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	shift := out.Len() - head
	out.Write(doc[head:offsets[n-2]])
	at := make([]int, n, n+2)
	for i := range n - 2 {
		at[i] = offsets[i] + shift
	}
	object := func(i int, text string) {
		if i < len(at) {
			at[i] = out.Len()
		} else {
			at = append(at, out.Len())
		}
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, text)
	}
	day := o.Created.UTC()
	object(n-2, fmt.Sprintf("<< /Title %s /Producer (%s) /CreationDate (D:%s) /ModDate (D:%[3]s) >>", utf16Text(o.Title), producer, day.Format("20060102150405Z")))
	object(n-1, fmt.Sprintf("<< /Type /Catalog /Pages 1 0 R /Lang (%s) /Metadata %d 0 R /OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB IEC61966-2.1) /DestOutputProfile %d 0 R >>] /ViewerPreferences << /DisplayDocTitle true >> >>",
		o.Lang, n+1, n+2))
	meta := metadata(o, day)
	object(n, fmt.Sprintf("<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream", len(meta), meta))
	icc := srgb()
	object(n+1, fmt.Sprintf("<< /N 3 /Alternate /DeviceRGB /Length %d >>\nstream\n%s\nendstream", len(icc), icc))
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, x := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", x)
	}
	name := sha256.Sum256([]byte(o.ID))
	id := hex.EncodeToString(name[:16])
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%s> <%[4]s>] >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, n, n-1, id, table)
	return out.Bytes(), nil
}

// objects reads where the setter's objects begin.
func objects(doc []byte) (offsets []int, err error) {
	bad := func(what string) error { return fmt.Errorf("pdf: the setter's file has no %s", what) }
	i := bytes.LastIndex(doc, []byte("startxref\n"))
	if i < 0 {
		return nil, bad("end")
	}
	digits, _, _ := strings.Cut(string(doc[i+len("startxref\n"):]), "\n")
	table, err := strconv.Atoi(digits)
	if err != nil || table < 0 || table >= len(doc) {
		return nil, bad("table")
	}
	lines := strings.Split(string(doc[table:i]), "\n")
	if len(lines) < 4 || lines[0] != "xref" {
		return nil, bad("table")
	}
	for _, l := range lines[3:] {
		if len(l) < 18 || l[17] != 'n' {
			break
		}
		x, err := strconv.Atoi(l[:10])
		if err != nil || x <= 0 || x >= table {
			return nil, bad("offset")
		}
		offsets = append(offsets, x)
	}
	if len(offsets) < 3 {
		return nil, bad("objects")
	}
	return offsets, nil
}

// utf16Text is a text string of PDF in hexadecimal.
func utf16Text(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(clean(s))) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteByte('>')
	return b.String()
}

// metadata is the packet of XMP: what the document is, and that it claims PDF/A-2b.
func metadata(o Options, day time.Time) string {
	esc := func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(clean(s))) // a builder never fails
		return b.String()
	}
	at := day.Format("2006-01-02T15:04:05Z")
	name := sha256.Sum256([]byte(o.ID))
	h := hex.EncodeToString(name[:16])
	uuid := h[:8] + "-" + h[8:12] + "-5" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
	return `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="2" pdfaid:conformance="B"/>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>application/pdf</dc:format><dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + esc(o.Title) + `</rdf:li></rdf:Alt></dc:title><dc:language><rdf:Bag><rdf:li>` + esc(o.Lang) + `</rdf:li></rdf:Bag></dc:language></rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="` + at + `" xmp:ModifyDate="` + at + `" xmp:MetadataDate="` + at + `"/>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" pdf:Producer="` + producer + `"/>
<rdf:Description rdf:about="" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmpMM:DocumentID="uuid:` + uuid + `" xmpMM:InstanceID="uuid:` + uuid + `"/>
</rdf:RDF></x:xmpmeta>
` + strings.Repeat(strings.Repeat(" ", 99)+"\n", 20) + `<?xpacket end="w"?>`
}
