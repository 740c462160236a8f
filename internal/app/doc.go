// Package app is the roof: the only package that knows every module. It builds
// the program in floor order by plain code, gathers what modules plug into each other,
// and runs it; its commands are the command line.
//
// What must not come here: rules, pages, SQL. A line of logic here is a line that has
// no home yet.
package app
