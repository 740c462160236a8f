package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// The opening's household businesses and houses: one waiting, one under examination with a
// date to ask about, one with a notice, one ready; a house on which departments are asked.

// filing is one dossier of the opening, and what was done to it.
type filing struct {
	show             string // what the demo's page says of it
	service, kase    string
	applicant, phone string
	answers          map[string]any
	papers           []string
	acts             []deed
}

// deed is an act at an open step. who are logins, the first that the day has.
type deed struct {
	who, step, action string
	answers           map[string]any
	comment           string
}

const (
	theClerk    = "quan.motcua motcua"
	theLeader   = "quan.pct phochutich"
	theRegistry = "quan.vanthu vanthu"
)

// twoTiers reports whether the districts are gone.
func twoTiers(on clock.Date) bool { return !on.Before(clock.MustDate("2025-07-01")) }

func filings(on clock.Date, place string) []filing {
	return slices.Concat(businesses(on, place), houses(on, place), issued(on, place))
}

func businesses(on clock.Date, place string) []filing {
	checked := map[string]any{"check.examined": []string{"owner", "name", "trade", "seat"}}
	accepted := deed{who: theClerk, step: "receive", action: "accept"}
	assigned := deed{who: "kinhdoanh.tp", step: "assign", action: "assign"}
	examined := deed{who: "kinhdoanh", step: "examine", action: "approve", answers: checked}
	numbered := deed{who: theRegistry, step: "seal", action: "number"}
	if !twoTiers(on) { // the registry of the district wrote the number of its paper
		numbered.answers = map[string]any{"certificate.number": "01D8-" + fmt.Sprint(on.Year) + "-117"}
	}
	one := func(name, owner, sex, id, trade string, acts ...deed) filing {
		f := household(place, name, owner, sex, id, trade)
		f.acts = acts
		return f
	}
	return []filing{
		one("Bún chả Ngọc Lâm", "Trần Thị Lụa", "female", "999190000021", "food", accepted, assigned),
		one("Tạp hóa Hòa Bình", "Phạm Văn Hòa", "male", "999090000022", "grocery"),
		one("May đo Thanh Tú", "Lê Thanh Tú", "female", "999190000023", "clothing", accepted, assigned,
			deed{who: "kinhdoanh", step: "examine", action: "supplement", comment: "Tên “Thanh Tú” trùng với hộ kinh doanh đã đăng ký. Đề nghị đặt tên khác."}),
		one("Sửa xe Minh Phát", "Ngô Minh Phát", "male", "999090000024", "repair", accepted, assigned, examined,
			deed{who: "kinhdoanh.tp", step: "sign", action: "sign"}, numbered),
	}
}

// household is a household business about to be filed.
func household(place, name, owner, sex, id, trade string) filing {
	return filing{
		service: "hanoi.business.household-business", kase: "individual", applicant: owner, phone: "0912" + id[6:], papers: []string{"request"},
		answers: map[string]any{
			"business.address.unit": place, "business.address.line": "Số 12 phố Ngọc Lâm", "business.name": name, "business.trade": trade,
			"business.conditional": false, "business.capital": 50_000_000, "business.labour": 2, "business.accounting": "declaration",
			"owner.name": owner, "owner.dob": "1990-05-12", "owner.sex": sex, "owner.id": id, "owner.ethnicity": "01",
			"owner.residence.line": "Tổ 5, phố Ngọc Lâm, Hà Nội", "owner.phone": "0912" + id[6:], "owner.otherBusiness": false,
			"filer.kind": "owner", "filer.declaration": true,
		},
	}
}

func houses(on clock.Date, place string) []filing {
	two := twoTiers(on)
	accepted := deed{who: theClerk, step: "receive", action: "accept"}
	papers := []string{"application", "drawings", "landUse"}
	common := map[string]any{
		"site.address.unit": place, "site.address.line": "Ngõ 5 phố Ngọc Lâm", "site.plot": "112", "site.sheet": "7", "site.area": 82.5,
		"land.certificate": "CQ 123456", "site.detailedPlan": true, "site.heritage": false, "site.adjacent": false,
		"owner.kind": "person", "owner.residence.line": "Tổ 9, phố Ngọc Lâm, Hà Nội",
		"house.class": "three", "house.floors": 4, "house.ground": 60, "house.total": 235, "house.height": 14.6, "house.setback": 1.5,
		"design.kind": "organisation", "design.name": "Công ty Kiến trúc Sen", "design.certificate": "HAN-00031234",
		"work.start": on.AddDays(60).String(), "work.months": 8, "owner.declaration": true,
	}
	if two {
		accepted.answers = map[string]any{"check.land": "found"}
		papers = papers[:2]
		common["land.registered"] = true
	}
	one := func(owner, id string, more map[string]any, acts ...deed) filing {
		answers := maps.Clone(common)
		maps.Copy(answers, map[string]any{"owner.name": owner, "owner.id": id, "owner.phone": "0912" + id[6:]})
		maps.Copy(answers, more)
		return filing{service: "hanoi.construction.house-permit", kase: "house", applicant: owner, phone: "0912" + id[6:], answers: answers, papers: papers, acts: acts}
	}
	assigned := deed{who: "xaydung.tp", step: "assign", action: "assign"}
	asked := []deed{
		accepted, assigned,
		{who: "quyhoach", step: "planning", action: "approve", answers: map[string]any{"planning.opinion": "conditions", "planning.text": "Chiều cao không quá 15 m, khoảng lùi 1,5 m."}},
	}
	done := []deed{accepted, assigned}
	if !two {
		done = append(done, deed{who: "diachinh", step: "confirm", action: "approve", answers: map[string]any{"commune.opinion": "agree"}})
	}
	done = append(done,
		deed{who: "xaydung", step: "examine", action: "approve", answers: map[string]any{
			"check.examined": []string{"land", "planning", "setback", "safety", "drawings"}, "visit.date": on.String(), "visit.note": "Đất trống, đúng ranh giới."}},
		deed{who: "xaydung", step: "draft", action: "submit", answers: map[string]any{"permit.conditions": "Xây dựng đúng chỉ giới và khoảng lùi 1,5 m."}},
		deed{who: "xaydung.tp", step: "review", action: "submit"},
		deed{who: theLeader, step: "sign", action: "sign"},
	)
	silent := one("Đặng Quốc Việt", "999085000031", map[string]any{"site.detailedPlan": false, "site.heritage": true}, asked...)
	silent.show = "silent"
	return []filing{
		silent,
		one("Hồ Thị Kim Chi", "999185000032", nil),
		one("Tô Vĩnh Phúc", "999085000034", map[string]any{"site.detailedPlan": false}, accepted, assigned), // planning is asked
		one("Vương Đình Khoa", "999085000033", map[string]any{"site.address.line": "Số 9 ngách 5/2 phố Ngọc Lâm"}, done...),
	}
}

// issued are papers that the city numbered, drew and entered: extracts and certified copies.
// Their results are there as soon as the demo runs. In the city of before they are none.
func issued(on clock.Date, place string) []filing {
	if !twoTiers(on) {
		return nil
	}
	accepted := deed{who: theClerk, step: "receive", action: "accept"}
	signed := deed{who: theLeader, step: "sign", action: "sign"}
	numbered := deed{who: theRegistry, step: "seal", action: "number"}
	extract := func(child, who, id, book, born string) filing {
		checked := accepted
		checked.answers = map[string]any{"check.group": true, "check.complete": []string{"declaration"}}
		return filing{
			service: "hanoi.civil-status.extract", applicant: who, phone: "0912" + id[6:], papers: []string{"declaration"},
			answers: map[string]any{
				"record.event": "birth", "record.commune": place, "record.name": child, "record.dob": born, "request.copies": 2,
				"requester.relation": "parent", "requester.name": who, "requester.id": id, "requester.group": "none", "requester.declaration": true,
			},
			acts: []deed{checked, {who: "hotich", step: "search", action: "approve", answers: map[string]any{
				"entry.number": book, "entry.date": "2018-10-15", "entry.place": "Ủy ban nhân dân phường Ngọc Lâm", "entry.text": "Sinh tại Hà Nội, dân tộc Kinh, quốc tịch Việt Nam.",
			}}, signed, numbered},
		}
	}
	certified := func(who, phone, title, issuer string, pages, copies int) filing {
		checked := accepted
		checked.answers = map[string]any{"check.complete": []string{"original"}}
		return filing{
			service: "hanoi.certification.certified-copy", applicant: who, phone: phone,
			answers: map[string]any{
				"request.commune": place, "original.held": "paper", "original.kind": "degree", "original.title": title, "original.issuer": issuer,
				"original.number": "QH-2019-0456", "original.pages": pages, "request.copies": copies, "requester.name": who, "requester.phone": phone, "request.exempt": false,
			},
			acts: []deed{checked, {who: "hotich", step: "compare", action: "approve", answers: map[string]any{
				"check.compared": []string{"same", "allPages", "whole", "open"}, "copy.sheets": (pages + 1) / 2,
			}}, signed, numbered},
		}
	}
	return []filing{
		extract("Nguyễn Minh An", "Phạm Thu Hiền", "999190000041", "123/2018", "2018-10-01"),
		extract("Lê Hoàng Bách", "Lê Đình Chiến", "999088000042", "204/2018", "2018-10-09"),
		certified("Đặng Thị Lan", "0912000043", "Bằng tốt nghiệp đại học và bảng điểm", "Trường Đại học Sen Hồ", 7, 3),
		certified("Hoàng Văn Sơn", "0912000044", "Giấy chứng nhận quyền sử dụng đất", "Ủy ban nhân dân quận Long Biên", 4, 2),
	}
}

// answerOf is an answer as a form reads it: numbers are decimal.
func answerOf(v any) any {
	switch n := v.(type) {
	case int, float64:
		return json.Number(fmt.Sprint(n))
	}
	return v
}

// file hands a dossier in at the counter and plays its acts.
func (p *Program) file(actors map[string]context.Context, f filing) error {
	as := func(who string) context.Context {
		for _, login := range strings.Fields(who) {
			if ctx, ok := actors[login]; ok {
				return ctx
			}
		}
		return actors[who]
	}
	answers := form.Answers{}
	for path, v := range f.answers {
		answers[path] = form.Answer{Value: answerOf(v)}
	}
	in := dossier.Submission{
		Service: f.service, Case: f.kase, Channel: service.Counter, Applicant: dossier.Party{Name: f.applicant, Phone: f.phone}, Answers: answers,
		Delivery: dossier.Delivery{Method: "counter"}, Lang: "vi", Key: web.NewKey(),
	}
	for i, paper := range f.papers {
		in.Papers = append(in.Papers, form.File{Paper: paper, Name: paper + ".pdf", Type: "pdf", Size: 180_000 + int64(i)*7919, Originals: 1})
	}
	filed, err := p.Dossiers.Submit(as(theClerk), in)
	if err != nil {
		return err
	}
	p.stage.show(f.show, filed.Code)
	for _, d := range f.acts {
		ctx := as(d.who)
		if ctx == nil {
			return fmt.Errorf("the demo has nobody called %s", d.who)
		}
		have, tasks, err := p.standing(ctx, filed.Code)
		if err != nil {
			return fmt.Errorf("%s %s: %w", d.who, d.step, err)
		}
		i := slices.IndexFunc(tasks, func(t dossier.Task) bool { return t.Open && t.Step == d.step })
		if i < 0 {
			return fmt.Errorf("%s: no open step %s", d.who, d.step)
		}
		cmd := dossier.Command{Task: tasks[i].ID, Version: tasks[i].Version, Action: d.action, Comment: d.comment, Key: web.NewKey()}
		if d.answers != nil {
			if cmd.Answers, err = json.Marshal(d.answers); err != nil {
				return err
			}
		}
		if err := p.payFor(ctx, have); err != nil {
			return fmt.Errorf("%s %s: %w", d.who, d.step, err)
		}
		if _, err := p.Dossiers.Act(ctx, cmd); err != nil {
			return fmt.Errorf("%s %s.%s: %w", d.who, d.step, d.action, err)
		}
	}
	return nil
}
