package previewweb

import (
	"embed"
	"maps"
	"slices"
	"strconv"
	"sync"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// Messages are this package's sentences (keys under "preview").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed preview.js
var script []byte

// Deps are what a preview reads.
type Deps struct {
	Dir     string // as the author typed it, for paths in problems
	Load    func() (*service.Package, decl.Problems)
	World   service.World
	Working service.Working
	Bundle  *i18n.Bundle
	Clock   clock.Clock
	Fonts   pdf.Fonts
	Watched bool            // a change will be told
	Stop    <-chan struct{} // ends the streams of open pages
}

// Preview is one package under its author's hands. Safe for concurrent use.
type Preview struct {
	deps Deps

	mu     sync.Mutex
	now    *shown
	serial int
	ears   map[chan string]bool
}

// shown is what the pages are drawn from. It is immutable, but for the answers.
type shown struct {
	version  string
	pkg      *service.Package // the last that loaded; nil before any did
	stale    bool             // the folder as it is now does not load
	problems decl.Problems
	traces   []service.Trace
	sample   service.Trace
	answers  form.Answers
	env      form.Env
}

// New loads the package for the first time.
func New(d Deps) *Preview {
	p := &Preview{deps: d, ears: map[chan string]bool{}}
	p.Reload()
	return p
}

// Reload reads the folder again and tells open pages.
func (p *Preview) Reload() {
	pkg, problems := p.deps.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	s := &shown{version: strconv.FormatInt(p.deps.Clock.Now().UnixMilli(), 36) + "-" + strconv.Itoa(p.serial), pkg: pkg, problems: problems}
	if old := p.now; pkg == nil && old != nil && old.pkg != nil {
		s.pkg, s.stale = old.pkg, true
	}
	if s.pkg != nil {
		for _, sc := range s.pkg.Scenarios {
			s.traces = append(s.traces, s.pkg.Trace(sc, p.deps.World))
		}
		s.sample, _ = s.pkg.Sample(p.deps.World)
		s.take(s.sample)
		if old := p.now; old != nil && old.pkg != nil && len(old.answers) > 0 {
			s.answers, s.env.Case = old.answers, old.env.Case // what was typed outlives a change of the folder
		}
	}
	p.now = s
	for ear := range p.ears {
		select {
		case ear <- s.version:
		default: // it has not read the last one yet: it will come to this one
		}
	}
}

// take fills the pages with a scenario.
func (s *shown) take(t service.Trace) {
	s.answers, s.env = t.Answers, t.Env
	if s.env.Case == "" && len(s.pkg.Cases) > 0 {
		s.env.Case = s.pkg.Cases[0]
	}
}

// state is what to draw now; the copy's answers may be replaced by change.
func (p *Preview) state() shown {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.now
}

// change keeps what the author typed.
func (p *Preview) change(do func(*shown)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := *p.now
	do(&next)
	p.now = &next
}

// listen hears of reloads until stop is called.
func (p *Preview) listen() (<-chan string, func()) {
	ear := make(chan string, 1)
	p.mu.Lock()
	p.ears[ear] = true
	p.mu.Unlock()
	return ear, func() {
		p.mu.Lock()
		delete(p.ears, ear)
		p.mu.Unlock()
	}
}

// Paths are the pages of the package, in order of the menu: what an examination visits.
func (p *Preview) Paths() []string {
	s := p.state()
	out := []string{"/"}
	if s.pkg == nil {
		return out
	}
	out = append(out, "/start")
	for _, pg := range s.pages() {
		out = append(out, "/form/"+pg.ID)
	}
	for _, o := range s.officerForms() {
		out = append(out, o.path())
	}
	out = append(out, "/process", "/notices")
	for _, k := range s.results() {
		out = append(out, "/result/"+k)
	}
	return append(out, "/help", "/scenarios")
}

// Problems are what the linter and the scenarios say now.
func (p *Preview) Problems() decl.Problems {
	s := p.state()
	return s.all()
}

func (s *shown) all() decl.Problems {
	out := slices.Clone(s.problems)
	if !s.stale {
		for _, t := range s.traces {
			out = append(out, t.Problems...)
		}
	}
	return out
}

func (s *shown) pages() []form.PageInfo { return s.pkg.Form.Pages(s.answers, s.env) }

func (s *shown) results() []string { return slices.Sorted(maps.Keys(s.pkg.Layouts)) }

// officerForm is what is asked at an action of a step.
type officerForm struct{ Step, Action string }

func (o officerForm) path() string { return "/officer/" + o.Step + "/" + o.Action }

func (s *shown) officerForms() []officerForm {
	var out []officerForm
	for _, st := range s.pkg.Process.Steps() {
		for _, a := range st.Actions {
			if _, ok := s.pkg.Form.Officer(st.ID, a.Do); ok {
				out = append(out, officerForm{st.ID, a.Do})
			}
		}
	}
	return out
}
