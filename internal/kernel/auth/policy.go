package auth

import (
	"fmt"
	"regexp"
	"strings"
)

// Policy says who may use a route or a command, in words that an auditor can read
// in the list of routes: "public", "officer", "role clerk or leader". It is written
// beside the route. The zero Policy allows nobody, and a route that has it does not start.
//
// A policy looks only at the subject. Whether this dossier is the subject's own, or lies in
// the unit of the grant, is decided by the service that has the dossier in its hands.
type Policy string

// The fixed policies.
const (
	Nobody   Policy = ""
	Public   Policy = "public"    // everybody, signed in or not
	SignedIn Policy = "signed in" // any account
	Officer  Policy = "officer"   // any account with a post in an agency
)

const rolePrefix = "role "

var roleName = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)

// AnyRole allows those who hold one of the roles, in any scope. It panics on a name
// that FEEL could not read (letters and digits): policies are written in code.
func AnyRole(roles ...string) Policy {
	if len(roles) == 0 {
		return Nobody
	}
	for _, r := range roles {
		if !roleName.MatchString(r) {
			panic(fmt.Sprintf("auth: %q is not the name of a role", r))
		}
	}
	return Policy(rolePrefix + strings.Join(roles, " or "))
}

// String reads as a sentence for the auditor.
func (p Policy) String() string {
	if p == Nobody {
		return "nobody"
	}
	return string(p)
}

// Roles returns the roles that the policy names; nil for the fixed policies.
func (p Policy) Roles() []string {
	if rest, ok := strings.CutPrefix(string(p), rolePrefix); ok {
		return strings.Split(rest, " or ")
	}
	return nil
}
