// Package cityload plays a city over its public HTTP API, open loop, and holds what was
// acknowledged against what the city stores.
//
//	Scenario   who comes, how often, along which curve, and what they do (YAML)
//	plan       every arrival, drawn before the first request is sent
//	player     sends the steps on time; latency counts from the intended start, so that
//	           queueing shows, here or in the server
//	Ledger     a file of what was asked and acknowledged; outlives a crash of the load
//	Check      compares a ledger with a city, entry by entry
//	Report     the figures, as JSON and as a page
//
// An actor of a scenario names acts (acts.go); an act that is not there yet, such as a
// waiting room's, is one more row of that table. It owns no tables. What must not come
// here: shortcuts into the server's memory, and assertions about time.
package cityload
