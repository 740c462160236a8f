package calendar

import (
	"fmt"
	"time"

	"khue/internal/kernel/clock"
)

// Kind is the unit in which a deadline is counted.
type Kind uint8

// The kinds of deadlines.
const (
	SameDay      Kind = iota + 1 // within the day of acceptance
	WorkingDays                  // N days on which offices work
	CalendarDays                 // N days, whatever they are
	WorkingHours                 // N hours of office time
	Months                       // N months, by the day of the month
)

//nolint:gochecknoglobals // immutable table
var kindNames = [...]string{"", "sameDay", "workingDays", "calendarDays", "workingHours", "months"}

// String is the name as declared in a service.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// MarshalText writes the declared name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the declared name.
func (k *Kind) UnmarshalText(b []byte) error {
	for i, n := range kindNames {
		if i > 0 && n == string(b) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("calendar: %q is not one of sameDay, workingDays, calendarDays, workingHours, months", b)
}

// Moves says what reception after the cutoff moves to the next working day.
type Moves uint8

// The zero value follows the kind: the result for SameDay, the forwarding for all else.
const (
	MovesByKind     Moves = iota
	MovesForwarding       // only the hand-over to the examining office
	MovesResult           // the start of the count, and so the promised date
)

// MarshalText writes the declared name.
func (m Moves) MarshalText() ([]byte, error) {
	return []byte([...]string{"", "forwarding", "result"}[min(m, MovesResult)]), nil
}

// UnmarshalText reads the declared name.
func (m *Moves) UnmarshalText(b []byte) error {
	switch string(b) {
	case "":
		*m = MovesByKind
	case "forwarding":
		*m = MovesForwarding
	case "result":
		*m = MovesResult
	default:
		return fmt.Errorf("calendar: cutoff moves %q, not result or forwarding", b)
	}
	return nil
}

// TimeOfDay is minutes since midnight.
type TimeOfDay int

// DefaultCutoff is 15:00, after which a dossier is forwarded the next working day.
const DefaultCutoff TimeOfDay = 15 * 60

// At is a time of day.
func At(hour, minute int) TimeOfDay { return TimeOfDay(hour*60 + minute) }

// On is that time on a day.
func (t TimeOfDay) On(d clock.Date) time.Time { return d.At(int(t)/60, int(t)%60) }

// String is the form 15:00.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText writes the form 15:00.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the form 15:00.
func (t *TimeOfDay) UnmarshalText(b []byte) error {
	v, err := time.Parse("15:04", string(b))
	if err != nil {
		return fmt.Errorf("calendar: %q is not a time of day such as 15:00", b)
	}
	*t = At(v.Hour(), v.Minute())
	return nil
}

// Deadline is a term as a service declares it. The zero Cutoff is 15:00.
type Deadline struct {
	Kind        Kind      `json:"kind" yaml:"kind"`
	N           int       `json:"n,omitempty" yaml:"n,omitempty"`
	Cutoff      TimeOfDay `json:"cutoff,omitempty" yaml:"cutoff,omitempty"`
	CutoffMoves Moves     `json:"cutoffMoves,omitempty" yaml:"cutoffMoves,omitempty"`
	// Roll moves a term in calendar days or months that ends on a day off to the next
	// working day (Civil Code 2015 art. 148). Off, the term ends on the day itself.
	Roll bool `json:"roll,omitempty" yaml:"roll,omitempty"`
}

// MaxN bounds a term; longer ones are a slip of the pen.
const MaxN = 3660

// Check reports what is wrong with a declared term.
func (d Deadline) Check() error {
	switch {
	case d.Kind < SameDay || d.Kind > Months:
		return fmt.Errorf("calendar: a deadline needs a kind")
	case d.Kind == SameDay && d.N != 0:
		return fmt.Errorf("calendar: sameDay takes no n")
	case d.Kind != SameDay && (d.N < 1 || d.N > MaxN):
		return fmt.Errorf("calendar: %s needs n from 1 to %d, not %d", d.Kind, MaxN, d.N)
	case d.Cutoff < 0 || d.Cutoff >= At(24, 0):
		return fmt.Errorf("calendar: cutoff %d is no time of day", d.Cutoff)
	case d.CutoffMoves > MovesResult:
		return fmt.Errorf("calendar: unknown cutoff rule %d", d.CutoffMoves)
	}
	return nil
}

func (d Deadline) cutoff() TimeOfDay {
	if d.Cutoff == 0 {
		return DefaultCutoff
	}
	return d.Cutoff
}

func (d Deadline) movesResult() bool {
	return d.CutoffMoves == MovesResult || d.CutoffMoves == MovesByKind && d.Kind == SameDay
}
