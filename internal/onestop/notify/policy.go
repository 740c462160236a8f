package notify

import (
	_ "embed"

	"khue/internal/kernel/auth"
)

//go:embed policies.cedar
var policies string

// Policies says who may look at what was sent, and send again.
func Policies() auth.Source { return auth.Source{Module: "notify", Text: policies} }

// What is asked of the policies.
const (
	actRead   auth.Action = "notify.read"
	actResend auth.Action = "notify.resend"
)
