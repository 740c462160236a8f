package mandate

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/person"
)

// ID names a mandate.
type ID = id.Of[Mandate]

// Kind is the ground on which somebody acts for another.
type Kind string

// The kinds.
const (
	Legal    Kind = "legal"    // representative of a business by law
	Employee Kind = "employee" // of a business, granted by its representative
	Parent   Kind = "parent"   // of a minor
	Guardian Kind = "guardian" // by a decision
	Attorney Kind = "attorney" // by a power of attorney
)

// Kinds lists them in the order of forms.
func Kinds() []Kind { return []Kind{Legal, Employee, Parent, Guardian, Attorney} }

// byLaw reports whether the kind rests on a paper of somebody else: only a counter records
// and ends it.
func (k Kind) byLaw() bool { return k == Legal || k == Parent || k == Guardian }

// Party is for whom somebody acts: a person or a business.
type Party string

// PersonParty is a person as a party.
func PersonParty(v person.ID) Party { return Party("p:" + v.String()) }

// BusinessParty is a business as a party.
func BusinessParty(v person.BusinessID) Party { return Party("b:" + v.String()) }

// Person is the row of the register of a party that is a person; false of a business.
func (p Party) Person() (person.ID, bool) {
	text, ok := strings.CutPrefix(string(p), "p:")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return person.ID(n), err == nil
}

func (p Party) business() (person.BusinessID, bool) {
	text, ok := strings.CutPrefix(string(p), "b:")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return person.BusinessID(n), err == nil
}

// Status is what was decided about a mandate. Whether its days have come is State.
type Status string

// The statuses.
const (
	Offered  Status = "offered"
	Active   Status = "active"
	Declined Status = "declined"
	Ended    Status = "ended" // by one of both, or at a counter
)

// Mandate lets its holder act for its giver. It changes only from offered to active or
// declined, and from either to ended.
type Mandate struct {
	ID         ID
	Kind       Kind
	Giver      Party
	GiverName  string
	Holder     person.ID // 0 before they accepted
	HolderName string
	mark       string
	Services   []string   // ids; empty: all
	From       clock.Date //
	Until      clock.Date // last day; zero: open
	Paper      string     // what was shown, or named
	Status     Status
	Basis      string // BasisOwn, BasisCounter
	By         string // who granted or recorded it
	Unit       string // whose counter
	Made       time.Time
	EndedAt    time.Time
	EndedBy    string
	Reason     string
	Version    int64
}

// How a mandate came to be.
const (
	BasisOwn     = "own"
	BasisCounter = "counter"
)

// State is what a reader is told: offered, ahead, active, expired, declined, ended.
func (m Mandate) State(day clock.Date) string {
	switch {
	case m.Status != Active:
		return string(m.Status)
	case !m.Until.IsZero() && day.After(m.Until):
		return "expired"
	case day.Before(m.From):
		return "ahead"
	}
	return string(Active)
}

// Reaches reports whether the mandate covers a service.
func (m Mandate) Reaches(service string) bool {
	return len(m.Services) == 0 || slices.Contains(m.Services, service)
}

// check says why the mandate does not hold for a service on a day, and what to do about it.
func (m Mandate) check(service string, day clock.Date) error {
	key := ""
	switch state := m.State(day); {
	case state == "active" && m.Reaches(service):
		return nil
	case state == "active":
		key = "mandate.lapsed.scope"
	case state == "expired":
		key = "mandate.lapsed.expired"
	case state == "ahead":
		key = "mandate.lapsed.ahead"
	case state == "offered":
		key = "mandate.lapsed.offered"
	default:
		key = "mandate.lapsed.ended"
	}
	return errs.E(errs.Forbidden, key, errs.P("giver", m.GiverName, "until", m.Until, "from", m.From))
}

// May reports whether somebody of the two sides may end the mandate themselves.
func (m Mandate) May() bool { return !m.Kind.byLaw() && (m.Status == Active || m.Status == Offered) }
