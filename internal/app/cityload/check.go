package cityload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"khue/internal/app/citybench"
	"khue/internal/kernel/clock"
)

// Comparison is what a ledger and a city say of each other.
type Comparison struct {
	Asked        int       `json:"asked"`        // requests in the ledger that change something
	Acknowledged int       `json:"acknowledged"` // of them
	Refused      int       `json:"refused"`
	Open         int       `json:"open"`      // neither: nobody knows whether they were done
	OpenDone     int       `json:"open_done"` // of those, found done
	Compared     int       `json:"compared"`  // acknowledgements found, each as its own entry
	Dossiers     int       `json:"dossiers"`  // of the ledger
	Bare         int       `json:"bare"`      // filings acknowledged, by a repeated answer, without a promise
	Lost         []Finding `json:"lost"`      // acknowledged, and not there
	Doubled      []Finding `json:"doubled"`   // there without having been asked for
	Different    []Finding `json:"different"` // there, and not as acknowledged
}

// Finding is one fault, with what is needed to follow it.
type Finding struct {
	Code    string `json:"code,omitempty"`
	Act     string `json:"act,omitempty"`
	Entry   string `json:"entry,omitempty"`
	Version int64  `json:"version,omitempty"`
	Key     string `json:"key,omitempty"`
	Promise string `json:"promise,omitempty"`
	Said    string `json:"said"`
}

// OK reports that nothing was found.
func (c *Comparison) OK() bool { return len(c.Lost)+len(c.Doubled)+len(c.Different) == 0 }

// page is what the ledger says of one dossier.
type folio struct {
	code string
	acks []acked // in order
	open []Line  // asked and never answered
}

type acked struct{ ask, ack Line }

// book is a ledger, sorted.
type book struct {
	Comparison
	marks  []string
	folios map[string]*folio
	byName map[string]*folio // acknowledged filings
	loose  map[string]Line   // unanswered filings, by name
}

func read(lines []Line) (*book, error) {
	b := &book{folios: map[string]*folio{}, byName: map[string]*folio{}, loose: map[string]Line{}}
	asks := map[string]Line{}
	var order []string
	of := func(code string) *folio {
		if b.folios[code] == nil {
			b.folios[code] = &folio{code: code}
		}
		return b.folios[code]
	}
	for i, x := range lines {
		switch x.Kind {
		case lineRun:
			b.marks = append(b.marks, x.Mark)
		case lineAsk:
			asks[x.Key] = x
			order = append(order, x.Key)
			b.Asked++
		case lineNo:
			delete(asks, x.Key)
			b.Refused++
		case lineAck:
			ask, ok := asks[x.Key]
			if !ok {
				return nil, fmt.Errorf("ledger: line %d acknowledges what was not asked", i+1)
			}
			delete(asks, x.Key)
			b.Acknowledged++
			f := of(x.Code)
			f.acks = append(f.acks, acked{ask, x})
			if ask.Act == "file" {
				b.byName[ask.Name] = f
				if x.Promise == "" {
					b.Bare++
				}
			}
		}
	}
	for _, key := range order {
		if ask, open := asks[key]; open {
			b.Open++
			if ask.Act == "file" {
				b.loose[ask.Name] = ask
			} else {
				f := of(ask.Code)
				f.open = append(f.open, ask)
			}
		}
	}
	b.Dossiers = len(b.folios)
	return b, nil
}

// kinds of journal entries that an act makes, as a timeline names them.
func kindOf(act string) string {
	switch act {
	case "file":
		return "dossier.submitted"
	case "claim":
		return "dossier.claimed"
	}
	return "" // of the step: many
}

// made reports whether an act may make entries of a kind.
func made(kind, act string) bool {
	if want := kindOf(act); want != "" {
		return kind == want
	}
	return kind != kindOf("file") && kind != kindOf("claim")
}

// byThemselves are entries that the city makes without being asked.
func byThemselves(kind string) bool {
	return slices.Contains([]string{"dossier.timer", "dossier.escalated", "dossier.moved", "dossier.redated", "dossier.dateKept", "dossier.migrated", "dossier.childEnded"}, kind)
}

type entry struct{ ID, Kind, State string }

// reader reads a city as its clerk.
type reader struct {
	p *player
	l *line
}

// get reads into v; a status of 404 is no error. A clerk opens a dossier that ended before today
// by saying why, and so does the reader.
func (r *reader) get(ctx context.Context, role, path string, v any) (int, error) {
	req := r.p.read(role, path).req
	reasoned := false
	for try := 0; ; try++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		status, body, err := r.ask(req)
		switch {
		case err == nil && status == http.StatusOK:
			return status, json.Unmarshal(body, v)
		case err == nil && status == http.StatusNotFound:
			return status, nil
		case err == nil && status == http.StatusForbidden && !reasoned:
			why, ok := citybench.Reason(path)
			if !ok {
				break
			}
			why.Token = req.Token
			if status, _, err := r.ask(why); err == nil && status == http.StatusNoContent {
				reasoned = true
				continue
			}
		}
		if try >= 5 {
			return status, errors.Join(err, fmt.Errorf("%s: status %d: %.200s", path, status, body))
		}
		clock.Wait(ctx, slowPause)
	}
}

func (r *reader) ask(req citybench.Request) (int, []byte, error) {
	if err := r.l.begin(req, false); err != nil {
		return 0, nil, err
	}
	return r.l.end()
}

// Check compares a ledger with the city, entry by entry: every acknowledged filing and act
// must stand in the timeline of its dossier, which is the journal's, once; nothing may stand
// there that was not asked for; and no dossier may bear an applicant of the load twice.
func Check(ctx context.Context, lines []Line, city citybench.Told) (*Comparison, error) {
	b, err := read(lines)
	if err != nil {
		return nil, err
	}
	p := &player{city: city}
	if p.addr, p.secure, err = Address(city.URL); err != nil {
		return nil, err
	}
	if len(b.marks) == 0 {
		return nil, errors.New("ledger: it has no run")
	}
	open, err := b.queues(ctx, p)
	if err != nil {
		return nil, err
	}
	codes := slices.Sorted(maps.Keys(b.folios))
	const readers = 8
	var mu sync.Mutex
	var wg sync.WaitGroup
	errs := make([]error, readers)
	for i := range readers {
		wg.Go(func() {
			r := &reader{p, p.line()}
			defer r.l.close()
			for k := i; k < len(codes) && errs[i] == nil; k += readers {
				errs[i] = b.compare(ctx, r, b.folios[codes[k]], open, &mu)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, list := range []*[]Finding{&b.Lost, &b.Doubled, &b.Different} {
		slices.SortFunc(*list, func(x, y Finding) int { return strings.Compare(x.Code+x.Entry, y.Code+y.Entry) })
	}
	return &b.Comparison, nil
}

// compare holds one dossier against its page of the ledger.
func (b *book) compare(ctx context.Context, r *reader, f *folio, tasks map[string]int64, mu *sync.Mutex) error {
	var list struct{ Items []entry }
	status, err := r.get(ctx, "clerk", "/api/v1/dossiers/"+url.PathEscape(f.code)+"/timeline", &list)
	if err != nil {
		return err
	}
	var d struct{ State string }
	if status == http.StatusOK {
		if _, err := r.get(ctx, "clerk", "/api/v1/dossiers/"+url.PathEscape(f.code), &d); err != nil {
			return err
		}
	}
	mu.Lock()
	defer mu.Unlock()
	left := map[string]entry{}
	for _, e := range list.Items {
		if _, twice := left[e.ID]; twice {
			b.Doubled = append(b.Doubled, Finding{Code: f.code, Act: e.Kind, Entry: e.ID, Said: "one entry stands twice in the timeline"})
		}
		left[e.ID] = e
	}
	take := func(a acked, e entry) {
		delete(left, e.ID)
		if want := kindOf(a.ask.Act); want != "" && e.Kind != want || a.ack.State != "" && e.State != "" && e.State != a.ack.State {
			b.Different = append(b.Different, Finding{Code: f.code, Act: a.ask.Act, Entry: e.ID, Version: a.ack.Version, Said: fmt.Sprintf("acknowledged in state %s, stored as %s in %s", a.ack.State, e.Kind, e.State)})
			return
		}
		b.Compared++
	}
	lost := func(a acked) {
		b.Lost = append(b.Lost, Finding{
			Code: f.code, Act: strings.TrimSpace(a.ask.Act + " " + a.ask.Action), Entry: a.ack.Entry, Version: a.ack.Version, Key: a.ask.Key, Promise: a.ack.Promise,
			Said: map[bool]string{true: "the city knows no such dossier", false: "the dossier has no such entry"}[status == http.StatusNotFound],
		})
	}
	var nameless []acked
	for _, a := range f.acks {
		e, ok := left[a.ack.Entry]
		switch {
		case ok:
			take(a, e)
		case a.ack.Entry == "" && status != http.StatusNotFound:
			nameless = append(nameless, a)
		default:
			lost(a)
		}
	}
	// A claim, and whatever was answered again, name no entry: theirs is the next that nobody
	// else has named.
	for _, a := range nameless {
		i := slices.IndexFunc(list.Items, func(e entry) bool {
			_, over := left[e.ID]
			return over && !byThemselves(e.Kind) && made(e.Kind, a.ask.Act) && e.State == a.ack.State
		})
		if i < 0 {
			lost(a)
			continue
		}
		take(a, list.Items[i])
	}
	spare := len(f.open) // each may have been done once
	for _, e := range list.Items {
		if _, over := left[e.ID]; !over || byThemselves(e.Kind) {
			continue
		}
		if spare > 0 {
			spare--
			b.OpenDone++
			continue
		}
		b.Doubled = append(b.Doubled, Finding{Code: f.code, Act: e.Kind, Entry: e.ID, Said: "the timeline has an entry that nobody asked for"})
	}
	if len(f.acks) == 0 || len(f.open) > 0 || status == http.StatusNotFound {
		return nil
	}
	last := f.acks[len(f.acks)-1].ack
	if d.State != last.State {
		b.Different = append(b.Different, Finding{Code: f.code, Version: last.Version, Said: fmt.Sprintf("acknowledged in state %s, stored in %s", last.State, d.State)})
	}
	if v, ok := tasks[f.code]; ok && last.Version > 0 && v != last.Version {
		b.Different = append(b.Different, Finding{Code: f.code, Version: last.Version, Said: fmt.Sprintf("the open task stands at version %d", v)})
	}
	return nil
}

// queues pages through the open tasks and looks for dossiers of this load that are not in
// the ledger. It returns the version of each open task by code.
func (b *book) queues(ctx context.Context, p *player) (map[string]int64, error) {
	r := &reader{p, p.line()}
	defer r.l.close()
	versions, codes := map[string]int64{}, map[string][]string{}
	for _, role := range []string{"clerk", "justiceOfficer", "chairman", "registryClerk"} {
		for cursor := ""; ; {
			var page struct {
				Items []struct {
					Dossier, Applicant string
					Version            int64
				}
				Next string
			}
			if _, err := r.get(ctx, role, "/api/v1/tasks?limit=100&cursor="+url.QueryEscape(cursor), &page); err != nil {
				return nil, err
			}
			for _, t := range page.Items {
				versions[t.Dossier] = t.Version
				if b.ours(t.Applicant) && !slices.Contains(codes[t.Applicant], t.Dossier) {
					codes[t.Applicant] = append(codes[t.Applicant], t.Dossier)
				}
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	for name, found := range codes {
		f := b.byName[name]
		if f != nil {
			found = slices.DeleteFunc(found, func(c string) bool { return c == f.code })
		} else if _, asked := b.loose[name]; asked && len(found) > 0 {
			b.OpenDone++
			found = found[1:]
		}
		for _, code := range found {
			x := Finding{Code: code, Act: "file", Said: "filed and not in the ledger"}
			if f != nil {
				x.Said = "the same filing was acknowledged as " + f.code
			}
			b.Doubled = append(b.Doubled, x)
		}
	}
	return versions, nil
}

// ours reports whether an applicant bears the mark of a run.
func (b *book) ours(name string) bool {
	for _, m := range b.marks {
		if strings.Contains(name, " "+m+" ") {
			return true
		}
	}
	return false
}
