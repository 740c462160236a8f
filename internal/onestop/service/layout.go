package service

import "khue/internal/kernel/decl"

// Layout is a result document in the closed vocabulary of layouts.
type Layout struct {
	Kind   string
	Title  decl.Label
	Blocks []Block
}

// Block is one element of a layout.
type Block struct {
	Pos   decl.Pos
	Type  string      `yaml:"type,required"` // heading, title, paragraph, fields, table, signature, qr, mark
	Text  string      `yaml:"text"`          // key of a text of the package; {path} is filled from the answers
	Items []BlockItem `yaml:"items"`
}

// BlockItem is one line of a fields block.
type BlockItem struct {
	Pos   decl.Pos
	Label string    `yaml:"label"` // key of a text
	Value decl.Text `yaml:"value"` // FEEL over the answers
}
