package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// A demo opens with work on every desk: invented dossiers, filed and moved through the
// same services as real ones.

// tale is one dossier of the opening and how far it has come.
type tale struct {
	show               string // what the demo's page says of it
	child, sex, mother string
	born               int // days before the opening
	acts               []scene
}

type scene struct {
	role, action string
	answers      map[string]any
	comment      string
}

func ok(role, action string) scene { return scene{role: role, action: action} }

// entered writes the birth into its book. Before the two tiers whoever did it typed the number.
func entered(n int, on clock.Date) scene {
	s := ok("justiceOfficer", "approve")
	if !twoTiers(on) {
		s.answers = map[string]any{"book.number": n, "book.year": on.Year}
	}
	return s
}

// tales of the opening day. At an online filing of 2025-07-01 or later the applicant
// confirms the draft, so these are handed in at the counter.
func tales(on clock.Date) []tale {
	accepted, verified := ok("clerk", "accept"), ok("justiceOfficer", "approve")
	signed, sealed, issued := ok("chairman", "sign"), ok("registryClerk", "number"), ok("clerk", "issue")
	return []tale{
		{child: "Nguyễn Minh An", sex: "female", mother: "Nguyễn Thị Hạnh", born: 12},
		{child: "Trần Gia Huy", sex: "male", mother: "Lê Ngọc Diệp", born: 7},
		{child: "Phạm Khánh Linh", sex: "female", mother: "Vũ Thị Mai", born: 25},
		{child: "Đỗ Nhật Nam", sex: "male", mother: "Hoàng Thu Hà", born: 71},
		{child: "Lê Bảo Châu", sex: "female", mother: "Phan Thị Yến", born: 9, acts: []scene{accepted}},
		{child: "Bùi Đức Minh", sex: "male", mother: "Đặng Thùy Dương", born: 15, acts: []scene{accepted}},
		{child: "Ngô Tường Vy", sex: "female", mother: "Trịnh Kim Oanh", born: 30, acts: []scene{accepted, verified}},
		{child: "Vũ Hải Đăng", sex: "male", mother: "Nguyễn Phương Thảo", born: 20, acts: []scene{accepted, verified, entered(101, on)}},
		{child: "Đinh Quỳnh Anh", sex: "female", mother: "Tạ Bích Ngọc", born: 18, acts: []scene{accepted, verified, entered(102, on)}},
		{child: "Hồ Thiên Phúc", sex: "male", mother: "Lưu Thanh Tâm", born: 5, acts: []scene{accepted, verified, entered(103, on), signed}},
		{show: "uncollected", child: "Dương Hà My", sex: "female", mother: "Cao Thị Lan", born: 11, acts: []scene{accepted, verified, entered(104, on), signed, sealed}},
		{child: "Mai Anh Khoa", sex: "male", mother: "Đào Hồng Nhung", born: 14, acts: []scene{accepted, verified, entered(105, on), signed, sealed, issued}},
		{child: "Lý Gia Hân", sex: "female", mother: "Quách Thị Hoa", born: 22, acts: []scene{
			{role: "clerk", action: "supplement", comment: "Giấy chứng sinh chụp bị mờ, không đọc được ngày sinh. Đề nghị chụp lại rõ cả trang."},
		}},
		{show: "refused", child: "Tô Minh Khôi", sex: "male", mother: "Kiều Thị Thu", born: 40, acts: []scene{
			{role: "clerk", action: "refuse", comment: "Cha mẹ cư trú tại phường khác. Đề nghị nộp tại phường nơi cư trú (Luật Hộ tịch 60/2014/QH13, điều 13)."},
		}},
	}
}

// actors are the demo's people by login, and the first of each role by that.
func (p *Program) actors(ctx context.Context, city DemoCity) (map[string]context.Context, error) {
	out := map[string]context.Context{}
	for _, a := range city.Accounts {
		sub, err := p.Auth.Resolve(ctx, a.Token)
		if err != nil {
			return nil, err
		}
		out[a.Login] = auth.With(ctx, sub)
		if _, have := out[a.Role]; !have {
			out[a.Role] = out[a.Login]
		}
	}
	return out, nil
}

// scenery is what a story is played with: its people, and the code of the commune where it is.
func (p *Program) scenery(ctx context.Context, city DemoCity) (actors map[string]context.Context, commune string, err error) {
	if actors, err = p.actors(ctx, city); err != nil {
		return nil, "", err
	}
	units := p.Units.At(p.today())
	agency, err := demoCommune(units, p.today())
	if err != nil {
		return nil, "", err
	}
	place, ok := units.Get(agency.Serves)
	if !ok {
		return nil, "", fmt.Errorf("app: the demo's commune governs nothing")
	}
	return actors, place.Code, nil
}

// Populate plays the tales. It needs the accounts that Settle made.
func (p *Program) Populate(ctx context.Context, city DemoCity) error {
	actors, commune, err := p.scenery(ctx, city)
	if err != nil {
		return err
	}
	for i, t := range tales(p.today()) {
		if err := p.tell(actors, t, commune, i); err != nil {
			return fmt.Errorf("app: the demo's dossier of %s: %w", t.child, err)
		}
	}
	for _, f := range filings(p.today(), commune) {
		if err := p.file(actors, f); err != nil {
			return fmt.Errorf("app: the demo's dossier of %s: %w", f.applicant, err)
		}
	}
	return nil
}

// made returns when the paper of a dossier is made: by the program's workers where they run, else
// by itself.
func (p *Program) made(ctx context.Context, v dossier.ID) error {
	var d dossier.Dossier
	err := p.DB.View(ctx, func(_ context.Context, q *db.View) error {
		found, err := p.Dossiers.FindIDs(q, []dossier.ID{v})
		d = found[v]
		return err
	})
	if err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		// A job that a worker took meanwhile is not this one's fault.
		if _, err := p.Jobs.Drain(wait, p.Results.Module().Jobs); err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
		err := p.Results.Ready(wait, d)
		if err == nil || !errs.Is(err, errs.Conflict) {
			return err
		}
		if pause(wait, 20*time.Millisecond) != nil {
			return err
		}
	}
}

func (p *Program) tell(actors map[string]context.Context, t tale, place string, i int) error {
	answers := form.Answers{}
	for path, v := range map[string]any{
		"child.registrationUnit": place, "child.name": t.child, "child.dob": p.today().AddDays(-t.born).String(), "child.sex": t.sex,
		"child.ethnicity": "01", "child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": false, "child.birthPlace": "Bệnh viện Phụ sản Hà Nội",
		"mother.name": t.mother, "mother.dob": "1996", "requester.name": t.mother, "requester.id": fmt.Sprintf("9991960%05d", i+1), "requester.relation": "mother",
	} {
		answers[path] = form.Answer{Value: v}
	}
	filed, err := p.Dossiers.Submit(actors["clerk"], dossier.Submission{
		Service: "hanoi.civil-status.birth-registration", Case: "normal", Channel: service.Counter,
		Applicant: dossier.Party{Name: t.mother, Phone: fmt.Sprintf("09120%05d", 1000+i)}, Answers: answers,
		Papers:   []form.File{{Paper: "birthSlip", Name: "giay-chung-sinh.pdf", Type: "pdf", Size: 120_000 + int64(i)*7919, Originals: 1}},
		Delivery: dossier.Delivery{Method: "counter"}, Lang: "vi", Key: web.NewKey(),
	})
	if err != nil {
		return err
	}
	p.stage.show(t.show, filed.Code)
	task, version := filed.Task, filed.TaskVersion
	for _, s := range t.acts {
		var raw []byte
		if s.answers != nil {
			if raw, err = json.Marshal(s.answers); err != nil {
				return err
			}
		}
		out, err := p.Dossiers.Act(actors[s.role], dossier.Command{Task: task, Version: version, Action: s.action, Answers: raw, Comment: s.comment, Key: web.NewKey()})
		if err != nil {
			return err
		}
		version = out.Version
		if s.action == process.DoNumber { // the paper is made before anybody hands it over
			if err := p.made(actors[s.role], filed.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
