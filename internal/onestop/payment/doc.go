// Package payment takes what people owe a unit of the city and can account for each đồng:
// orders, the ways to pay them, a ledger in double entry, the cash box, refunds and the
// daily reconciliation. Fees of dossiers come first; fines, tuition, parking and bills are
// orders of other sources.
//
// An order is a pure state machine (Step). What an order means for the books is a pure
// function of it (position), and an event posts the difference of two positions: money that
// came twice, late or forged cannot leave the books unbalanced. Money moves an order once for
// each (way, reference of the bank): a unique row holds that, not a check before it.
//
// Owns the tables payment_… and the entries of events.go. What must not come here: what is
// owed and why (onestop/service, onestop/dossier), net/http, calls to banks in a transaction.
package payment
