// Package deskweb is where officers keep their phrases: their own, their unit's, the city's.
// A phrase is used on the page of a task (dossierweb).
//
// What must not come here: dossiers and tasks; procedures and actions are named to it.
package deskweb
