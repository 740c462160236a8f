package service_test

import (
	"strings"
	"testing"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sms"
	"khue/internal/onestop/service"
	"khue/services"
)

// Whoever sits beside reads a locked screen, a text message and the subject of a mail: none
// may name the applicant, the procedure or its case, in any package and language.
func TestLockedScreensNameNobody(t *testing.T) {
	t.Parallel()
	reg, problems := service.LoadAll(services.FS)
	if problems.Failed() {
		t.Fatal(problems.Err())
	}
	const person = "Nguyễn Thị Ánh Nguyệt"
	n := 0
	for _, pkg := range reg.All() {
		for _, event := range append(pkg.Process.Milestones(), "confirmAsked", "moved", "redated") {
			notice, ok := pkg.NoticeOf(event)
			if !ok {
				continue
			}
			for _, lang := range i18n.Langs {
				name := pkg.Name().In(lang)
				text := notice.Write(lang, map[string]string{
					"dossier.code": "H26.16.99-250623-000001", "dossier.due": "17:00 ngày 23/06/2025", "applicant": person, "service": name, "case": "bỏ rơi",
				})
				if text.Lock == "" {
					text.Subject = "" // of the service alone: the mail is headed by the code, see dossier
				}
				for what, s := range map[string]string{"lock": text.Lock, "sms": text.SMS, "subject": text.Subject} {
					for _, word := range []string{person, name, "bỏ rơi", "khai sinh", "liệt sĩ", "mang thai hộ", "birth", "martyr", "999"} {
						if s != "" && strings.Contains(strings.ToLower(s), strings.ToLower(word)) {
							t.Errorf("%s, %s, %s of %s says %q: %s", pkg.ID, event, what, lang, word, s)
						}
					}
				}
				if k := sms.Segments(text.SMS); text.SMS != "" && k > 3 {
					t.Errorf("%s, %s: %d messages: %s", pkg.ID, event, k, text.SMS)
				}
				if text.Body == "" {
					t.Errorf("%s, %s has no text in %s", pkg.ID, event, lang)
				}
				n++
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d notices were read", n)
	}
}
