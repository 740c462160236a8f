package sign

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"maps"
	"strconv"
)

// Bounds of a PDF that is read.
const (
	maxObjects  = 400_000
	maxSections = 300
	maxInflated = 48 << 20
	maxValues   = 4_000_000
)

// entry is where an object lies: at an offset, or as the nth of an object stream.
type entry struct {
	at, gen int
	stream  int // number of the object stream; 0: none
	index   int
}

// pdfFile is a PDF whose cross-references were read. Objects are read when asked for.
type pdfFile struct {
	b        []byte
	xref     map[int]entry
	trailer  pdfDict
	start    int  // of the last cross-reference
	streams  bool // it is a stream
	fed      int
	inflated int
	packs    map[int][]any // object streams that were read
	packed   map[int][]int // numbers of theirs
}

func openPDF(b []byte) (*pdfFile, error) {
	f := &pdfFile{b: b, xref: map[int]entry{}, fed: maxValues, inflated: maxInflated, packs: map[int][]any{}, packed: map[int][]int{}}
	if i := bytes.Index(b[:min(len(b), 1024)], []byte("%PDF-")); i != 0 {
		return nil, broken("no header")
	}
	tail := b[max(0, len(b)-2048):]
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		return nil, broken("no startxref")
	}
	l := f.lex(len(b) - len(tail) + i + len("startxref"))
	at, err := strconv.Atoi(l.word())
	if err != nil {
		return nil, broken("startxref without number")
	}
	f.start = at
	if err := f.sections(at); err != nil {
		return nil, err
	}
	if _, ok := f.trailer["Encrypt"]; ok {
		return nil, errors.Join(ErrPDF, errEncrypted)
	}
	if _, ok := f.trailer["Root"].(pdfRef); !ok {
		return nil, broken("no catalogue")
	}
	return f, nil
}

var errEncrypted = errors.New("sign: the PDF is encrypted")

func (f *pdfFile) lex(at int) *lexer { return &lexer{b: f.b, at: at, fed: &f.fed} }

// sections reads the cross-references from the last to the first; the latest word on an
// object counts.
func (f *pdfFile) sections(at int) error {
	seen, todo := map[int]bool{}, []int{at}
	for len(todo) > 0 {
		at, todo = todo[0], todo[1:]
		if at < 0 || at >= len(f.b) {
			return broken("cross-reference outside of the file")
		}
		if seen[at] {
			return broken("cross-references in a circle")
		}
		if seen[at] = true; len(seen) > maxSections {
			return broken("too many cross-references")
		}
		l := f.lex(at)
		l.skip()
		var d pdfDict
		var err error
		if l.has("xref") {
			l.at += 4
			d, err = f.table(l)
		} else {
			if f.trailer == nil {
				f.streams = true
			}
			d, err = f.crossStream(l)
		}
		if err != nil {
			return err
		}
		if f.trailer == nil {
			f.trailer = d
		}
		for _, k := range []pdfName{"XRefStm", "Prev"} {
			if v, ok := d[k]; ok {
				n, ok := integer(v)
				if !ok {
					return broken("%s without number", k)
				}
				todo = append(todo, n)
			}
		}
	}
	return nil
}

func (f *pdfFile) put(num int, e entry) error {
	if _, ok := f.xref[num]; !ok {
		if f.xref[num] = e; len(f.xref) > maxObjects {
			return broken("too many objects")
		}
	}
	return nil
}

func (f *pdfFile) table(l *lexer) (pdfDict, error) {
	for {
		w := l.word()
		if w == "trailer" {
			v, err := l.value(0)
			d, ok := v.(pdfDict)
			if err == nil && !ok {
				err = broken("no trailer")
			}
			return d, err
		}
		first, err1 := strconv.Atoi(w)
		n, err2 := strconv.Atoi(l.word())
		if err1 != nil || err2 != nil || first < 0 || n < 0 || n > maxObjects {
			return nil, broken("cross-reference table")
		}
		for i := range n {
			at, err1 := strconv.Atoi(l.word())
			gen, err2 := strconv.Atoi(l.word())
			kind := l.word()
			if err1 != nil || err2 != nil || kind != "n" && kind != "f" {
				return nil, broken("cross-reference entry")
			}
			e := entry{at: at, gen: gen}
			if kind == "f" {
				e.at = -1
			}
			if err := f.put(first+i, e); err != nil {
				return nil, err
			}
		}
	}
}

func (f *pdfFile) crossStream(l *lexer) (pdfDict, error) {
	_, v, err := f.indirect(l, false)
	if err != nil {
		return nil, err
	}
	s, ok := v.(pdfStream)
	if !ok || s.dict["Type"] != pdfName("XRef") {
		return nil, broken("no cross-reference stream")
	}
	data, err := f.inflate(s)
	if err != nil {
		return nil, err
	}
	var w [3]int
	ws, _ := s.dict["W"].(pdfArray)
	if len(ws) != 3 {
		return nil, broken("widths of a cross-reference stream")
	}
	for i := range w {
		if w[i], ok = integer(ws[i]); !ok || w[i] < 0 || w[i] > 7 {
			return nil, broken("widths of a cross-reference stream")
		}
	}
	index, ok := s.dict["Index"].(pdfArray)
	if !ok {
		index = pdfArray{pdfNumber("0"), s.dict["Size"]}
	}
	row := w[0] + w[1] + w[2]
	for i := 0; i+1 < len(index); i += 2 {
		first, ok1 := integer(index[i])
		n, ok2 := integer(index[i+1])
		if !ok1 || !ok2 || n < 0 || first < 0 || row == 0 || n > len(data)/row {
			return nil, broken("index of a cross-reference stream")
		}
		for j := range n {
			x := [3]int{0: 1}
			at := 0
			for k := range w {
				if w[k] > 0 {
					x[k] = 0
				}
				for range w[k] {
					x[k] = x[k]<<8 | int(data[at])
					at++
				}
			}
			data = data[row:]
			e := entry{at: x[1], gen: x[2]}
			switch x[0] {
			case 0:
				e = entry{at: -1}
			case 2:
				e = entry{stream: x[1], index: x[2]}
			}
			if err := f.put(first+j, e); err != nil {
				return nil, err
			}
		}
	}
	return s.dict, nil
}

// indirect reads "num gen obj value endobj".
func (f *pdfFile) indirect(l *lexer, resolve bool) (pdfRef, any, error) {
	num, err1 := strconv.Atoi(l.word())
	gen, err2 := strconv.Atoi(l.word())
	if err1 != nil || err2 != nil || l.word() != "obj" {
		return pdfRef{}, nil, broken("no object at %d", l.at)
	}
	v, err := l.value(0)
	if err != nil {
		return pdfRef{}, nil, err
	}
	l.skip()
	d, ok := v.(pdfDict)
	if !ok || !l.has("stream") {
		return pdfRef{num, gen}, v, nil
	}
	l.at += len("stream")
	if l.has("\r\n") {
		l.at += 2
	} else if l.has("\n") {
		l.at++
	}
	length := d["Length"]
	if r, ok := length.(pdfRef); ok && resolve {
		if length, err = f.get(r); err != nil {
			return pdfRef{}, nil, err
		}
	}
	n, ok := integer(length)
	if !ok || n < 0 || n > len(l.b)-l.at {
		return pdfRef{}, nil, broken("length of a stream")
	}
	return pdfRef{num, gen}, pdfStream{d, l.b[l.at : l.at+n]}, nil
}

// get reads an object; null where there is none.
func (f *pdfFile) get(r pdfRef) (any, error) {
	e, ok := f.xref[r.num]
	if !ok || e.at < 0 {
		return pdfWord("null"), nil
	}
	if e.stream != 0 {
		if err := f.unpack(e.stream); err != nil {
			return nil, err
		}
		if e.index >= len(f.packs[e.stream]) || f.packed[e.stream][e.index] != r.num {
			return nil, broken("object %d is not in its stream", r.num)
		}
		return f.packs[e.stream][e.index], nil
	}
	if e.at >= len(f.b) {
		return nil, broken("object %d outside of the file", r.num)
	}
	if f.fed -= 10; f.fed < 0 {
		return nil, broken("too many values")
	}
	at, v, err := f.indirect(f.lex(e.at), true)
	if err == nil && at.num != r.num {
		err = broken("object %d is not where it is said", r.num)
	}
	return v, err
}

// resolve follows references.
func (f *pdfFile) resolve(v any) (any, error) {
	for range 20 {
		r, ok := v.(pdfRef)
		if !ok {
			return v, nil
		}
		var err error
		if v, err = f.get(r); err != nil {
			return nil, err
		}
	}
	return nil, broken("references in a circle")
}

// dict is a value as a dictionary; empty where it is none.
func (f *pdfFile) dict(v any) (pdfDict, error) {
	v, err := f.resolve(v)
	d, _ := v.(pdfDict)
	return d, err
}

func (f *pdfFile) array(v any) (pdfArray, error) {
	v, err := f.resolve(v)
	a, _ := v.(pdfArray)
	return a, err
}

func (f *pdfFile) unpack(num int) error {
	if _, ok := f.packs[num]; ok {
		return nil
	}
	if e := f.xref[num]; e.stream != 0 || e.at <= 0 {
		return broken("object stream %d", num)
	}
	f.packs[num] = nil // a stream that names itself
	v, err := f.get(pdfRef{num: num})
	if err != nil {
		return err
	}
	s, ok := v.(pdfStream)
	if !ok {
		return broken("object stream %d", num)
	}
	data, err := f.inflate(s)
	if err != nil {
		return err
	}
	n, ok1 := integer(s.dict["N"])
	first, ok2 := integer(s.dict["First"])
	if !ok1 || !ok2 || n < 0 || n > maxObjects || first < 0 || first > len(data) {
		return broken("object stream %d", num)
	}
	head := &lexer{b: data[:first], fed: &f.fed}
	for range n {
		id, err1 := strconv.Atoi(head.word())
		at, err2 := strconv.Atoi(head.word())
		if err1 != nil || err2 != nil || at < 0 || at > len(data)-first {
			return broken("object stream %d", num)
		}
		v, err := (&lexer{b: data, at: first + at, fed: &f.fed}).value(0)
		if err != nil {
			return err
		}
		f.packs[num], f.packed[num] = append(f.packs[num], v), append(f.packed[num], id)
	}
	return nil
}

// inflate decodes what cross-references and object streams may be coded in.
func (f *pdfFile) inflate(s pdfStream) ([]byte, error) {
	filter, parms := s.dict["Filter"], s.dict["DecodeParms"]
	if a, ok := filter.(pdfArray); ok && len(a) == 1 {
		filter = a[0]
	}
	if a, ok := parms.(pdfArray); ok && len(a) == 1 {
		parms = a[0]
	}
	switch filter {
	case nil:
		return s.raw, nil
	case pdfName("FlateDecode"):
	default:
		return nil, broken("filter of a stream")
	}
	z, err := zlib.NewReader(bytes.NewReader(s.raw))
	if err != nil {
		return nil, broken("stream: %v", err)
	}
	data, err := io.ReadAll(io.LimitReader(z, int64(f.inflated)+1))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, broken("stream: %v", err)
	}
	if f.inflated -= len(data); f.inflated < 0 {
		return nil, broken("streams are too large")
	}
	d, _ := parms.(pdfDict)
	if p, _ := integer(d["Predictor"]); p < 10 {
		return data, nil
	}
	cols, ok := integer(d["Columns"])
	if !ok || cols < 1 || cols > 1<<16 {
		return nil, broken("predictor of a stream")
	}
	return unpredict(data, cols)
}

// unpredict undoes the filters "none", "sub" and "up" of PNG, the only ones that writers of
// cross-references use.
func unpredict(data []byte, cols int) ([]byte, error) {
	out, last := make([]byte, 0, len(data)), make([]byte, cols)
	for len(data) > cols {
		row := data[1 : 1+cols]
		switch data[0] {
		case 0:
		case 1:
			for i := 1; i < cols; i++ {
				row[i] += row[i-1]
			}
		case 2:
			for i := range row {
				row[i] += last[i]
			}
		default:
			return nil, broken("predictor of a stream")
		}
		out, last, data = append(out, row...), row, data[1+cols:]
	}
	return out, nil
}

// page finds the nth page, from 1.
func (f *pdfFile) page(n int) (pdfRef, pdfDict, error) {
	root, err := f.dict(f.trailer["Root"])
	if err != nil {
		return pdfRef{}, nil, err
	}
	seen := map[pdfRef]bool{}
	var walk func(v any, depth int) (pdfRef, pdfDict, error)
	walk = func(v any, depth int) (pdfRef, pdfDict, error) {
		r, ok := v.(pdfRef)
		if !ok || seen[r] || depth > maxDepth || len(seen) > 100_000 {
			return r, nil, broken("tree of pages")
		}
		seen[r] = true
		d, err := f.dict(r)
		if err != nil {
			return r, nil, err
		}
		kids, err := f.array(d["Kids"])
		if err != nil {
			return r, nil, err
		}
		if d["Type"] == pdfName("Page") || d["Kids"] == nil {
			if n--; n == 0 {
				return r, maps.Clone(d), nil
			}
			return r, nil, nil
		}
		for _, k := range kids {
			if r, d, err := walk(k, depth+1); d != nil || err != nil {
				return r, d, err
			}
		}
		return r, nil, nil
	}
	r, d, err := walk(root["Pages"], 0)
	if err == nil && d == nil {
		err = ErrPage
	}
	return r, d, err
}

// ErrPage says that a PDF has no such page.
var ErrPage = errors.New("sign: no such page")
