package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/service"
)

// What began before the opening: allowances on their way over the tiers, and newborns whose
// one application is three dossiers. The demo's clock starts before them and jumps.

// lead is how long before its opening a demo begins.
const lead = 11

// prologue is the instant at which the demo of an opening begins; the opening itself where the
// city was another one by then.
func prologue(at time.Time) time.Time {
	d := clock.DateOf(at).AddDays(-lead)
	for _, change := range []string{"2025-03-01", "2025-07-01"} {
		if c := clock.MustDate(change); d.Before(c) && !clock.DateOf(at).Before(c) {
			return at
		}
	}
	return d.At(8, 0)
}

// beat is one act of the prologue. who are logins, the first that the day has; child names the
// service of the child dossier that it is on.
type beat struct {
	at                       time.Time
	who, child, step, action string
	answers                  map[string]any
	comment                  string
}

// thread is one dossier of the prologue.
type thread struct {
	show                 string // what the demo's page says of it; "" for those that only fill desks
	online               string // login of the citizen who files; "" at the counter
	service, kase, clerk string
	applicant, phone     string
	answers              map[string]any
	papers               []string
	filed                time.Time
	beats                []beat

	code string
}

// threads of an opening: at is its instant, place the demo's commune.
func threads(at time.Time, place string) []*thread {
	on := clock.DateOf(at)
	day := func(back, hour, minute int) time.Time { return on.AddDays(-back).At(hour, minute) }
	return slices.Concat(allowances(on, place, day, at), newborns(on, place, day), ofHanh(on, place, day, at), promises(on, place, day))
}

func shown(key string, t *thread) *thread {
	t.show = key
	return t
}

func allowances(on clock.Date, place string, day func(back, hour, minute int) time.Time, opening time.Time) []*thread {
	two := twoTiers(on)
	one := func(commune, clerk, name, id, martyr, kin string, filed time.Time, beats ...beat) *thread {
		return &thread{
			service: "hanoi.merit.martyr-worship", clerk: clerk, applicant: name, phone: "0912" + id[6:], papers: []string{"request", "authorisation"}, filed: filed,
			answers: map[string]any{
				"applicant.commune": commune, "applicant.holder": "relative", "applicant.name": name, "applicant.dob": "1958", "applicant.id": id,
				"applicant.address": "Số 12, ngõ 5, đường Bát Khối", "applicant.kinship": kin, "martyr.name": martyr, "martyr.dob": "1947",
				"martyr.hometown": "Gia Lâm, Hà Nội", "martyr.rank": "Hạ sĩ", "martyr.died": "1968", "martyr.certificate": "AB " + id[9:] + " b",
				"pay.method": "cash", "pay.never": true,
			},
			beats: beats,
		}
	}
	yes := map[string]any{"confirm.resides": true, "confirm.noRelative": true}
	commune := func(clerk, culture, leader string, d int) []beat {
		return []beat{
			{at: day(d, 10, 0), who: clerk, step: "receive", action: "accept"},
			{at: day(d-1, 14, 0), who: culture, step: "confirm", action: "approve", answers: yes},
			{at: day(d-1, 15, 0), who: leader, step: "confirmSign", action: "approve"},
			{at: day(d-1, 16, 0), who: clerk, step: "sendUp", action: "submit"},
		}
	}
	district := func(d int) []beat {
		if two {
			return nil
		}
		return []beat{
			{at: day(d, 9, 0), who: "quan.motcua", step: "districtReceive", action: "submit"},
			{at: day(d-1, 10, 0), who: "ldtbxh", step: "districtCheck", action: "approve"},
			{at: day(d-1, 15, 0), who: "ldtbxh.tp", step: "districtHead", action: "approve"},
			{at: day(d-2, 9, 0), who: "quan.pct", step: "districtSign", action: "approve"},
			{at: day(d-2, 10, 0), who: "quan.motcua", step: "districtSend", action: "submit"},
		}
	}
	city := func(d int) beat {
		return beat{at: day(d, 14, 0), who: "noivu.motcua", step: "cityReceive", action: "submit"}
	}
	// Four days before the opening at Cự Khối, which 2025-07-01 divides: it lies at the district by then.
	khoi, clerk, culture, leader := place, "motcua", "vanhoa", "chutich"
	arrives := city(0)
	if !two {
		khoi, clerk, culture, leader = "00154", "cukhoi.motcua", "cukhoi.vanhoa", "cukhoi.chutich"
		arrives = beat{who: "quan.motcua", step: "districtReceive", action: "submit"}
	}
	arrives.at = opening.Add(-5 * time.Minute)
	letter := beat{
		at: day(4, 10, 0), who: "nguoicocong", step: "compare", action: "submit",
		answers: map[string]any{"letter.province": "Quảng Trị", "letter.number": "1204/SNV-NCC", "letter.date": on.AddDays(-4).String()},
	}
	return []*thread{
		shown("border", one(khoi, clerk, "Nguyễn Văn Thành", "999058000011", "Nguyễn Văn Kiên", "nephew", day(4, 9, 30), append(commune(clerk, culture, leader, 4), arrives)...)),
		one(place, "motcua", "Lê Thị Sen", "999158000012", "Lê Văn Đạt", "sibling", day(11, 9, 0),
			slices.Concat(commune("motcua", "vanhoa", "chutich", 11), district(7), []beat{city(5), letter})...),
		one(place, "motcua", "Phạm Đức Lương", "999058000013", "Phạm Đức Khang", "child", day(10, 9, 0),
			slices.Concat(commune("motcua", "vanhoa", "chutich", 10), district(6), []beat{city(4)})...),
	}
}

func newborns(on clock.Date, place string, day func(back, hour, minute int) time.Time) []*thread {
	one := func(child, sex, mother, id string, filed time.Time, beats ...beat) *thread {
		return &thread{
			service: "hanoi.civil-status.linked-birth", kase: "normal", clerk: "motcua", applicant: mother, phone: "0912" + id[6:], filed: filed,
			papers: []string{"birthSlip", "declaration"}, beats: beats,
			answers: map[string]any{
				"child.registrationUnit": place, "child.name": child, "child.dob": on.AddDays(-20).String(), "child.sex": sex, "child.ethnicity": "01",
				"child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": false, "child.birthPlace": "Bệnh viện Phụ sản Hà Nội",
				"mother.name": mother, "mother.dob": "1996", "residence.commune": place, "residence.address": "Tổ 5", "residence.with": "mother",
				"residence.head": mother, "card.hospital": "Trạm y tế phường", "requester.name": mother, "requester.id": id, "requester.relation": "mother",
			},
		}
	}
	const birth = "hanoi.civil-status.birth-registration"
	on3 := func(who, step, action string, hour int, answers map[string]any) beat {
		return beat{at: day(3, hour, 0), who: who, child: birth, step: step, action: action, answers: answers}
	}
	accepted := beat{at: day(3, 9, 0), who: "motcua", step: "receive", action: "accept"}
	return []*thread{
		// The birth is done: police and social insurance have it next.
		shown("family", one("Trịnh Hoài An", "female", "Trịnh Thu Huyền", "999196000071", day(3, 8, 30), accepted,
			on3("motcua", "receive", "accept", 9, nil), on3("hotich", "verify", "approve", 10, nil),
			on3("hotich", "enterBook", "approve", 11, entered(98, on).answers),
			on3("chutich", "sign", "sign", 14, nil), on3("vanthu", "seal", "number", 15, nil))),
		// The birth waits at the one-stop.
		one("Cù Minh Quân", "male", "Cù Thị Hợi", "999196000072", day(3, 16, 0), beat{at: day(3, 16, 15), who: "motcua", step: "receive", action: "accept"}),
	}
}

// Foretell plays the prologue up to the opening. The clock must stand before it; a service that
// is not in force is left out.
func (p *Program) Foretell(ctx context.Context, city DemoCity, at time.Time) error {
	actors, commune, err := p.scenery(ctx, city)
	if err != nil {
		return err
	}
	type turn struct {
		at time.Time
		do func() error
	}
	var turns []turn
	for _, t := range threads(at, commune) {
		if _, err := p.Services.Find(t.service, p.today()); err != nil {
			continue
		}
		turns = append(turns, turn{t.filed, func() error { return p.begin(actors, t) }})
		for _, b := range t.beats {
			turns = append(turns, turn{b.at, func() error { return p.play(actors, t, b) }})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return a.at.Compare(b.at) })
	for _, t := range turns {
		if err := p.jump(t.at); err != nil {
			return err
		}
		if err := t.do(); err != nil {
			return err
		}
	}
	return p.jump(at)
}

// jump moves a demo's clock forward.
func (p *Program) jump(to time.Time) error {
	c, ok := p.Clock.(interface{ JumpTo(time.Time) error })
	if !ok {
		return fmt.Errorf("app: this clock does not jump")
	}
	if !to.After(p.Clock.Now()) {
		return nil
	}
	return c.JumpTo(to)
}

// someone is the first of some logins that the day has.
func someone(actors map[string]context.Context, who string) (context.Context, error) {
	for login := range strings.FieldsSeq(who) {
		if ctx, ok := actors[login]; ok {
			return ctx, nil
		}
	}
	return nil, fmt.Errorf("app: the demo has nobody called %s", who)
}

func (p *Program) begin(actors map[string]context.Context, t *thread) error {
	who, channel := t.clerk, service.Counter
	if t.online != "" {
		who, channel = t.online, service.Online
	}
	ctx, err := someone(actors, who)
	if err != nil {
		return err
	}
	in := dossier.Submission{
		Service: t.service, Case: t.kase, Channel: channel, Applicant: dossier.Party{Name: t.applicant, Phone: t.phone}, Answers: form.Answers{},
		Delivery: dossier.Delivery{Method: "counter"}, Lang: "vi", Key: web.NewKey(),
	}
	for path, v := range t.answers {
		in.Answers[path] = form.Answer{Value: answerOf(v)}
	}
	for i, paper := range t.papers {
		in.Papers = append(in.Papers, form.File{Paper: paper, Name: paper + ".pdf", Type: "pdf", Size: 160_000 + int64(i)*7919, Originals: 1})
	}
	filed, err := p.Dossiers.Submit(ctx, in)
	if err != nil {
		return fmt.Errorf("app: the demo's dossier of %s: %w", t.applicant, err)
	}
	t.code = filed.Code
	p.stage.show(t.show, filed.Code)
	return nil
}

// standing finds a dossier and what waits in it, by its key: a story looks at nobody's data.
func (p *Program) standing(ctx context.Context, code string) (d dossier.Dossier, tasks []dossier.Task, err error) {
	d, _, err = p.Dossiers.Find(auth.With(ctx, auth.Subject{}), code, dossier.Viewer{Key: p.Dossiers.AccessKey(code)})
	if err == nil {
		tasks, err = p.Dossiers.OpenTasks(ctx, d)
	}
	return d, tasks, err
}

func (p *Program) play(actors map[string]context.Context, t *thread, b beat) error {
	fail := func(err error) error {
		return fmt.Errorf("app: the demo's dossier of %s, %s %s: %w", t.applicant, b.step, b.action, err)
	}
	ctx, err := someone(actors, b.who)
	if err != nil {
		return fail(err)
	}
	d, tasks, err := p.standing(ctx, t.code)
	if err != nil {
		return fail(err)
	}
	if b.child != "" {
		kids, err := p.Dossiers.Children(ctx, d)
		if err != nil {
			return fail(err)
		}
		i := slices.IndexFunc(kids, func(k dossier.Dossier) bool { return k.Service == b.child })
		if i < 0 {
			return fail(fmt.Errorf("no child of %s", b.child))
		}
		if tasks, err = p.Dossiers.OpenTasks(ctx, kids[i]); err != nil {
			return fail(err)
		}
	}
	i := slices.IndexFunc(tasks, func(x dossier.Task) bool { return x.Open && x.Step == b.step })
	if i < 0 {
		return fail(fmt.Errorf("no open step"))
	}
	cmd := dossier.Command{Task: tasks[i].ID, Version: tasks[i].Version, Action: b.action, Comment: b.comment, Key: web.NewKey()}
	if b.answers != nil {
		if cmd.Answers, err = json.Marshal(b.answers); err != nil {
			return fail(err)
		}
	}
	if err := p.payFor(ctx, d); err != nil {
		return fail(err)
	}
	if _, err = p.Dossiers.Act(ctx, cmd); err != nil {
		return fail(err)
	}
	return nil
}

// payFor has the applicant of a story transfer the fee that an act would wait for. Fees of
// dossiers on which nobody acts stay open: the cashier has something to do.
func (p *Program) payFor(ctx context.Context, d dossier.Dossier) error {
	fees, err := p.Dossiers.Fees(ctx, d)
	if err != nil {
		return err
	}
	o, waits := dossier.Unpaid(fees)
	if !waits {
		return nil
	}
	_, err = p.Payments.Take(ctx, payment.Notice{
		Way: payment.ByBank, External: "FT" + o.Reference, Amount: o.Due(), Reference: o.Reference, At: p.Clock.Now(),
	}, payment.Origin{Via: "notice"})
	return err
}
