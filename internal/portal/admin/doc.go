// Package admin is the front door of the administration: its home page, and the pages that
// read from several rooms at once: who may do what, fees, templates, imports.
//
// It owns no table and takes no command. What must not come here: the rooms behind the door
// (identityweb, holidayweb, serviceweb, notifyweb); it only links to them.
package admin
