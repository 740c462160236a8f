package cityload

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/app/citybench"
)

// act is something that an actor does: one request. ask builds it, or returns nil where
// there is nothing to do.
type act struct {
	name string
	ask  func(p *player, s *session) *asked
}

// asked is a request and what becomes of it.
type asked struct {
	req  citybench.Request
	want int
	line *Line                   // of the ledger, for what changes something
	took func(body []byte) error // reads the answer that was wanted
	lost func()                  // refused, or never answered
	// same reports what must be equal in two answers to one request.
	same func(body []byte) (string, error)
}

// acts are all that a scenario may name.
func acts() []act {
	page := func(name, role, path string) act {
		return act{name, func(p *player, _ *session) *asked { return p.read(role, path) }}
	}
	return []act{
		page("front", "", "/"),
		page("procedure", "", "/procedures/1.001193"),
		page("services", "", "/api/v1/services"),
		page("my", "citizen", "/api/v1/my/dossiers"),
		page("inbox", "citizen", "/api/v1/inbox"),
		page("account", "citizen", "/account"),
		page("today", "clerk", "/desk"),
		page("queue-page", "clerk", "/desk/queue"),
		page("leader", "leader", "/desk/leader"),
		page("report", "leader", "/desk/report"),
		page("sign-in-page", "", "/sign-in"),
		page("discovery", "", "/.well-known/openid-configuration"),
		page("keys", "", "/oauth/keys"),
		{"search", func(p *player, s *session) *asked {
			words := [...]string{"dang ky khai sinh", "ket hon", "hộ kinh doanh", "chung thuc", "giay phep xay dung", "dat dai", "so do", "bao hiem"}
			return p.read("", "/api/v1/procedures?q="+url.QueryEscape(words[s.pick%uint64(len(words))]))
		}},
		{"desk-search", func(p *player, s *session) *asked {
			words := [...]string{"van nguyen", "thi hanh", "tran binh", "minh an", "0912000001", "le thu", "pham quoc", "do chau"}
			return p.read("clerk", "/desk/search?q="+url.QueryEscape(words[s.pick%uint64(len(words))]))
		}},
		{"track", func(p *player, s *session) *asked {
			if k, ok := p.stock.look(s.pick); ok {
				return p.read("", "/api/v1/dossiers/"+k.code+"?accessKey="+k.access)
			}
			return nil
		}},
		{"timeline", func(p *player, s *session) *asked {
			if k, ok := p.stock.look(s.pick); ok {
				return p.read("", "/api/v1/dossiers/"+k.code+"/timeline?accessKey="+k.access)
			}
			return nil
		}},
		{"dossier", func(p *player, s *session) *asked {
			if k, ok := p.stock.look(s.pick); ok {
				return p.read("clerk", "/api/v1/dossiers/"+k.code)
			}
			return nil
		}},
		{"queue", queue},
		{"file-counter", func(p *player, _ *session) *asked { return p.file("clerk", p.counter) }},
		{"file-online", func(p *player, _ *session) *asked { return p.file("citizen", p.online) }},
		{"claim", claim},
		{"confirm", confirm},
		{"complete", func(p *player, _ *session) *asked { return p.complete(2, 1, 0) }},
		{"sign", func(p *player, _ *session) *asked { return p.complete(3, 4, 5) }},
		{"next", func(p *player, _ *session) *asked { return p.complete(5, 4, 3, 2, 1, 0) }},
		{"sign-in", func(p *player, _ *session) *asked {
			who := ""
			for _, a := range p.city.Accounts {
				if a.Role == "citizen" {
					who = a.Login
				}
			}
			form := url.Values{"login": {who}, "password": {p.city.Password}}.Encode()
			return &asked{req: citybench.Request{Method: http.MethodPost, Path: "/sign-in", Type: "application/x-www-form-urlencoded", Body: []byte(form)}, want: http.StatusSeeOther}
		}},
	}
}

func (p *player) read(role, path string) *asked {
	return &asked{req: citybench.Request{Method: http.MethodGet, Path: path, Token: p.token(role)}, want: http.StatusOK}
}

// queue reads a clerk's list; what citizens filed is found there.
func queue(p *player, _ *session) *asked {
	a := p.read("clerk", "/api/v1/tasks?limit=50")
	a.took = func(body []byte) error {
		var page struct {
			Items []struct {
				ID, Dossier string
				Version     int64
			}
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		for _, t := range page.Items {
			p.stock.queued(t.Dossier, t.ID, t.Version)
		}
		return nil
	}
	return a
}

// answer holds what any of the posts answers.
type answer struct {
	Code        string
	Task        string
	ID          string // of a task that was claimed
	TaskVersion int64
	Version     int64
	State       string
	Step        string
	Entry       string
	Promise     string
	AccessKey   string
}

// file hands in a birth registration under a name of its own, by which a second copy
// would be found.
func (p *player) file(role string, t filing) *asked {
	name := p.name()
	a := p.post(role, "/api/v1/dossiers", t.with(name), http.StatusCreated, Line{Act: "file", Name: name})
	a.took = func(body []byte) error {
		var f answer
		if err := json.Unmarshal(body, &f); err != nil {
			return err
		}
		if f.Code == "" {
			return fmt.Errorf("a filing was acknowledged as %.200s", body)
		}
		entry, err := promised(f.Promise)
		if err != nil {
			return err
		}
		p.ledger.write(Line{Kind: lineAck, Key: a.req.Key, Code: f.Code, Task: f.Task, Version: f.TaskVersion, State: f.State, Entry: entry, Promise: f.Promise})
		p.stock.filed(&life{code: f.Code, access: f.AccessKey, task: f.Task, version: f.TaskVersion})
		return nil
	}
	return a
}

// promised is the journal entry that a promise names; none where a repeated answer leaves
// the promise out.
func promised(promise string) (string, error) {
	if promise == "" {
		return "", nil
	}
	parts := strings.Split(promise, ".")
	if len(parts) < 4 {
		return "", fmt.Errorf("a filing was acknowledged with the promise %q", promise)
	}
	return parts[1], nil
}

func claim(p *player, _ *session) *asked {
	l := p.stock.unclaimed()
	if l == nil {
		return nil
	}
	a := p.post(p.stages[l.stage].Role, "/api/v1/tasks/"+l.task+"/claim", fmt.Appendf(nil, `{"version":%d}`, l.version), http.StatusOK,
		Line{Act: "claim", Code: l.code, Task: l.task, From: l.version})
	a.took = func(body []byte) error {
		var c answer
		if err := json.Unmarshal(body, &c); err != nil {
			return err
		}
		if c.Version != l.version+1 {
			return fmt.Errorf("%s: a claim of version %d was acknowledged as version %d", l.code, l.version, c.Version)
		}
		p.ledger.write(Line{Kind: lineAck, Key: a.req.Key, Code: l.code, Task: l.task, Version: c.Version, State: c.State})
		l.version, l.claimed = c.Version, true
		p.stock.put(l)
		return nil
	}
	return a
}

// complete does the next act of a life at the first of these stages that has one.
func (p *player) complete(stages ...int) *asked {
	l := p.stock.take(stages...)
	if l == nil {
		return nil
	}
	st := p.stages[l.stage]
	a := p.post(st.Role, "/api/v1/tasks/"+l.task+"/complete", fmt.Appendf(nil, `{"version":%d,"action":%q%s}`, l.version, st.Action, st.Answers), http.StatusOK,
		Line{Act: "complete", Code: l.code, Task: l.task, From: l.version, Action: st.Action})
	a.took = func(body []byte) error {
		var m answer
		if err := json.Unmarshal(body, &m); err != nil {
			return err
		}
		if m.Code != l.code || m.Version != l.version+1 {
			return fmt.Errorf("%s: %s on version %d was acknowledged as %.200s", l.code, st.Action, l.version, body)
		}
		p.ledger.write(Line{Kind: lineAck, Key: a.req.Key, Code: l.code, Task: l.task, Version: m.Version, State: m.State, Entry: m.Entry})
		l.version, l.claimed = m.Version, false
		l.stage++
		if m.Step == confirmStep {
			p.stock.await(l)
			return nil
		}
		p.stock.put(l)
		return nil
	}
	return a
}

// confirmStep is where a dossier that came online waits for its applicant's word.
const confirmStep = "confirmDraft"

// confirm is that word.
func confirm(p *player, _ *session) *asked {
	l := p.stock.awaited()
	if l == nil {
		return nil
	}
	a := p.post("citizen", "/api/v1/dossiers/"+l.code+"/answer", []byte(`{"action":"confirm"}`), http.StatusOK,
		Line{Act: "confirm", Code: l.code, Task: l.task, From: l.version, Action: "confirm"})
	a.took = func(body []byte) error {
		var m answer
		if err := json.Unmarshal(body, &m); err != nil {
			return err
		}
		if m.Code != l.code {
			return fmt.Errorf("%s: confirm was acknowledged as %.200s", l.code, body)
		}
		if m.Version == 0 {
			m.Version = l.version + 1
		}
		p.ledger.write(Line{Kind: lineAck, Key: a.req.Key, Code: l.code, Task: l.task, Version: m.Version, State: m.State, Entry: m.Entry})
		l.version = m.Version
		p.stock.put(l)
		return nil
	}
	return a
}

// post is a request that changes something, under a fresh key and with its line.
func (p *player) post(role, path string, body []byte, want int, line Line) *asked {
	line.Kind, line.Key = lineAsk, p.key()
	return &asked{
		req:  citybench.Request{Method: http.MethodPost, Path: path, Token: p.token(role), Key: line.Key, Body: body},
		want: want, line: &line, same: identity,
	}
}

// identity is what two answers to one key must share.
func identity(body []byte) (string, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return "", err
	}
	if a.Code == "" && a.ID == "" {
		return "", errors.New("the answer names nothing")
	}
	return fmt.Sprint(a.Code, a.ID, a.Version), nil // the second answer names no entry
}
