// Package dossierweb is the main job over HTTP: the JSON API of dossiers and
// tasks, the officer's desk (queue, task, dossier), public tracking, and the papers of
// a dossier as PDF.
//
// It keeps no state and takes no decision: it reads input, calls dossier.Service, and
// draws. What must not come here: the application pages (apply/applyweb).
package dossierweb
