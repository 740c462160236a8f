// Package mandateweb are the pages about who acts for whom: both sides read, grant, accept and
// end at /account/mandates, a counter records from papers at /desk/mandates.
//
// What must not come here: a personal number in an address, or one that is not masked.
package mandateweb
