package sign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/clock"
)

// Looks is how a signature shows on paper (Decree 30/2020, annex I).
type Looks int

// The looks.
const (
	// Personal is the person's signature: an image between title and name.
	Personal Looks = iota + 1
	// Seal is the agency's: its image in real size, a third of it over the signature's left.
	Seal
	// Words is a line of text, for attached files: number and sign; time of signing (ISO 8601).
	Words
)

// Visible is where and how a signature shows. Exactly one of Image and Lines may be empty.
type Visible struct {
	Page  int        // from 1; 0 is the last
	Rect  [4]float64 // left, bottom, right, top in points
	Kind  Looks
	Lines []string
	Image []byte // PNG, may be transparent, or JPEG
	Font  []byte // TrueType of Lines
}

// PDFOptions is what stands beside a signature.
type PDFOptions struct {
	Name, Reason, Location string
	At                     time.Time
	Visible                *Visible
	// Room is kept for the CMS, in bytes; 0: 12,000.
	Room int
}

// Pending is a PDF that waits for its signature. Digest is what is to be signed.
type Pending struct {
	Digest   []byte
	pdf      []byte
	from, to int // of the hexadecimal text of the CMS, without its marks
}

// SignPDF adds a signature to a PDF without touching a byte of it (ETSI EN 319 142-1, PAdES
// B-T; B-B where stamp is nil). Errors: ErrPDF; ErrPage; ErrWeak; those of the key and stamp.
func SignPDF(ctx context.Context, pdf []byte, by Signer, stamp Stamper, o PDFOptions) ([]byte, error) {
	if _, err := leaf(ctx, by); err != nil {
		return nil, err
	}
	p, err := PreparePDF(pdf, o)
	if err != nil {
		return nil, err
	}
	cms, err := CMS(ctx, p.Digest, by, stamp)
	if err != nil {
		return nil, err
	}
	return p.Complete(cms)
}

// PreparePDF adds all of a signature but its value.
func PreparePDF(pdf []byte, o PDFOptions) (*Pending, error) {
	f, err := openPDF(pdf)
	if err != nil {
		return nil, err
	}
	u := &update{f: f, changed: map[pdfRef]any{}, next: 1}
	for n := range f.xref {
		u.next = max(u.next, n+1)
	}
	if n, ok := integer(f.trailer["Size"]); ok && n < 1<<23 {
		u.next = max(u.next, n)
	}
	if o.Room == 0 {
		o.Room = 12_000
	}
	sig, err := u.field(o)
	if err != nil {
		return nil, err
	}
	return u.finish(sig, o.Room)
}

// Prepared is the file with its room, to be kept until the signature comes: Resume goes on with it.
func (p *Pending) Prepared() (pdf []byte, from, to int) { return p.pdf, p.from, p.to }

// Resume is a Pending of what Prepared gave; its Digest is not known any more.
func Resume(pdf []byte, from, to int) *Pending { return &Pending{pdf: pdf, from: from, to: to} }

// Complete puts the CMS into its place.
func (p *Pending) Complete(cms []byte) ([]byte, error) {
	if p.from < 0 || p.to > len(p.pdf) || len(cms)*2 > p.to-p.from {
		return nil, fmt.Errorf("sign: a signature of %d bytes is larger than its room", len(cms))
	}
	out := bytes.Clone(p.pdf)
	copy(out[p.from:], fmt.Sprintf("%x", cms))
	return out, nil
}

// update is what is added to a PDF.
type update struct {
	f       *pdfFile
	changed map[pdfRef]any
	next    int
}

func (u *update) add(v any) pdfRef {
	r := pdfRef{num: u.next}
	u.next++
	u.changed[r] = v
	return r
}

// field adds the signature's dictionary, its field and what shows of it.
func (u *update) field(o PDFOptions) (pdfRef, error) {
	sig := u.add(pdfDict{
		"Type": pdfName("Sig"), "Filter": pdfName("Adobe.PPKLite"), "SubFilter": pdfName("ETSI.CAdES.detached"),
		"M": pdfText(pdfTime(o.At)), "Name": textOf(o.Name), "Reason": textOf(o.Reason), "Location": textOf(o.Location),
	})
	n := 0
	if o.Visible != nil {
		n = o.Visible.Page
	}
	pageRef, page, err := u.pageOf(n)
	if err != nil {
		return sig, err
	}
	widget := pdfDict{
		"Type": pdfName("Annot"), "Subtype": pdfName("Widget"), "FT": pdfName("Sig"), "F": 132, // print, locked
		"T": textOf(fmt.Sprintf("Khue%d", u.next)), "V": sig, "P": pageRef, "Rect": pdfArray{0, 0, 0, 0},
	}
	if v := o.Visible; v != nil {
		if v.Rect[0] >= v.Rect[2] || v.Rect[1] >= v.Rect[3] {
			return sig, errors.New("sign: the visible signature has no room")
		}
		look, err := u.appearance(v)
		if err != nil {
			return sig, err
		}
		widget["Rect"] = pdfArray{v.Rect[0], v.Rect[1], v.Rect[2], v.Rect[3]}
		widget["AP"] = pdfDict{"N": look}
		widget["Contents"] = textOf(strings.Join(v.Lines, "\n"))
	}
	w := u.add(widget)
	if err := u.extend(pageRef, page, "Annots", w); err != nil {
		return sig, err
	}
	return sig, u.form(w)
}

func (u *update) pageOf(n int) (pdfRef, pdfDict, error) {
	if n > 0 {
		return u.f.page(n)
	}
	root, err := u.f.dict(u.f.trailer["Root"])
	if err != nil {
		return pdfRef{}, nil, err
	}
	pages, err := u.f.dict(root["Pages"])
	if err != nil {
		return pdfRef{}, nil, err
	}
	count, err := u.f.resolve(pages["Count"])
	if err != nil {
		return pdfRef{}, nil, err
	}
	last, _ := integer(count)
	return u.f.page(max(1, min(last, 100_000)))
}

// extend puts a reference at the end of a list of a dictionary, wherever the list stands.
func (u *update) extend(at pdfRef, d pdfDict, key pdfName, r pdfRef) error {
	list, err := u.f.array(d[key])
	if err != nil {
		return err
	}
	list = append(slices.Clone(list), r)
	if own, ok := d[key].(pdfRef); ok {
		u.changed[own] = list
		return nil
	}
	d = maps.Clone(d)
	d[key] = list
	u.changed[at] = d
	return nil
}

// form names the field in the form of the document.
func (u *update) form(w pdfRef) error {
	rootRef, ok := u.f.trailer["Root"].(pdfRef)
	if !ok {
		return broken("no catalogue")
	}
	root, err := u.f.dict(rootRef)
	if err != nil {
		return err
	}
	form, err := u.f.dict(root["AcroForm"])
	if err != nil {
		return err
	}
	form = maps.Clone(form)
	if form == nil {
		form = pdfDict{}
	}
	form["SigFlags"] = 3 // signatures exist; append only
	at, own := root["AcroForm"].(pdfRef)
	if !own {
		root = maps.Clone(root)
		root["AcroForm"] = form
		at = rootRef
	}
	list, err := u.f.array(form["Fields"])
	if err != nil {
		return err
	}
	list = append(slices.Clone(list), w)
	if r, ok := form["Fields"].(pdfRef); ok {
		u.changed[r] = list
	} else {
		form["Fields"] = list
	}
	if own {
		u.changed[at] = form
	} else {
		u.changed[at] = root
	}
	return nil
}

const rangeRoom = "[0 0000000000 0000000000 0000000000]"

// finish writes the update behind the file and fills in what is signed.
func (u *update) finish(sig pdfRef, room int) (*Pending, error) {
	var b bytes.Buffer
	b.Write(u.f.b)
	if n := len(u.f.b); u.f.b[n-1] != '\n' {
		b.WriteByte('\n')
	}
	at := map[int]entry{}
	var rangeAt, from int
	refs := slices.SortedFunc(maps.Keys(u.changed), func(a, b pdfRef) int { return a.num - b.num })
	for _, r := range refs {
		at[r.num] = entry{at: b.Len(), gen: r.gen}
		fmt.Fprintf(&b, "%d %d obj\n", r.num, r.gen)
		v := u.changed[r]
		if r == sig {
			var text bytes.Buffer
			write(&text, v)
			b.Write(bytes.TrimSuffix(text.Bytes(), []byte(">>")))
			b.WriteString("/ByteRange ")
			rangeAt = b.Len()
			b.WriteString(rangeRoom + "/Contents ")
			from = b.Len() + 1
			b.WriteString("<" + strings.Repeat("0", 2*room) + ">>>")
		} else {
			write(&b, v)
		}
		b.WriteString("\nendobj\n")
	}
	u.crossReference(&b, refs, at)
	pdf, to := b.Bytes(), from+2*room
	text := fmt.Sprintf("[0 %d %d %d]", from-1, to+1, len(pdf)-to-1)
	copy(pdf[rangeAt:], text+strings.Repeat(" ", len(rangeRoom)-len(text)))
	h := sha256.New()
	_, _ = h.Write(pdf[:from-1])
	_, _ = h.Write(pdf[to+1:])
	return &Pending{Digest: h.Sum(nil), pdf: pdf, from: from, to: to}, nil
}

// crossReference is of the kind that the file has.
func (u *update) crossReference(b *bytes.Buffer, refs []pdfRef, at map[int]entry) {
	d := pdfDict{"Root": u.f.trailer["Root"], "Prev": u.f.start, "Size": u.next}
	for _, k := range []pdfName{"Info", "ID"} {
		if v, ok := u.f.trailer[k]; ok {
			d[k] = v
		}
	}
	start := b.Len()
	if !u.f.streams {
		b.WriteString("xref\n")
		for _, r := range refs {
			fmt.Fprintf(b, "%d 1\n%010d %05d n \n", r.num, at[r.num].at, r.gen)
		}
		b.WriteString("trailer\n")
		write(b, d)
	} else {
		own := pdfRef{num: u.next}
		at[own.num] = entry{at: start}
		d["Size"], d["Type"], d["W"] = u.next+1, pdfName("XRef"), pdfArray{1, 5, 2}
		var index pdfArray
		var rows []byte
		for _, r := range append(refs, own) {
			e := at[r.num]
			index = append(index, r.num, 1)
			rows = append(rows, 1, byte(e.at>>32), byte(e.at>>24), byte(e.at>>16), byte(e.at>>8), byte(e.at), byte(e.gen>>8), byte(e.gen)) //nolint:gosec // cut on purpose
		}
		d["Index"] = index
		fmt.Fprintf(b, "%d 0 obj\n", own.num)
		write(b, pdfStream{d, rows})
		b.WriteString("\nendobj")
	}
	fmt.Fprintf(b, "\nstartxref\n%d\n%%%%EOF\n", start)
}

func pdfTime(t time.Time) string {
	return t.In(clock.Zone).Format("D:20060102150405-07'00'")
}

// textOf is a text as UTF-16 where it needs to be.
func textOf(s string) pdfText {
	for _, c := range s {
		if c > 126 {
			out := pdfText{0xfe, 0xff}
			for _, u := range utf16Of(s) {
				out = append(out, byte(u>>8), byte(u)) //nolint:gosec // cut on purpose
			}
			return out
		}
	}
	return pdfText(s)
}
