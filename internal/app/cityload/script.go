package cityload

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"khue/internal/app/citybench"
)

const nameMark = "@@NAME@@"

// filing is a filing with a gap for the applicant's name.
type filing struct{ before, after []byte }

func (t filing) with(name string) []byte {
	b := make([]byte, 0, len(t.before)+len(name)+len(t.after))
	return append(append(append(b, t.before...), name...), t.after...)
}

// script is the life that citybench plays, at the counter and online.
func script(unit string, today time.Time) (counter, online filing, stages []citybench.Stage, err error) {
	submit, stages, err := citybench.Script(unit, today.AddDate(0, 0, -20).Format(time.DateOnly))
	if err != nil {
		return
	}
	var body map[string]any
	if err = json.Unmarshal(submit, &body); err != nil {
		return
	}
	body["applicant"] = map[string]any{"name": nameMark, "phone": "0912000001"}
	if counter, err = cut(body); err != nil {
		return
	}
	body["channel"] = "online"
	delete(body, "unit")
	if answers, ok := body["answers"].(map[string]any); ok {
		answers["requester.relation"] = "mother"
	}
	body["papers"] = []any{map[string]any{"paper": "birthSlip", "name": "giay-chung-sinh.pdf", "type": "pdf", "size": 120_000, "copies": 1}}
	online, err = cut(body)
	return
}

func cut(body map[string]any) (t filing, err error) {
	b, err := json.Marshal(body)
	if err != nil {
		return t, err
	}
	var ok bool
	if t.before, t.after, ok = bytes.Cut(b, []byte(nameMark)); !ok {
		err = errors.New("the script has no applicant")
	}
	return t, err
}

// letters writes a number as a word that may stand in a name.
func letters(n uint64) string {
	b := []byte{byte('A' + n%26)}
	for n /= 26; n > 0; n /= 26 {
		b = append(b, byte('a'+n%26))
	}
	return string(b)
}
