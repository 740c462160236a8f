// Package result makes the results that the city numbers itself: the number, the paper, the
// signature, the entry in the register, and the page that tells a stranger whether it holds.
//
// It happens in two transactions and a job between them (ADR 0222). With the act the number is
// taken and result.intended stands in the journal. The job draws the paper, has it signed and
// puts it into the store. The second transaction enters the register, names the file and
// writes result.issued; only then may anybody hand it over. What fails for good leaves a void
// number and result.failed.
//
// A result is never edited: a correction is a new one that names the old, a revocation a
// decision, and both are told to whoever scans the old paper.
//
// Owns the tables result_… and publishes the entries of events.go. What must not come
// here: how papers look (service, pdf), keys and certificates (signature), how a dossier moves.
package result
