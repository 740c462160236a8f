// Package serviceweb lists the declared services in the JSON API: which are in force,
// what each asks and how far it has come.
//
// It owns no table. What must not come here: rules of services, application pages
// (onestop/apply).
package serviceweb
