// Package reorganise carries out a reorganisation of the city as a declared act: it moves open
// dossiers, officers' posts and queues from units that end on a day to those that follow them.
//
// A plan (plan.go; plans/*.yaml come with the program) says only what the register of units
// does not know: the parts of a divided commune by address, which ward or department takes
// over the work of a district's office, what becomes of posts. Who succeeds whom, whole or in
// parts, is the register's. An act is a plan that one leader proposed and another approved; it
// is carried out in batches by jobs, goes on where it was broken off, and is undone only by a
// further act. A dossier moves by dossier.Relocate, once an act, with its own journal entry.
//
// Owns the tables reorganise_act, reorganise_item, reorganise_split and reorganise_post, and
// publishes the journal entries of events.go. What must not come here: how a dossier is
// written (dossier), who succeeds whom (register/orgunit), pages (reorganiseweb).
package reorganise
