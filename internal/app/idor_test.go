package app_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

// strangers are those to whom what the seed made does not belong, whoever else they are.
var strangers = []string{"", "0912000002", "cukhoi.motcua", "cukhoi.chutich", "ldtbxh", "bhxh"}

// owned says where a route's id comes from and to whom it belongs. The longest prefix counts.
var owned = []struct{ prefix, id, owner string }{
	{"/account/sessions/{id}", "session", "0912000001"},
	{"/account/browsers/{id}", "browser", "0912000001"},
	{"/inbox/{id}", "notice", "0912000001"},
	{"/api/v1/inbox/{id}", "notice", "0912000001"},
	{"/dossiers/{code}", "dossier", "0912000001"},
	{"POST /dossiers/{code}", "withdrawn", "0912000001"},
	{"/dossiers/{code}/files/{digest}", "supplied", "0912000001"},
	{"/dossiers/{code}/papers/{paper}", "moved", "0912000001"},
	{"/dossiers/{code}/uploads", "asked", "0912000001"},
	{"/dossiers/{code}/uploads/{upload}", "asked dossierUpload", "0912000001"},
	{"/api/v1/dossiers/{code}", "dossier", "0912000001"},
	{"/api/v1/dossiers/{code}/withdraw", "withdrawn2", "0912000001"},
	{"/api/v1/my/dossiers/{code}", "dossier", "0912000001"},
	{"/api/v1/dossiers/{code}/corrections", "moved", "chutich"},
	{"/api/v1/dossiers/{code}/messages", "moved", "chutich"},
	{"/api/v1/dossiers/{code}/orders", "moved", "chutich"},
	{"/desk/dossiers/{code}", "dossier", "motcua"},
	{"/desk/dossiers/{code}/correct", "moved", "chutich"},
	{"/desk/dossiers/{code}/order", "moved", "chutich"},
	{"/desk/tasks/{id}", "task", "motcua"},
	{"/desk/tasks/{id}/assign", "task", "chutich"}, // who deals out work, whoever holds it by then
	{"/api/v1/tasks/{id}", "task", "motcua"},
	{"/api/v1/tasks/{id}/assign", "task", "chutich"},
	{"/desk/orders/{id}", "order", "hotich"},
	{"/api/v1/orders/{id}", "order", "hotich"},
	{"/api/v1/orders/{id}/close", "order", "chutich"},
	{"/api/v1/orders/{id}/insist", "order", "chutich"},
	{"/desk/return/{code}", "ready", "motcua"},
	{"/desk/return/{code}/slip.pdf", "returned", "motcua"},
	{"/api/v1/counter/dossiers/{code}", "ready", "motcua"},
	{"/desk/counter/in/{id}", "intake", "motcua"},
	{"/desk/counter/in/{id}/forget", "intake2", "motcua"},
	{"/desk/counter/in/{id}/check", "intake2", "motcua"},
	{"/desk/counter/in/{id}/uploads/{upload}", "intake intakeUpload", "motcua"},
	{"/desk/originals/batches/{id}", "batch", "hotich"},
	{"/api/v1/counter/batches/{id}", "batch", "hotich"},
	{"/pay/{order}", "toPay", "0912000001"},
	{"/pay/{order}/receipt.pdf", "paid", "0912000001"},
	{"/desk/payments/{order}", "toPay", "motcua"},
	{"/desk/suspense/{money}", "money", "motcua"},
	{"/api/v1/payments/{order}", "toPay", "0912000001"},
	{"/apply/d/{key}", "draft", "0912000001"},
	{"/apply/d/{key}/uploads/{upload}", "draft draftUpload", "0912000001"},
	{"/admin/officers/{account}", "officer", "chutich"},
	{"/admin/proposals/{id}", "proposal", "phochutich"},
	{"/admin/imports/officers/{id}", "import", "chutich"},
	{"/admin/imports/dossiers/{id}", "oldDossiers", "chutich"},
	{"/desk/leave/{id}", "leave", "motcua"},
	{"/admin/calendar/{id}", "dayOff", "phochutich"},
	{"/admin/services/{id}", "package", "thietke"},
	{"/api/v1/service-submissions/{id}", "package", "0912000001"},
	{"/api/v1/service-submissions/{id}/decisions", "package", "thietke"},
	{"/admin/notices/{id}", "message", "lanhdao"},
	{"/admin/reorganise/{id}", "act", "lanhdao"},
	{"/admin/units/{id}", "agency", "chutich"},
	{"/account/mandates/{id}", "mandate", "0912000001"},
	{"/desk/identity/{id}", "check", "motcua"},
	{"/admin/people/duplicates/{a}/{b}", "twin twin2", "dulieu"},
	{"/admin/people/merges/{id}", "merge", "dulieu"},
	{"/account/data/exports/{id}", "export", "0912000001"},
	{"/account/data/requests/{id}", "request", "0912000001"},
	{"/desk/requests/{id}", "request", "chutich"},
	{"POST /api/v1/dossiers/{code}/reason", "dossier", "motcua"},
	{"/admin/kiosks/{id}", "kiosk", "chutich"},
	{"/desk/looks/{id}", "flag", "chutich"},
	{"/admin/looks/{id}", "flag", "kiemtra"},
	{"/admin/retention/{id}", "batch2", "kiemtra"},
	{"/admin/retention/holds/{id}", "hold", "kiemtra"},
	{"/desk/results/{id}", "result", "chutich"},
	{"/desk/records/{id}", "record", "chutich"},
	{"/admin/certificates/{id}/look.png", "card", "chutich"},
	{"/sign/{errand}", "errand", "0912000001"},
	{"/sign/{errand}/papers/{paper}", "errand errandPaper", "0912000001"},
	{"/dossiers/{code}/sign", "signedCode", "0912000001"},
	{"/dossiers/{code}/signed/{paper}", "signedCode signedPaper", "0912000001"},
}

// nobodys are routes whose id belongs to nobody, each with the reason.
var nobodys = map[string]string{
	"/admin/health/jobs/{id}":                      "no job of a healthy city gave up; the policies health.read and health.mend say who opens one",
	"/units/{id}":                                  "units are public",
	"/api/v1/units/{id}":                           "units are public",
	"GET /admin/units/{id}":                        "every officer reads the directory of units",
	"/procedures/life-events/{id}":                 "the catalogue is public",
	"/api/v1/journal/checkpoints/{size}":           "what the journal signed is public",
	"/api/v1/journal/timestamps/{size}":            "what an authority stamped is public",
	"/api/v1/journal/tile/{level}/{tile...}":       "hashes of the journal are public and tell nothing of what was hashed",
	"/procedures/{code}":                           "the catalogue is public",
	"/r/{code}":                                    "the code on a paper is the capability: its page shows what a stranger may see (resultweb)",
	"/desk/registers/{register}":                   "registers are declared by packages; whose entries are read is a matter of the unit in the query",
	"GET /desk/registers/{register}/entries.csv":   "the same",
	"GET /desk/registers/{register}/entries.json":  "the same",
	"/api/v1/procedures/{code}":                    "the catalogue is public",
	"/api/v1/services/{id}":                        "services are public",
	"/apply/{service}":                             "services are public",
	"/line/{service}":                              "services are public; the line shows the ticket of the account's own",
	"/line/{service}/now":                          "likewise; a ticket is signed for its account",
	"/desk/counter/new/{service}":                  "services are public; the intake is opened at the clerk's own counter",
	"/admin/reorganise/plans/{plan}":               "plans come with the program; what one would do is for leaders and auditors of the city",
	"POST /account/sessions/{id}/end":              "ends only a session of the account's own; the test looks that it lives on",
	"/account/passkeys/{id}":                       "reaches only what the account has itself; TestWhatAnAccountHasIsItsOwn seeds one and tries strangers",
	"/account/passkeys/{id}/remove":                "reaches only what the account has itself; TestWhatAnAccountHasIsItsOwn seeds one and tries strangers",
	"/account/contact/{channel}":                   "reaches only what the account has itself; TestWhatAnAccountHasIsItsOwn seeds one and tries strangers",
	"/account/contact/{channel}/confirm":           "reaches only what the account has itself; TestWhatAnAccountHasIsItsOwn seeds one and tries strangers",
	"/account/contact/{channel}/use":               "reaches only what the account has itself; TestWhatAnAccountHasIsItsOwn seeds one and tries strangers",
	"/account/contact/{channel}/remove":            "reaches only what the account has itself; TestWhatAnAccountHasIsItsOwn seeds one and tries strangers",
	"/account/clients/{code}/withdraw":             "reaches only what the account has itself; TestWhatAnAccountHasIsItsOwn seeds one and tries strangers",
	"/admin/clients/wishes/{id}":                   "asks for a proof first; TestStrangersDecideNoWish tries them fresh from signing in",
	"/admin/certificates/{id}":                     "a card is its unit's: policies decide on each (TestCardsTakeTwoPeopleAndHoldForOthers)",
	"/admin/templates/{service}/{version}/{paper}": "specimens are filled with invented people",
	"POST /apply/d/{key}/forget":                   "whoever cannot open a draft is led to their own; the test looks that it is kept",
	"POST /account/browsers/{id}/remove":           "takes out only a browser of the account's own; the test looks that it is kept",
	"/desk/people/{id}/facts":                      "any counter serves any person; each look is written down",
	"/desk/mandates/{id}":                          "any counter ends a mandate whose paper is shown; who did stands in the journal",
	"/desk/results/{id}/paper.pdf":                 "only a paper that waits has one; resultweb.TestALeaderSignsPapersInOneAct tries a leader elsewhere",
	"/desk/to-sign/{batch}":                        "an act is shown to who gave it; resultweb.TestALeaderSignsPapersInOneAct tries another leader",
	"/desk/parcels/{id}":                           "a parcel is its counter's; resultweb.TestAResultGoesByPostAndComesBack tries a clerk elsewhere",
	"/scim/v2/Users/{id}":                          "a personnel system of the city keeps all officers",
	"/scim/v2/Groups/{id}":                         "a personnel system of the city keeps all posts",
}

// bodies are what a route must be sent so that it comes as far as its owner's request does.
func (s *seed) body(route string) any {
	version := int64(1)
	if strings.Contains(route, "/tasks/") {
		version = s.version(s.id["dossier"])
	}
	v := url.Values{"version": {itoa(version)}}
	switch route {
	case "POST /dossiers/{code}":
		return url.Values{"act": {"withdraw"}, "sure": {"1"}, "note": {"Nộp nhầm."}}
	case "POST /dossiers/{code}/place":
		return url.Values{"ward": {s.id["agency"]}}
	case "POST /desk/dossiers/{code}/correct":
		return url.Values{"kind": {"retry"}, "reason": {"Thử lại."}, "token": {"1"}}
	case "POST /desk/dossiers/{code}/order":
		return url.Values{"officer": {s.id["officer"]}, "hours": {"8"}, "note": {"Báo cáo lý do."}}
	case "POST /desk/tasks/{id}":
		v.Set("action", "accept")
		return v
	case "POST /desk/tasks/{id}/note":
		return url.Values{"note": {"Đã gọi."}}
	case "POST /desk/tasks/{id}/assign":
		v.Set("to", s.Account("clerk2").ID)
		return v
	case "POST /desk/orders/{id}":
		return url.Values{"do": {"answer"}, "text": {"Đang xác minh thêm."}, "version": {"1"}, "forecast.day": {"1"}, "forecast.month": {"12"}, "forecast.year": {"2025"}}
	case "POST /desk/payments/{order}":
		return url.Values{"do": {"contest"}, "why": {"Không phải của tôi"}}
	case "POST /desk/suspense/{money}":
		return url.Values{"do": {"return"}, "why": {"Không tìm được người nộp"}}
	case "POST /api/v1/payments/{order}/renew":
		return map[string]any{}
	case "POST /api/v1/payments/{order}/ways":
		return map[string]any{"way": "bank"}
	case "POST /desk/cash", "POST /desk/reconcile":
		return url.Values{"unit": {s.id["agency"]}, "do": {"open"}, "float": {"-1"}}
	case "POST /desk/originals/batches/{id}":
		return url.Values{"do": {"receive"}}
	case "POST /desk/results/{id}": // refused: its paper is not made
		return url.Values{"do": {"revoke"}, "reason": {"Cấp nhầm người."}, "authority": {"Quyết định 9/QĐ-UBND"}}
	case "POST /desk/records/{id}": // refused: of another version
		return url.Values{"do": {"revoked"}, "version": {"9"}, "reason": {"Cấp nhầm người."}, "authority": {"Quyết định 9/QĐ-UBND"}}
	case "POST /desk/requests/{id}":
		return url.Values{"state": {"granted"}, "words": {"Đã sửa theo giấy tờ."}}
	case "POST /api/v1/dossiers/{code}/reason":
		return map[string]any{"choice": "complaint", "words": "Trả lời đơn của công dân."}
	case "POST /desk/looks/{id}", "POST /admin/looks/{id}":
		return url.Values{"verdict": {"explained"}, "note": {"Trùng tên, đã hỏi cán bộ."}}
	case "POST /admin/retention/{id}", "POST /admin/retention/holds/{id}":
		return url.Values{"do": {"agree"}}
	case "POST /desk/leave/{id}":
		return url.Values{"do": {"cancel"}}
	case "POST /desk/dossiers/{code}/numbers":
		return url.Values{"reason": {"Đối chiếu với sổ hộ tịch"}}
	case "POST /account/mandates/{id}":
		return url.Values{"do": {"end"}}
	case "POST /desk/identity/{id}":
		return url.Values{"do": {"refuse"}}
	case "POST /admin/people/duplicates/{a}/{b}":
		return url.Values{"do": {"apart"}, "reason": {"Hai chị em sinh đôi"}}
	case "POST /admin/people/merges/{id}":
		return url.Values{"reason": {"Gộp nhầm hai người"}}
	case "POST /admin/officers/{account}":
		return url.Values{"do": {"invite"}}
	case "POST /admin/proposals/{id}", "POST /admin/calendar/{id}":
		return url.Values{"do": {"reject"}} // without a reason, so that it stays open
	case "POST /admin/imports/dossiers/{id}":
		return url.Values{"do": {"drop"}}
	case "POST /admin/reorganise/{id}":
		return url.Values{"do": {"start"}}
	case "POST /admin/services/{id}/retire":
		return url.Values{"reason": {"Không dùng nữa."}}
	case "POST /admin/services/{id}/publish":
		return url.Values{"from.day": {"1"}, "from.month": {"12"}, "from.year": {"2025"}}
	case "POST /admin/units/{id}":
		return url.Values{"what": {"office"}, "name": {"Phòng thử"}}
	case "POST /admin/officers":
		return url.Values{"unit": {s.id["agency"]}, "login": {"moi3"}, "role": {"clerk"}} // without a name, so that nothing is proposed
	case "POST /admin/calendar":
		return url.Values{"unit": {s.id["agency"]}, "kind": {"unitOff"}}
	case "POST /desk/dates", "POST /desk/balance":
		return url.Values{"unit": {s.id["agency"]}, "role": {"clerk"}}
	case "POST /desk/leave":
		return url.Values{"do": {"leave"}}
	case "POST /desk/splits":
		return url.Values{"code": {s.id["moved"]}}
	case "POST /desk/leader/act":
		return url.Values{"task": {s.id["task"]}, "version": {"99"}, "action": {"accept"}}
	case "POST /api/v1/dossiers", "POST /api/v1/tasks/bulk", "POST /api/v1/service-submissions", "POST /api/v1/service-submissions/check", "POST /api/v1/notices/receipts", "POST /api/v1/counter/dossiers", "POST /api/v1/counter/batches":
		return map[string]any{}
	case "POST /desk/return/{code}/call":
		return url.Values{"how": {"phone"}}
	case "POST /desk/return/{code}":
		return url.Values{"identity": {"paper"}, "who": {"Nguyễn Thị Hạnh"}, "version": {"1"}}
	case "POST /api/v1/dossiers/{code}/supplement", "POST /api/v1/my/dossiers/{code}", "POST /api/v1/dossiers/{code}/withdraw", "POST /api/v1/inbox/{id}/read", "POST /api/v1/counter/batches/{id}/received":
		return map[string]any{}
	case "POST /api/v1/dossiers/{code}/answer":
		return map[string]any{"action": "confirm"}
	case "POST /api/v1/dossiers/{code}/rating":
		return map[string]any{"score": 5}
	case "POST /api/v1/dossiers/{code}/messages":
		return map[string]any{"name": "paid"}
	case "POST /api/v1/dossiers/{code}/corrections":
		return map[string]any{"kind": "retry", "token": 1}
	case "POST /api/v1/dossiers/{code}/orders":
		return map[string]any{"officer": s.id["officer"], "hours": 8, "note": "Báo cáo lý do."}
	case "POST /api/v1/orders/{id}/answer":
		return map[string]any{"version": 1, "text": "Đang xác minh thêm.", "forecast": "2025-12-01"}
	case "POST /api/v1/orders/{id}/close":
		return map[string]any{"version": 1}
	case "POST /api/v1/orders/{id}/insist":
		return map[string]any{"version": 1, "text": "Trả lời ngay.", "hours": 8}
	case "POST /api/v1/tasks/{id}/claim":
		return map[string]any{"version": version}
	case "POST /api/v1/tasks/{id}/assign":
		return map[string]any{"version": version, "to": s.Account("clerk2").ID}
	case "POST /api/v1/tasks/{id}/complete":
		return map[string]any{"version": version, "action": "accept", "answers": map[string]any{}}
	case "POST /api/v1/service-submissions/{id}/decisions":
		return map[string]any{"do": "approve"}
	case "POST /api/v1/counter/dossiers/{code}/calls":
		return map[string]any{"how": "phone"}
	case "POST /api/v1/counter/dossiers/{code}/return":
		return map[string]any{"version": 1, "identity": "paper", "who": "Nguyễn Thị Hạnh"}
	}
	return nil
}

// version of the clerk's task on a dossier; 0 where there is none any more.
func (s *seed) version(code string) int64 {
	list := s.AsLogin("motcua").Get("/api/v1/tasks?limit=200")
	for i := 0; ; i++ {
		at := "items." + strconv.Itoa(i)
		switch list.Text(at + ".dossier") {
		case "":
			return 0
		case code:
			n, _ := strconv.ParseInt(list.Text(at+".version"), 10, 64)
			return n
		}
	}
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// address fills the ids of a route. It is "" where nothing is known of one.
func (s *seed) address(method, path string) (filled, owner string) {
	best := -1
	for i, o := range owned {
		if o.prefix == method+" "+path {
			best = i
			break
		}
		if (path == o.prefix || strings.HasPrefix(path, o.prefix+"/")) && (best < 0 || len(o.prefix) > len(owned[best].prefix)) {
			best = i
		}
	}
	if best < 0 {
		return "", ""
	}
	ids := strings.Fields(owned[best].id)
	filled = parameter.ReplaceAllStringFunc(path, func(p string) string {
		switch {
		case len(ids) > 0:
			name := ids[0]
			ids = ids[1:]
			return s.id[name]
		case p == "{digest}":
			return fmt.Sprintf("%x", sha256.Sum256([]byte(slip)))
		case p == "{paper}":
			return "receipt.pdf"
		case p == "{page}":
			return "review"
		}
		return p
	})
	if strings.Contains(filled, "{") {
		return "", ""
	}
	return filled, owned[best].owner
}

// send asks a route as somebody, as its owner would.
func (s *seed) send(login, route, path string) citytest.Answer {
	s.t.Helper()
	who := s.Visitor()
	if login != "" {
		who = s.AsLogin(login)
	}
	return s.ask(who, route, path)
}

func (s *seed) ask(who citytest.Actor, route, path string) citytest.Answer {
	s.t.Helper()
	method, _, _ := strings.Cut(route, " ")
	if method == http.MethodGet || method == http.MethodDelete {
		return who.Do(method, path, nil, map[string]string{"Idempotency-Key": web.NewKey()})
	}
	if method == http.MethodPatch {
		return who.Do(method, path, []byte("%PDF"), map[string]string{"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"})
	}
	if strings.HasSuffix(route, "/uploads") {
		return who.Do(method, path, nil, map[string]string{"Upload-Length": "10", "Upload-Metadata": "paper YmlydGhTbGlw,filename YS5wZGY=,mark " + "bTE="})
	}
	switch b := s.body(route).(type) {
	case map[string]any:
		return who.Post(path, b)
	case url.Values:
		b.Set("_key", web.NewKey())
		return who.Do(method, path, []byte(b.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	}
	return who.Do(method, path, []byte("_key="+web.NewKey()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// refused reports whether an answer says no to who asked, or that there is no such thing.
func refused(a citytest.Answer) bool {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return a.Status == http.StatusSeeOther && strings.HasPrefix(a.Header.Get("Location"), "/sign-in")
}

// TestAnothersIdLeadsNowhere asks every route that has an id for what belongs to others. The
// list of routes is the program's: a new one whose id has no generator here fails.
func TestAnothersIdLeadsNowhere(t *testing.T) {
	t.Parallel()
	s := sow(t)
	type probe struct{ route, path, owner string }
	var probes []probe
	for _, r := range s.Server.Routes() {
		route := r.Method + " " + r.Path
		if !parameter.MatchString(r.Path) || strings.HasPrefix(r.Path, "/demo") {
			continue
		}
		if nobodys[r.Path] != "" || nobodys[route] != "" {
			continue
		}
		path, owner := s.address(r.Method, r.Path)
		if path == "" {
			t.Errorf("%s: no id of somebody else's to try it with; add it to owned, or to nobodys with the reason", route)
			continue
		}
		probes = append(probes, probe{route, path, owner})
	}
	for _, p := range probes {
		for _, login := range strangers {
			if a := s.send(login, p.route, p.path); !refused(a) {
				t.Errorf("%s as %q: %d %.300s", p.route, login, a.Status, a.Body)
			}
		}
	}
	// Where the answer does not say no, nothing has happened.
	for _, r := range []string{"POST /account/sessions/{id}/end", "POST /account/browsers/{id}/remove", "POST /apply/d/{key}/forget"} {
		method, path, _ := strings.Cut(r, " ")
		filled, _ := s.address(method, path)
		for _, login := range strangers {
			s.send(login, r, filled)
		}
	}
	if page := string(s.AsLogin("0912000001").Get("/account").Want(200).Body); !strings.Contains(page, s.id["session"]) {
		t.Error("a stranger ended a session")
	}
	if _, list, err := s.Notices.Mine(s.ctx("0912000001")); err != nil || len(list) != 1 {
		t.Error("a stranger took out a browser", list, err)
	}
	s.AsLogin("0912000001").Get("/apply/d/" + s.id["draft"] + "/review").Want(200)
	// The same requests from the owner are not refused, so that what was refused above was a
	// request that works. Reading comes before what ends a thing.
	slices.SortStableFunc(probes, func(a, b probe) int {
		return strings.Compare(a.route[:3], b.route[:3]) * boolInt(a.route[:3] == "GET" || b.route[:3] == "GET")
	})
	for _, p := range probes {
		if a := s.send(p.owner, p.route, p.path); refused(a) {
			t.Errorf("%s as its owner %s: %d %.300s", p.route, p.owner, a.Status, a.Body)
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
