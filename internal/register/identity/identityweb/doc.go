// Package identityweb shows the units with who holds their posts, the officers, the
// proposals that wait for a second person, the spreadsheet of officers and the leaves, and
// takes what people propose and decide. It works without JavaScript.
//
// It keeps no state and takes no decision. What must not come here: who may do what
// (identity), the tree of units as citizens see it (orgunitweb).
package identityweb
