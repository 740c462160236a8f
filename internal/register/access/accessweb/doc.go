// Package accessweb shows looks: to the person whose data it was (/account/looks), to the head
// of the unit (/desk/looks) and to auditors (/admin/looks), and asks a reader for a reason
// (/desk/looks/reason). Ask leads the pages of other modules there.
package accessweb
