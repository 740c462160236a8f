package service

import (
	"encoding/json"
	"regexp"
	"strings"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
)

// ResultData are the words that a result document is filled with, by path of answer:
// the applicant's answers, what officers entered, and result.* and case of the package.
// Papers of the state are written in Vietnamese; the other language serves previews.
func (p *Package) ResultData(answers, officer form.Answers, env form.Env, lang i18n.Lang) map[string]string {
	words := p.Form.Words(answers, officer, env)
	out := make(map[string]string, len(words)+3)
	for path, l := range words {
		out[path] = l.In(lang)
	}
	if env.Case != "" {
		out["case"] = p.CaseName(env.Case).In(lang)
	}
	out["service"] = p.Name().In(lang)
	return out
}

// SampleCode has the form of a dossier's code; no dossier bears it.
const SampleCode = "H26.16-261123-000000"

// Specimen is a result document filled with a scenario, for previews. False where the package
// has no such paper.
func (p *Package) Specimen(kind string, t Trace) (pdf.Layout, bool) {
	l, ok := p.Layouts[kind]
	if !ok {
		return l, false
	}
	words := p.ResultData(t.Answers, t.Officer, t.Env, i18n.VI)
	unit := p.Form.Say(p.Competent.By, t.Answers, t.Env).VI
	day := t.Env.Now
	if p.Result.Numbered() && kind == p.Result.Kind {
		words["result.number"] = p.Result.NumberText(12, day.Year())
	}
	for k, v := range map[string]string{
		"dossier.code": SampleCode, "agency": unit, "agency.upper": strings.ToUpper(unit), "day": day.Format("02"), "month": day.Format("01"), "year": day.Format("2006"),
		"dossier.date": i18n.DateTime(i18n.VI, day), "dossier.due": i18n.DateTime(i18n.VI, t.Due()), "result.date": i18n.DateTime(i18n.VI, day), "service": p.Name().VI,
	} {
		if words[k] == "" {
			words[k] = v
		}
	}
	return pdf.Fill(l, pdf.Data{Words: words}), true
}

var placeholder = regexp.MustCompile(`\{([\w.]+)\}`)

// Fill replaces {placeholders} in a text; one without a value is left out.
func Fill(text string, data map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string { return data[m[1:len(m)-1]] })
}

// resultText is all text of the result document, for scenarios.
func (p *Package) resultText(answers, officer form.Answers, env form.Env) string {
	raw, err := json.Marshal(p.Layouts[p.Result.Kind])
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(Fill(string(raw), p.ResultData(answers, officer, env, i18n.VI))), " ")
}
