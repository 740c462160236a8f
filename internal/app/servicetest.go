package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/service"
)

type serviceTestCmd struct {
	Dir   string `arg:"" help:"Folder of the service." type:"existingdir"`
	Only  string `name:"run" short:"r" help:"Only scenarios whose file name contains this." placeholder:"NAME"`
	Brief bool   `short:"q" help:"One line a scenario; what failed is always told."`
	JSON  bool   `help:"One JSON object."`
	Watch bool   `help:"Play again whenever a file changes, until Ctrl-C."`
}

// played is the whole run, as --json prints it.
type played struct {
	OK        bool             `json:"ok"`
	Service   string           `json:"service,omitempty"`
	Scenarios []playedScenario `json:"scenarios"`
	Problems  []toldProblem    `json:"problems"` // of the package itself
}

type playedScenario struct {
	File string      `json:"file"`
	OK   bool        `json:"ok"`
	MS   float64     `json:"ms"`
	Acts []playedAct `json:"acts"`
}

type playedAct struct {
	Line     int           `json:"line"`
	Do       string        `json:"do"`
	As       string        `json:"as,omitempty"`
	At       time.Time     `json:"at"`
	Step     string        `json:"step"`
	State    string        `json:"state"`
	Due      *time.Time    `json:"due,omitempty"`
	Refused  string        `json:"refused,omitempty"` // key of the refusal that was expected
	Problems []toldProblem `json:"problems,omitempty"`
}

// toldProblem is a problem in words.
type toldProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Level   string `json:"level"`
	Element string `json:"element"`
	Key     string `json:"key"`
	Text    string `json:"text"`
}

// Run plays the scenarios of a package. Exit 1 where the package or a scenario fails.
func (s *serviceTestCmd) Run(c *command) error {
	b, err := embeddedSentences()
	if err != nil {
		return err
	}
	w, err := playWorld()
	if err != nil {
		return err
	}
	once := func() (played, error) {
		p, err := s.play(c, b, w)
		if err != nil {
			return p, err
		}
		if s.JSON {
			return p, c.json(p)
		}
		s.print(c, b, p)
		return p, nil
	}
	p, err := once()
	if err != nil {
		return err
	}
	if s.Watch {
		return watch(c.ctx, s.Dir, func(context.Context) error {
			if !s.JSON {
				fmt.Fprintln(c.out)
			}
			_, err := once()
			return err
		})
	}
	if !p.OK && len(p.Scenarios) == 0 {
		return errs.E(errs.Invalid, "app.service.broken")
	}
	if !p.OK {
		return errs.E(errs.Invalid, "app.service.testFailed", errs.P("n", p.failed()))
	}
	return nil
}

func (p played) failed() int {
	n := 0
	for _, sc := range p.Scenarios {
		if !sc.OK {
			n++
		}
	}
	return n
}

func (s *serviceTestCmd) play(c *command, b *i18n.Bundle, w service.World) (played, error) {
	out := played{OK: true, Scenarios: []playedScenario{}, Problems: []toldProblem{}}
	pkg, problems := service.Load(os.DirFS(s.Dir), ".")
	out.Problems = append(out.Problems, s.tell(c, b, problems)...)
	if pkg == nil {
		out.OK = false
		return out, nil
	}
	out.Service = pkg.ID
	clk := clock.System()
	for _, sc := range pkg.Scenarios {
		if !strings.Contains(sc.File, s.Only) {
			continue
		}
		began := clk.Now()
		t := pkg.Trace(sc, w)
		took := clk.Now().Sub(began)
		line := playedScenario{File: filepath.Join(typed(s.Dir), sc.File), OK: !t.Problems.Failed(), MS: float64(took.Microseconds()) / 1000}
		for _, a := range t.Acts {
			act := playedAct{
				Line: a.Pos.Line, Do: a.Do, As: a.As, At: a.At, Step: a.Step, State: a.State, Refused: a.Refusal, Problems: s.tell(c, b, a.Problems),
			}
			if !a.Due.IsZero() {
				act.Due = &a.Due
			}
			line.Acts = append(line.Acts, act)
		}
		if len(t.Acts) == 0 { // it could not begin
			line.Acts = []playedAct{{Do: "given", Problems: s.tell(c, b, t.Problems)}}
		}
		out.OK = out.OK && line.OK
		out.Scenarios = append(out.Scenarios, line)
	}
	if len(out.Scenarios) == 0 {
		return out, errs.E(errs.NotFound, "app.service.noScenario", errs.P("name", s.Only, "dir", typed(s.Dir)))
	}
	return out, nil
}

func (s *serviceTestCmd) tell(c *command, b *i18n.Bundle, ps decl.Problems) []toldProblem {
	return tell(c.lang, b, typed(s.Dir), ps)
}

// tell puts problems of a package into words, each with the path that an editor opens.
func tell(l i18n.Lang, b *i18n.Bundle, dir string, ps decl.Problems) []toldProblem {
	out := make([]toldProblem, 0, len(ps))
	for _, p := range ps {
		out = append(out, toldProblem{
			File: filepath.Join(dir, filepath.FromSlash(p.File)), Line: p.Pos.Line, Col: p.Pos.Col, Level: p.Level.String(),
			Element: p.Element, Key: p.Key, Text: b.Map(l, p.Key, p.Params),
		})
	}
	return out
}

func (p toldProblem) String() string {
	at := p.File
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
	if p.Element == "" {
		return fmt.Sprintf("%s: %s: %s", at, p.Level, p.Text)
	}
	return fmt.Sprintf("%s: %s: %s: %s", at, p.Level, p.Element, p.Text)
}

func (s *serviceTestCmd) print(c *command, b *i18n.Bundle, p played) {
	for _, pr := range p.Problems {
		fmt.Fprintln(c.out, pr)
	}
	t := func(key string, kv ...any) string { return b.T(c.lang, "app.service."+key, kv...) }
	var total float64
	for _, sc := range p.Scenarios {
		word := t("held")
		if !sc.OK {
			word = t("failed")
		}
		total += sc.MS
		fmt.Fprintf(c.out, "%s %s  (%.1f ms)\n", pad(word, 7), sc.File, sc.MS)
		if !s.Brief {
			fmt.Fprintf(c.out, "  %s\n", strings.TrimRight(strings.Join([]string{
				pad(t("line"), 5), pad(t("act"), 22), pad(t("as"), 16), pad(t("at"), 17), t("after"),
			}, " "), " "))
		}
		for _, a := range sc.Acts {
			if !s.Brief {
				s.row(c, b, a)
			}
			for _, pr := range a.Problems {
				fmt.Fprintf(c.out, "  ✗ %s\n", pr)
			}
		}
	}
	if len(p.Scenarios) > 0 {
		fmt.Fprintln(c.out, t("sum", "n", len(p.Scenarios), "failed", p.failed(), "ms", fmt.Sprintf("%.1f", total)))
	}
}

func (s *serviceTestCmd) row(c *command, b *i18n.Bundle, a playedAct) {
	after := ""
	if a.State != "" {
		after = b.T(c.lang, "process.state."+a.State)
	}
	if a.Step != "" {
		after = a.Step + ": " + after
	}
	if a.Due != nil {
		after += ", " + b.T(c.lang, "app.service.due", "at", a.Due.Format("02/01/2006 15:04"))
	}
	if a.Refused != "" {
		after = b.T(c.lang, "app.service.refused", "key", a.Refused)
	}
	at := ""
	if !a.At.IsZero() {
		at = a.At.Format("02/01/2006 15:04")
	}
	fmt.Fprintf(c.out, "  %s\n", strings.TrimRight(strings.Join([]string{
		pad(fmt.Sprint(a.Line), 5), pad(a.Do, 22), pad(a.As, 16), pad(at, 17), after,
	}, " "), " "))
}
