package service

import (
	_ "embed"

	"khue/internal/kernel/auth"
)

//go:embed policies.cedar
var policies string

// Policies says who may hand packages in, and who decides on them.
func Policies() auth.Source { return auth.Source{Module: "service", Text: policies} }

// What is asked of the policies.
const (
	actSubmit auth.Action = "service.submit"
	actSee    auth.Action = "service.see"
	ActDecide auth.Action = "service.decide"
)

// resourceOf is a submission as policies see it: its owner handed it in.
func resourceOf(x Submission) auth.Resource {
	return auth.Resource{Type: "Package", ID: x.ID.String(), Owners: []int64{x.SubmittedBy}, State: string(x.Stage)}
}
