// Package waiting gives out the places of services that have an opening: so many, from an
// instant on, to more people than there are places.
//
// Everybody stands in one line with one ticket for an account, however many windows they
// open. Who came before the opening is drawn: the order follows from a seed whose digest
// stood in the journal before anybody came, and which is laid open afterwards. Who comes
// later stands behind them, in the order of arrival. People are let in batch by batch, so
// that those who are in can file in peace and the rest of the city notices nothing. A place
// is taken in the unit of work that files the dossier, by a guarded write: it cannot be given
// twice, whatever the line said.
//
// A question of somebody who waits costs no write and no read of the database: their ticket
// is signed, and the board in memory, a second old at most, knows the rest. All state that
// matters is in the database, so a restart loses nothing and several nodes share one line.
//
// It owns the tables waiting_opening, waiting_ticket, waiting_batch and waiting_place. What must not come here: what a dossier is (dossier), what is declared
// (service), pages (waitingweb).
package waiting
