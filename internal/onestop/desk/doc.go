// Package desk is what an officer keeps at hand to work faster: phrases for reasons, their
// own, their unit's and the city's; and filters of the queue under a name, their own and
// their unit's.
//
// It owns the tables desk_phrase and desk_filter and the journal kinds "desk.phrase.kept",
// "desk.phrase.removed", "desk.filter.kept" and "desk.filter.removed". A phrase is for many
// dossiers, so it names no person; which actions and procedures there are is told to it, and
// so is what a filter says. What must not come here: dossiers, tasks, and what was written
// about one of them. Where units end and others begin, filters go with their queues (follow.go).
package desk
