package process

import (
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/errs"
)

// charge lets a dossier wait for a payment, once. At work it is in the national state 6 and the
// promised date stands still; before acceptance the one-stop's own clock does.
func (m *machine) charge() error {
	if m.i.Charged || m.i.State == 0 || m.i.State.Ended() || m.d.plain {
		return errs.E(errs.Conflict, "process.stale")
	}
	m.i.Owed, m.i.Charged = millis(m.env.Now), true
	if m.i.State == Accepted || m.i.State == Processing {
		return m.state(Financial)
	}
	return nil
}

// chargeAgain asks for a fee whose time to pay was over, or whose dossier had ended and was reopened:
// one that waits goes on waiting since when it did, every other waits from here. Conflict where it
// was paid.
func (m *machine) chargeAgain() error {
	if m.i.State == 0 || m.i.State.Ended() || m.d.plain {
		return errs.E(errs.Conflict, "process.stale")
	}
	if m.i.Owed == 0 {
		if err := m.charge(); err != nil {
			return err
		}
	}
	m.i.Asked = millis(m.env.Now)
	m.happened(MilestoneAgain)
	return nil
}

// paid lets it go on. The one-stop has its whole term from here, since it could not accept
// before; the promised date moves by what the wait took of it.
func (m *machine) paid() error {
	if m.i.Owed == 0 || m.i.State.Ended() {
		return errs.E(errs.Conflict, "process.notWaiting")
	}
	m.i.Owed, m.i.Asked = 0, 0
	if m.i.State == Financial {
		if err := m.state(Processing); err != nil {
			return err
		}
	}
	if m.i.Accepted == 0 && m.i.State == Submitted {
		if err := m.receive(); err != nil {
			return err
		}
	}
	m.happened(MilestonePaid)
	return nil
}

// MilestonePaid is reached where the fee that a dossier waited for has come.
const MilestonePaid = "feePaid"

// MilestoneAgain is reached where the fee is asked for again.
const MilestoneAgain = "feeAgain"

// Shifted is a term that stood still from an instant until now, moved by what was left of it in
// office hours; one that had run out by then stays.
func Shifted(cal *calendar.Calendar, due, from, now time.Time) time.Time {
	if due.IsZero() || !due.After(from) || !now.After(from) {
		return due
	}
	left := max(int((cal.Worked(from, due)+time.Hour-1)/time.Hour), 1)
	moved, err := cal.Due(now, calendar.Deadline{Kind: calendar.WorkingHours, N: left})
	if err != nil || moved.At.Before(due) {
		return due
	}
	return moved.At
}
