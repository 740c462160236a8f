package app_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/reorganise"
	"khue/internal/register/orgunit"
)

// carriedOut declares a plan that says more than the embedded one, on the morning of 1 July,
// and carries it out.
func carriedOut(t *testing.T, c *citytest.City, more string) reorganise.Progress {
	t.Helper()
	c.Clock.Set(clock.MustDate("2025-07-01").At(7, 0))
	base, err := c.Reorganise.PlanByID(firstOfJuly)
	if err != nil {
		t.Fatal(err)
	}
	plan, ps := c.Reorganise.Read("more.yaml", []byte(strings.Replace(base.Text, "id: "+firstOfJuly, "id: more", 1)+more))
	if ps.Failed() {
		t.Fatal(ps)
	}
	a, err := c.Reorganise.Declare(t.Context(), plan, "Quyết định số 1")
	if err != nil {
		t.Fatal(err)
	}
	return driven(t, c, a)
}

func driven(t *testing.T, c *citytest.City, a reorganise.Act) reorganise.Progress {
	t.Helper()
	if _, err := c.Reorganise.StartAct(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	p, err := c.Reorganise.Drive(t.Context(), a.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// taken is a birth taken in at the counter, with the original of its slip.
func taken(c *citytest.City, login, unit, place string) (code, paper string) {
	answers := map[string]any{}
	maps.Copy(answers, citytest.Birth()["answers"].(map[string]any))
	answers["child.registrationUnit"], answers["child.birthPlace"] = unit, place
	code = c.Login(login).Post("/api/v1/counter/dossiers", map[string]any{
		"service": "hanoi.civil-status.birth-registration", "who": "999196000001||Nguyễn Thị Hạnh|02091996|Nữ|Tổ 4, Phường Ngọc Lâm, Long Biên, Hà Nội|15062021",
		"applicant": map[string]any{"phone": "0912000001"}, "answers": answers, "delivery": "counter",
		"papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}, map[string]any{"paper": "identity", "shownOnly": true}},
	}).Want(201).Text("code")
	return code, c.Login(login).Get("/api/v1/counter/originals?code=" + code).Want(200).Text("items.0.id")
}

// agency is the committee of the commune that bears a code today.
func agency(t *testing.T, c *citytest.City, code string) (id, name string) {
	t.Helper()
	tree := c.Units.Now()
	place, err := tree.ByCode(code)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := tree.AgencyOf(place.ID)
	return a.ID.String(), a.Name
}

func account(t *testing.T, c *citytest.City, login string) (id int64) {
	t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			sub, err := c.Auth.Resolve(t.Context(), a.Token)
			if err != nil {
				t.Fatal(err)
			}
			return sub.Account
		}
	}
	t.Fatalf("nobody is called %s", login)
	return 0
}

// TestOriginalsGoWithTheirUnit: what lies in a ward that is no more lies in the one that
// follows it, with the same person; a hand-over that nobody signed for yet is signed for by
// whoever stands for its receiver, in parts where its dossiers went to two wards; undoing
// puts back what nobody signed for.
func TestOriginalsGoWithTheirUnit(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		c.Clock.Set(clock.MustDate("2025-06-30").At(9, 0))
		clerk := c.Login("motcua")
		give := func(unit, account string, papers ...string) string {
			t.Helper()
			body := map[string]any{"originals": papers, "unit": unit}
			if account != "" {
				body["account"] = account
			}
			return clerk.Post("/api/v1/counter/batches", body).Want(201).Text("id")
		}
		old, _ := agency(t, c, "00133")
		cuKhoi, _ := agency(t, c, "00154")
		still, _ := taken(c, "motcua", "00133", "Bệnh viện Đức Giang")
		inside, slip := taken(c, "motcua", "00133", "Bệnh viện Đức Giang")
		within := give(old, id.Of[app.DemoAccount](account(t, c, "hotich")).String(), slip)
		rest, restSlip := taken(c, "motcua", "00154", "Trạm y tế Cự Khối")
		part, partSlip := taken(c, "motcua", "00154", "Số 9, đường Bát Khối")
		across := give(cuKhoi, "", restSlip, partSlip)

		p := carriedOut(t, c, "splits:\n  - {from: \"00154\", fields: [child.birthPlace], parts: [{to: \"00145\", places: [\"đường Bát Khối\"]}]}\n")
		if p.Why[reorganise.WhyAddress] != 1 || p.Why[reorganise.WhyAsked] != 1 {
			t.Fatalf("%v", p.Why)
		}
		lies := func(code string) string {
			t.Helper()
			d, _, _, err := c.Dossiers.Read(auditing(t.Context()), code)
			if err != nil {
				t.Fatal(err)
			}
			list, err := c.Counter.OriginalsOf(t.Context(), d.ID)
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v %v", list, err)
			}
			u, _ := c.Units.Unit(list[0].Unit)
			return list[0].HolderName + ", " + u.Name
		}
		const trang, boDe = "Lê Thu Trang", "Ủy ban nhân dân phường Bồ Đề"
		for _, code := range []string{still, inside, rest, part} {
			if got := lies(code); got != trang+", "+boDe {
				t.Errorf("the slip of %s lies at %s", code, got)
			}
		}
		c.Login("hotich").Post("/api/v1/counter/batches/"+within+"/received", map[string]any{}).Want(204)
		if got := lies(inside); got != "Đỗ Minh Châu, "+boDe {
			t.Errorf("signed for, it lies at %s", got)
		}
		// Of the two for Cự Khối one went to Long Biên: two hand-overs, each with its paper.
		longBien, _ := agency(t, c, "00145")
		list, err := c.Counter.Batches(as(t, c, "motcua"))
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v %v", list, err)
		}
		tos := map[string]string{}
		for _, b := range list {
			if b.ID.String() != within {
				tos[b.ToUnit.String()] = b.ID.String()
				if b.Originals != 1 || b.FromUnit.String() == old || b.MadeAt.Day() != 30 {
					t.Errorf("%+v", b)
				}
			}
		}
		batTrang, batTrangName := agency(t, c, "00577")
		if len(tos) != 2 || tos[longBien] == "" || tos[batTrang] == "" || tos[longBien] != across && tos[batTrang] != across {
			t.Errorf("the hand-over went to %v", tos)
		}
		c.Login("cukhoi.motcua").Post("/api/v1/counter/batches/"+tos[longBien]+"/received", map[string]any{}).Want(404)
		c.Login("cukhoi.motcua").Post("/api/v1/counter/batches/"+tos[batTrang]+"/received", map[string]any{}).Want(204)
		if got := lies(rest); got != "Nguyễn Thị Bưởi, "+batTrangName {
			t.Errorf("signed for, it lies at %s", got)
		}

		undo, err := c.Reorganise.DeclareUndo(t.Context(), p.Act.ID, "Sai phương án, làm lại")
		if err != nil {
			t.Fatal(err)
		}
		driven(t, c, undo)
		for code, want := range map[string]string{
			still: trang + ", Ủy ban nhân dân phường Ngọc Lâm", part: trang + ", Ủy ban nhân dân phường Ngọc Lâm",
			inside: "Đỗ Minh Châu, " + boDe, rest: "Nguyễn Thị Bưởi, " + batTrangName,
		} {
			if got := lies(code); got != want {
				t.Errorf("taken back the slip lies at %s, want %s", got, want)
			}
		}
		b, err := c.Counter.Batches(as(t, c, "motcua"))
		if err != nil || len(b) == 0 || b[0].State != "open" || b[0].ToUnit.String() != cuKhoi {
			t.Errorf("the open hand-over goes to %+v %v", b, err)
		}
	}, citytest.With(demo))
}

// TestTheNewHeadIsWarned: a task that was late in the old ward is late in the new one, and
// who leads there now is told; who was told before is not told again.
func TestTheNewHeadIsWarned(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := waitingBirth(t, c)
		swept := func() {
			t.Helper()
			err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
				return c.Jobs.Enqueue(tx, jobs.Job{Kind: dossier.JobWarn, Args: struct{}{}})
			})
			if err != nil {
				t.Fatal(err)
			}
			c.Eventually("the sweep has seen all", func() bool {
				return counted(t, c, `SELECT COUNT(*) FROM dossier_task WHERE open AND warn_at <= $1`, db.Millis(c.Clock.Now())) == 0
			})
		}
		told := func(login string) int {
			return counted(t, c, `SELECT COUNT(DISTINCT due_at) FROM dossier_warning WHERE account = $1`, account(t, c, login))
		}
		c.Clock.Set(clock.MustDate("2025-06-30").At(17, 0))
		swept()
		was := told("hotich")
		if was == 0 || told("phochutich") == 0 || told("cukhoi.chutich") != 0 {
			t.Fatalf("before: %d %d %d", was, told("phochutich"), told("cukhoi.chutich"))
		}
		carriedOut(t, c, "people:\n  - {login: phochutich, role: viceChairman, unit: \"00145\"}\n  - {login: cukhoi.chutich, role: viceChairman, unit: \"00118\"}\n")
		swept()
		if told("cukhoi.chutich") == 0 {
			t.Errorf("who leads in the new ward is not told of %s", code)
		}
		if told("hotich") != was {
			t.Errorf("its holder is told of %d terms, was of %d", told("hotich"), was)
		}
	}, citytest.With(demo))
}

func counted(t *testing.T, c *citytest.City, sql string, args ...any) (n int) {
	t.Helper()
	err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error { return v.QueryRow(sql, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKeptFiltersGoWithTheirQueue: an officer's own and a unit's shared filters narrow the
// queue of the unit that follows, with the role that there is now; where several follow, the
// page says so.
func TestKeptFiltersGoWithTheirQueue(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		tree := c.Units.Now()
		place, err := tree.ByCode("00133")
		if err != nil {
			t.Fatal(err)
		}
		ward, _ := tree.AgencyOf(place.ID)
		up, _ := tree.Above(place.ID, orgunit.District)
		district, _ := tree.AgencyOf(up.ID)
		labour, ok := tree.Office(district.ID, "labour")
		if !ok {
			t.Fatal("the district has no labour office")
		}
		keep := func(login string, shared bool, at orgunit.UnitID, name, query string) {
			t.Helper()
			f := desk.Filter{Account: account(t, c, login), Unit: at, Name: name, Query: query}
			if shared {
				f.Account = 0
			}
			if _, err := c.Desk.KeepFilter(as(t, c, login), f, login+name); err != nil {
				t.Fatal(err)
			}
		}
		keep("hotich", false, ward.ID, "Quá hạn", "due=late&role=justiceOfficer")
		keep("thongke", false, ward.ID, "Thống kê", "role=statisticsOfficer")
		keep("chutich", true, ward.ID, "Chờ ký", "state=processing")
		keep("ldtbxh", false, labour.ID, "Người có công", "due=late")
		reorganised(t, c)
		has := func(login, name, unit, query string) {
			t.Helper()
			list, err := c.Desk.Filters(as(t, c, login), 0)
			i := slices.IndexFunc(list, func(f desk.Filter) bool { return f.Name == name })
			if err != nil || i < 0 {
				t.Fatalf("%s has no filter %s: %+v %v", login, name, list, err)
			}
			if u, _ := c.Units.Unit(list[i].Unit); u.Name != unit || list[i].Query != query {
				t.Errorf("%s of %s narrows %s by %s", name, login, u.Name, list[i].Query)
			}
		}
		has("hotich", "Quá hạn", "Ủy ban nhân dân phường Bồ Đề", "due=late&role=justiceOfficer")
		has("thongke", "Thống kê", "Văn phòng Hội đồng nhân dân và Ủy ban nhân dân", "role=specialist")
		has("hotich", "Chờ ký", "Ủy ban nhân dân phường Bồ Đề", "state=processing")
		has("ldtbxh", "Người có công", labour.Name, "due=late")
		list, err := c.Desk.Filters(as(t, c, "ldtbxh"), 0)
		if err != nil {
			t.Fatal(err)
		}
		page := string(c.Login("ldtbxh").In("vi").Get("/desk/queue?saved=" + list[0].ID.String()).Body)
		if !strings.Contains(page, "kết thúc hoạt động ngày 30/06/2025") {
			t.Error("the page does not say why the filter is empty")
		}
	}, citytest.With(demo))
}
