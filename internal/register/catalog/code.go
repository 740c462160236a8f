package catalog

import (
	"regexp"

	"khue/internal/kernel/errs"
)

// Code is the national code of a procedure: "1.001193"; a variant of one province
// carries its code as suffix: "1.012753.H19".
type Code string

var codeForm = regexp.MustCompile(`^\d\.\d{6}(\.[A-Z0-9]{2,3})?$`)

// Valid reports whether the code has the national form.
func (c Code) Valid() bool { return codeForm.MatchString(string(c)) }

// ParseCode reads a code. It returns an Invalid error for any other form.
func ParseCode(s string) (Code, error) {
	if c := Code(s); c.Valid() {
		return c, nil
	}
	if len(s) > 40 {
		s = s[:40]
	}
	return "", errs.E(errs.Invalid, "catalog.code.form", errs.P("code", s))
}

// Tier is a level of government that a procedure is handled at.
type Tier string

// The tiers. District procedures ended on 2025-06-30; records of older dates keep it.
const (
	Commune  Tier = "commune"
	District Tier = "district"
	Province Tier = "province"
	Ministry Tier = "ministry"
	Vertical Tier = "vertical" // a central agency's own branches: police, tax, customs, insurance
	Other    Tier = "other"    // embassies, notaries, courts, enterprises
)

// Tiers lists the tiers, nearest to the citizen first.
var Tiers = [...]Tier{Commune, District, Province, Vertical, Ministry, Other}

// ParseTier returns the tier named, and false for any other word.
func ParseTier(s string) (Tier, bool) {
	for _, t := range Tiers {
		if string(t) == s {
			return t, true
		}
	}
	return "", false
}

// Kind says whose regulation a procedure comes from.
type Kind string

// The kinds of the national record.
const (
	National Kind = "national" // the same in the whole country
	Local    Kind = "local"    // set by one province for itself
	Internal Kind = "internal" // between agencies, not for citizens
)

// Reach says how a procedure concerns this city.
type Reach string

// The reaches. They are read from tiers, kind and promulgator only: on whose system
// a procedure runs is not in the record.
const (
	InCity        Reach = "city"           // an agency at commune or province level handles it
	ByMinistry    Reach = "ministry"       // handled above or beside the city: listed and linked
	OtherProvince Reach = "other-province" // another province's own procedure
	BetweenOffice Reach = "internal"       // between agencies
)

// Level is the maturity of a procedure's service, 1 to 4 (Decree 43/2011, article 3);
// 0 where less than the full information is known.
type Level int8
