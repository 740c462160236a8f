// Package outlet hands the entries of the journal to other systems, as CloudEvents in a stream
// of NATS JetStream: each entry once, in the order of the log, without a gap.
//
// The entry with number n (from 0 on) has the sequence n+1 in the stream, and every message
// says after which one it must come. So the stream itself is the cursor: whoever publishes
// begins where it ends, a second publisher is refused, and a consumer sees by the sequence
// alone that it missed nothing. Where the stream cannot be reached the journal waits; it is
// the backlog.
//
// What goes out are headers: kind, and those fields that Config.Policy declares for the kind; of
// entries of a kind that it does not declare only that there was one. Payloads, accounts and
// references of requests never leave.
//
// It owns the stream KHUE and no table. What must not come here: words of the city (which
// kinds go out is declared in app), commands from outside.
package outlet
