// Package journal is the city's memory: what happened, in order, provable.
//
// Every change of state appends entries in its own transaction. An entry is one
// row: a header without any name, personal number or free text, and a payload that can be
// erased. Entries are numbered in commit order into a Merkle tree (RFC 6962, as
// golang.org/x/mod/sumdb/tlog has it) whose size and root are signed once a second.
// To anyone who holds an earlier checkpoint or promise this proves that no entry
// was altered, removed, reordered or backdated since.
//
//	leaf   = SHA-256(0 ‖ header ‖ digest),  digest = SHA-256(salt ‖ payload)
//
// Erasing forgets salt and payload and keeps the digest, so the tree still
// adds up and nobody can guess what stood there. The erasure is itself an entry.
//
// The journal is also the outbox inside the database: a Follower's cursor moves
// in the transaction of its effect.
//
// A restore opens a new epoch, which names the checkpoint that was given before. What is held
// outside, and what convinces without the city, stands beside it: Receipt files, and the packages witness
// (memory outside the city), journalweb (what strangers are shown) and drill (harm done and found).
//
// Owns the tables journal_entry, journal_batch, journal_checkpoint, journal_cursor,
// journal_epoch, journal_cosignature and journal_timestamp. Event kinds belong to the modules that append
// them; its own are "journal.erased" and "journal.epoch".
// What must not come here: what an entry means, sentences about it, who may read it.
package journal
