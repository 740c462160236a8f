// Package mandate knows who may act for whom: the legal representative of a business and its
// employees, a parent, a guardian, the holder of a power of attorney. A mandate is granted by
// one side and accepted by the other, or recorded at a counter from a paper; it may be limited
// to services and to a term, and is let go by either side at once.
//
// Whoever acts for somebody asks here each time: at filing and at every later act. Owns the
// table mandate_mandate and the entries of events.go. What must not come here: what was filed
// (onestop/dossier), who people are (register/person).
package mandate
