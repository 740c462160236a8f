package app

import (
	"time"

	"khue/internal/kernel/clock"
)

// What the citizen of the demo has open, and the dates that it explains: a birth filed on a
// Sunday, papers asked for, a draft to read, a date over a weekend or a holiday, an apology.

const hanh = "0912000001" // the citizen whom a visitor may be

func ofHanh(on clock.Date, place string, day func(back, hour, minute int) time.Time, opening time.Time) []*thread {
	one := func(show, child, sex string, born int, id string, filed time.Time, beats ...beat) *thread {
		return &thread{
			show: show, service: "hanoi.civil-status.birth-registration", kase: "normal", online: hanh, applicant: "Nguyễn Thị Hạnh", phone: hanh, filed: filed,
			papers: []string{"birthSlip"}, beats: beats,
			answers: map[string]any{
				"child.registrationUnit": place, "child.name": child, "child.dob": on.AddDays(-born).String(), "child.sex": sex, "child.ethnicity": "01",
				"child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": false, "child.birthPlace": "Bệnh viện Phụ sản Hà Nội",
				"mother.name": "Nguyễn Thị Hạnh", "mother.dob": "1996", "requester.name": "Nguyễn Thị Hạnh", "requester.id": id, "requester.relation": "mother",
			},
		}
	}
	accept := func(at time.Time) beat { return beat{at: at, who: "motcua", step: "receive", action: "accept"} }
	// The opening is a Monday: a filing of the evening before is answered when the office opens.
	out := []*thread{
		one("sunday", "Nguyễn Minh Khang", "male", 10, "999196000001", day(1, 21, 40), accept(opening.Add(-7*time.Minute))),
		one("papers", "Nguyễn Minh Khuê", "female", 10, "999196000001", day(4, 20, 10), beat{
			at: day(3, 9, 0), who: "motcua", step: "receive", action: "supplement",
			comment: "Giấy chứng sinh chụp bị mờ, không đọc được giờ sinh. Đề nghị chụp lại rõ cả trang.",
		}),
	}
	if twoTiers(on) {
		out = append(out, one("draft", "Nguyễn Minh Thư", "female", 10, "999196000001", day(3, 15, 0), accept(day(3, 16, 0)), beat{
			at: opening.Add(-9 * time.Minute), who: "hotich", step: "verify", action: "approve",
		}))
	}
	return out
}

// promises are household businesses: one whose date runs over days off, one that is late in
// spite of an apology.
func promises(on clock.Date, place string, day func(back, hour, minute int) time.Time) []*thread {
	one := func(show string, f filing, filed time.Time, beats ...beat) *thread {
		return &thread{
			show: show, service: f.service, kase: f.kase, clerk: theClerk, applicant: f.applicant, phone: f.phone, answers: f.answers, papers: f.papers,
			filed: filed, beats: beats,
		}
	}
	shop := func(name, owner, sex, id, trade string) filing { return household(place, name, owner, sex, id, trade) }
	accept := func(at time.Time) beat { return beat{at: at, who: theClerk, step: "receive", action: "accept"} }
	assign := func(at time.Time) beat {
		return beat{at: at, who: "kinhdoanh.tp", step: "assign", action: "assign"}
	}
	return []*thread{
		one("why", shop("Cà phê Bờ Đê", "Trần Thị Mây", "female", "999190000025", "food"), day(3, 9, 40), accept(day(3, 10, 0)), assign(day(3, 14, 0))),
		one("late", shop("Đồ mộc Tiến Lộc", "Phùng Tiến Lộc", "male", "999088000026", "repair"), day(11, 9, 30), accept(day(11, 10, 0)), assign(day(11, 14, 0)), beat{
			at: day(7, 10, 0), who: "kinhdoanh", step: "examine", action: "extend",
			comment: "Cán bộ thẩm định nghỉ ốm, chưa kịp đối chiếu ngành nghề. Cơ quan xin lỗi và hẹn lại ngày trả kết quả.",
		}),
	}
}
