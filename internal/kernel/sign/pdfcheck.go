package sign

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf16"

	"khue/internal/kernel/clock"
)

// CheckPDF verifies every signature of a PDF, the oldest first. Error: ErrPDF. A PDF without
// signature has none.
func (a Authorities) CheckPDF(ctx context.Context, b []byte) (out []Signature, err error) {
	defer recovered(&err)
	a = a.once()
	if len(b) > MaxFile {
		return nil, broken("too large")
	}
	f, err := openPDF(b)
	if err != nil {
		return nil, err
	}
	dicts, err := f.signatures()
	if err != nil {
		return nil, err
	}
	for _, d := range dicts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out = append(out, a.checkOne(ctx, f, d))
	}
	slices.SortStableFunc(out, func(x, y Signature) int { return x.Covers - y.Covers })
	// What was added after a signature is compared with what that signature covers.
	for i := range out {
		s := &out[i]
		if s.Whole != Kept || s.Covers == 0 {
			continue
		}
		if rest := bytes.TrimSpace(b[s.Covers:]); len(rest) == 0 {
			continue
		}
		unsound := slices.ContainsFunc(out[i+1:], func(x Signature) bool { return x.Whole == Altered || x.Whole == Unread })
		if s.Whole = Signed; unsound || addedMore(b, s.Covers) {
			s.Whole = Added
		}
	}
	return out, nil
}

// signatures finds the values of the signature fields.
func (f *pdfFile) signatures() ([]pdfDict, error) {
	root, err := f.dict(f.trailer["Root"])
	if err != nil {
		return nil, err
	}
	form, err := f.dict(root["AcroForm"])
	if err != nil {
		return nil, err
	}
	fields, err := f.array(form["Fields"])
	if err != nil {
		return nil, err
	}
	var out []pdfDict
	seen := map[pdfRef]bool{}
	var walk func(list pdfArray, kind any, depth int) error
	walk = func(list pdfArray, kind any, depth int) error {
		if depth > maxDepth {
			return broken("fields nested too deeply")
		}
		for _, v := range list {
			if r, ok := v.(pdfRef); ok {
				if seen[r] {
					continue
				}
				seen[r] = true
			}
			d, err := f.dict(v)
			if err != nil {
				return err
			}
			own := kind
			if d["FT"] != nil {
				own = d["FT"]
			}
			if own == pdfName("Sig") && d["V"] != nil {
				r, isRef := d["V"].(pdfRef)
				if isRef && seen[r] {
					continue
				}
				seen[r] = true
				s, err := f.dict(d["V"])
				if err != nil {
					return err
				}
				if out = append(out, s); len(out) > maxSignatures {
					return broken("too many signatures")
				}
			}
			kids, err := f.array(d["Kids"])
			if err != nil {
				return err
			}
			if err := walk(kids, own, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return out, walk(fields, nil, 0)
}

func (a Authorities) checkOne(ctx context.Context, f *pdfFile, d pdfDict) (s Signature) {
	s = Signature{Format: "CMS", Whole: Unread, Trust: Unknown}
	s.Claimed, s.Reason = parsePDFTime(d["M"]), plainText(d["Reason"])
	switch d["SubFilter"] {
	case pdfName("ETSI.CAdES.detached"):
		s.Format = "PAdES"
	case pdfName("adbe.pkcs7.detached"):
	default:
		s.Why = errors.New("sign: unknown kind of signature")
		return s
	}
	list, err := f.array(d["ByteRange"])
	cms, ok := d["Contents"].(pdfText)
	if err != nil || len(list) != 4 || !ok {
		s.Why = errors.New("sign: what is signed is not said")
		return s
	}
	var r [4]int
	for i := range r {
		if r[i], ok = integer(list[i]); !ok || r[i] < 0 || r[i] > len(f.b) {
			s.Why = errors.New("sign: what is signed is not said")
			return s
		}
	}
	// All but the signature itself must be signed, and the gap must hold just that.
	end := r[2] + r[3]
	if r[0] != 0 || r[2] < r[1]+2 || end > len(f.b) || f.b[r[1]] != '<' || f.b[r[2]-1] != '>' {
		s.Why = errors.New("sign: the signed range does not fit the file")
		return s
	}
	gap, err := unhex(f.b[r[1]+1 : r[2]-1])
	if err != nil || !bytes.Equal(gap, cms) {
		s.Why = errors.New("sign: the signature is not in its gap")
		return s
	}
	s.Covers = end
	signed := make([]byte, 0, r[1]+r[3])
	signed = append(append(signed, f.b[:r[1]]...), f.b[r[2]:end]...)
	s.Why = a.checkCMS(ctx, trimDER(cms), signed, &s)
	return s
}

// trimDER cuts the zeros with which the room of a signature is filled.
func trimDER(b []byte) []byte {
	if len(b) < 4 || b[0] != 0x30 || b[1] < 0x81 || b[1] > 0x84 {
		return b
	}
	n, size := 0, int(b[1]&0x7f)
	if len(b) < 2+size {
		return b
	}
	for _, c := range b[2 : 2+size] {
		n = n<<8 | int(c)
	}
	if n > len(b)-2-size {
		return b
	}
	return b[:2+size+n]
}

// addedMore reports whether what was added behind a signed part is more than signatures and
// what proves them. Whatever cannot be understood counts as more.
func addedMore(b []byte, end int) bool {
	was, err := openPDF(b[:end])
	if err != nil {
		return true
	}
	is, err := openPDF(b)
	if err != nil || !same(was.trailer["Root"], is.trailer["Root"]) || !same(was.trailer["Info"], is.trailer["Info"]) {
		return true
	}
	c := comparison{was: was, is: is, form: map[pdfRef]string{}}
	if err := c.roles(); err != nil {
		return true
	}
	for n, old := range was.xref {
		now, ok := is.xref[n]
		if ok && now == old && !(old.stream != 0 && was.xref[old.stream] != is.xref[old.stream]) {
			continue
		}
		if old.at < 0 {
			continue // was free: what stands there now shows only if something names it
		}
		if !c.harmless(n) {
			return true
		}
	}
	return false
}

// comparison knows which objects may change when a signature is added, and how.
type comparison struct {
	was, is *pdfFile
	form    map[pdfRef]string
}

// roles notes the objects that a further signature touches.
func (c *comparison) roles() error {
	rootRef, _ := c.was.trailer["Root"].(pdfRef)
	c.form[rootRef] = "root"
	root, err := c.was.dict(rootRef)
	if err != nil {
		return err
	}
	note := func(v any, role string) {
		if r, ok := v.(pdfRef); ok {
			c.form[r] = role
		}
	}
	note(root["AcroForm"], "form")
	form, err := c.was.dict(root["AcroForm"])
	if err != nil {
		return err
	}
	note(form["Fields"], "fields")
	for n := 1; n <= 5000; n++ {
		r, page, err := c.was.page(n)
		if errors.Is(err, ErrPage) {
			return nil
		}
		if err != nil {
			return err
		}
		c.form[r] = "page"
		note(page["Annots"], "fields")
	}
	return broken("too many pages")
}

func (c *comparison) harmless(num int) bool {
	r := pdfRef{num: num, gen: c.was.xref[num].gen}
	was, err1 := c.was.get(r)
	is, err2 := c.is.get(r)
	if err1 != nil || err2 != nil {
		return false
	}
	if same(was, is) {
		return true
	}
	x, ok1 := was.(pdfDict)
	y, ok2 := is.(pdfDict)
	switch role := c.form[r]; {
	case role == "fields":
		a, ok1 := was.(pdfArray)
		b, ok2 := is.(pdfArray)
		return ok1 && ok2 && c.appended(a, b)
	case !ok1 || !ok2:
		return false
	case role == "root":
		return c.onlyChanges(x, y, func(k pdfName) bool {
			switch k {
			case "DSS", "Extensions", "Metadata": // proofs of older signatures; never drawn
				return true
			case "AcroForm":
				f, err1 := c.was.dict(x[k])
				g, err2 := c.is.dict(y[k])
				return err1 == nil && err2 == nil && c.formKept(f, g)
			}
			return false
		})
	case role == "form":
		return c.formKept(x, y)
	case role == "page":
		return c.onlyChanges(x, y, func(k pdfName) bool { return k == "Annots" && c.listKept(x[k], y[k]) })
	}
	return false
}

func (c *comparison) onlyChanges(x, y pdfDict, may func(pdfName) bool) bool {
	for k := range x {
		if !same(x[k], y[k]) && !may(k) {
			return false
		}
	}
	for k := range y {
		if _, ok := x[k]; !ok && !may(k) {
			return false
		}
	}
	return true
}

func (c *comparison) formKept(x, y pdfDict) bool {
	return c.onlyChanges(x, y, func(k pdfName) bool {
		return k == "SigFlags" || k == "Fields" && c.listKept(x[k], y[k])
	})
}

func (c *comparison) listKept(x, y any) bool {
	a, err1 := c.was.array(x)
	b, err2 := c.is.array(y)
	return err1 == nil && err2 == nil && c.appended(a, b)
}

// appended reports whether b is a, with fields of signatures behind it.
func (c *comparison) appended(a, b pdfArray) bool {
	if len(b) < len(a) || !same(a, b[:len(a)]) {
		return false
	}
	for _, v := range b[len(a):] {
		d, err := c.is.dict(v)
		if err != nil || d["FT"] != pdfName("Sig") || d["Kids"] != nil || d["A"] != nil || d["AA"] != nil {
			return false
		}
		// An empty field shows nothing; what shows must have a signature of its own.
		val, isRef := d["V"].(pdfRef)
		if _, old := c.was.xref[val.num]; d["V"] != nil && (!isRef || old) || d["V"] == nil && d["AP"] != nil {
			return false
		}
	}
	return true
}

func parsePDFTime(v any) time.Time {
	b, _ := v.(pdfText)
	s := string(bytes.ReplaceAll(bytes.TrimPrefix(b, []byte("D:")), []byte("'"), nil))
	for _, layout := range []string{"20060102150405-0700", "20060102150405Z", "20060102150405"} {
		if t, err := time.ParseInLocation(layout, s, clock.Zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// plainText is a text for people, cut where it is long.
func plainText(v any) string {
	b, _ := v.(pdfText)
	b = b[:min(len(b), 1000)]
	if !bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return string(bytes.ToValidUTF8(b, []byte("?")))
	}
	var u []uint16
	for i := 2; i+1 < len(b); i += 2 {
		u = append(u, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(u))
}
