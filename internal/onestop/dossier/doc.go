// Package dossier is the main job: a dossier from its submission to its result.
//
// It owns the tables dossier_dossier (one row a dossier, with the state of its
// process), dossier_content (what was filled in, a row of its own because it is
// large and read seldom), dossier_task (one row for each branch of the process
// at work: it moves from step to step, and its version counts the moves),
// dossier_code (blocks of codes leased to nodes), dossier_redate (new dates that a
// change of the calendar proposes), dossier_link (dossiers that an account follows) and
// dossier_rating (what applicants say of finished ones). What happened is not kept
// twice: the timeline is the journal's entries about the dossier. The report of a period and
// the tracking book are read from the rows; RecountOf proves the report from the journal.
//
// It publishes the journal entries of events.go. Every change is one guarded
// transaction: read, step the pure process, then write under the task's version.
//
// What must not come here: pages and drafts (apply, dossierweb), how a process
// runs (process), what a form asks (form), what a service declares (service).
package dossier
