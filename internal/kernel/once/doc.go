// Package once makes a command that is sent twice act once.
//
// A client makes a key for each intent and sends it again when in doubt. The unit of work
// of the command looks the key up with Find, and writes it down with Record beside its
// effect: either both are kept or none. A second arrival finds the result and answers
// again; the same key with another body is refused (Mismatch).
//
//	hash := once.Hash(input)
//	err := d.View(ctx, … result, found, err = once.Find(v, actor, key, hash) …)   // the usual repeat, without a write
//	err := d.InTx(ctx, … once.Record(tx, actor, key, hash, result) …)
//	if db.IsUnique(err) { … Find again: the twin arrived between the two … }
//
// Do runs those three steps.
//
// It owns the table once_request, kept for seven days. What must not come here: rendering
// an answer again, which the caller does from the result's id.
package once
