// Package cutover takes the file with which a unit leaves an old one-stop system: it keeps the
// file, looks at every row by a job, and, when the administrator has read the report and
// agrees, brings the dossiers in by another. One file at a time in the whole city; a run that
// was broken off goes on where it stopped. The file is thrown away when it is over; the report
// stays.
//
// Owns the tables cutover_import, cutover_part and cutover_note, and publishes the journal
// entries of events.go. What must not come here: the format of the file and what becomes of a
// row (dossier.ReadOld, dossier.Adopt), pages (cutoverweb).
package cutover
