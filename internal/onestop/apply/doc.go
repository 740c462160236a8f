// Package apply is the application before it is a dossier: drafts that live for
// thirty days, page by page, and their submission.
//
// A draft is opened by its key, which stands in its address and is known to nobody
// else (only its hash is stored), by the account that it belongs to, or in the browser
// that it was begun in. Where the version of its service changes, it moves by field id,
// and what stays behind is said first. Submitting a draft
// twice is one dossier: the draft's id is the request id.
//
// It owns the table apply_draft. What must not come here: what a form asks (form), what
// happens after filing (dossier).
package apply
