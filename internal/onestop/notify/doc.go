// Package notify tells people what happened: a message is written in the unit of work of
// what it tells, and a job hands it over. E-mail today; other ways are ports to come.
//
// It owns the table notify_message. Texts come rendered; whom to tell, of what and in
// which words is decided by who sends. What must not come here: dossiers, templates of
// services.
package notify
