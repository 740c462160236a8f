package dmn

import (
	"fmt"
	"strings"

	"khue/internal/kernel/feel"
)

// Severity says what a linter does with a problem.
type Severity uint8

// A warning can be published with a reason; an error cannot.
const (
	Mistake Severity = iota
	Warning
)

// Problem is a mistake in a model, with the place a person looks for it.
type Problem struct {
	Key      string // dmn.… or feel.…
	Params   map[string]any
	Severity Severity
	Decision string // or business knowledge model, or input
	Rule     int    // of its table, from 1; 0 when it is none
	Cell     string // "input 2", "output 1", or an entry's name
	Line     int    // of the document
	Cause    *feel.Error
}

// Error is the English sentence with its place.
func (p *Problem) Error() string { return p.In("en") }

// In is the sentence in "vi" or "en" with its place.
func (p *Problem) In(lang string) string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, map[bool]string{true: "line %d: ", false: "dòng %d: "}[lang == "en"], p.Line)
	}
	if p.Decision != "" {
		b.WriteString(p.Decision + ": ")
	}
	if p.Rule > 0 {
		fmt.Fprintf(&b, map[bool]string{true: "rule %d: ", false: "quy tắc %d: "}[lang == "en"], p.Rule)
	}
	if p.Cell != "" {
		b.WriteString(p.Cell + ": ")
	}
	if p.Cause != nil {
		b.WriteString(p.Cause.In(lang))
		return b.String()
	}
	m, ok := Messages[p.Key]
	if !ok {
		return b.String() + p.Key
	}
	text := m.VI
	if lang == "en" {
		text = m.EN
	}
	for k, v := range p.Params {
		text = strings.ReplaceAll(text, "{"+k+"}", fmt.Sprint(v))
	}
	b.WriteString(text)
	return b.String()
}

func problemError(key string, line int, kv ...any) *Problem {
	p := &Problem{Key: key, Line: line, Params: map[string]any{}}
	for i := 0; i+1 < len(kv); i += 2 {
		p.Params[kv[i].(string)] = kv[i+1]
	}
	return p
}

// Messages are all sentences that this package can say, by key.
//
//nolint:gochecknoglobals // immutable
var Messages = map[string]feel.Message{
	"dmn.too-large":       {VI: "Tệp DMN lớn hơn {max} MB; hãy chia nhỏ mô hình.", EN: "The DMN file is larger than {max} MB; split the model."},
	"dmn.bad-xml":         {VI: "Tệp không phải XML hợp lệ: {detail}.", EN: "The file is not valid XML: {detail}."},
	"dmn.directive":       {VI: "Tệp DMN không được khai báo DOCTYPE hay thực thể; hãy bỏ phần đó.", EN: "A DMN file may not declare a DOCTYPE or entities; remove that part."},
	"dmn.too-complex":     {VI: "Tệp DMN có quá nhiều phần tử hoặc lồng nhau quá sâu; hãy chia nhỏ mô hình.", EN: "The DMN file has too many elements or is nested too deeply; split the model."},
	"dmn.not-dmn":         {VI: "Tệp này không phải mô hình DMN (phần tử gốc phải là definitions).", EN: "This file is no DMN model (its root must be definitions)."},
	"dmn.no-decision":     {VI: "Không có quyết định nào tên {name}.", EN: "There is no decision called {name}."},
	"dmn.import-missing":  {VI: "Thiếu mô hình được nhập {name} ({namespace}).", EN: "The imported model {name} ({namespace}) is missing."},
	"dmn.href":            {VI: "Yêu cầu trỏ tới {href}, phần này không tồn tại.", EN: "A requirement points to {href}, which does not exist."},
	"dmn.cycle":           {VI: "Các quyết định phụ thuộc vòng tròn: {path}.", EN: "Decisions depend on each other in a circle: {path}."},
	"dmn.type-unknown":    {VI: "Không có kiểu dữ liệu nào tên {name}.", EN: "There is no type called {name}."},
	"dmn.type-cycle":      {VI: "Kiểu dữ liệu {name} được định nghĩa bằng chính nó.", EN: "The type {name} is defined by itself."},
	"dmn.no-logic":        {VI: "Quyết định chưa có cách tính.", EN: "The decision has no logic yet."},
	"dmn.result-type":     {VI: "Kết quả có kiểu {got}, cần kiểu {want}.", EN: "The result is {got}; {want} is declared."},
	"dmn.hit-policy":      {VI: "Không có chính sách khớp nào tên {name}.", EN: "There is no hit policy called {name}."},
	"dmn.cells":           {VI: "Quy tắc có {got} ô, bảng cần {want}.", EN: "The rule has {got} cells; the table needs {want}."},
	"dmn.external":        {VI: "Hàm {name} viết bằng ngôn ngữ ngoài FEEL; không được hỗ trợ.", EN: "The function {name} is written in another language than FEEL; that is not supported."},
	"dmn.overlap":         {VI: "Quy tắc {a} và {b} cùng khớp khi {where}; hãy sửa để chỉ một quy tắc khớp.", EN: "Rules {a} and {b} both match when {where}; change one so that only one matches."},
	"dmn.gap":             {VI: "Không có quy tắc nào khớp khi {where}; hãy thêm quy tắc hoặc giá trị mặc định.", EN: "No rule matches when {where}; add a rule or a default."},
	"dmn.unreachable":     {VI: "Quy tắc này không bao giờ được dùng, vì các quy tắc khác luôn khớp trước.", EN: "This rule is never used, because other rules always come before it."},
	"dmn.never-matches":   {VI: "Quy tắc này không bao giờ khớp: {cell} không có giá trị nào thỏa mãn.", EN: "This rule never matches: no value satisfies {cell}."},
	"dmn.unchecked":       {VI: "Bảng quá phức tạp nên chưa kiểm tra hết chồng lấn và khoảng trống.", EN: "The table is too complex to check all overlaps and gaps."},
	"dmn.opaque":          {VI: "Bảng có ô tính toán nên không kiểm tra được khoảng trống.", EN: "The table has computed cells, so gaps cannot be checked."},
	"dmn.where-otherwise": {VI: "{input} là giá trị khác", EN: "{input} is another value"},
}
