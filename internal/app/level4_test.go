package app_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/sign"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/result"
	"khue/internal/onestop/signature"
)

// paperOf is a dossier of one service, and what its officers do until its paper is numbered.
type paperOf struct {
	filing map[string]any
	acts   [][3]string               // login, step, action
	with   map[string]map[string]any // by action: what is typed
	number string
	signer string // login
	sealed string // whose seal it bears
}

func scans(ids ...string) (out []any) {
	for _, p := range ids {
		out = append(out, map[string]any{"paper": p, "name": p + ".pdf", "type": "pdf", "size": 90_000, "originals": 1})
	}
	return out
}

func filingOf(service, kase string, papers []any, answers map[string]any) map[string]any {
	return map[string]any{
		"service": service, "case": kase, "channel": "counter", "applicant": map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001"},
		"answers": answers, "papers": papers, "delivery": map[string]any{"method": "counter"},
	}
}

func papersOfLevelFour() map[string]paperOf {
	child := map[string]any{
		"child.name": "Nguyễn Minh An", "child.dob": "2026-11-01", "child.sex": "female", "child.birthNumber": "15/2026",
		"requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001",
	}
	with := func(more map[string]any) map[string]any {
		out := maps.Clone(child)
		maps.Copy(out, more)
		return out
	}
	return map[string]paperOf{
		"1.001193": {
			filing: filingOf("hanoi.civil-status.birth-registration", "normal", scans("birthSlip"), map[string]any{
				"child.registrationUnit": "00118", "child.name": "Nguyễn Minh An", "child.dob": "2026-11-01", "child.sex": "female", "child.ethnicity": "01",
				"child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": false, "child.birthPlace": "Bệnh viện Phụ sản Hà Nội", "mother.name": "Nguyễn Thị Hạnh", "mother.dob": "1996",
				"father.name": "Trần Văn Bình", "father.dob": "1994", "requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001", "requester.relation": "mother",
			}),
			acts: [][3]string{
				{"motcua", "receive", "accept"}, {"hotich", "verify", "approve"}, {"hotich", "enterBook", "approve"}, {"chutich", "sign", "sign"}, {"vanthu", "seal", "number"},
			},
			number: "01/2026", signer: "chutich", sealed: "Ủy ban nhân dân phường Bồ Đề",
		},
		"1.001612": {
			filing: filingOf("hanoi.business.household-business", "individual", scans("request"), map[string]any{
				"business.address.unit": "00118", "business.address.line": "Số 12 phố Ngọc Lâm", "business.name": "Bún chả Ngọc Lâm", "business.trade": "food",
				"business.conditional": false, "business.capital": 50_000_000, "business.labour": 2, "business.accounting": "declaration",
				"owner.name": "Trần Thị Lụa", "owner.dob": "1990-05-12", "owner.sex": "female", "owner.id": "999190000021", "owner.ethnicity": "01",
				"owner.residence.line": "Tổ 5, phố Ngọc Lâm, Hà Nội", "owner.phone": "0912000021", "owner.otherBusiness": false, "filer.kind": "owner", "filer.declaration": true,
			}),
			acts: [][3]string{{"motcua", "receive", "accept"}, {"kinhdoanh.tp", "assign", "assign"}, {"kinhdoanh", "examine", "approve"}, {"kinhdoanh.tp", "sign", "sign"}, {"vanthu", "seal", "number"}},
			with: map[string]map[string]any{"approve": {"check.examined": []string{"owner", "name", "trade", "seat"}}}, number: "01/2026/GCN-HKD", signer: "kinhdoanh.tp", sealed: "Ủy ban nhân dân phường Bồ Đề",
		},
		"1.004222": {
			filing: filingOf("hanoi.residence.child", "", nil, with(map[string]any{
				"residence.commune": "00118", "residence.address": "Tổ 5", "residence.with": "mother", "residence.head": "Nguyễn Thị Hạnh",
			})),
			acts:   [][3]string{{"congan.motcua", "receive", "accept"}, {"congan", "check", "approve"}, {"congan.truong", "sign", "sign"}, {"congan.motcua", "enter", "number"}},
			number: "01/2026/TB-ĐKTT", signer: "congan.truong", sealed: "Công an phường",
		},
		"1.014137": {
			filing: filingOf("hanoi.insurance.child-card", "", nil, with(map[string]any{
				"card.commune": "00118", "card.address": "Tổ 5", "card.hospital": "Trạm y tế phường",
			})),
			acts: [][3]string{{"bhxh.motcua", "receive", "accept"}, {"bhxh", "check", "approve"}, {"bhxh.gd", "sign", "sign"}, {"bhxh.motcua", "enter", "number"}},
			with: map[string]map[string]any{"number": {"entry.number": "TE1010000000001", "entry.from": "2026-11-23"}}, number: "01/2026/BHYT-TE", signer: "bhxh.gd", sealed: "Bảo hiểm xã hội thành phố Hà Nội",
		},
	}
}

// Where those who sign have their cards and their agencies seals, each paper of these services
// comes out with the number of the book and with both signatures, whole, the signer named. What
// an officer types as a number is asked nowhere but for the card of the national insurance.
// KHUE_SHOTS names a folder that keeps the papers.
func TestPapersOfTheFourthLevelAreNumberedAndSigned(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(8, 10)))
	if _, err := c.DemoCards(t.Context(), c.Demo); err != nil {
		t.Fatal(err)
	}
	for procedure, p := range papersOfLevelFour() {
		t.Run(procedure, func(t *testing.T) {
			code := c.Login("motcua").Post("/api/v1/dossiers", p.filing).Want(201).Text("code")
			for _, a := range p.acts {
				acts(t, c, a[0], code, a[1], a[2], p.with[a[2]])
			}
			d, _, err := c.Dossiers.Find(t.Context(), code, dossier.Viewer{Key: c.Dossiers.AccessKey(code)})
			if err != nil {
				t.Fatal(err)
			}
			var made result.Result
			c.Eventually("the paper is made", func() bool {
				all, err := c.Results.OfDossier(t.Context(), d)
				if err != nil || len(all) != 1 {
					t.Fatalf("%d results, %v", len(all), err)
				}
				made = all[0]
				return made.State == result.Issued
			})
			name := nameOf(c, p.signer)
			if made.Text != p.number || !made.Signed || made.SignedBy != name {
				t.Errorf("number %q, signed %v by %q; want %q by %q", made.Text, made.Signed, made.SignedBy, p.number, name)
			}
			paper, ok, err := c.Results.Paper(t.Context(), d)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			if dir := os.Getenv("KHUE_SHOTS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, procedure+".pdf"), paper, 0o600); err != nil {
					t.Error(err)
				}
			}
			rep, err := c.Signatures.Verify(t.Context(), paper)
			if err != nil || rep.Verdict != signature.Good || len(rep.Signatures) != 2 || !named(rep.Signatures, name) || !named(rep.Signatures, p.sealed) {
				t.Errorf("the paper is %q: %+v, %v", rep.Verdict, rep.Signatures, err)
			}
		})
	}
}

func named(list []sign.Signature, name string) bool {
	return slices.ContainsFunc(list, func(s sign.Signature) bool { return s.Certificate != nil && s.Certificate.Subject.CommonName == name })
}

func nameOf(c *citytest.City, login string) string {
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			return a.Name
		}
	}
	return ""
}
