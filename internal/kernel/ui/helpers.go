package ui

import (
	"context"
	"strings"
)

func pressed(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func colorScheme(t Theme) string {
	if t == ThemeAuto {
		return "light dark"
	}
	return string(t)
}

// joinValues packs option values for the script: JSON-free, since values have no line ends.
func joinValues(vs []string) string { return strings.Join(vs, "\n") }

// splitName parts a Vietnamese name before its last word, the given name.
func splitName(name string) (family, given string) {
	if i := strings.LastIndexByte(name, ' '); i > 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

func homeOf(ctx context.Context) string {
	s := ShellOf(ctx)
	return s.home()
}

func eventState(s EventState) string {
	if s == "" {
		return string(EventDone)
	}
	return string(s)
}

func stepState(s StepState) string {
	if s == "" {
		return string(StepTodo)
	}
	return string(s)
}

func stepTone(s StepState) Tone {
	switch s {
	case StepDone:
		return ToneDone
	case StepCurrent:
		return ToneActive
	case StepProblem:
		return ToneStopped
	}
	return ToneNeutral
}

// currentStep is the ordinal of the step at hand, from 1; the last when all are done.
func currentStep(steps []Step) int {
	for i, s := range steps {
		if s.State == StepCurrent {
			return i + 1
		}
	}
	return len(steps)
}
