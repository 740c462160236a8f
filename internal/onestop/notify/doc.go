// Package notify tells people what happened. Tell writes a notice in the unit of work of
// what it tells: into the inbox of an account, and as messages that jobs hand over by
// e-mail, SMS or web push, in the order and language that the person chose for its kind.
// A way that fails for good, or long enough, falls to the next; what no way could take is
// seen in the list of messages and can be sent again. A cause is told once to a person on
// a channel, however often it comes.
//
// It owns the tables notify_message, notify_inbox, notify_person and notify_browser and the
// journal's kinds notify.chosen and notify.resent. Texts come rendered; whom to tell, of
// what and in which words is decided by who tells. What must not come here: dossiers,
// templates of services, the wire of a channel (kernel/mail, kernel/sms, kernel/push).
package notify
