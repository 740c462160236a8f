// Package apply is the application before it is a dossier: drafts that live for
// thirty days, page by page, and their submission.
//
// A draft is opened by its key, which stands in its address and is known to nobody
// else (only its hash is stored), or by the account that began it. Submitting a draft
// twice is one dossier: the draft's id is the request id.
//
// It owns the table apply_draft. What must not come here: what a form asks (form), what
// happens after filing (dossier).
package apply
