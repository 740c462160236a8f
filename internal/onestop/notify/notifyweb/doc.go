// Package notifyweb is the pages and operations of notices: the inbox of everybody who
// signs in, their choice of channels, the browser's worker for pushed notices, and the
// city's list of messages with what became of each.
//
// What must not come here: texts of notices, retries (package notify).
package notifyweb
