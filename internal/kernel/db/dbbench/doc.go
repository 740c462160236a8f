// Package dbbench measures what the storage alone can do with a mix of
// statements: the limit against which `khue bench` reads the whole program's
// figures.
//
// Owns no table but the lifecycle's own (bench_…), made in a database of its own.
// What must not come here: anything of HTTP or of a module.
package dbbench
