// Package counter is the one-stop counter: taking a dossier from somebody who stands there,
// knowing where each of their originals is, and returning the result.
//
// An intake is a dossier being taken in: whose it is, the answers, the papers with what was
// counted of each. It outlives a walk-away and ends in dossier.Submit and the first act on
// it (accepted, form 02 or 03). An original that was kept is somebody's from that moment
// until it is handed back: it changes hands only in a batch that both sides confirm with
// their own accounts, and stands in one open batch at most. Where its unit is no more it
// lies in the one that stands for it, and so does a batch that is on its way there.
//
// Owns the tables counter_intake, counter_filing (which dossiers a person filed at a
// counter), counter_original, counter_batch, counter_line, counter_call and counter_return,
// and the entries of events.go. What must not come here: how a dossier moves (dossier),
// what is known of a person (register/person), money (it is noted that a receipt exists).
package counter
