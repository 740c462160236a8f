// Package upload takes the files of papers in: whole with a form, or piece by piece
// where the connection may break.
//
// A file that arrives in pieces belongs to a scope, one draft or one dossier; whoever may
// write to the scope may go on with it, nobody else finds it. When its last byte is here
// it is checked (kernel/filecheck) and stored, or refused and forgotten. Bytes count
// against the scope and against their owner (an account, a browser) from the moment that
// they are announced. What stays unfinished for a day is forgotten by a job.
//
// It owns the table upload_upload. What must not come here: whose a scope is (the gate of
// uploadweb asks the scope's own module), which papers are needed (form).
package upload
