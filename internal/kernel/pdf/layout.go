package pdf

// Layout is a document in blocks, top to bottom. Pages follow as they fill.
type Layout struct {
	Page   Page    `yaml:"page,omitempty" json:"page"`
	Blocks []Block `yaml:"blocks" json:"blocks"`
}

// Page is the paper. The zero Page is A4 upright.
type Page struct {
	Size      string `yaml:"size,omitempty" json:"size,omitempty"` // A4 or A5
	Landscape bool   `yaml:"landscape,omitempty" json:"landscape,omitempty"`
	Footer    string `yaml:"footer,omitempty" json:"footer,omitempty"` // left of the page number
	// Watermark is set large and pale across every page: "CHƯA KÝ / UNSIGNED".
	Watermark string `yaml:"watermark,omitempty" json:"watermark,omitempty"`
}

// Block is one part of the document: exactly one of the pointers is set. When is a condition
// that Fill puts to the caller; empty means always.
type Block struct {
	When string `yaml:"when,omitempty" json:"when,omitempty"`

	Heading    *Heading    `yaml:"heading,omitempty" json:"heading,omitempty"`
	Title      *Title      `yaml:"title,omitempty" json:"title,omitempty"`
	Paragraph  *Paragraph  `yaml:"paragraph,omitempty" json:"paragraph,omitempty"`
	Fields     *Fields     `yaml:"fields,omitempty" json:"fields,omitempty"`
	List       *List       `yaml:"list,omitempty" json:"list,omitempty"`
	Table      *Table      `yaml:"table,omitempty" json:"table,omitempty"`
	QR         *QR         `yaml:"qr,omitempty" json:"qr,omitempty"`
	Note       *Note       `yaml:"note,omitempty" json:"note,omitempty"`
	Signatures []Signature `yaml:"signatures,omitempty" json:"signatures,omitempty"`
	Banner     string      `yaml:"banner,omitempty" json:"banner,omitempty"` // a marked strip over the full width: "BẢN DEMO"
	Space      float64     `yaml:"space,omitempty" json:"space,omitempty"`   // empty millimetres
	Break      bool        `yaml:"break,omitempty" json:"break,omitempty"`   // a new page
}

// Heading is the head of an official paper: the agency at the left, the name of
// the state and its motto at the right, under each a short rule.
type Heading struct {
	Left   []string `yaml:"left" json:"left"`               // superior agency first; the last line is bold
	Right  []string `yaml:"right,omitempty" json:"right"`   // empty: Quốc hiệu and Tiêu ngữ, in the document's language
	Number string   `yaml:"number,omitempty" json:"number"` // under Left: "Số: 12/TNHS"
	Place  string   `yaml:"place,omitempty" json:"place"`   // under Right, in italics: "Hà Nội, ngày 23 tháng 6 năm 2025"
}

// Title is the name of the paper, centred, with an optional QR code beside it.
type Title struct {
	Text      string `yaml:"text" json:"text"`
	Sub       string `yaml:"sub,omitempty" json:"sub,omitempty"` // a smaller line below
	QR        string `yaml:"qr,omitempty" json:"qr,omitempty"`   // what the code at the right says; empty: none
	QRCaption string `yaml:"qrCaption,omitempty" json:"qrCaption,omitempty"`
}

// Paragraph is running text. A line break in Text is kept.
type Paragraph struct {
	Text  string `yaml:"text" json:"text"`
	Align string `yaml:"align,omitempty" json:"align,omitempty"` // left (default) center right justify
	Style string `yaml:"style,omitempty" json:"style,omitempty"` // normal (default) bold italic small large
}

// Fields are rows of label and value, the value on dotted lines as on printed forms.
type Fields struct {
	Rows    []Field `yaml:"rows" json:"rows"`
	Columns int     `yaml:"columns,omitempty" json:"columns,omitempty"` // 1 (default) or 2 beside each other
	Plain   bool    `yaml:"plain,omitempty" json:"plain,omitempty"`     // without dotted lines
}

// Field is one row. Where both parts are filled from nothing it still shows its label.
type Field struct {
	Label  string `yaml:"label" json:"label"`
	Value  string `yaml:"value,omitempty" json:"value,omitempty"`
	Strong bool   `yaml:"strong,omitempty" json:"strong,omitempty"` // the value in bold
}

// List is items one below another. With From, one item for each element of that
// list, its text taken from Each with placeholders relative to the element.
type List struct {
	Items    []string `yaml:"items,omitempty" json:"items,omitempty"`
	From     string   `yaml:"from,omitempty" json:"from,omitempty"`
	Each     string   `yaml:"each,omitempty" json:"each,omitempty"`
	Numbered bool     `yaml:"numbered,omitempty" json:"numbered,omitempty"`
}

// Table has a header that is repeated on each page. With From, one row for each
// element of that list, each cell from its column's Text with placeholders
// relative to the element; {#} is the row's number.
type Table struct {
	Columns []Column   `yaml:"columns" json:"columns"`
	From    string     `yaml:"from,omitempty" json:"from,omitempty"`
	Rows    [][]string `yaml:"rows,omitempty" json:"rows,omitempty"`
}

// Column of a table. Width is a share of the whole; 0 counts as 1.
type Column struct {
	Title string  `yaml:"title" json:"title"`
	Text  string  `yaml:"text,omitempty" json:"text,omitempty"`
	Width float64 `yaml:"width,omitempty" json:"width,omitempty"`
	Align string  `yaml:"align,omitempty" json:"align,omitempty"` // left (default) center right
}

// QR is a code with a caption below.
type QR struct {
	Text    string  `yaml:"text" json:"text"`
	Caption string  `yaml:"caption,omitempty" json:"caption,omitempty"`
	Size    float64 `yaml:"size,omitempty" json:"size,omitempty"`   // millimetres; 0 means 25
	Align   string  `yaml:"align,omitempty" json:"align,omitempty"` // left (default) center right
}

// Note is text set apart by a rule at its side.
type Note struct {
	Text string `yaml:"text" json:"text"`
	Tone string `yaml:"tone,omitempty" json:"tone,omitempty"` // info (default) or warning
}

// Signature is one of the places to sign, beside each other from left to right.
type Signature struct {
	Place string `yaml:"place,omitempty" json:"place,omitempty"` // in italics above: "Hà Nội, ngày …"
	Role  string `yaml:"role" json:"role"`                       // "NGƯỜI TIẾP NHẬN HỒ SƠ"; line breaks for KT. and the like
	Hint  string `yaml:"hint,omitempty" json:"hint,omitempty"`   // "(Ký và ghi rõ họ tên)"
	Mark  string `yaml:"mark,omitempty" json:"mark,omitempty"`   // in the space to sign: "CHƯA KÝ"
	Name  string `yaml:"name,omitempty" json:"name,omitempty"`
}
