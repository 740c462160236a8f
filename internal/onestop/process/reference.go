package process

import (
	"maps"
	"slices"
)

// AttributeNames are the khue: attributes that a drawn process may carry, by no kind of
// element in particular, for references and editors.
func AttributeNames() []string {
	var out []string
	for _, names := range words {
		out = append(out, names...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ActionNames are the built-in actions of officers' steps.
func ActionNames() []string { return slices.Sorted(maps.Keys(known)) }

// Variables are what every condition of a process may read beside the form.
func Variables() []string { return slices.Clone(own) }
