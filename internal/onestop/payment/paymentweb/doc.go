// Package paymentweb is payment in pages: the payer's page with its code and its way to the
// gateway, the cashier's desk, the reconciliation; the two doors where banks and gateway tell of
// money; and the client that asks the gateway. Everything works without JavaScript.
//
// The page to which the gateway returns a payer shows and moves nothing: only a signed notice,
// the sweep's question or a statement counts money. It keeps no state beyond payment.Service.
package paymentweb
