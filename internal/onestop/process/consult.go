package process

import (
	"slices"

	"khue/internal/kernel/errs"
)

// maxConsulted bounds the units asked on one task.
const maxConsulted = 30

// consult asks other units for their opinion while the task stays where it is. Each has the
// legal term; silence agrees.
func (m *machine) consult(t Token, units []string) error {
	if len(units) == 0 || len(units) > maxConsulted {
		return errs.E(errs.Invalid, "process.consultWhom", errs.P("max", maxConsulted))
	}
	terms := m.d.terms.Consult
	at, err := terms.Within.End(m.env.Now, m.env.Calendar)
	if err != nil {
		return err
	}
	x := m.node(t.Step)
	m.again(t, DoConsult)
	host := m.i.Last
	for _, unit := range units {
		if slices.ContainsFunc(m.i.Tokens, func(o Token) bool { return o.In == host && o.Wait == ForOpinion && o.Unit == unit }) {
			continue // asked already
		}
		o := m.rest(Token{In: host}, x, ForOpinion)
		o.Unit, o.Timer = unit, millis(at)
		m.emit(TaskOpened{
			Token: o.N, Step: opinionPrefix + x.info.ID, Role: terms.Role, Unit: unit, Actions: []string{DoAgree, DoObject}, By: at,
			Label: x.info.Label, Public: x.info.Public,
		})
		m.emit(TimerSet{Token: o.N, At: at})
	}
	return nil
}

// opinion takes the answer of a consulted unit, or its silence.
func (m *machine) opinion(t Token, do string, silent bool) error {
	if do != DoAgree && do != DoObject {
		return errs.E(errs.Invalid, "process.noAction", errs.P("action", do, "step", m.node(t.Step).info.Label))
	}
	m.closeTask(t, do)
	if silent {
		m.happened("silenceAgreed")
	} else {
		m.happened("opinionGiven")
	}
	return nil
}

// Opinions are the tokens of the units that are consulted on a task and have not answered.
func (i Instance) Opinions(n int) []Token {
	var out []Token
	for _, t := range i.Tokens {
		if t.In == n && t.Wait == ForOpinion {
			out = append(out, t)
		}
	}
	return out
}
