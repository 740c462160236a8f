// Package web is the edge: one HTTP server for pages and the JSON API, on the standard
// ServeMux.
//
// A module hands in a Module of routes, each with its policy; New refuses to build a
// server in which a route has none, or two routes clash. Handlers return errors and one
// function renders them, as a page or as problem+json (RFC 9457), in the reader's
// language and with a reference that the reader can quote.
//
// What comes in is hostile: sizes are bounded, requests from other origins refused, text
// normalised to NFC, control characters and legacy encodings refused, before a handler
// sees anything. Read input with Form, Query, Files and Op, never from the request itself.
//
// It owns no table. What must not come here: words of the city, SQL, and any decision
// that a service should take.
package web
