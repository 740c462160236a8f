// Package orgunit knows who governs where, and when: the city, its districts,
// communes and departments, their offices and posts, since the start of 2016.
//
// Units live in time. A unit is one body under one name; its official codes
// are dated attributes, because codes pass from hand to hand: each of the 126
// codes of 2025-07-01 was somebody else's the day before. So a unit is known
// by its own id, and a code is read only together with a date.
//
// Two trees stand side by side. Territories (a ward, GSO code 00118) and
// agencies (the ward's People's Committee; a department, H26.16): every
// territory has one agency, departments hang under the city's agency, and
// offices with their posts inside an agency come from a template per kind and
// era. A Tree is the immutable picture of one day.
//
// The facts are files embedded in the program; the database holds only what a
// city adds (imports, later reorganisations), as lines of the same grammar.
//
// Owns the tables orgunit_fact and orgunit_epoch. What must not come here:
// people and accounts (person, identity, kernel/auth), which procedure goes
// where (catalog, service), the moving of dossiers in a reorganisation.
//
// # The files of facts
//
// One fact a line; # starts a comment. A block opens with @:
//
//	@PARENT [from DATE] [until DATE]    units under PARENT with a default life
//	@DATE BASIS                         who came after whom on DATE
//
// A unit is
//
//	NUMBER CODE KIND NAME [= ENGLISH] [; CHANGE]…
//
// where CODE is "-" if unknown, KIND is an abbreviation (tp q h tx p xa tt for
// territories; so vp bql cc ttpv for bodies) and CHANGE is one of
//
//	from DATE | until DATE              first day; first day no more
//	code DATE CODE                      another official code from DATE
//	alias CODE                          a second code of the same body
//	agency CODE                         the code of the territory's agency
//	parent DATE REF                     under another unit from DATE
//	key NAME [FROM|. [UNTIL]]           a function of the city that it holds
//	english NAME                        another English name
//	doubt TEXT                          what is not certain
//	office DATE SUB ROLE,… NAME = ENGLISH   an office beyond the template, SUB from 50
//	post DATE SUB ROLE                  a post beyond the template; SUB 1 is the agency itself
//
// "~NUMBER ; CHANGE…" adds changes to a unit declared before. REF is NUMBER for
// a territory and NUMBER.1 for its agency or for a body. A succession is
//
//	CODE > CODE [part|rest], …          or  CODE > ?   or  #NUMBER > #NUMBER
//
// The left code is read on the day before the block's date, the right ones on
// the date. From NUMBER come all ids: NUMBER×1000 the territory, +1 its agency,
// +10… the agency's offices. A number never changes hands.
package orgunit
