package service

import (
	"slices"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

// Working says which supports of an online service work in this city today.
type Working struct {
	Payment   bool // fees can be paid online
	Signature bool // results are signed digitally
}

// Level is the maturity of a service and why it is not higher.
type Level struct {
	N   int // 1 to 4
	Why []Reason
}

// Reason is a message key with parameters.
type Reason struct {
	Key    string
	Params map[string]any
}

// Level computes the maturity level (Decree 43/2011 article 3): 1 full information; 2
// forms to take away and filing in person or by post; 3 filled in and sent online; 4
// paid online and the result delivered. Each step that is missing is a reason.
func (p *Package) Level(w Working) Level {
	l := Level{N: 1}
	online := p.Offers(Online)
	if !p.Offers(Counter) && !p.Offers(Post) && !online {
		return l.held("service.level.noChannel")
	}
	l.N = 2
	if !online {
		return l.held("service.level.notOnline")
	}
	l.N = 3
	switch {
	case p.Fee.Free() || w.Payment:
	case p.Fee.When == "submit":
		l = l.held("service.level.unpaidAtFiling")
	default:
		l = l.held("service.level.unpaid")
	}
	if p.Fee.Kind == "unknown" {
		l = l.held("service.level.feeUnknown")
	}
	if !slices.ContainsFunc(p.Result.Deliver, func(d string) bool { return d == "wallet" || d == "post" }) {
		l = l.held("service.level.notDelivered")
	}
	if len(p.Result.Sign) == 0 || !w.Signature {
		l = l.held("service.level.unsigned")
	}
	if len(l.Why) == 0 {
		l.N = 4
		l = l.held("service.level.full")
	}
	if p.LevelCap.Max > 0 && p.LevelCap.Max < l.N {
		l.N = p.LevelCap.Max
		l.Why = []Reason{{Key: "service.level.cap." + p.LevelCap.Reason, Params: map[string]any{"source": p.LevelCap.Source}}}
	}
	return l
}

func (l Level) held(key string) Level {
	l.Why = append(l.Why, Reason{Key: key})
	return l
}

// Words is the reason as a citizen reads it.
func (l Level) Words(b *i18n.Bundle) decl.Label {
	var out decl.Label
	for i, r := range l.Why {
		if i > 0 {
			out.VI, out.EN = out.VI+" ", out.EN+" "
		}
		out.VI += b.Map(i18n.VI, r.Key, r.Params)
		out.EN += b.Map(i18n.EN, r.Key, r.Params)
	}
	return out
}
