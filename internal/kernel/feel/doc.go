// Package feel is FEEL, the expression language of DMN 1.5: conditions in
// forms and processes, deadlines, fees, and the cells of decision tables,
// written by clerks and companies that are not trusted with code.
//
//	scope := feel.PathScope(
//		feel.Field{Name: "case", Type: feel.StringType},
//		feel.Field{Name: "child.homeBirth", Type: feel.BooleanType},
//	)
//	expr, err := feel.Compile(`case = "normal" and not(child.homeBirth)`, scope)
//	rec := scope.Record()
//	rec.Set("case", feel.String("normal"))
//	rec.Set("child.homeBirth", feel.Bool(false))
//	v, err := expr.Eval(rec, feel.Env{Now: now})   // v.IsTrue()
//	expr.Paths()                                    // case, child.homeBirth
//
// A text is compiled once, against a Scope that declares what it may read: a
// path that does not exist, or types that cannot go together, are Errors with
// line, column, the nearest name, and a sentence in Vietnamese and English.
// What goes wrong in an evaluation is null, as FEEL has it, and never a panic;
// an error from Eval means that a budget of steps, memory or depth was used up.
//
// An Expr, a Scope and every Value are immutable and shared freely. today()
// and now() come from the caller's Env.
//
// The package is pure: no clock, no files, no network, and no word of a city.
// It owns no tables and no events. Models, tables and requirement graphs are
// kernel/dmn's.
package feel
