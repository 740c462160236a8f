package service

import "khue/internal/kernel/decl"

// Scenario is a file of tests/: a dossier played against the pure engine.
type Scenario struct {
	File   string
	Given  Given                   `yaml:"given,required"`
	Submit map[string]decl.Value   `yaml:"submit,required"` // case, channel, answers by path, papers
	Fails  string                  `yaml:"fails"`           // key of the refusal that the filing must meet
	Expect []map[string]decl.Value `yaml:"expect"`
	Steps  []ScenarioStep          `yaml:"steps"`
	Then   map[string]decl.Value   `yaml:"then"`
	Pos    decl.Pos
}

// Given is the world that a scenario starts in.
type Given struct {
	Clock     string            `yaml:"clock,required"` // 2026-11-20T14:00+07:00
	Applicant string            `yaml:"applicant"`
	Channel   string            `yaml:"channel"`
	Unit      string            `yaml:"unit"` // place of reception
	Standins  map[string]string `yaml:"standins"`
}

// ScenarioStep is one act. Do is an action ("accept", "verify.approve"), or wait,
// supply, withdraw.
type ScenarioStep struct {
	Pos    decl.Pos
	Do     string                `yaml:"do,required"`
	As     string                `yaml:"as"`
	At     string                `yaml:"at"`     // the clock is set before the act
	Child  string                `yaml:"child"`  // of childEnds and childStops: the step that opened it
	For    string                `yaml:"for"`    // of wait: P1D
	With   map[string]decl.Value `yaml:"with"`   // answers of the officer's form, or of the supplement
	Units  []string              `yaml:"units"`  // of consult: the units asked
	Papers map[string]any        `yaml:"papers"` // of supply: file names by paper
	Expect map[string]decl.Value `yaml:"expect"`
	Fails  string                `yaml:"fails"` // key of the refusal that is expected
}
