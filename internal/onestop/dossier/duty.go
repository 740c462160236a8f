package dossier

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// Duty is what different people do at a dossier: who received it does not verify it, and
// who did either does not sign it.
type Duty uint8

// The duties.
const (
	NoDuty Duty = iota
	Received
	Verified
	Signed
)

func (d Duty) String() string { return [...]string{"", "received", "verified", "signed"}[d] }

// Duties tells which units let one person do several duties; identity.Service implements it.
type Duties interface {
	Shared(q db.Querier) ([]orgunit.UnitID, error)
}

// dutyOf is the duty that an action at a step of a role fulfils. Only what leads on or
// decides is one: asking, returning or extending binds nobody.
func dutyOf(role, step, action string) Duty {
	if _, opinion := process.OpinionOf(step); opinion || role == process.RoleApplicant {
		return NoDuty
	}
	switch action {
	case process.DoAccept:
		return Received
	case process.DoSign:
		return Signed
	case process.DoApprove, process.DoSubmit, process.DoRefuse:
	default:
		return NoDuty
	}
	switch r := orgunit.Role(role); {
	case r == orgunit.RoleClerk || r == orgunit.RoleRegistryClerk:
		return NoDuty // passes on, numbers and hands out
	case r.Acts(orgunit.RoleLeader):
		return Signed
	}
	return Verified
}

// Did is a duty with who fulfilled it.
type Did struct {
	Duty    Duty
	Account int64
	Name    string
}

// record is who fulfilled which duty of a dossier, a line each: "2 77 Đỗ Minh Châu". It
// stands in the rows of dossier and tasks, and is read only where it names the reader.
type record string

func (r record) with(d Duty, sub auth.Subject) record {
	if d == NoDuty || sub.Account == 0 {
		return r
	}
	line := strconv.Itoa(int(d)) + " " + strconv.FormatInt(sub.Account, 10) + " "
	if strings.HasPrefix(string(r), line) || strings.Contains(string(r), "\n"+line) {
		return r
	}
	return r + record(line+strings.Join(strings.Fields(sub.Name), " ")+"\n")
}

// names reports, without reading it, whether an account may stand in the record.
func (r record) names(account int64) bool {
	return r != "" && account != 0 && strings.Contains(string(r), " "+strconv.FormatInt(account, 10)+" ")
}

// other is a duty that an account fulfilled beside one.
func (r record) other(account int64, than Duty) (Did, bool) {
	if than == NoDuty || !r.names(account) {
		return Did{}, false
	}
	for line := range strings.Lines(string(r)) {
		duty, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		who, name, _ := strings.Cut(rest, " ")
		n, _ := strconv.ParseUint(duty, 10, 8)
		if a, err := strconv.ParseInt(who, 10, 64); err == nil && a == account && Duty(n) != than {
			return Did{Duty(n), a, name}, true
		}
	}
	return Did{}, false
}

// Bars reports whether the earlier duty forbids an action of a task.
func (d Did) Bars(t Task, action string) bool {
	duty := dutyOf(t.Role, t.Step, action)
	return d.Duty != NoDuty && duty != NoDuty && duty != d.Duty
}

// Refusal says who did what before, and what to do now; nil where nobody did.
func (d Did) Refusal() error {
	if d.Duty == NoDuty {
		return nil
	}
	return errs.E(errs.Forbidden, "dossier.duty."+d.Duty.String(), errs.P("by", d.Name))
}

// barred is the earlier duty for which an account may not take an action, or any deciding
// action of the step where none is named.
func (s *Service) barred(account int64, r record, t Task, action string) (Did, bool) {
	if !r.names(account) {
		return Did{}, false
	}
	if action != "" {
		return r.other(account, dutyOf(t.Role, t.Step, action))
	}
	pkg, err := s.Services.ByDigest(t.Package)
	if err != nil {
		return Did{}, false
	}
	step, _ := pkg.Process.Step(t.Step)
	for _, a := range step.Actions {
		if did, ok := r.other(account, dutyOf(t.Role, t.Step, a.Do)); ok {
			return did, true
		}
	}
	return Did{}, false
}

// apart reports whether the unit of a task keeps the duties apart, given those that do not.
func (s *Service) apart(shared []orgunit.UnitID, u orgunit.UnitID) bool {
	if slices.Contains(shared, u) {
		return false
	}
	a, ok := s.Units.At(clock.DateOf(s.Clock.Now())).AgencyOf(u)
	return !ok || !slices.Contains(shared, a.ID)
}

// readShared reads which units allow more, only where there is something to refuse.
func (f *found) readShared(s *Service, q db.Querier, account int64, action string) (err error) {
	if _, barred := s.barred(account, f.d.Did, f.t, action); barred {
		f.shared, err = s.Duties.Shared(q)
	}
	return err
}

// checkDuty refuses an act of somebody who did another duty of the dossier before.
func (s *Service) checkDuty(sub auth.Subject, f *found, action string) error {
	if did, barred := s.barred(sub.Account, f.d.Did, f.t, action); barred && s.apart(f.shared, f.t.Unit) {
		return did.Refusal()
	}
	return nil
}

// Barred tells of which tasks an account may not take the deciding actions, and for which
// earlier duty. Nothing is read where no row names the account.
func (s *Service) Barred(ctx context.Context, account int64, tasks ...Task) (out map[TaskID]Did, err error) {
	defer errs.Op(&err, "dossier.Barred")
	for _, t := range tasks {
		if did, ok := s.barred(account, t.Did, t, ""); ok && t.Open {
			if out == nil {
				out = map[TaskID]Did{}
			}
			out[t.ID] = did
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		shared, err := s.Duties.Shared(v)
		for _, t := range tasks {
			if !s.apart(shared, t.Unit) {
				delete(out, t.ID)
			}
		}
		return err
	})
	return out, err
}

// BarredColleagues tells which of some accounts may not take the deciding actions of a task.
func (s *Service) BarredColleagues(ctx context.Context, t Task, accounts []int64) (out map[int64]Did, err error) {
	defer errs.Op(&err, "dossier.BarredColleagues")
	out = map[int64]Did{}
	for _, a := range accounts {
		if did, ok := s.barred(a, t.Did, t, ""); ok {
			out[a] = did
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	apart := false
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		shared, err := s.Duties.Shared(v)
		apart = s.apart(shared, t.Unit)
		return err
	})
	if !apart {
		out = nil
	}
	return out, err
}
