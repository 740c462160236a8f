// Package form knows what a person is asked and whether the answers will do.
//
// A form is declared in form.yaml, compiled once into an immutable Form, and
// then used by many requests at a time: Parse takes what was sent, Validate says
// what is wrong with it, Render says what to show. The three are pure: no
// database, no network, no clock but Env.Now.
//
//	Definition ──Compile──► Form ──Parse──► Answers ──Validate──► Result
//	                         └────────Render────────► Page (drawn by formweb)
//
// Suggest fills a new form from sources that upper floors contribute, and News says what a
// page that was sent had not shown. They are pure too: a Source is asked by others.
//
// Composite fields (person, address) are written out into their parts when the
// form is compiled, so that answers are flat: "mother.name", "mother.residence.unit".
// What was typed is kept even where it is wrong. An answer to a question that the
// conditions hide is dropped and named in the Result.
//
// Owns no table and no event. What must not come here: drafts and suggestions
// (onestop/apply), files (onestop/dossier), HTML (formweb).
package form

import "embed"

// Messages are this package's sentences (keys under "form").
//
//go:embed i18n/*.yaml
var Messages embed.FS
