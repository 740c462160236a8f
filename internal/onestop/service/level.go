package service

import (
	"context"
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/register/orgunit"
)

// Working says which supports of an online service work for a unit on a day.
type Working struct {
	Payment   bool // fees can be paid online
	Signature bool // results are signed digitally
}

// Support reports whether something that an online service needs works for a unit on a day.
// Unit 0 asks for the city: whether it works for every unit that needs it.
type Support func(ctx context.Context, unit orgunit.UnitID, on clock.Date) bool

// Supports are plugged in by the house (app/plugs.go), a line each: the packages cannot know
// whether this city takes payments or signs. What is nil does not work.
type Supports struct{ Payment, Signature Support }

// For asks each support for a unit on a day.
func (s Supports) For(ctx context.Context, unit orgunit.UnitID, on clock.Date) Working {
	works := func(f Support) bool { return f != nil && f(ctx, unit, on) }
	return Working{Payment: works(s.Payment), Signature: works(s.Signature)}
}

// City asks each support for the whole city on a day: what its pages say of a procedure.
func (s Supports) City(ctx context.Context, on clock.Date) Working { return s.For(ctx, 0, on) }

// Level is the maturity of a service on a day and why it is not higher.
type Level struct {
	N   int // 1 to 4
	Why []Reason
	// Extent is full or partial since Decree 42/2022, empty before it and where nothing is
	// done online.
	Extent Extent
	Law    string   // 42/2022, 224/2026; empty before
	Short  []Reason // why it is partial
}

// Extent is how much of a service is done online.
type Extent string

// The extents: full process (toàn trình), partial (một phần).
const (
	Full    Extent = "full"
	Partial Extent = "partial"
)

// Days on which the law on online services changed.
//
//nolint:gochecknoglobals // immutable
var (
	decree42  = clock.Date{Year: 2022, Month: 8, Day: 15}
	decree224 = clock.Date{Year: 2026, Month: 7, Day: 1}
)

// Reason is a message key with parameters.
type Reason struct {
	Key    string
	Params map[string]any
}

// Level computes the maturity level (Decree 43/2011 article 3): 1 full information; 2
// forms to take away and filing in person or by post; 3 filled in and sent online; 4
// paid online and the result delivered. Each step that is missing is a reason. Since
// Decree 42/2022 a service is full or partial; since Decree 224/2026 full is the rule, and
// partial needs one of three reasons that are published: presence required by law, a check
// on the spot, a technical fault.
func (p *Package) Level(w Working, on clock.Date) Level {
	l := p.maturity(w)
	if on.Before(decree42) || l.N < 3 && !p.Offers(Online) {
		return l
	}
	l.Extent, l.Law = Full, "42/2022"
	if !on.Before(decree224) {
		l.Law = "224/2026"
	}
	short := func(key string, params map[string]any) {
		l.Extent = Partial
		l.Short = append(l.Short, Reason{Key: key, Params: params})
	}
	if p.LevelCap.Max > 0 && p.LevelCap.Max < 4 {
		short("service.level.cap."+p.LevelCap.Reason, map[string]any{"source": p.LevelCap.Source})
	}
	if p.mayCost() && !w.Payment {
		short("service.level.unpaid", nil)
	}
	// A result on paper by post is as good as a signed file.
	if !p.delivers("post") && (!p.delivers("wallet", "online") || !p.signed(w)) {
		short("service.level.notDelivered", nil)
	}
	return l
}

// mayCost reports whether something may have to be paid.
func (p *Package) mayCost() bool { return !p.Fee.Free() }

// signed reports whether the result comes out signed: the city signs, and the package leaves number
// and paper to it. One whose number an officer types is drawn unsigned.
func (p *Package) signed(w Working) bool {
	return w.Signature && len(p.Result.Sign) > 0 && p.Result.Numbered()
}

func (p *Package) delivers(ways ...string) bool {
	return slices.ContainsFunc(p.Result.Deliver, func(d string) bool { return slices.Contains(ways, d) })
}

// maturity is the number with its reasons. A cap of the law stands alone where the city could
// do more, or the law is why it is not online; else beside what is missing anyhow.
func (p *Package) maturity(w Working) Level {
	l := p.reached(w)
	top := p.LevelCap.Max
	if top == 0 || top == 4 || top > l.N {
		return l
	}
	law := Reason{Key: "service.level.cap." + p.LevelCap.Reason, Params: map[string]any{"source": p.LevelCap.Source}}
	if top < l.N || !p.Offers(Online) {
		return Level{N: top, Why: []Reason{law}}
	}
	l.Why = append(l.Why, law)
	return l
}

// reached is the number that channels, payment and signature come to, whatever the law allows.
func (p *Package) reached(w Working) Level {
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
	if p.Fee.Kind == "unknown" && p.feeTable == nil {
		l = l.held("service.level.feeUnknown")
	}
	if !p.delivers("wallet", "online", "post") {
		l = l.held("service.level.notDelivered")
	}
	if !p.signed(w) {
		l = l.held("service.level.unsigned")
	}
	if len(l.Why) == 0 {
		l.N = 4
		l = l.held("service.level.four")
	}
	return l
}

func (l Level) held(key string) Level {
	l.Why = append(l.Why, Reason{Key: key})
	return l
}

// Word names the level: full or partial with the law that says so, or the number before.
func (l Level) Word(b *i18n.Bundle) decl.Label {
	say := func(lang i18n.Lang) string {
		if l.Extent == "" {
			return b.T(lang, "service.level.n", "n", l.N)
		}
		return b.T(lang, "service.level."+string(l.Extent), "law", l.Law)
	}
	return decl.Label{VI: say(i18n.VI), EN: say(i18n.EN)}
}

// Public is what the procedure's page says: the word, and why it is no more.
func (l Level) Public(b *i18n.Bundle) decl.Label {
	word, why := l.Word(b), l.Reason(b)
	if why.VI == "" {
		return decl.Label{VI: word.VI + ".", EN: word.EN + "."}
	}
	return decl.Label{VI: word.VI + ". " + why.VI, EN: word.EN + ". " + why.EN}
}

// Reason says why the service is partial or, before there was full and partial, why its
// level is no higher.
func (l Level) Reason(b *i18n.Bundle) decl.Label {
	if l.Extent != "" {
		return sentences(b, l.Short)
	}
	return l.Words(b)
}

// Words are the reasons for the number, as a citizen reads them.
func (l Level) Words(b *i18n.Bundle) decl.Label { return sentences(b, l.Why) }

func sentences(b *i18n.Bundle, list []Reason) decl.Label {
	var out decl.Label
	for i, r := range list {
		if i > 0 {
			out.VI, out.EN = out.VI+" ", out.EN+" "
		}
		out.VI += b.Map(i18n.VI, r.Key, r.Params)
		out.EN += b.Map(i18n.EN, r.Key, r.Params)
	}
	return out
}
