// Package service loads, checks and keeps declared public services.
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
// A package from a stranger is hostile: folders and archives are taken in under limits
// (intake), then checked (lint_*.go: each problem with file, line, element, reason and
// mend). MANIFEST holds the digests, signed by the author and by the city. A Library takes
// packages in, has a second person review and publish them, and keeps the Registry of each
// node up to date within a second; what is published never changes.
//
// Owns the tables service_submission, service_content, service_author and service_epoch,
// and the events service.submitted, reviewed, rejected, published, retired and author.
// What must not come here: dossiers, HTTP (serviceweb), the catalogue of procedures
// (register/catalog).
package service

import "embed"

// Messages are this package's sentences (keys under "service").
//
//go:embed i18n/*.yaml
var Messages embed.FS
