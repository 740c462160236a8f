package app

import (
	"fmt"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
)

// demandFlag says since when officers need two factors.
type demandFlag struct {
	TwoFactors string `help:"Two factors of officers, and a fresh proof before signing: on, off, or the first day, YYYY-MM-DD; empty: on for a city, off for a demo." env:"KHUE_TWO_FACTORS" placeholder:"on|off|DAY"`
}

const (
	demandOn  = "on"
	demandOff = "off"
)

func (f demandFlag) demand(otherwise string) (auth.Demand, error) {
	text := f.TwoFactors
	if text == "" {
		text = otherwise
	}
	switch text {
	case demandOn:
		return auth.Demand{Officers: true}, nil
	case demandOff:
		return auth.Demand{}, nil
	}
	day, err := clock.ParseDate(text)
	if err != nil {
		return auth.Demand{}, fmt.Errorf("%w: --two-factors takes on, off or a day such as 2026-09-01", errUsage)
	}
	return auth.Demand{Officers: true, From: day}, nil
}
