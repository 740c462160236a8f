// Package trace tells an OpenTelemetry collector what the program spent its time on: a span
// for each request, unit of work and job. Off, a nil Tracer costs a comparison.
//
// Spans carry names of routes, kinds of jobs, functions, counts and classes of outcome. What
// must not come here: anything about a person or a dossier (no path with a code in it, no
// query, no account, no address, no text of an error).
package trace
