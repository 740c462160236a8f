// Package desk is what an officer keeps at hand to work faster: phrases for reasons, their
// own, their unit's and the city's.
//
// It owns the table desk_phrase and the journal kinds "desk.phrase.kept" and
// "desk.phrase.removed". A phrase is for many dossiers, so it names no person; which actions
// and procedures there are is told to it. What must not come here: dossiers, tasks, and what
// was written about one of them.
package desk
