package citybench

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
)

// twoTiers is the first day of the version of the service whose results the city numbers.
const twoTiers = "2025-07-01"

// Drawing reports whether an answer to an act says that the paper which it hands over is still
// being drawn: a conflict with nobody. Who asked asks again.
func Drawing(action string, status int, body []byte) bool {
	return action == "issue" && status == http.StatusConflict && !bytes.Contains(body, []byte(`"by":`))
}

// Script is the life that the load plays: a birth registration handed in at the
// counter of the demo's commune, with a form of about 2 KB and the metadata of three
// papers, and the six transitions to its return. unit is the commune, born the child's
// birthday. Of a birth before the two tiers an officer types the number of the book; since then
// the book gives it, the paper is drawn by a job, and until it is there the last act is
// answered with a conflict: see Drawing.
func Script(unit, born string) (submit []byte, stages []Stage, err error) {
	address := "Tổ dân phố số 12, ngõ 97 phố Nguyễn Sơn, " + strings.Repeat("cạnh nhà văn hóa, ", 8)
	answers := map[string]any{
		"child.registrationUnit": unit, "child.name": "Nguyễn Minh An", "child.dob": born, "child.sex": "female",
		"child.ethnicity": "01", "child.hometown": address, "child.homeBirth": false, "child.birthPlace": "Bệnh viện Phụ sản Hà Nội, " + address,
		"mother.name": "Nguyễn Thị Hạnh", "mother.dob": "1996-04-12", "mother.id": "999196000001", "mother.ethnicity": "01",
		"mother.nationality": "VN", "mother.residence.unit": unit, "mother.residence.line": address,
		"father.name": "Trần Văn Bình", "father.dob": "1994-11-03", "father.id": "999094000002", "father.ethnicity": "01",
		"father.nationality": "VN", "father.residence.unit": unit, "father.residence.line": address,
		"requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001", "requester.relation": "authorised",
	}
	paper := func(id, name string) map[string]any {
		return map[string]any{"paper": id, "name": name, "type": "pdf", "size": 183_204, "originals": 1, "sha256": strings.Repeat("5e", 32)}
	}
	submit, err = json.Marshal(map[string]any{
		"service": "hanoi.civil-status.birth-registration", "case": "normal", "unit": unit, "channel": "counter",
		"applicant": map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001"},
		"answers":   answers,
		"papers": []any{
			paper("birthSlip", "giay-chung-sinh.pdf"), paper("authorisation", "uy-quyen.pdf"),
			map[string]any{"paper": "identity", "name": "cccd.jpg", "type": "jpg", "size": 0, "shownOnly": true},
		},
		"delivery": map[string]any{"method": "counter"}, "copies": 1,
	})
	typed := ""
	if born < twoTiers {
		typed = `,"answers":{"book.number":17,"book.year":2025}`
	}
	return submit, []Stage{
		{"clerk", "accept", ""},
		{"justiceOfficer", "approve", ""},
		{"justiceOfficer", "approve", typed},
		{"chairman", "sign", ""},
		{"registryClerk", "number", ""},
		{"clerk", "issue", ""},
	}, err
}

// Reason is how an officer says why they must open a dossier that ended before today, where the
// reading of path was refused; false for a path that is about no dossier.
func Reason(path string) (Request, bool) {
	rest, ok := strings.CutPrefix(path, "/api/v1/dossiers/")
	code, _, _ := strings.Cut(rest, "/")
	if !ok || code == "" {
		return Request{}, false
	}
	return Request{
		Method: http.MethodPost, Path: "/api/v1/dossiers/" + code + "/reason", Key: rand.Text(),
		Body: []byte(`{"choice":"inspection","words":"Đối chiếu hồ sơ với sổ theo dõi"}`),
	}, true
}
