package service

import (
	"strings"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// The two ways to declare how a service is handled: a plain chain, or a drawn process.
const (
	stepsFile   = "steps.yaml"
	processFile = "process.bpmn"
)

// process compiles the chain or the drawn process of the package; it has one of them.
func (l *loader) process() {
	if l.pkg.Form == nil {
		return
	}
	opt := process.Options{
		File: stepsFile, Scope: l.pkg.Form.Scope(), Texts: l.pkg.texts, Terms: l.pkg.Terms,
		Roles:     func(r string) bool { _, ok := orgunit.RoleOf(orgunit.Role(r)); return ok },
		Decisions: l.decision,
	}
	opt.RoleNames = roleNames()
	drawn, both := l.read(processFile)
	if !both {
		var src process.Source
		if l.decode(stepsFile, &src) {
			l.compiled(process.Compile(src, opt))
		}
		return
	}
	if _, chain := l.read(stepsFile); chain {
		l.fail(stepsFile, decl.Pos{Line: 1, Col: 1}, "", "service.lint.twoProcesses")
	}
	m, ps := bpmn.Parse(processFile, drawn)
	for i := range ps {
		if ps[i].Key == "bpmn.lint.noID" || ps[i].Key == "bpmn.lint.unknownRef" {
			ps[i].Level = decl.Error // what other engines forgive has no place in what is published
		}
	}
	l.problems = append(l.problems, ps...)
	if !ps.Failed() && l.drawable(m) {
		opt.File = processFile
		l.compiled(process.CompileModel(m, opt))
	}
}

func (l *loader) compiled(d *process.Def, ps decl.Problems) {
	l.problems = append(l.problems, ps...)
	l.pkg.Process = d
}

// ProcessFile is the name of the file that declares the process.
func (p *Package) ProcessFile() string {
	for _, f := range p.Manifest {
		if f.Path == processFile {
			return processFile
		}
	}
	return stepsFile
}

// decision finds the table that a process asks: "rules/x.dmn" or "rules/x.dmn#Name".
func (l *loader) decision(ref string) (process.Decision, bool) {
	file, name, _ := strings.Cut(ref, "#")
	if !strings.HasPrefix(file, "rules/") {
		return nil, false
	}
	t := l.rule(file, decl.Pos{Line: 1, Col: 1}, "khue:decision", name)
	if t == nil {
		return nil, false
	}
	return asked{t, l.pkg.Form.Scope()}, true
}

// asked is a table as a process asks it.
type asked struct {
	*table
	scope feel.Scope
}

// Decide gives the table its inputs: the answers of the form, and what the process set.
func (a asked) Decide(facts feel.Vars, own func(string) feel.Value, env feel.Env) (feel.Value, error) {
	in := dmn.Inputs{}
	for _, f := range a.model.InputData() {
		head, rest, deep := strings.Cut(f.Name, ".")
		v := own(head)
		if slot, ok := a.scope.Slot(head); ok && facts != nil {
			v = facts.At(slot)
		}
		if deep {
			v = v.Path(rest)
		}
		in[f.Name] = v
	}
	env.Steps, env.Memory = ruleSteps, ruleMemory
	return a.model.Decide(a.decision, in, env)
}

// roleNames are the roles that a step may name, for the mend of one that it may not.
func roleNames() []string {
	var out []string
	for _, r := range orgunit.Roles() {
		out = append(out, string(r.Role))
	}
	return out
}
