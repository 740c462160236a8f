// Package rights is what a person may ask of the city about their own data (Law 91/2025, Decree
// 356/2025): consents listed and withdrawn, everything exported, questions about looks, and
// requests to correct, restrict, stop or delete, each a case with a term, a unit that answers
// and an answer.
//
// It also keeps the terms after which data goes: retention.yaml declares them all, a daily job
// finds what is due, and what a service's dossiers hold is erased when two people agreed. What
// the law keeps stays, and a legal hold stops an erasure.
//
// What the city holds is told and erased by the modules that hold it: Holding and Store are
// filled in at the roof. Owns the tables rights_consent, rights_request, rights_export,
// rights_batch, rights_due, rights_order, rights_order_of, rights_hold and rights_limit and the entries of events.go.
package rights
