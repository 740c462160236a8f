// Package citizen is the front door: the home page, from which everything a citizen
// comes for is one act away.
//
// It owns no table and keeps no state. What must not come here: the rooms behind the door;
// it only links to them.
package citizen
