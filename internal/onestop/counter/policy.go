package counter

import (
	_ "embed"

	"khue/internal/kernel/auth"
	"khue/internal/register/orgunit"
)

//go:embed policies.cedar
var policies string

// Policies says who works a counter and holds its papers.
func Policies() auth.Source { return auth.Source{Module: "counter", Text: policies} }

// What is asked of the policies.
const (
	actWork      auth.Action = "counter.work"
	actOriginals auth.Action = "counter.originals"
	actSeeBatch  auth.Action = "counter.seeBatch"
	actReceive   auth.Action = "counter.receive"
	actWithdraw  auth.Action = "counter.withdraw"
	actIntake    auth.Action = "counter.intake"
)

func unitResource(u orgunit.UnitID) auth.Resource {
	return auth.Resource{Type: "Unit", ID: u.String(), Units: []string{scopeOf(u)}}
}

// resourceOf is a batch as policies see it: its owner gives it, and it is addressed to somebody.
func resourceOf(b Batch) auth.Resource {
	return auth.Resource{Type: "Batch", ID: b.ID.String(), State: string(b.State), Owners: []int64{b.From}, About: []int64{b.To}, Units: []string{scopeOf(b.FromUnit), scopeOf(b.ToUnit)}}
}

// addressed is a batch as its receiver sees it: who is named, or else the unit.
func addressed(b Batch) auth.Resource {
	r := resourceOf(b)
	if r.Units = nil; b.To == 0 {
		r.Units = []string{scopeOf(b.ToUnit)}
	}
	return r
}
