// Package mail hands messages to a mail server.
//
// Sending is slow and may fail, so it belongs in a job. SMTP sends through a server
// by wneessen/go-mail; Recorder keeps messages in memory, for tests and for a city
// that has no server configured.
//
// Owns no table and no event. What must not come here: templates, whom to write to,
// what people chose (onestop/notify).
package mail
