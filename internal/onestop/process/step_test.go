package process_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/process"
)

const chain = `
format: khue-steps/1
steps:
  - {id: receive, role: clerk, unit: receiving, hours: 1, actions: [accept, supplement, refuse]}
  - id: verify
    role: justiceOfficer
    unit: competent
    hours: 3
    actions: [{do: approve, event: verified}, supplement, {do: returnStep, to: receive}, {do: extend, term: elsewhere}, refuse]
  - id: confirmDraft
    role: applicant
    when: channel = "online"
    within: P1D
    silence: confirm
    counts: false
    actions: [{do: confirm, to: enter}, {do: correct, to: verify}]
  - {id: enter, role: justiceOfficer, unit: competent, actions: [submit]}
  - id: sign
    role: leader
    unit: competent
    hours: 2
    actions: [sign, {do: returnStep, to: verify}]
  - {id: seal, role: registryClerk, unit: competent, hours: 1, actions: [{do: number, result: true}]}
  - {id: handOver, role: clerk, unit: receiving, hours: 1, actions: [issue]}
`

func scope() feel.Scope {
	return feel.NewScope(feel.Field{Name: "channel", Type: feel.StringType}, feel.Field{Name: "receiving", Type: feel.StringType},
		feel.Field{Name: "competent", Type: feel.StringType})
}

func terms(resume bool) process.Terms {
	return process.Terms{
		Deadlines: []process.Deadline{
			{Term: calendar.Deadline{Kind: calendar.SameDay}},
			{Case: "abandoned", Term: calendar.Deadline{Kind: calendar.WorkingDays, N: 5}},
			{Case: "elsewhere", Term: calendar.Deadline{Kind: calendar.WorkingDays, N: 3}},
		},
		Receive: 8, Result: "certificate",
		Supplement: process.SupplementTerms{Max: 1, Within: calendar.Term{Kind: calendar.CalendarDays, N: 30}, Resume: resume},
	}
}

func compile(t testing.TB, src string, tm process.Terms) (*process.Def, decl.Problems) {
	t.Helper()
	var s process.Source
	if ps := decl.Decode("steps.yaml", []byte(src), &s); len(ps) > 0 {
		t.Fatal(ps)
	}
	return process.Compile(s, process.Options{File: "steps.yaml", Scope: scope(), Terms: tm})
}

func mustCompile(t testing.TB, src string, tm process.Terms) *process.Def {
	t.Helper()
	d, ps := compile(t, src, tm)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	return d
}

func cal(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New([]calendar.Day{{Date: clock.MustDate("2026-11-24"), Kind: calendar.Holiday}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// play moves a dossier by hand and fails the test on a refusal.
type play struct {
	t     testing.TB
	d     *process.Def
	inst  process.Instance
	env   process.Env
	last  []process.Effect
	names []string
}

func start(t testing.TB, d *process.Def, at, channel string) *play {
	t.Helper()
	p := &play{t: t, d: d, env: process.Env{
		Calendar: cal(t), Channel: channel,
		Facts: feel.Values{feel.String(channel), feel.String("00133"), feel.String("00118")},
	}}
	p.at(at)
	p.do(process.Event{Kind: process.Submit})
	return p
}

func (p *play) at(s string) *play {
	p.t.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", s, clock.Zone)
	if err != nil {
		p.t.Fatal(err)
	}
	p.env.Now = now
	return p
}

func (p *play) do(ev process.Event) *play {
	p.t.Helper()
	inst, effects, err := process.Step(p.d, p.inst, ev, p.env)
	if err != nil {
		p.t.Fatalf("%+v: %v", ev, err)
	}
	p.inst, p.last = inst, effects
	for _, e := range effects {
		if h, ok := e.(process.Happened); ok {
			p.names = append(p.names, h.Name)
		}
	}
	return p
}

func (p *play) act(action string) *play {
	p.t.Helper()
	return p.do(process.Event{Kind: process.Act, Token: p.inst.Tokens[0].N, Action: action})
}

func (p *play) want(state process.State, step, due string) *play {
	p.t.Helper()
	gotStep := ""
	if len(p.inst.Tokens) > 0 {
		gotStep = p.inst.Tokens[0].Step
	}
	gotDue := ""
	if p.inst.Due != 0 {
		gotDue = p.inst.Due.Time().In(clock.Zone).Format("2006-01-02 15:04")
	}
	if p.inst.State != state || gotStep != step || gotDue != due {
		p.t.Fatalf("got %s at %q due %q, want %s at %q due %q", p.inst.State, gotStep, gotDue, state, step, due)
	}
	return p
}

func (p *play) refused(ev process.Event, key string) *play {
	p.t.Helper()
	inst, effects, err := process.Step(p.d, p.inst, ev, p.env)
	e, ok := errs.As(err)
	if !ok || e.Key != key {
		p.t.Fatalf("%+v: got %v, want %s", ev, err, key)
	}
	if len(effects) > 0 || !cmp.Equal(inst, p.inst) {
		p.t.Errorf("%+v: a refused event changed something", ev)
	}
	return p
}

func TestPlainWay(t *testing.T) {
	t.Parallel()
	p := start(t, mustCompile(t, chain, terms(false)), "2026-11-20 14:00", "counter")
	p.want(process.Submitted, "receive", "")
	p.act("accept").want(process.Accepted, "verify", "2026-11-20 17:00")
	p.act("approve").want(process.Processing, "enter", "2026-11-20 17:00") // the draft is confirmed online only
	p.act("submit").act("sign").act("number").want(process.Done, "handOver", "2026-11-20 17:00")
	p.refused(process.Event{Kind: process.Withdraw}, "process.ended")
	p.act("issue").want(process.Returned, "", "2026-11-20 17:00")
	want := []string{"submitted", "accepted", "verified", "signed", "numbered", "issued", "returned"}
	if d := cmp.Diff(want, p.names); d != "" {
		t.Error(d)
	}
	p.refused(process.Event{Kind: process.Act, Token: 1, Action: "accept"}, "process.stale")
}

func TestEffectsOfAcceptance(t *testing.T) {
	t.Parallel()
	p := start(t, mustCompile(t, chain, terms(false)), "2026-11-20 15:30", "online")
	p.act("accept")
	var kinds []string
	for _, e := range p.last {
		switch e := e.(type) {
		case process.TaskClosed:
			kinds = append(kinds, "closed "+e.Step+" by "+e.Action)
		case process.StateChanged:
			kinds = append(kinds, e.From.String()+" to "+e.To.String())
		case process.DueSet:
			kinds = append(kinds, "due "+e.Due.At.Format("2006-01-02")+" "+e.Why)
		case process.Happened:
			kinds = append(kinds, e.Name)
		case process.PaperRequested:
			kinds = append(kinds, "paper "+e.Paper)
		case process.TaskOpened:
			kinds = append(kinds, "opened "+e.Step+" for "+e.Role+" at "+e.Unit)
		}
	}
	// After 15:00 on a Friday the same day is Monday.
	want := []string{
		"closed receive by accept", "submitted to accepted", "due 2026-11-23 accepted", "accepted", "paper receipt",
		"opened verify for justiceOfficer at 00118",
	}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Error(d)
	}
}

func TestSilenceAgreesAndTheWaitDoesNotCount(t *testing.T) {
	t.Parallel()
	p := start(t, mustCompile(t, chain, terms(false)), "2026-11-20 09:00", "online")
	p.act("accept").act("approve").want(process.Processing, "confirmDraft", "2026-11-20 17:00")
	n := p.inst.Tokens[0].N
	if p.inst.Paused == 0 {
		t.Error("the count goes on while the applicant reads")
	}
	p.refused(process.Event{Kind: process.Fire, Token: n}, "process.early")
	// A day from Friday 09:00 ends with Saturday; what was left of the same day is Monday.
	p.at("2026-11-21 17:00").do(process.Event{Kind: process.Fire, Token: n}).want(process.Processing, "enter", "2026-11-23 17:00")
	if !slices.Contains(p.names, "silenceAgreed") || p.inst.Paused != 0 {
		t.Errorf("names %v, paused %d", p.names, p.inst.Paused)
	}
	p.refused(process.Event{Kind: process.Fire, Token: n}, "process.stale")
}

func TestSupplement(t *testing.T) {
	t.Parallel()
	d := mustCompile(t, chain, terms(false))
	t.Run("before acceptance there is no date to lose", func(t *testing.T) {
		t.Parallel()
		p := start(t, d, "2026-11-20 09:00", "counter").act("supplement").want(process.Supplement, "receive", "")
		p.refused(process.Event{Kind: process.Act, Token: p.inst.Tokens[0].N, Action: "accept"}, "process.stale")
		p.at("2026-11-23 09:00").do(process.Event{Kind: process.Supply}).want(process.Submitted, "receive", "")
		p.refused(process.Event{Kind: process.Act, Token: p.inst.Tokens[0].N, Action: "supplement"}, "process.supplementSpent")
		p.refused(process.Event{Kind: process.Supply}, "process.notWaiting")
	})
	t.Run("restart", func(t *testing.T) {
		t.Parallel()
		p := start(t, d, "2026-11-20 09:00", "counter").act("accept").act("supplement").want(process.Supplement, "verify", "")
		p.at("2026-11-25 10:00").do(process.Event{Kind: process.Supply}).want(process.Processing, "verify", "2026-11-25 17:00")
	})
	t.Run("resume", func(t *testing.T) {
		t.Parallel()
		p := start(t, mustCompile(t, chain, terms(true)), "2026-11-20 09:00", "counter")
		p.env.Case = "abandoned"
		p.act("accept").want(process.Accepted, "verify", "2026-11-30 17:00") // 23, 25, 26, 27, 30; the 24th is a holiday
		p.at("2026-11-25 09:00").act("supplement")                           // three days are left
		p.at("2026-12-07 09:00").do(process.Event{Kind: process.Supply}).want(process.Processing, "verify", "2026-12-10 17:00")
	})
	t.Run("lapse", func(t *testing.T) {
		t.Parallel()
		p := start(t, d, "2026-11-20 09:00", "counter").act("accept").act("supplement")
		n := p.inst.Tokens[0].N
		p.at("2026-12-20 17:00").do(process.Event{Kind: process.Fire, Token: n}).want(process.Stopped, "", "")
	})
}

func TestRefusalWithdrawalReturnExtension(t *testing.T) {
	t.Parallel()
	d := mustCompile(t, chain, terms(false))
	start(t, d, "2026-11-20 09:00", "counter").act("refuse").want(process.NotAccepted, "", "")
	start(t, d, "2026-11-20 09:00", "counter").act("accept").act("refuse").want(process.Stopped, "", "2026-11-20 17:00")
	start(t, d, "2026-11-20 09:00", "counter").act("accept").do(process.Event{Kind: process.Withdraw}).want(process.Withdrawn, "", "2026-11-20 17:00")

	p := start(t, d, "2026-11-20 09:00", "counter").act("accept").act("returnStep").want(process.Processing, "receive", "2026-11-20 17:00")
	p.at("2026-11-20 16:00").act("accept").want(process.Processing, "verify", "2026-11-20 17:00") // forwarded, not accepted again

	p.act("extend").want(process.Processing, "verify", "2026-11-26 17:00")
	p.refused(process.Event{Kind: process.Act, Token: p.inst.Tokens[0].N, Action: "extend"}, "process.extensionSpent")
	p.refused(process.Event{Kind: process.Act, Token: p.inst.Tokens[0].N, Action: "sign"}, "process.noAction")
	p.refused(process.Event{Kind: process.Submit}, "process.ended")
}

func TestCompileSaysWhatAndWhere(t *testing.T) {
	t.Parallel()
	const head = "format: khue-steps/1\nsteps:\n"
	const first = "  - {id: receive, role: clerk, unit: receiving, actions: [accept, refuse]}\n"
	const last = "  - {id: handOver, role: clerk, unit: receiving, actions: [issue]}\n"
	for name, tc := range map[string]struct{ src, want string }{
		"dead step":       {head + first + "  - {id: verify, role: clerk, unit: competent, actions: [{do: approve, to: handOver}]}\n  - {id: lost, role: clerk, unit: competent, actions: [approve]}\n" + last, "process.lint.dead id=lost"},
		"no end":          {head + first + "  - {id: verify, role: clerk, unit: competent, actions: [{do: returnStep, to: receive}]}\n" + last, "process.lint."},
		"unknown action":  {head + first + "  - {id: verify, role: clerk, unit: competent, actions: [aprove]}\n" + last, "process.lint.action action=aprove"},
		"unknown target":  {head + first + "  - {id: verify, role: clerk, unit: competent, actions: [{do: approve, to: handover}]}\n" + last, "process.lint.to nearest=handOver to=handover"},
		"waits for ever":  {head + first + "  - {id: ask, role: applicant, actions: [yes]}\n" + last, "process.lint.within"},
		"no unit":         {head + first + "  - {id: verify, role: clerk, actions: [approve]}\n" + last, "process.lint.unit"},
		"unknown path":    {head + first + "  - {id: verify, role: clerk, unit: competen, actions: [approve]}\n" + last, "process.lint.feel"},
		"wrong type":      {head + first + "  - {id: verify, role: clerk, unit: 1 + 1, actions: [approve]}\n" + last, "process.lint.kind got=number want=string"},
		"no acceptance":   {head + last, "process.lint.noAccept"},
		"undeclared term": {head + first + "  - {id: verify, role: clerk, unit: competent, actions: [approve, {do: extend, term: x}]}\n" + last, "process.lint.term term=x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ps := compile(t, tc.src, terms(false))
			if d != nil || !slices.ContainsFunc(ps, func(p decl.Problem) bool { return strings.Contains(p.String(), tc.want) && p.Pos.Line > 0 }) {
				t.Errorf("got %v, want %s", ps, tc.want)
			}
		})
	}
}

func TestStatesAreTheNationalCodes(t *testing.T) {
	t.Parallel()
	for code, name := range []string{"", "submitted", "accepted", "notAccepted", "processing", "supplement", "financial", "withdrawn", "stopped", "done", "returned"} {
		if code == 0 {
			continue
		}
		if s, ok := process.ParseState(name); !ok || s.National() != code || s.String() != name {
			t.Errorf("%s is %d, want %d", name, s.National(), code)
		}
	}
}

func TestEveryLintSentenceExists(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(process.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for s := process.Submitted; s <= process.Returned; s++ {
		if !b.Has("process.state." + s.String()) {
			t.Errorf("no words for %s", s)
		}
	}
	for _, m := range mustCompile(t, chain, terms(false)).Milestones() {
		if !b.Has("process.milestone." + m) {
			t.Errorf("no words for %s", m)
		}
	}
}

func TestConsultation(t *testing.T) {
	t.Parallel()
	src := strings.Replace(chain, "supplement, {do: returnStep, to: receive}", "consult, supplement, {do: returnStep, to: receive}", 1)
	tm := terms(false)
	if d, ps := compile(t, src, tm); d != nil {
		t.Errorf("consulting without terms was taken: %v", ps)
	}
	tm.Consult = process.ConsultTerms{Role: "specialist", Within: calendar.Term{Kind: calendar.CalendarDays, N: 12}}
	p := start(t, mustCompile(t, src, tm), "2026-11-20 09:00", "counter")
	p.act("accept").at("2026-11-23 09:00")
	verify := func() int { tok, _ := p.inst.At("verify"); return tok.N }
	ask := process.Event{Kind: process.Act, Token: verify(), Action: "consult", Units: []string{"H26.9", "00118"}}
	p.refused(process.Event{Kind: process.Act, Token: verify(), Action: "consult"}, "process.consultWhom")
	p.do(ask)
	asked := p.inst.Opinions(verify())
	if len(asked) != 2 || asked[0].Unit != "H26.9" || asked[0].Timer.Time().In(clock.Zone).Format("2006-01-02 15:04") != "2026-12-05 17:00" {
		t.Fatalf("%+v", p.inst.Tokens)
	}
	p.refused(process.Event{Kind: process.Act, Token: asked[0].N, Action: "approve"}, "process.noAction")
	p.do(process.Event{Kind: process.Act, Token: asked[0].N, Action: "object"})
	p.at("2026-12-05 17:00").do(process.Event{Kind: process.Fire, Token: asked[1].N})
	if len(p.inst.Opinions(verify())) != 0 || !slices.Contains(p.names, "silenceAgreed") || !slices.Contains(p.names, "opinionGiven") {
		t.Errorf("%v %+v", p.names, p.inst.Tokens)
	}
	// The officer need not wait: who has not answered is not asked any more.
	p.do(process.Event{Kind: process.Act, Token: verify(), Action: "consult", Units: []string{"00118"}})
	p.do(process.Event{Kind: process.Act, Token: verify(), Action: "approve"})
	if len(p.inst.Tokens) != 1 || p.inst.Tokens[0].Step != "enter" {
		t.Errorf("%+v", p.inst.Tokens)
	}
}
