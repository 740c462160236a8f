// Package recordweb shows the registers of a unit at the desk, writes them to files, and takes
// the acts on their entries.
package recordweb
