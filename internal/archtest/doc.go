// Package archtest holds the rules of the house as tests: which floor may
// import which, where SQL, HTTP, the time and the background context may stand,
// how long a file may grow. deps.txt lists the edges allowed inside a floor.
//
// To change a rule, write a decision record in docs/adr and change it here in
// the same commit.
package archtest
