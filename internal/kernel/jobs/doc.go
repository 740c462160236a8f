// Package jobs does later what must not happen inside a transaction: mail, PDF,
// signatures, calls to other systems.
//
// A job is enqueued in the transaction that wants it, and so exists if and only
// if that transaction does. It runs at least once: a handler must be idempotent, or
// call Task.Done in the transaction of its effect, which makes it exactly once.
// A failed job is tried again with growing, jittered pauses; after the last try
// it is kept in the dead list until somebody revives or drops it. Kinds that fall due
// by the tens of thousands are done together (Handler.Many).
//
// Owns the tables jobs_job and jobs_periodic. What must not come here: any
// particular job; they belong to the modules whose Handlers app gathers.
package jobs
