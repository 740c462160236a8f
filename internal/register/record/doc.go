// Package record keeps the registers that the city's results are entered in: births, building
// permits, household businesses. What a register holds is declared by a register.yaml; this
// package knows fields, not what they mean.
//
// An entry is never edited. Each act on it (a correction, a suspension, its end, a revocation)
// writes a further version with who, when recorded, since when it counts, why, and by which
// authority; so a register can be read as it stands now and as it stood on a day.
//
// Owns the tables record_entry, record_version, record_key and record_word and publishes the
// entries of events.go. What must not come here: numbers (book), papers (result), how a
// dossier's answers become values (service, result).
package record
