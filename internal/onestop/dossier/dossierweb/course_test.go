package dossierweb_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/services"
)

// drawnBirth is birth registration with a drawn process that asks the population register
// and has no way on where the number is not the one it wants.
const drawnBirth = `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:khue="https://khue.vn/bpmn/1" id="d" targetNamespace="https://khue.vn/test">
<message id="m" name="court.word"/>
<process id="birth" isExecutable="true">
<boundaryEvent id="word" attachedToRef="sign" cancelActivity="false" khue:correlate="child.name"><messageEventDefinition messageRef="m"/></boundaryEvent>
<endEvent id="noted"/><sequenceFlow id="f10" sourceRef="word" targetRef="noted"/>
<startEvent id="start"/>
<userTask id="receive" khue:role="clerk" khue:unit="receiving" khue:hours="1" khue:actions="accept supplement refuse"/>
<userTask id="verify" khue:role="justiceOfficer" khue:unit="competent" khue:hours="3" khue:actions="consult supplement refuse"><extensionElements>
  <khue:action do="approve" event="verified"/><khue:action do="returnStep" to="receive"/><khue:action do="extend" term="verify-elsewhere"/></extensionElements></userTask>
<userTask id="enterBook" khue:role="justiceOfficer" khue:unit="competent"><extensionElements><khue:action do="approve" event="entered"/></extensionElements></userTask>
<serviceTask id="askPopulation" khue:connector="population"><extensionElements>
  <khue:in name="child" value="child.name"/><khue:out name="number" value="number"/></extensionElements></serviceTask>
<exclusiveGateway id="known"/>
<userTask id="sign" khue:role="leader" khue:unit="competent" khue:hours="2" khue:actions="sign returnStep"/>
<userTask id="seal" khue:role="registryClerk" khue:unit="competent" khue:hours="1"><extensionElements><khue:action do="number" result="true"/></extensionElements></userTask>
<userTask id="return" khue:role="clerk" khue:unit="receiving" khue:hours="1" khue:actions="issue"/>
<endEvent id="end"/>
<sequenceFlow id="f1" sourceRef="start" targetRef="receive"/><sequenceFlow id="f2" sourceRef="receive" targetRef="verify"/>
<sequenceFlow id="f3" sourceRef="verify" targetRef="enterBook"/><sequenceFlow id="f9" sourceRef="enterBook" targetRef="askPopulation"/><sequenceFlow id="f4" sourceRef="askPopulation" targetRef="known"/>
<sequenceFlow id="f5" sourceRef="known" targetRef="sign"><conditionExpression>number = "999225000001"</conditionExpression></sequenceFlow>
<sequenceFlow id="f6" sourceRef="sign" targetRef="seal"/><sequenceFlow id="f7" sourceRef="seal" targetRef="return"/><sequenceFlow id="f8" sourceRef="return" targetRef="end"/>
</process></definitions>`

// versions are two versions of the drawn service: in the second the leader's step has
// another name.
func versions(t testing.TB) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	const from = "birth-registration-2016"
	silence, err := fs.ReadFile(services.FS, from+"/tests/refusal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	silent := strings.Replace(string(silence[:strings.Index(string(silence), "steps:")]), "00133", "00118", 1) + `steps:
  - {do: accept, as: clerk}
  - {do: verify.consult, as: justiceOfficer, units: ["00133"]}
  - {do: wait, for: P13D}
then: {journal: [accepted, consulted, silenceAgreed]}
`
	for _, dir := range []string{"one", "two"} {
		out[dir+"/tests/silence.yaml"] = &fstest.MapFile{Data: []byte(silent)}
	}
	err = fs.WalkDir(services.FS, from, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(services.FS, name)
		if err != nil {
			return err
		}
		rel, text := strings.TrimPrefix(name, from), string(b)
		if rel == "/steps.yaml" {
			rel, text = "/process.bpmn", drawnBirth
		}
		if rel == "/service.yaml" {
			text = strings.Replace(text, "\nsupplement:", "\nconsult: {role: clerk, within: 12 calendarDays}\nsupplement:", 1)
		}
		out["one"+rel] = &fstest.MapFile{Data: []byte(strings.Replace(text, "to: 2025-06-30", "to: 2025-06-29", 1))}
		next := strings.NewReplacer(`"sign"`, `"decide"`, "step:\n  sign:", "step:\n  decide:", "\n  sign: ", "\n  decide: ").Replace(text)
		next = strings.Replace(strings.Replace(next, "version: 1.4.0", "version: 1.5.0", 1), "from: 2016-01-01", "from: 2025-06-30", 1)
		out["two"+rel] = &fstest.MapFile{Data: []byte(next)}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// register answers like the population register: first not at all, then with a number.
type register struct {
	number string
	calls  atomic.Int32
}

func (r *register) Name() string { return "population" }

func (r *register) Ask(_ context.Context, c dossier.Call) ([]process.Var, error) {
	if name, _ := c.In[0].Value.Text(); c.In[0].Name != "child" || name != "Nguyễn Minh An" {
		return nil, errs.E(errs.Invalid, "wrong.question")
	}
	if r.calls.Add(1) == 1 {
		return nil, errors.New("no line")
	}
	return []process.Var{{Name: "number", Value: process.Data{Value: feel.String(r.number)}}}, nil
}

func course(t *testing.T, number string, test func(t *testing.T, c *citytest.City, code string)) {
	t.Helper()
	reg := &register{number: number}
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		act(t, c, "clerk", code, "accept", nil).Want(200)
		act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
		act(t, c, "justiceOfficer", code, "approve", map[string]any{"book.number": 12, "book.year": 2025}).Want(200)
		test(t, c, code)
	}, citytest.With(func(cfg *app.Config) {
		cfg.Services, cfg.Connectors = versions(t), []dossier.Connector{reg}
	}))
}

func as(t testing.TB, c *citytest.City, role string) context.Context {
	t.Helper()
	sub, err := c.Auth.Resolve(t.Context(), c.Account(role).Token)
	if err != nil {
		t.Fatal(err)
	}
	return auth.With(t.Context(), sub)
}

// at waits until a dossier stands at a step.
func at(t *testing.T, c *citytest.City, code, step string) dossier.Dossier {
	t.Helper()
	var d dossier.Dossier
	c.Eventually(code+" stands at "+step, func() bool {
		c.Pass(0)
		var err error
		if d, _, _, err = c.Dossiers.Read(as(t, c, "chairman"), code); err != nil {
			t.Fatal(err)
		}
		_, ok := d.Instance.At(step)
		if !ok {
			c.Pass(1e9 * 60)
		}
		return ok
	})
	return d
}

func parseTask(t testing.TB, text string) dossier.TaskID {
	t.Helper()
	v, err := id.Parse[dossier.Task](text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAConnectorIsAskedUntilItAnswers(t *testing.T) {
	t.Parallel()
	course(t, "999225000001", func(t *testing.T, c *citytest.City, code string) {
		d := at(t, c, code, "sign")
		if len(d.Instance.Vars) != 1 || d.Instance.Vars[0].Value.String() != "999225000001" {
			t.Errorf("the register's answer is not kept: %+v", d.Instance.Vars)
		}
		say := func(role, name, corr string) citytest.Answer {
			return c.As(role).Post("/api/v1/dossiers/"+code+"/messages", map[string]any{"name": name, "corr": corr})
		}
		say("clerk", "court.word", "Nguyễn Minh An").Want(403)
		say("chairman", "court.word", "Somebody Else").Want(409)
		say("chairman", "court.say", "Nguyễn Minh An").Want(409)
		say("chairman", "court.word", "Nguyễn Minh An").Want(200)
		act(t, c, "chairman", code, "sign", nil).Want(200)
	})
}

func TestAStuckDossierStandsInTheQueueAndIsRepaired(t *testing.T) {
	t.Parallel()
	course(t, "999000000000", func(t *testing.T, c *citytest.City, code string) {
		d := at(t, c, code, "known")
		stuck := d.Instance.Stuck()
		if len(stuck) != 1 || stuck[0].Cause != "process.repair.noWay" {
			t.Fatalf("%+v", d.Instance)
		}
		id, _ := task(t, c, "chairman", code) // it stands in the leaders' queue, with the cause
		var found bool
		if tk, dos, _, err := c.Dossiers.ReadTask(as(t, c, "chairman"), parseTask(t, id)); err == nil {
			element, repair := dossier.RepairOf(tk.Step)
			_, found = dos.Instance.At(element)
			found = found && repair && tk.Open
		}
		if !found {
			t.Error("the task does not lead to what is stuck")
		}
		do := func(role string, x dossier.Correction) error {
			x.Dossier, x.Key = code, web.NewKey()
			_, err := c.Dossiers.Correct(as(t, c, role), x)
			return err
		}
		if err := do("clerk", dossier.Correction{Kind: dossier.CorrectSkip, Token: stuck[0].N, Reason: "x"}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a clerk repaired it: %v", err)
		}
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectSkip, Token: stuck[0].N}); !errs.Is(err, errs.Invalid) {
			t.Errorf("passed over without a reason: %v", err)
		}
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectRetry, Token: stuck[0].N}); err != nil {
			t.Fatal(err)
		}
		d = at(t, c, code, "known") // nothing was mended
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectMove, Token: d.Instance.Stuck()[0].N, Step: "known", Reason: "x"}); !errs.Is(err, errs.Invalid) {
			t.Errorf("moved to a gateway: %v", err)
		}
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectMove, Token: d.Instance.Stuck()[0].N, Step: "sign", Reason: "Số định danh cấp sau."}); err != nil {
			t.Fatal(err)
		}
		act(t, c, "chairman", code, "sign", nil).Want(200)

		// The way back: the chairman takes it back, then a court stops it, then it is reopened.
		d = at(t, c, code, "seal")
		seal, _ := d.Instance.At("seal")
		if err := do("justiceOfficer", dossier.Correction{Kind: dossier.CorrectUndo, Token: seal.N, Reason: "x"}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("somebody else took it back: %v", err)
		}
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectUndo, Token: seal.N, Reason: "Ký nhầm bản."}); err != nil {
			t.Fatal(err)
		}
		at(t, c, code, "sign")
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectHalt, Reason: "Theo bản án."}); !errs.Is(err, errs.Invalid) {
			t.Errorf("stopped without an authority: %v", err)
		}
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectHalt, Reason: "Theo bản án.", Authority: "Bản án 12/2025/HNGĐ-ST"}); err != nil {
			t.Fatal(err)
		}
		if got := c.As("citizen").Get("/api/v1/dossiers/" + code).Want(200).Text("state"); got != "stopped" {
			t.Errorf("state = %s", got)
		}
		if err := do("chairman", dossier.Correction{Kind: dossier.CorrectReopen, Step: "sign", Reason: "Bản án bị hủy.", Authority: "Quyết định 3/2025/GĐT"}); err != nil {
			t.Fatal(err)
		}
		act(t, c, "chairman", code, "sign", nil).Want(200)
		line := string(c.As("citizen").Get("/api/v1/dossiers/" + code + "/timeline").Want(200).Body)
		for _, want := range []string{"dossier.correct.skip", "Bản án bị hủy."} {
			if strings.Contains(line, want) != (want == "Bản án bị hủy.") {
				t.Errorf("timeline and %q: %s", want, line)
			}
		}
	})
}

func TestUnitsAreConsultedBesideTheWork(t *testing.T) {
	t.Parallel()
	reg := &register{number: "999225000001"}
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		act(t, c, "clerk", code, "accept", nil).Want(200)
		id, version := task(t, c, "justiceOfficer", code)
		other, err := c.Dossiers.Place("00118", clock.DateOf(c.Clock.Now()))
		if err != nil {
			t.Fatal(err)
		}
		ask := map[string]any{"version": version, "action": "consult", "comment": "Cháu bé có cư trú tại phường?", "units": []string{other.ID.String()}}
		c.As("justiceOfficer").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": "consult", "comment": "?"}).Want(422)
		c.As("justiceOfficer").Post("/api/v1/tasks/"+id+"/complete", ask).Want(200)
		d := at(t, c, code, "verify")
		v, _ := d.Instance.At("verify")
		if asked := d.Instance.Opinions(v.N); len(asked) != 1 {
			t.Fatalf("%+v", d.Instance.Tokens)
		}
		c.Pass(13 * 24 * time.Hour) // nobody answers: silence agrees, in the silent unit's name
		c.Eventually("the silence is recorded", func() bool {
			return strings.Contains(string(c.As("justiceOfficer").Get("/api/v1/dossiers/"+code+"/timeline").Want(200).Body), "silenceAgreed")
		})
		act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
	}, citytest.At(clock.MustDate("2025-06-09").At(8, 10)), citytest.With(func(cfg *app.Config) { cfg.Services, cfg.Connectors = versions(t), []dossier.Connector{reg} }))
}

func TestADuplicateGoesIntoTheOther(t *testing.T) {
	t.Parallel()
	course(t, "999225000001", func(t *testing.T, c *citytest.City, code string) {
		other := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		x := dossier.Correction{Kind: dossier.CorrectMerge, Dossier: other, Into: code, Reason: "Nộp hai lần.", Authority: "Tờ trình 5/TTr", Key: web.NewKey()}
		for range 2 { // the same act again changes nothing
			if out, err := c.Dossiers.Correct(as(t, c, "chairman"), x); err != nil || out.State != process.Stopped {
				t.Fatalf("%+v %v", out, err)
			}
		}
		x.Into, x.Key = other, web.NewKey()
		if _, err := c.Dossiers.Correct(as(t, c, "chairman"), x); !errs.Is(err, errs.Invalid) {
			t.Errorf("merged into itself: %v", err)
		}
	})
}

func TestRunningDossiersMoveToAnotherVersion(t *testing.T) {
	t.Parallel()
	course(t, "999225000001", func(t *testing.T, c *citytest.City, code string) {
		at(t, c, code, "sign")
		plan := dossier.MigrationPlan{
			Format: dossier.MigrationFormat, Service: "hanoi.civil-status.birth-registration", From: "1.4.0", To: "1.5.0", Reason: "Luật mới.",
		}
		ctx := as(t, c, "chairman")
		rep, err := c.Dossiers.Migrate(ctx, plan, false, nil)
		if err != nil || rep.Running != 1 || rep.Failed != 1 || rep.Moved != 0 {
			t.Fatalf("what has no place stays: %+v %v", rep, err)
		}
		plan.Nodes = map[string]string{"sign": "decide"}
		if rep, err = c.Dossiers.Migrate(ctx, plan, true, nil); err != nil || rep.Failed != 0 || rep.Moved != 0 {
			t.Fatalf("a dry run moves nothing: %+v %v", rep, err)
		}
		if rep, err = c.Dossiers.Migrate(ctx, plan, false, nil); err != nil || rep.Moved != 1 {
			t.Fatalf("%+v %v", rep, err)
		}
		at(t, c, code, "decide")
		act(t, c, "chairman", code, "sign", nil).Want(200)
		act(t, c, "registryClerk", code, "number", nil).Want(200)
		act(t, c, "clerk", code, "issue", nil).Want(200)
		if rep, err = c.Dossiers.Migrate(ctx, plan, false, nil); err != nil || rep.Running != 0 {
			t.Fatalf("nothing is left: %+v %v", rep, err)
		}
	})
}
