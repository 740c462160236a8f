// Package previewweb shows one service package to its author: every page of its form, the
// review, officers' forms, the process, notices, result documents and scenarios, filled
// with the samples of its own scenarios, beside what the linter says.
//
// The pages are drawn by what draws them in the city. Answers typed here are kept in
// memory, by the one author who reads on loopback. A change in the folder is told to open
// pages over server-sent events; without scripts the author reloads.
//
// Owns no table and no event. What must not come here: applications of citizens
// (onestop/apply), checks of packages (onestop/service), the browser that examines the
// pages (app).
package previewweb
