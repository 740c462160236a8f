package identityweb

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// problems are those of all forms of an officer's page.
func (v officerView) problems() ui.Problems {
	return slices.Concat(v.Problems, v.Leave.Problems, v.Move.Problems, v.Depart.Problems, v.Reset.Problems)
}

// takeMove reads the form that gives up one post for another.
func (h handlers) takeMove(ctx context.Context, sent url.Values, account int64, key string) error {
	m := identity.Moving{Account: account}
	held := strings.Split(sent.Get("held"), " ")
	u, err := id.Parse[orgunit.Unit](held[0])
	if err != nil || len(held) != 3 {
		return errs.E(errs.Invalid, "identity.noPost", errs.WithFields(errs.Field{Path: "held", Key: "identity.noPost"}))
	}
	m.Unit, m.Role = u, orgunit.Role(held[1])
	if held[2] != "" {
		if m.From, err = clock.ParseDate(held[2]); err != nil {
			return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
	}
	m.To = identity.Entry{Role: orgunit.Role(sent.Get("role")), Decision: sent.Get("decision"), Sign: identity.Sign(sent.Get("sign"))}
	m.To.From, _ = dayOf(sent, "from")
	to, err := h.svc.Units.Now().Resolve(strings.TrimSpace(sent.Get("unit")))
	if err == nil && to.Class == orgunit.Territory {
		to, _ = h.svc.Units.Now().AgencyOf(to.ID)
	}
	if err != nil || to.ID == 0 {
		return errs.E(errs.Invalid, "identity.fault.unitOther", errs.WithFields(errs.Field{Path: "unit", Key: "identity.fault.unitOther"}))
	}
	m.To.Unit = to.ID
	_, err = h.svc.Propose(ctx, identity.Wish{Move: &m}, key)
	return err
}
