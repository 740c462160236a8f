package form

import "khue/internal/kernel/decl"

// Definition is form.yaml as written.
type Definition struct {
	// Lists are the form's own code lists, each with its codes in order; labels are the
	// texts option.<list>.<code>.
	Lists   map[string][]string  `yaml:"lists"`
	Pages   []PageDef            `yaml:"pages,required"`
	Officer map[string]ActionDef `yaml:"officer"`
}

// PageDef is one page of questions. A page of type papers or review has no fields.
type PageDef struct {
	Pos    decl.Pos
	ID     string     `yaml:"id,required"`
	Type   string     `yaml:"type"`
	When   decl.Text  `yaml:"when"`
	Fields []FieldDef `yaml:"fields"`
}

// ActionDef is what an officer fills in for an action: "accept", or
// "verify.approve" for the action at one step only. Any type of field may stand in it.
type ActionDef struct {
	Pos    decl.Pos
	Fields []FieldDef `yaml:"fields"`
}

// FieldDef is one question. When, Required, Value and asserts are FEEL.
type FieldDef struct {
	Pos      decl.Pos
	ID       string     `yaml:"id,required"`
	Type     string     `yaml:"type,required"`
	List     string     `yaml:"list"`     // of a code, multi-code or checklist
	Item     string     `yaml:"item"`     // of a list: person-brief, text, code (with list)
	Parts    []string   `yaml:"parts"`    // of a person: which parts are asked
	Need     []string   `yaml:"need"`     // of a person: parts that must be filled
	Columns  []FieldDef `yaml:"columns"`  // of a list, instead of item: what each row asks
	Tier     string     `yaml:"tier"`     // of a unit
	Widget   string     `yaml:"widget"`   // radios, select, checkbox
	Required decl.Text  `yaml:"required"` // true, false or a condition
	When     decl.Text  `yaml:"when"`
	Min      decl.Text  `yaml:"min"` // a number, a date or today
	Max      decl.Text  `yaml:"max"`
	MaxLen   int        `yaml:"maxLength"`
	Value    decl.Text  `yaml:"value"` // of computed
	Rules    []RuleDef  `yaml:"rules"`
	Suggest  []string   `yaml:"suggest"`  // sources in order: population, profile.spouse, previous.mother
	Lock     []string   `yaml:"lock"`     // parts that a source fills and nobody types over
	AskAgain bool       `yaml:"askAgain"` // consent, declaration: never filled by a source
	Accept   []string   `yaml:"accept"`   // of a file: pdf, jpg, png
	MaxMB    int        `yaml:"maxMB"`
	MaxFiles int        `yaml:"maxFiles"`
}

// RuleDef is a condition that must hold, with the message where it does not.
type RuleDef struct {
	Pos    decl.Pos
	Assert decl.Text `yaml:"assert,required"`
	Msg    string    `yaml:"msg,required"`
	Level  string    `yaml:"level"` // error (default) or warn
}

// PaperDef is one paper of the dossier, declared in service.yaml.
type PaperDef struct {
	Pos       decl.Pos
	ID        string    `yaml:"id,required"`
	Code      string    `yaml:"code"` // national code, KQ004389
	When      decl.Text `yaml:"when"`
	Required  decl.Text `yaml:"required"`
	OneOf     string    `yaml:"oneOf"` // a group of which one paper suffices
	Accept    []string  `yaml:"accept"`
	MaxMB     int       `yaml:"maxMB"`
	MaxFiles  int       `yaml:"maxFiles"`
	From      []string  `yaml:"from"` // wallet, register, upload
	ShownOnly bool      `yaml:"shownOnly"`
	Originals int       `yaml:"originals"`
	Copies    int       `yaml:"copies"`
	Source    string    `yaml:"source"`
}
