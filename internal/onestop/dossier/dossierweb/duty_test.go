package dossierweb_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/journal"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// also gives an invented person one more role where they stand.
func also(t *testing.T, c *citytest.City, login, role string) orgunit.UnitID {
	t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login != login {
			continue
		}
		sub, err := c.Auth.Resolve(t.Context(), a.Token)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Auth.AddGrant(t.Context(), sub.Account, auth.GrantPeriod{Grant: auth.Grant{Role: role, Scope: sub.Grants[0].Scope}}); err != nil {
			t.Fatal(err)
		}
		return c.Dossiers.Posts(auth.With(t.Context(), sub))[0]
	}
	t.Fatal("nobody is ", login)
	return 0
}

// Who received a dossier does not verify it, who verified it does not sign it, by whichever
// door; the unit's leader may allow it, with a reason that stays.
func TestDutiesAreKeptApart(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		also(t, c, "hotich", "clerk")
		also(t, c, "motcua2", "justiceOfficer")
		unit := also(t, c, "chutich", "justiceOfficer")
		book := map[string]any{"book.number": 12, "book.year": 2025}
		hotich, boss := c.Login("hotich"), c.Login("chutich")

		// Received, then verified.
		code := c.Login("motcua").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
		by(t, c, "hotich", code, "accept", nil).Want(200)
		wants(t, "the refusal", by(t, c, "hotich", code, "approve", nil).Want(403), "Đỗ Minh Châu đã tiếp nhận hồ sơ này", "giao việc cho đồng nghiệp")
		var tasks struct {
			Items []struct {
				ID, Dossier string
				Version     int64
			}
		}
		hotich.Get("/api/v1/tasks?limit=200").Want(200).Into(&tasks)
		id, version := tasks.Items[0].ID, tasks.Items[0].Version
		wants(t, "the queue", page(hotich, "/desk/queue").Want(200), "Bạn đã tiếp nhận")
		wants(t, "the day's work", page(hotich, "/desk").Want(200), "Bạn đã tiếp nhận")
		own := page(hotich, "/desk/tasks/"+id).Want(200)
		wants(t, "the task", own, "Đỗ Minh Châu đã tiếp nhận hồ sơ này")
		if strings.Contains(string(own.Body), `value="approve"`) {
			t.Error("the page offers what the act refuses")
		}
		var seen bulkAnswer
		row := []map[string]any{{"id": id, "version": version}}
		hotich.Post("/api/v1/tasks/bulk", map[string]any{"action": "approve", "tasks": row, "preview": true}).Want(200).Into(&seen)
		if p := seen.Items[0].Problem; p == nil || p.Status != 403 || !strings.Contains(p.Detail, "Đỗ Minh Châu") {
			t.Errorf("the look before says %+v", p)
		}
		boxes := url.Values{"task": {id + ":" + strconv.FormatInt(version, 10)}, "do": {"act:approve"}}
		wants(t, "the page before", post(hotich, "/desk/bulk/preview", boxes).Want(200), "Đỗ Minh Châu đã tiếp nhận hồ sơ này")
		boxes.Set("do", "claim")
		wants(t, "the page before a claim", post(hotich, "/desk/bulk/preview", boxes).Want(200), "Bạn đã tiếp nhận")
		if body := string(page(c.Login("motcua2"), "/desk/queue").Want(200).Body); strings.Contains(body, "Bạn đã tiếp nhận") {
			t.Error("a colleague's queue is marked")
		}

		// Verified, then signed.
		by(t, c, "chutich", code, "approve", nil).Want(200)
		by(t, c, "motcua2", code, "approve", book).Want(200)
		wants(t, "the refusal to sign", by(t, c, "chutich", code, "sign", nil).Want(403), "Vũ Đức Thắng đã thẩm tra hồ sơ này")
		wants(t, "the leader's page", page(boss, "/desk/leader").Want(200), "Vũ Đức Thắng đã thẩm tra hồ sơ này")

		// The unit allows it.
		path := "/admin/units/" + unit.String()
		allow := url.Values{"duties": {"shared"}, "reason": {""}}
		post(hotich, path+"/duties", allow).Want(403)
		wants(t, "no reason", post(boss, path+"/duties", allow).Want(422), "Ghi lý do")
		allow.Set("reason", "Phường đang thiếu người")
		post(boss, path+"/duties", allow).Want(303)
		wants(t, "the unit", page(boss, path).Want(200), "Một người được làm nhiều việc", "Phường đang thiếu người", "Vũ Đức Thắng")
		told, err := c.Journal.BySubject(t.Context(), journal.Subject{Type: identity.SubjectUnit, ID: int64(unit)}, 0, 10)
		if err != nil || len(told) != 1 || told[0].Kind != identity.EventDutiesShared || told[0].Actor == 0 {
			t.Errorf("the journal tells %+v, %v", told, err)
		}
		if body := string(page(boss, "/desk/leader").Want(200).Body); strings.Contains(body, "đã thẩm tra hồ sơ này") {
			t.Error("the leader's page still refuses")
		}
		by(t, c, "chutich", code, "sign", nil).Want(200)

		// And takes it back.
		allow.Set("duties", "apart")
		post(boss, path+"/duties", allow).Want(303)
		code = c.Login("motcua").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
		by(t, c, "hotich", code, "accept", nil).Want(200)
		by(t, c, "hotich", code, "approve", nil).Want(403)
		by(t, c, "motcua2", code, "approve", nil).Want(200)
	})
}
