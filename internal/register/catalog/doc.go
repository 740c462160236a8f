// Package catalog knows the administrative procedures: which exist, what each asks
// of a person, who handles it, how long it may take, what it costs, and at which
// level it can be done in this city.
//
// It holds what the national record says and nothing more. A zero in a fee column
// is not "free", a flag that is false everywhere is unknown, a deadline without a
// unit stays as printed, and where a record disagrees with itself both statements
// are kept and marked in doubt. Records are versions in time: an import adds
// revisions, never overwrites, and the revision in force on any date stays readable.
//
// It owns the tables catalog_version (records by revision), catalog_offering
// (computed maturity level by procedure, unit and time) and catalog_epoch. Lists,
// browsing and search are answered from an index in memory that is rebuilt when the
// epoch moves, so both engines rank alike.
//
// What must not come here: how a service is declared or handled (onestop/service),
// the computing of a maturity level (service tells it by SetOffering), HTTP.
package catalog
