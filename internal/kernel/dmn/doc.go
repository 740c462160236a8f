// Package dmn reads, checks and evaluates decision models of DMN 1.5:
// decision tables with every hit policy, boxed expressions, business
// knowledge models, decision services and imports, over a requirement graph.
//
//	defs, err := dmn.Parse(xml)
//	model, err := dmn.Compile(defs)              // and the models it imports
//	model.Problems()                             // what a linter refuses
//	v, err := model.Decide("Fee", dmn.Inputs{"copies": feel.Number(3)}, feel.Env{Now: now})
//
// A part that is not FEEL does not stop a model from loading, as the standard
// has it: that part is null, and Problems names the decision, the rule and the
// mistake in Vietnamese and English. What is published must have none.
//
// Models come from companies that are not trusted: XML is bounded in size and
// depth and may not declare entities, and evaluation runs on kernel/feel's
// budgets.
//
// The package is pure. It owns no tables and no events; which decision gives
// a fee or a deadline is the services' business.
package dmn
