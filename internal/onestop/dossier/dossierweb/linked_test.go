package dossierweb_test

import (
	"slices"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/mail"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
)

// linked is an application for birth, residence and insurance card at the demo's commune.
func linked(commune string) map[string]any {
	b := citytest.Counter()
	b["unit"] = commune
	b["service"] = "hanoi.civil-status.linked-birth"
	answers := b["answers"].(map[string]any)
	for k, v := range map[string]any{
		"child.registrationUnit": commune, "residence.commune": commune, "residence.address": "Tổ 5", "residence.with": "mother", "residence.head": "Nguyễn Thị Hạnh",
		"card.hospital": "Trạm y tế phường Ngọc Lâm",
	} {
		answers[k] = v
	}
	return b
}

// by completes the task of a dossier by an action, as who signs in under a login.
func by(t *testing.T, c *citytest.City, login, code, action string, answers map[string]any) citytest.Answer {
	t.Helper()
	var list struct {
		Items []struct {
			ID, Dossier string
			Version     int64
		}
	}
	c.Login(login).Get("/api/v1/tasks?limit=200").Want(200).Into(&list)
	for _, i := range list.Items {
		if i.Dossier == code {
			return c.Login(login).Post("/api/v1/tasks/"+i.ID+"/complete", map[string]any{"version": i.Version, "action": action, "answers": orEmpty(answers)})
		}
	}
	t.Fatalf("%s has no task of %s: %+v", login, code, list)
	return citytest.Answer{}
}

// family reads a dossier and its children from the store.
func family(t *testing.T, c *citytest.City, code, key string) (dossier.Dossier, []dossier.Dossier) {
	t.Helper()
	d, _, err := c.Dossiers.Find(t.Context(), code, dossier.Viewer{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	kids, err := c.Dossiers.Children(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return d, kids
}

// birth brings the first child to its certificate. typed is the number, where an officer writes it.
func birth(t *testing.T, c *citytest.City, code string, typed map[string]any) {
	t.Helper()
	by(t, c, "motcua", code, "accept", nil).Want(200)
	by(t, c, "hotich", code, "approve", nil).Want(200)
	by(t, c, "hotich", code, "approve", typed).Want(200)
	by(t, c, "chutich", code, "sign", nil).Want(200)
	by(t, c, "vanthu", code, "number", nil).Want(200)
}

// TestChildDossiers: one application opens a dossier at each agency, with its own code, unit
// and date; each end is given to the parent once, and one return closes them all.
func TestChildDossiers(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]struct {
		commune, police, insurance string
		typed                      map[string]any
		number                     string
	}{
		"2025-06-23": {"00133", "Công an phường", "Bảo hiểm xã hội quận", map[string]any{"book.number": 15, "book.year": 2025}, "15/2025"},
		"2026-11-09": {"00118", "Công an phường", "Bảo hiểm xã hội thành phố Hà Nội", nil, "01/2026"},
	} {
		t.Run(day, func(t *testing.T) {
			t.Parallel()
			citytest.Each(t, func(t *testing.T, c *citytest.City) {
				testChildDossiers(t, c, day, want.commune, want.police, want.insurance, want.typed, want.number)
			}, citytest.At(clock.MustDate(day).At(8, 10)))
		})
	}
}

func testChildDossiers(t *testing.T, c *citytest.City, day, commune, atPolice, atInsurance string, typed map[string]any, number string) {
	filed := c.As("clerk").Post("/api/v1/dossiers", linked(commune)).Want(201)
	code, key := filed.Text("code"), filed.Text("accessKey")
	by(t, c, "motcua", code, "accept", nil).Want(200)
	parent, kids := family(t, c, code, key)
	if len(kids) != 1 || kids[0].Service != "hanoi.civil-status.birth-registration" || kids[0].Code == code || !kids[0].DueAt.IsZero() {
		t.Fatalf("after acceptance: %+v", kids)
	}
	if kids[0].Parent != parent.ID || kids[0].Reception != parent.Receiving || kids[0].Applicant != "Nguyễn Thị Hạnh" {
		t.Errorf("child: %+v", kids[0])
	}
	birth(t, c, kids[0].Code, typed)
	c.Eventually("police and insurance have it", func() bool { _, kids = family(t, c, code, key); return len(kids) == 3 })
	police, card := kids[1], kids[2]
	if police.Service != "hanoi.residence.child" {
		police, card = card, police
	}
	if u, _ := c.Units.Now().Get(police.Competent); u.Name != atPolice || !u.External() {
		t.Errorf("residence is at %s", u.Name)
	}
	if u, _ := c.Units.Now().Get(card.Receiving); u.Name != atInsurance {
		t.Errorf("the card is at %s", u.Name)
	}
	for _, k := range kids[1:] { // both are given the number of the birth: typed once, or the book's
		if content, err := c.Dossiers.ContentOf(t.Context(), k); err != nil || content.Answers.Text("child.birthNumber") != number {
			t.Errorf("%s was given the birth number %q, want %q, %v", k.Service, content.Answers.Text("child.birthNumber"), number, err)
		}
	}
	_, content, _, err := c.Dossiers.Read(t.Context(), police.Code)
	if err == nil {
		t.Errorf("a stranger reads %+v", content)
	}
	by(t, c, "congan.motcua", police.Code, "accept", nil).Want(200)
	by(t, c, "bhxh.motcua", card.Code, "accept", nil).Want(200)
	parent, kids = family(t, c, code, key)
	due := map[string]bool{parent.DueAt.String(): true}
	for _, k := range kids[1:] {
		if k.DueAt.IsZero() || due[k.DueAt.String()] {
			t.Errorf("%s is due %v, like another", k.Service, k.DueAt)
		}
		due[k.DueAt.String()] = true
	}
	by(t, c, "congan", police.Code, "approve", nil).Want(200)
	by(t, c, "congan.truong", police.Code, "sign", nil).Want(200)
	by(t, c, "congan.motcua", police.Code, "number", map[string]any{"entry.number": "88/TB", "entry.date": day}).Want(200)
	by(t, c, "congan.motcua", police.Code, "submit", nil).Want(200)
	by(t, c, "bhxh", card.Code, "refuse", map[string]any{"reason": "Trẻ đã có thẻ."}).Want(200)
	c.Eventually("both ends reached the parent", func() bool { parent, _ = family(t, c, code, key); return parent.State == process.Done })
	timeline := string(c.As("clerk").Get("/api/v1/dossiers/" + code + "/timeline").Want(200).Body)
	if n := strings.Count(timeline, `"dossier.childEnded"`); n != 3 {
		t.Errorf("%d ends of children: %s", n, timeline)
	}
	page := string(c.Visitor().Get("/dossiers/" + code + "?k=" + key).Want(200).Body)
	for _, want := range []string{police.Code, card.Code, kids[0].Code, atPolice, atInsurance} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	for _, k := range kids { // their papers are made by a job, and before nothing is handed over
		c.Eventually("the papers of the children are made", func() bool { return c.Results.Ready(t.Context(), k) == nil })
	}
	by(t, c, "motcua", code, "issue", nil).Want(200)
	c.Eventually("the children are returned with it", func() bool {
		_, kids = family(t, c, code, key)
		return kids[0].State == process.Returned && kids[1].State.Ended() && kids[2].State.Ended()
	})
	if kids[1].State == kids[2].State {
		t.Errorf("one was refused: %v, %v", kids[1].State, kids[2].State)
	}
}

// TestChildNotices: who filed is told once of the filing, and then by each agency of what it
// asks or promises.
func TestChildNotices(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	box, ok := c.Mail.(*mail.Recorder)
	if !ok {
		t.Fatal("the test's city does not record its mail")
	}
	b := linked("00133")
	b["applicant"] = map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001", "email": "hanh@vidu.example"}
	filed := c.As("clerk").In("vi").Post("/api/v1/dossiers", b).Want(201)
	code := filed.Text("code")
	by(t, c, "motcua", code, "accept", nil).Want(200)
	_, kids := family(t, c, code, filed.Text("accessKey"))
	by(t, c, "motcua", kids[0].Code, "supplement", map[string]any{"reason": "Giấy chứng sinh mờ."}).Want(200)
	subjects := func() string {
		var out []string
		for _, m := range box.Sent() {
			out = append(out, m.Subject)
		}
		slices.Sort(out)
		return strings.Join(out, "\n")
	}
	want := []string{"Đã nhận hồ sơ " + code, "Hồ sơ " + code + " đã được tiếp nhận", "Hồ sơ " + kids[0].Code + " cần bổ sung"}
	slices.Sort(want)
	c.Eventually("three letters", func() bool { return len(box.Sent()) >= len(want) })
	if got := subjects(); got != strings.Join(want, "\n") {
		t.Errorf("told:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// TestChildrenEndWithTheirParent: what nobody waits for is withdrawn.
func TestChildrenEndWithTheirParent(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		filed := c.As("clerk").Post("/api/v1/dossiers", linked("00133")).Want(201)
		code, key := filed.Text("code"), filed.Text("accessKey")
		by(t, c, "motcua", code, "accept", nil).Want(200)
		c.Visitor().Post("/api/v1/dossiers/"+code+"/withdraw?accessKey="+key, map[string]any{"reason": "Nộp nhầm."})
		if _, err := c.Dossiers.Withdraw(t.Context(), code, "Nộp nhầm.", "w1", dossier.Viewer{Key: key}); err != nil {
			t.Log(err) // the request above did it
		}
		c.Eventually("the child is withdrawn", func() bool {
			parent, kids := family(t, c, code, key)
			return parent.State == process.Withdrawn && len(kids) == 1 && kids[0].State == process.Withdrawn
		})
	})
}
