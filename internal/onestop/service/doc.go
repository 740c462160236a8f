// Package service loads declared public services.
//
// A service is a folder without code: what it is (service.yaml), what it asks
// (form.yaml), how it is handled (steps.yaml), what comes out (results/), what is
// said (notify/, i18n/, help/) and scenarios that prove it (tests/). Load reads a
// folder strictly, compiles it, lints it, and returns an immutable Package; a
// Registry holds many packages and answers which version of which service is in
// force on a day. A dossier pins its package by digest.
//
// The maturity level of a service is computed here from what is declared and works,
// with the reason in words; nobody can type it in.
//
// Owns no table and no event yet: packages come with the program. What must not come
// here: dossiers, HTTP (serviceweb), the catalogue of procedures (register/catalog).
package service

import "embed"

// Messages are this package's sentences (keys under "service").
//
//go:embed i18n/*.yaml
var Messages embed.FS
