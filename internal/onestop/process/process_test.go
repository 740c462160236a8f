package process_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/holiday"
	"khue/services"
)

const birth = "hanoi.civil-status.birth-registration"

// birthRegistration is the declared process on a day, with an environment at 09:00.
func birthRegistration(t testing.TB, on string) (*process.Def, process.Env) {
	t.Helper()
	reg, problems := service.LoadAll(services.FS)
	if problems.Failed() {
		t.Fatal(problems.Err())
	}
	day := clock.MustDate(on)
	pkg, err := reg.Find(birth, day)
	if err != nil {
		t.Fatal(err)
	}
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	fenv := form.Env{Case: "normal", Channel: "online", Receiving: "00118", Competent: "00118", Now: day.At(9, 0)}
	return pkg.Process, process.Env{
		Now: day.At(9, 0), Calendar: cal, UnitDate: day, Case: "normal", Channel: "online", Facts: pkg.Form.Vars(form.Answers{}, fenv),
	}
}

type happened struct {
	ev  process.Event
	env process.Env
}

// TestRandomHistories plays random events against the process and holds what must hold
// of any of them: a refused event changes nothing, an accepted one leaves a token or an
// end, states change as the national portal allows, numbers of tokens never come twice,
// and a replay of what was accepted gives the same instance.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"2025-06-23", "2026-11-20"} {
		def, start := birthRegistration(t, on)
		for seed := range uint64(400) {
			history(t, def, start, rand.New(rand.NewPCG(seed, 7)))
		}
	}
}

func history(t *testing.T, def *process.Def, env process.Env, r *rand.Rand) {
	t.Helper()
	var inst process.Instance
	var log []happened
	numbers := map[int]bool{}
	for range 40 {
		env.Now = env.Now.Add(time.Duration(r.IntN(30)) * time.Hour)
		ev := randomEvent(def, inst, r)
		next, effects, err := process.Step(def, inst, ev, env)
		if err != nil {
			if k := errs.KindOf(err); k != errs.Conflict && k != errs.Invalid {
				t.Fatalf("%+v: %v", ev, err)
			}
			if diff := cmp.Diff(inst, next); diff != "" {
				t.Fatalf("a refused event changed the instance: %s", diff)
			}
			continue
		}
		log = append(log, happened{ev, env})
		check(t, inst, next, effects, numbers)
		inst = next
	}
	var again process.Instance
	for _, h := range log {
		var err error
		if again, _, err = process.Step(def, again, h.ev, h.env); err != nil {
			t.Fatalf("replay of %+v: %v", h.ev, err)
		}
	}
	if diff := cmp.Diff(inst, again); diff != "" {
		t.Fatalf("the replay differs: %s", diff)
	}
	b, err := json.Marshal(inst)
	if err != nil {
		t.Fatal(err)
	}
	var back process.Instance
	if err := json.Unmarshal(b, &back); err != nil || cmp.Diff(inst, back) != "" {
		t.Fatalf("JSON does not come back: %v %s", err, b)
	}
}

func check(t *testing.T, before, after process.Instance, effects []process.Effect, numbers map[int]bool) {
	t.Helper()
	if after.State.Ended() != (len(after.Tokens) == 0) {
		t.Fatalf("state %s with %d tokens", after.State, len(after.Tokens))
	}
	if before.State != after.State && !before.State.May(after.State) {
		t.Fatalf("%s to %s", before.State, after.State)
	}
	if (after.State == process.Financial) && after.Owed == 0 || after.Owed != 0 && after.Paused == 0 && after.State != process.Done {
		t.Fatalf("state %s, owed since %d, the count stands since %d", after.State, after.Owed, after.Paused)
	}
	if before.Owed != 0 && after.Owed == before.Owed && after.State == process.Processing {
		t.Fatal("a dossier at work that owes a fee does not wait for it")
	}
	if (after.Due != 0) && after.Accepted == 0 {
		t.Fatal("a due date before acceptance")
	}
	for _, tok := range after.Tokens {
		if _, was := before.Token(tok.N); !was && numbers[tok.N] {
			t.Fatalf("token %d came twice", tok.N)
		}
		numbers[tok.N] = true
		if tok.Wait != "" && tok.Timer == 0 {
			t.Fatalf("token %d waits for ever", tok.N)
		}
	}
	opened, closed := 0, 0
	for _, e := range effects {
		switch e := e.(type) {
		case process.TaskOpened:
			opened++
			if e.Unit == "" && e.Role != process.RoleApplicant {
				t.Fatalf("a task without a unit: %+v", e)
			}
		case process.TaskClosed:
			closed++
		}
	}
	if d := tasks(after) - tasks(before); d != opened-closed {
		t.Fatalf("%d tasks more, %d opened and %d closed", d, opened, closed)
	}
}

// tasks counts tokens with an open task: all but those that wait for a supplement.
func tasks(i process.Instance) (n int) {
	for _, t := range i.Tokens {
		if t.Wait != process.ForSupplement {
			n++
		}
	}
	return n
}

func randomEvent(def *process.Def, inst process.Instance, r *rand.Rand) process.Event {
	kinds := []process.EventKind{process.Submit, process.Act, process.Act, process.Act, process.Act, process.Act, process.Supply, process.Charge, process.Again, process.Paid, process.Withdraw, process.Fire}
	if inst.State != 0 && r.IntN(12) > 0 {
		kinds = kinds[1:10]
	}
	ev := process.Event{Kind: kinds[r.IntN(len(kinds))], Token: r.IntN(6)}
	if len(inst.Tokens) > 0 && r.IntN(8) > 0 {
		ev.Token = inst.Tokens[r.IntN(len(inst.Tokens))].N
	}
	if ev.Kind == process.Act {
		names := []string{"accept", "approve", "nonsense"}
		if tok, ok := inst.Token(ev.Token); ok {
			if s, ok := def.Step(tok.Step); ok {
				names = nil
				for _, a := range s.Actions {
					names = append(names, a.Do)
				}
			}
		}
		ev.Action = names[r.IntN(len(names))]
	}
	return ev
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ steps, want string }{
		"dead step":  {"a accept, b issue, c issue", "process.lint.dead"},
		"no accept":  {"a approve, b issue", "process.lint"},
		"two names":  {"a accept, a issue", "process.lint.idTwice"},
		"no result":  {"a accept, b approve", "process.lint.noNext"},
		"wrong word": {"a accpt, b issue", "process.lint.action"},
	} {
		src := process.Source{Format: process.Format}
		for _, s := range strings.Split(c.steps, ", ") {
			id, do, _ := strings.Cut(s, " ")
			step := process.SourceStep{ID: id, Role: "clerk", Actions: []process.SourceAction{{Do: do}}}
			step.Unit.S, step.Unit.Pos.Line = `"00118"`, 1
			if name == "dead step" && id == "a" {
				step.Actions[0].To = "b"
			}
			src.Steps = append(src.Steps, step)
		}
		def, problems := process.Compile(src, process.Options{})
		found := false
		for _, p := range problems {
			found = found || strings.HasPrefix(p.Key, c.want)
		}
		if !found || (def != nil && problems.Failed()) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	def, env := birthRegistration(b, "2026-11-20")
	inst, _, err := process.Step(def, process.Instance{}, process.Event{Kind: process.Submit}, env)
	if err != nil {
		b.Fatal(err)
	}
	ev := process.Event{Kind: process.Act, Token: inst.Tokens[0].N, Action: "accept"}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := process.Step(def, inst, ev, env); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTheTermStandsStillWhileAFeeIsDue: a term of 5 working days from Friday, 20 November 2026 (the
// 24th is a holiday) is due on the 30th; a fee that is asked for with the acceptance and paid on
// the 25th moves it by what the wait took, and the one-stop's own clock begins with the payment.
func TestTheTermStandsStillWhileAFeeIsDue(t *testing.T) {
	t.Parallel()
	def, env := birthRegistration(t, "2026-11-20")
	env.Term = &calendar.Deadline{Kind: calendar.WorkingDays, N: 5}
	step := func(in process.Instance, ev process.Event, at time.Time) process.Instance {
		t.Helper()
		env.Now = at
		out, _, err := process.Step(def, in, ev, env)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	day := func(m process.Millis) string { return clock.DateOf(m.Time()).String() }
	filed := clock.MustDate("2026-11-20").At(9, 0)
	i := step(process.Instance{}, process.Event{Kind: process.Submit}, filed)
	accept := process.Event{Kind: process.Act, Token: i.Tokens[0].N, Action: "accept"}

	early := step(step(i, process.Event{Kind: process.Charge}, filed), process.Event{Kind: process.Paid}, clock.MustDate("2026-11-26").At(9, 0))
	if early.State != process.Submitted || early.Paused != 0 || day(early.ReceiveBy) != "2026-11-27" {
		t.Errorf("paid before acceptance: %s, paused %d, to be accepted by %s", early.State, early.Paused, early.ReceiveBy.Time())
	}
	i = step(step(i, accept, filed), process.Event{Kind: process.Charge}, filed)
	if i.State != process.Financial || i.Paused == 0 || day(i.Due) != "2026-11-30" {
		t.Errorf("charged: %s, paused %d, due %s", i.State, i.Paused, i.Due.Time())
	}
	again := step(i, process.Event{Kind: process.Again}, clock.MustDate("2026-11-23").At(10, 0))
	if again.State != process.Financial || again.Owed != i.Owed || again.Paused != i.Paused || day(again.Asked) != "2026-11-23" {
		t.Errorf("asked again: %s, owed since %s, paused %d", again.State, again.Owed.Time(), again.Paused)
	}
	if a := step(again, process.Event{Kind: process.Paid}, clock.MustDate("2026-11-25").At(10, 0)); a.Asked != 0 || day(a.Due) != "2026-12-02" {
		t.Errorf("asked again and paid: due %s, asked %d", a.Due.Time(), a.Asked)
	}
	i = step(i, process.Event{Kind: process.Paid}, clock.MustDate("2026-11-25").At(10, 0))
	if i.State != process.Processing || i.Paused != 0 || day(i.Due) != "2026-12-02" {
		t.Errorf("paid: %s, paused %d, due %s", i.State, i.Paused, i.Due.Time())
	}
	if _, _, err := process.Step(def, i, process.Event{Kind: process.Charge}, env); !errs.Is(err, errs.Conflict) {
		t.Errorf("charged twice: %v", err)
	}
}

// TestTermFromATable: what a decision table gave is counted in place of the declared term.
func TestTermFromATable(t *testing.T) {
	t.Parallel()
	def, env := birthRegistration(t, "2026-11-20")
	inst, _, err := process.Step(def, process.Instance{}, process.Event{Kind: process.Submit}, env)
	if err != nil {
		t.Fatal(err)
	}
	accept := process.Event{Kind: process.Act, Token: inst.Tokens[0].N, Action: "accept"}
	for want, term := range map[string]*calendar.Deadline{
		"2026-11-20": nil,
		"2026-11-30": {Kind: calendar.WorkingDays, N: 5}, // 23, 25, 26, 27, 30: the 24th is a holiday
	} {
		env.Term = term
		got, _, err := process.Step(def, inst, accept, env)
		if err != nil || clock.DateOf(got.Due.Time()).String() != want {
			t.Errorf("due %v, want %s (%v)", got.Due.Time(), want, err)
		}
	}
}
